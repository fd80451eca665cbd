#include "base/banned.h"
#include "conf/problems.h"
#include "base/text.h"

#include <stdarg.h>

void
problems_init(struct problems *p, struct arena *a, const char *file)
{
	*p = (struct problems){.arena = a, .file = file};
}

struct problem *
problems_add(struct problems *p, enum problem_level level, int line, int col, const char *fmt, ...)
{
	static struct problem sink; /* takes the hints of what is dropped */
	struct problem *new;
	va_list ap;

	if (level == PROBLEM_ERROR)
		p->errors++;
	else
		p->warnings++;
	if (p->list.n >= PROBLEMS_MAX) {
		p->dropped++;
		return &sink;
	}
	new = vec_push(p->arena, &p->list);
	*new = (struct problem){.level = level, .file = p->file, .line = line, .col = col};
	va_start(ap, fmt);
	new->message = text_safe(p->arena, arena_vfmt(p->arena, fmt, ap));
	va_end(ap);
	return new;
}

static int
by_position(const void *left, const void *right)
{
	const struct problem *a = left, *b = right;

	if (a->line != b->line)
		return a->line - b->line;
	return a->col - b->col;
}

static void
where(struct str *out, const struct problem *p)
{
	text_visible(out, p->file, strlen(p->file), 0);
	if (p->line > 0)
		str_fmt(out, ":%d:%d", p->line, p->col);
}

void
problems_text(struct problems *p, struct str *out)
{
	struct problem *it;

	if (p->list.n > 0)
		qsort(p->list.v, p->list.n, sizeof(*p->list.v), by_position);
	vec_each (&p->list, it) {
		where(out, it);
		str_fmt(out, ": %s: %s", it->level == PROBLEM_ERROR ? "error" : "warning",
			it->message);
		if (it->rule != NULL)
			str_fmt(out, " [%s]", it->rule);
		str_addc(out, '\n');
		if (it->hint != NULL)
			str_fmt(out, "    %s\n", it->hint);
	}
	if (p->dropped > 0)
		str_fmt(out, "... and %zu more.\n", p->dropped);
}

bool
problems_err(const struct problems *p, struct err *err)
{
	CLEANUP(str_done) struct str at = STR_INIT(4 * KIB);
	const struct problem *it, *first = NULL;

	vec_each (&p->list, it)
		if (it->level == PROBLEM_ERROR && (first == NULL || it->line < first->line))
			first = it;
	if (first == NULL)
		return err_set(err, ERR_CONFIG, "%s is not usable.", p->file);
	where(&at, first);
	if (p->errors > 1)
		err_set(err, ERR_CONFIG, "%s: %s (and %zu more)", str_text(&at), first->message,
			p->errors - 1);
	else
		err_set(err, ERR_CONFIG, "%s: %s", str_text(&at), first->message);
	if (first->hint != NULL)
		err_hint(err, "%s", first->hint);
	return false;
}

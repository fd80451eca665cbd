#include "base/banned.h"
#include "wal/history.h"
#include "wal/segment.h"

struct parser {
	struct arena *arena;
	VEC(struct history_step) steps;
	uint32_t tli;
	int line;
};

static bool
bad(const struct parser *p, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "Line %d of the history of timeline %u %s.", p->line,
		(unsigned)p->tli, what);
}

/* Digits up to a blank; false when there are none or too many. */
static bool
decimal(const char **p, uint32_t *ret)
{
	uint64_t value = 0;
	const char *start = *p;

	for (; **p >= '0' && **p <= '9' && value <= UINT32_MAX; (*p)++)
		value = value * 10 + (uint64_t)(**p - '0');
	*ret = (uint32_t)value;
	return *p > start && value > 0 && value <= UINT32_MAX;
}

static bool
parse_line(struct parser *p, const char *line, struct err *err)
{
	const struct history_step *last =
		p->steps.n > 0 ? &p->steps.v[p->steps.n - 1] : &(struct history_step){.tli = 0};
	struct history_step step = {.begin = last->end};

	line += strspn(line, " \t\r");
	if (*line == '\0' || *line == '#')
		return true;
	if (!decimal(&line, &step.tli))
		return bad(p, "does not begin with a timeline", err);
	line += strspn(line, " \t");
	if (!lsn_scan(line, &step.end, &line))
		return bad(p, "has no LSN where the timeline was left", err);
	line += strspn(line, " \t");
	if (step.tli <= last->tli || step.tli >= p->tli)
		return bad(p, "names a timeline out of order", err);
	/* Two forks may lie at one LSN: a server promoted before it wrote anything. */
	if (step.end < last->end || step.end == 0)
		return bad(p, "goes back to an earlier LSN", err);
	if (p->steps.n == HISTORY_STEPS_MAX)
		return bad(p, "is one too many", err);
	step.reason = arena_strdup(p->arena, line);
	*vec_push(p->arena, &p->steps) = step;
	return true;
}

static void
finish(struct parser *p, struct history *ret)
{
	struct history_step last = {.tli = p->tli, .end = UINT64_MAX};

	if (p->steps.n > 0)
		last.begin = p->steps.v[p->steps.n - 1].end;
	*vec_push(p->arena, &p->steps) = last;
	*ret = (struct history){.tli = p->tli, .steps = p->steps.v, .n = p->steps.n};
}

bool
history_parse(struct arena *a, uint32_t tli, const char *text, size_t len, struct history *ret,
	struct err *err)
{
	struct parser p = {.arena = a, .tli = tli};
	const char *end = text + len;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline != NULL ? newline : end) - text);

		p.line++;
		if (memchr(text, '\0', n) != NULL)
			return bad(&p, "holds a NUL byte", err);
		if (!parse_line(&p, arena_strndup(a, text, n), err))
			return false;
		text += n + 1;
	}
	if (p.steps.n == 0)
		return bad(&p, "is its last, and none of them names a parent", err);
	finish(&p, ret);
	return true;
}

void
history_alone(struct arena *a, uint32_t tli, struct history *ret)
{
	struct parser p = {.arena = a, .tli = tli};

	finish(&p, ret);
}

const struct history_step *
history_find(const struct history *h, uint32_t tli)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->steps[i].tli == tli)
			return &h->steps[i];
	return NULL;
}

uint32_t
history_at(const struct history *h, uint64_t number, uint32_t bytes)
{
	for (size_t i = h->n - 1; i > 0; i--)
		if (number >= h->steps[i].begin / bytes)
			return h->steps[i].tli;
	return h->steps[0].tli;
}

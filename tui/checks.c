#include "base/banned.h"
#include "tui/checks.h"
#include "base/path.h"
#include "base/text.h"
#include "conf/json_read.h"
#include "tui/app.h"

void
checks_init(struct checks *c, struct app *app)
{
	*c = (struct checks){.app = app};
}

static void
free_check(struct backup_check *b)
{
	free(b->id);
	free(b->text);
	free(b);
}

void
checks_done(struct checks *c)
{
	job_cancel(c->job);
	while (c->first != NULL) {
		struct backup_check *next = c->first->next;

		free_check(c->first);
		c->first = next;
	}
	*c = (struct checks){.app = c->app};
}

const struct backup_check *
checks_find(const struct checks *c, const char *id)
{
	const struct backup_check *found = NULL;

	for (const struct backup_check *b = c->first; b != NULL; b = b->next)
		if (strcmp(b->id, id) == 0)
			found = b;
	return found;
}

size_t
checks_left(const struct checks *c)
{
	size_t n = 0;

	for (const struct backup_check *b = c->first; b != NULL; b = b->next)
		n += b->state != CHECK_OVER;
	return n;
}

void
checks_text(struct str *out, const struct backup_check *b)
{
	switch (b->state) {
	case CHECK_WAITING: str_add(out, "waits to be verified"); break;
	case CHECK_RUNNING:
		str_add(out, "verifying");
		if (b->total > 0)
			str_fmt(out, " %d%%", (int)MIN(b->done * 100 / b->total, 100));
		break;
	default: str_add(out, b->text);
	}
}

/* "pass", or the first check that did not, with what it says. */
static char *
words(const cJSON *report)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	const char *result = json_get_text(report, "result");
	const cJSON *seconds = json_get(report, "seconds"), *it;

	str_fmt(&text, "%s (%s)", result != NULL ? result : "unknown",
		json_get_text(report, "level") != NULL ? json_get_text(report, "level") : "?");
	if (cJSON_IsNumber(seconds))
		str_fmt(&text, " in %.1f s", seconds->valuedouble);
	cJSON_ArrayForEach(it, json_get(report, "checks"))
	{
		if (util_streq(json_get_text(it, "result"), "pass"))
			continue;
		str_fmt(&text, ": %s: %s", json_get_text(it, "name"), json_get_text(it, "detail"));
		break;
	}
	return str_take(&text);
}

static void start_next(struct checks *c);

static void
on_ended(struct job *j, struct proc_exit end, void *arg)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free)
	cJSON *report = json_parse(str_text(job_output(j)), job_output(j)->len, &err);
	struct checks *c = arg;
	struct backup_check *b = c->running;
	const char *result = json_get_text(report, "result"), *said;

	c->job = NULL;
	c->running = NULL;
	b->state = CHECK_OVER;
	b->result = util_streq(result, "pass")   ? PROOF_PASS
		    : util_streq(result, "fail") ? PROOF_FAIL
						 : PROOF_UNKNOWN;
	if (report != NULL) {
		b->text = words(report);
	} else {
		/* The last line is the complaint; what stands before it is progress. */
		said = strstr(str_text(job_errors(j)), "lifeboat: ");
		b->text = util_strdup(said != NULL ? said + 10 : "it could not be verified");
	}
	app_say(c->app, b->result == PROOF_PASS ? ROLE_OK : ROLE_ERROR, "%s: %s", path_base(b->id),
		b->text);
	start_next(c);
	app_tick(c->app, clock_now());
}

static void
on_said(struct job *j, void *arg)
{
	struct checks *c = arg;
	struct str *errors = job_errors(j);
	const char *last = NULL;

	for (const char *p = strstr(str_text(errors), "progress "); p != NULL;
		p = strstr(p + 1, "progress "))
		if (strchr(p, '\n') != NULL)
			last = p;
	if (last == NULL)
		return;
	c->running->done = strtoll(last + 9, NULL, 10);
	c->running->total = strtoll(last + 9 + strcspn(last + 9, " "), NULL, 10);
	/* It is bounded, and says more for hours. */
	str_drop(errors, (size_t)(last - errors->buf));
	app_dirty(c->app);
}

static void
start_next(struct checks *c)
{
	static const struct job_ops ops = {.said = on_said, .ended = on_ended};
	struct backup_check *b = c->first;

	while (b != NULL && b->state != CHECK_WAITING)
		b = b->next;
	if (b == NULL || c->job != NULL)
		return;
	b->state = CHECK_RUNNING;
	c->running = b;
	c->job = app_job(c->app,
		(const char *[]){"verify", "--format", "json", "--progress", "--level",
			level_names[b->level], "--", b->id, NULL},
		false, &ops, c);
	if (c->job == NULL) {
		b->state = CHECK_OVER;
		b->result = PROOF_UNKNOWN;
		b->text = util_strdup("it could not be started");
		c->running = NULL;
	}
}

/* What is over goes when something new about the same backup begins. */
static void
forget(struct checks *c, const char *id)
{
	for (struct backup_check **p = &c->first; *p != NULL;) {
		struct backup_check *b = *p;

		if (b->state == CHECK_OVER && strcmp(b->id, id) == 0) {
			*p = b->next;
			free_check(b);
		} else {
			p = &b->next;
		}
	}
}

bool
checks_add(struct checks *c, const char *id, enum level level)
{
	struct backup_check **end = &c->first, *b;

	forget(c, id);
	if (checks_find(c, id) != NULL || checks_left(c) >= CHECKS_MAX)
		return false;
	b = util_alloc(sizeof(*b));
	*b = (struct backup_check){.id = util_strdup(id), .level = level, .total = -1};
	while (*end != NULL)
		end = &(*end)->next;
	*end = b;
	start_next(c);
	return true;
}

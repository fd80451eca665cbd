#include "base/banned.h"
#include "run/report.h"
#include "audit/record.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "run/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define OUTPUT_END   4000 /* bytes of a step's output that are quoted */
#define OUTPUT_LINES 20

struct gather {
	struct run_report *r;
	const char *dir;
	const cJSON *record, *data;
	const char *event, *step, *actor;
};

PRINTF(3, 4)
static void
say(struct gather *g, bool deviation, const char *fmt, ...)
{
	struct report_event *e = vec_push(g->r->arena, &g->r->events);
	va_list ap;

	va_start(ap, fmt);
	*e = (struct report_event){.at_ms = g->r->state.last_ms,
		.actor = arena_strdup(g->r->arena, g->actor),
		.step = arena_strdup(g->r->arena, g->step),
		.text = text_safe(g->r->arena, arena_vfmt(g->r->arena, fmt, ap)),
		.deviation = deviation};
	va_end(ap);
	g->r->deviations += deviation;
}

static const char *
data_text(const struct gather *g, const char *key)
{
	const char *text = json_get_text(g->data, key);

	return text != NULL ? text : "";
}

/* The last lines of a file, whatever its size. */
static const char *
output_end(struct gather *g, const char *path)
{
	CLEANUP(str_done) struct str out = STR_INIT(OUTPUT_END * 6);
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char bytes[OUTPUT_END];
	struct stat st;
	ssize_t n, from = 0;
	int lines = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
		return NULL;
	n = file_pread(fd, bytes, sizeof(bytes), MAX(st.st_size - OUTPUT_END, 0));
	while (n > 0 && bytes[n - 1] == '\n')
		n--;
	for (from = n; from > 0; from--)
		if (bytes[from - 1] == '\n' && ++lines == OUTPUT_LINES)
			break;
	if (n <= 0)
		return NULL;
	if (from > 0 || st.st_size > OUTPUT_END)
		str_add(&out, "[...]\n");
	text_visible(&out, bytes + from, (size_t)(n - from), TEXT_LINES);
	return arena_strdup(g->r->arena, str_text(&out));
}

static struct report_try *
last_try(struct gather *g)
{
	struct report_try *t;

	for (size_t i = g->r->tries.n; i > 0; i--) {
		t = &g->r->tries.v[i - 1];
		if (util_streq(t->step, g->step))
			return t;
	}
	return NULL;
}

static void
on_intent(struct gather *g)
{
	struct arena *a = g->r->arena;
	int64_t attempt = json_get_int(g->data, "attempt", 0);

	*vec_push(a, &g->r->tries) = (struct report_try){.step = arena_strdup(a, g->step),
		.attempt = attempt,
		.describe = text_safe(a, data_text(g, "describe")),
		.env = json_get_text(g->data, "env") != NULL ? text_safe(a, data_text(g, "env"))
							     : NULL,
		.live = json_get_text(g->data, "live") != NULL ? text_safe(a, data_text(g, "live"))
							       : NULL,
		.seconds = -1};
	say(g, false, attempt > 1 ? "started again (try %lld)" : "started", (long long)attempt);
}

static void
on_result(struct gather *g)
{
	const cJSON *seconds = json_get(g->data, "seconds");
	const char *outcome = data_text(g, "outcome"), *message = data_text(g, "message");
	struct report_try *t = last_try(g);
	struct arena *a = g->r->arena;

	if (t != NULL && t->attempt == json_get_int(g->data, "attempt", 0)) {
		t->outcome = arena_strdup(a, outcome);
		t->message = message[0] != '\0' ? text_safe(a, message) : NULL;
		t->seconds = cJSON_IsNumber(seconds) ? seconds->valuedouble : -1;
		t->output_bytes = json_get_int(g->data, "output_bytes", 0);
		t->output_sha256 = arena_strdup(a, json_get_text(g->data, "output_sha256"));
		t->output_end = output_end(g, run_dir_output(a, g->dir, g->step, t->attempt));
	}
	if (strcmp(outcome, "ok") == 0)
		say(g, false, "ok");
	else
		say(g, true, "%s: %s", outcome, message);
}

static void
on_finished(struct gather *g)
{
	const char *message = data_text(g, "message");

	g->r->audit_head = arena_strdup(g->r->arena, json_get_text(g->data, "audit_head"));
	say(g, false, "the run ended: %s%s%s", data_text(g, "outcome"), message[0] ? ": " : "",
		message);
}

static void
take_parent(struct gather *g)
{
	const cJSON *parent = json_get(g->data, "parent");
	const char *run = json_get_text(parent, "run"), *step = json_get_text(parent, "step");

	if (run != NULL)
		g->r->parent =
			arena_fmt(g->r->arena, "%s, step %s", run, step != NULL ? step : "?");
}

/* Events that are told in a sentence with one of their texts in it. */
static const struct {
	const char *event, *format_key, *text;
	bool deviation;
} told[] = {
	{"run.started", NULL, "the run began", false},
	{"run.resumed", NULL, "a new runner took the run up", true},
	{"run.recovered", NULL, "recovered: everything that shows it has passed", false},
	{"run.stopping", NULL, "a stop was asked for", true},
	{"run.paused", NULL, "paused", true},
	{"run.continued", NULL, "continued", false},
	{"run.note", "text", "note", false},
	{"step.skipped", "reason", "skipped", true},
	{"step.by_hand", "reason", "done by hand", true},
	{"step.answered", "value", "done", false},
	{"step.simulated", NULL, "simulated, as the drill wants", false},
	{"step.ignored", NULL, "the failure was ignored, as the runbook says", true},
	{"step.unknown", NULL, "its outcome is unknown", true},
	{"step.retry", NULL, "to be tried again", true},
	{"step.interrupted", NULL, "interrupted", true},
	{"step.check_intent", "describe", "finding out whether it was done", false},
	{"step.check_result", "outcome", "found out", true},
	{"step.undo_intent", "describe", "taking it back", false},
	{"step.undo_result", "outcome", "what takes it back ended", false},
	{"step.undone", "reason", "undone", true},
	{"ask.opened", "kind", "waits for an answer", false},
	{"ask.answered", "choice", "answered", false},
	{"ask.closed", "why", "the question was closed", false},
	{"approval.given", "reason", "approved", false},
	{"approval.withdrawn", NULL, "left, and the consent with him", false},
	{"approval.denied", "reason", "approval denied", true},
	{"approval.refused", "message", "a signature was refused", true},
	{"wheel.offered", "to", "offered the wheel to", false},
	{"wheel.withdrawn", NULL, "took the offer of the wheel back", false},
	{"wheel.taken", "from", "took the wheel from", false},
	{"client.attached", "role", "attached", false},
	{"client.detached", NULL, "detached", false},
	{"ledger.diverged", "failed", "a log failed", true},
	{"chain.recovered", "saved_as", "a torn record was saved aside after a crash", true},
	{"drill.injected", "text", "the facilitator injected", false},
	{"drill.clock", "text", "the drill's clock", false},
	{"run.forecast", "text", "forecast", false},
};

static void
take(struct gather *g)
{
	if (strcmp(g->event, "step.intent") == 0) {
		on_intent(g);
		return;
	}
	if (strcmp(g->event, "step.result") == 0) {
		on_result(g);
		return;
	}
	if (strcmp(g->event, "run.started") == 0)
		take_parent(g);
	if (strcmp(g->event, "run.finished") == 0) {
		on_finished(g);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(told); i++) {
		const char *extra =
			told[i].format_key != NULL ? data_text(g, told[i].format_key) : "";

		if (strcmp(g->event, told[i].event) != 0)
			continue;
		if (extra[0] != '\0')
			say(g, told[i].deviation, "%s: %s", told[i].text, extra);
		else
			say(g, told[i].deviation, "%s", told[i].text);
		return;
	}
}

/* Before the state forgets the question. */
static void
take_wait(struct gather *g, const cJSON *record)
{
	const struct ask *ask = &g->r->state.ask;
	const char *event = json_get_text(record, "event"), *at = json_get_text(record, "at");
	int64_t us;

	if (ask->number == 0 || event == NULL || at == NULL || !clock_parse_us(at, &us) ||
		(strcmp(event, "ask.answered") != 0 && strcmp(event, "ask.closed") != 0))
		return;
	*vec_push(g->r->arena, &g->r->waits) =
		(struct report_wait){ask->step, MAX(us / 1000 - ask->since_ms, 0)};
}

static void
take_line(struct gather *g, const char *line, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = json_parse(line, len, &err);

	if (j != NULL)
		take_wait(g, j);
	if (j == NULL || !run_state_apply(&g->r->state, j))
		return;
	g->record = j;
	g->data = json_get(j, "data");
	g->event = json_get_text(j, "event");
	g->step = json_get_text(j, "step");
	g->actor = json_get_text(j, "actor");
	g->r->journal_head = arena_fmt(g->r->arena, "%llu:%s", (unsigned long long)g->r->state.seq,
		json_get_text(j, "hash") != NULL ? json_get_text(j, "hash") : "");
	take(g);
}

static void
find_backup_time(struct run_report *r, const char *dir)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free)
	cJSON *plan = json_load(path_join(r->arena, dir, "plan.json"), 16 * MIB, &err);
	const cJSON *first = plan != NULL ? cJSON_GetArrayItem(json_get(plan, "backups"), 0) : NULL;

	r->backup_at =
		first != NULL ? arena_strdup(r->arena, json_get_text(first, "finished_at")) : NULL;
}

bool
run_report_load(struct arena *a, const char *dir, struct run_report *ret, struct err *err)
{
	struct gather g = {.r = ret, .dir = dir};
	const char *path = run_dir_journal(a, dir);
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f = fopen(path, "re");

	*ret = (struct run_report){.arena = a};
	run_state_init(&ret->state, a);
	if (f == NULL)
		return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open the journal %s", path);
	while ((n = getline(&line, &cap, f)) > 0 && line[n - 1] == '\n' && n <= (ssize_t)RECORD_MAX)
		take_line(&g, line, (size_t)n - 1);
	free(line);
	fclose(f);
	if (ret->state.phase == RUN_NEW)
		return err_set(err, ERR_DAMAGED, "The journal %s tells of no run.", path);
	find_backup_time(ret, dir);
	return true;
}

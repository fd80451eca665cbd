/*
 * attempt: one try of a step: recorded, run, judged, recorded.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "conf/expect.h"
#include "run/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PROBE_TIMEOUT_MS 20000

bool
engine_unchanged(struct runner *r, struct err *err)
{
	const char *path = r->plan->runbook->file;
	CLEANUP(util_close) int fd = -1;
	char now[DIGEST_HEX] = "";

	if (r->changed_accepted)
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && !digest_fd(fd, path, now, err))
		return false;
	if (util_streq(now, r->plan->runbook->sha256))
		return true;
	err_set(err, ERR_REFUSED, "The runbook %s %s since this run began.", path,
		fd < 0 ? "has gone away" : "was changed");
	return err_hint(err, "Going on follows the copy that was pinned at the start.");
}

bool
engine_backups_there(struct runner *r, struct err *err)
{
	for (size_t i = 0; i < r->resolved.nbackups; i++) {
		const struct plan_backup *b = plan_backup(r->plan, r->resolved.backups[i]);
		struct stat st;

		if (b == NULL || b->path == NULL)
			continue;
		if (stat(b->path, &st) < 0) {
			err_sys(err, ERR_NOT_FOUND, errno, "The backup %s is no longer there: %s",
				b->id, b->path);
			return err_hint(
				err, "Start again with another backup: --set %s=...", b->var);
		}
		if (S_ISREG(st.st_mode) && (st.st_size != b->size || st.st_mtime != b->mtime)) {
			err_set(err, ERR_DAMAGED, "The backup %s was changed since it was chosen.",
				b->id);
			return err_hint(err, "Find out by whom; then start again.");
		}
	}
	return true;
}

static void
write_backup(struct runner *r, struct json *j)
{
	const struct plan_backup *b =
		r->resolved.nbackups == 1 ? plan_backup(r->plan, r->resolved.backups[0]) : NULL;

	if (b == NULL)
		return;
	json_object(j, "backup");
	json_string(j, "id", b->id);
	json_string(j, "path", b->path);
	json_int(j, "size", b->size);
	json_int(j, "mtime", b->mtime);
	json_time(j, "finished_at", b->finished_at);
	json_object_end(j);
}

/* The document for the step's process. */
static void
write_spec(struct runner *r, const struct step *s, struct str *out)
{
	struct json j = json_new(out);

	json_object(&j, NULL);
	json_string(&j, "kind", s->kind->name);
	json_string(&j, "id", s->id);
	json_string(&j, "run", r->id);
	json_string(&j, "state", r->state_dir);
	json_string(&j, "site_file", r->plan->site_file);
	json_bool(&j, "read_only", s->effect == EFFECT_READ);
	json_bool(&j, "drill", r->plan->mode == PLAN_DRILL);
	json_int(&j, "timeout_s", s->timeout_s);
	write_backup(r, &j);
	json_raw(&j, "params", r->resolved.params);
	json_object_end(&j);
}

static bool
environment(struct runner *r, const struct step *s, char *const **ret, struct err *err)
{
	struct proc_env env;

	proc_env_init(&env, &r->step_arena);
	if (r->plan->mode == PLAN_DRILL) {
		/* libpq's own defaults must not lead out of the drill. */
		proc_env_set(&env, &r->step_arena, "PGHOST", "/nonexistent");
		proc_env_set(&env, &r->step_arena, "PGSERVICE", "");
	}
	if (!step_environment(s, &r->plan->scope, &r->step_arena, &env, err))
		return false;
	*ret = proc_env_list(&env, &r->step_arena);
	return true;
}

static void
on_event(struct child *c, const cJSON *event, void *arg)
{
	struct runner *r = arg;
	const char *what = json_get_text(event, "event"), *name = json_get_text(event, "name"),
		   *value = json_get_text(event, "value");

	if (strcmp(what, "progress") == 0)
		server_progress(r, event);
	else if (strcmp(what, "set") == 0 && name != NULL && value != NULL && r->sets.n < 100)
		*vec_push(&r->arena, &r->sets) = (struct start_answer){
			arena_strdup(&r->arena, name), arena_strdup(&r->arena, value)};
}

static void
on_output(struct child *c, int64_t size, void *arg)
{
	server_output_grew(arg, size);
}

/* The judgement of a try. Texts live in the step's arena. */
struct judgement {
	enum outcome outcome;
	const char *message, *hint, *code, *value;
};

static void
judge_failed(struct judgement *j, const char *code, const char *message)
{
	j->outcome = OUTCOME_FAILED;
	j->code = code;
	j->message = message;
}

static void
judge_exit(struct runner *r, const struct child_end *end, struct judgement *j)
{
	struct str text = STR_INIT(KIB);
	int64_t wanted = r->step->expect != NULL && r->step->expect->exit != FIELD_ABSENT
				 ? r->step->expect->exit
				 : 0;

	if (end->exit.exited && end->exit.status == wanted)
		return;
	proc_exit_text(&text, end->exit);
	if (wanted != 0)
		str_fmt(&text, ", expected %lld", (long long)wanted);
	judge_failed(j, "check-failed",
		arena_fmt(
			&r->step_arena, "%s ended with %s.", r->step->kind->name, str_text(&text)));
	str_done(&text);
}

static void
judge_result(struct runner *r, const struct child_end *end, struct judgement *j)
{
	const char *outcome = json_get_text(end->result, "outcome");

	j->value = arena_strdup(&r->step_arena, json_get_text(end->result, "value"));
	if (util_streq(outcome, "ok"))
		return;
	j->outcome = util_streq(outcome, "unknown") ? OUTCOME_UNKNOWN : OUTCOME_FAILED;
	j->message = arena_strdup(&r->step_arena, json_get_text(end->result, "message"));
	j->hint = arena_strdup(&r->step_arena, json_get_text(end->result, "hint"));
	j->code = arena_strdup(&r->step_arena, json_get_text(end->result, "code"));
}

static void
judge_expect(struct runner *r, const struct child_end *end, struct judgement *j)
{
	const struct step_expect *e = r->step->expect;
	const char *rows = "";
	const struct {
		const char *what, *wanted, *got;
	} all[] = {{"value", r->resolved.expect_value, j->value != NULL ? j->value : ""},
		{"output", r->resolved.expect_output, j->value != NULL ? j->value : ""},
		{"number of rows", e != NULL ? e->rows : NULL, rows}};

	if (end->result != NULL && json_get_int(end->result, "rows", -1) >= 0)
		rows = arena_fmt(
			&r->step_arena, "%lld", (long long)json_get_int(end->result, "rows", -1));
	for (size_t i = 0; e != NULL && i < ARRAY_LEN(all); i++) {
		const char *got = i == 2 ? rows : all[i].got;

		if (all[i].wanted != NULL && !expect_met(all[i].wanted, got))
			judge_failed(j, "check-failed",
				arena_fmt(&r->step_arena, "The %s is \"%.200s\", expected %s.",
					all[i].what, got, all[i].wanted));
	}
}

/* What a command printed, without the newline at its end, and without secrets. */
static const char *
output_value(struct runner *r, const struct child_end *end)
{
	struct str shown = STR_INIT(STEP_VALUE_MAX);
	size_t len = end->out.len;
	const char *value;

	while (len > 0 && (end->out.buf[len - 1] == '\n' || end->out.buf[len - 1] == '\r'))
		len--;
	if (len > 0)
		mask_text(r->mask, end->out.buf, len, &shown);
	value = arena_strdup(&r->step_arena, str_text(&shown));
	str_done(&shown);
	return value;
}

static void
judge(struct runner *r, const struct child_end *end, struct judgement *j)
{
	*j = (struct judgement){.outcome = OUTCOME_OK};
	if (end->timed_out) {
		struct str limit = STR_INIT(64);

		text_duration(&limit, r->step->timeout_s);
		judge_failed(j, "timeout",
			arena_fmt(&r->step_arena,
				"It did not end within %s and was ended by force.",
				str_text(&limit)));
		str_done(&limit);
		return;
	}
	if (end->stopped) {
		judge_failed(j, "stopped", "It was interrupted.");
		return;
	}
	if (end->result != NULL) {
		judge_result(r, end, j);
	} else {
		j->value = r->step->kind->output ? output_value(r, end) : NULL;
		judge_exit(r, end, j);
	}
	/* What a probe says is not what the step is expected to give. */
	if (j->outcome == OUTCOME_OK && !r->probing)
		judge_expect(r, end, j);
}

static void
write_sets(struct runner *r, struct json *j)
{
	const struct start_answer *s;

	if (r->sets.n == 0)
		return;
	json_array(j, "set_names");
	vec_each (&r->sets, s)
		json_string(j, NULL, s->step);
	json_array_end(j);
	json_array(j, "set_values");
	vec_each (&r->sets, s)
		json_string(j, NULL, s->text);
	json_array_end(j);
}

static void
write_result(struct runner *r, const struct child_end *end, const struct judgement *g)
{
	struct json *j = ledger_data(r->ledger);
	const cJSON *checks = end->result != NULL ? json_get(end->result, "checks") : NULL;

	json_int(j, "attempt", run_state_step(&r->state, r->step->id)->attempt);
	json_string(j, "outcome", outcome_names[g->outcome]);
	if (end->exit.exited)
		json_int(j, "exit", end->exit.status);
	else
		json_int(j, "signal", end->exit.signal);
	json_double(j, "seconds", end->seconds);
	if (g->message != NULL) {
		json_string(j, "message", g->message);
		json_string(j, "hint", g->hint);
		json_string(j, "code", g->code);
	}
	if (g->value != NULL)
		json_string(j, "value", g->value);
	json_int(j, "output_bytes", end->output_bytes);
	json_string(j, "output_sha256", end->output_sha256);
	if (end->output_lost)
		json_bool(j, "output_lost", true);
	if (end->strays > 0)
		json_int(j, "strays_killed", (int64_t)end->strays);
	if (checks != NULL) {
		struct str text = STR_INIT(RECORD_MAX / 2);

		json_print(&text, checks);
		if (!text.full)
			json_raw(j, "checks", str_text(&text));
		str_done(&text);
	}
	write_sets(r, j);
}

void
engine_take_sets(struct runner *r, const struct step *s, const struct texts *names,
	const struct texts *values)
{
	struct scope *scope = &r->plan->scope;
	const char *name = s->gives != NULL ? s->gives : s->id;
	const struct var *root = scope_get(scope, name);

	for (size_t i = 0; i < names->n && i < values->n; i++)
		scope_set(scope, arena_fmt(&r->arena, "%s.%s", name, names->v[i]), VAR_TEXT,
			values->v[i]);
	/* A sandbox is a target from now on. */
	if (names->n > 0 && strcmp(s->kind->name, "sandbox") == 0 &&
		(root == NULL || root->kind == VAR_LATE))
		scope_set(scope, name, VAR_TARGET, name);
}

static void
on_retry(struct loop *l, void *arg)
{
	struct runner *r = arg;

	r->retry_timer = NULL;
	engine_advance(r);
}

static void
retry_later(struct runner *r, const struct child_end *end)
{
	int64_t delay = r->step->retry != NULL && r->step->retry->delay_s != FIELD_ABSENT
				? r->step->retry->delay_s
				: 10;
	struct json *j;

	if (r->tries_left <= 0 || end->stopped || r->state.stopping)
		return;
	r->tries_left--;
	j = ledger_data(r->ledger);
	json_int(j, "delay_s", delay);
	json_int(j, "tries_left", r->tries_left);
	if (runner_end(r, r->step->id, "step.retry", NULL))
		r->retry_timer = loop_timer(r->loop, delay * 1000, false, on_retry, r);
}

static void
on_end(struct child *c, const struct child_end *end, void *arg)
{
	struct runner *r = arg;
	struct judgement g;
	const struct step_state *st;

	judge(r, end, &g);
	write_result(r, end, &g);
	if (!runner_end(r, r->step->id, "step.result", NULL)) {
		engine_kick(r);
		return;
	}
	st = run_state_step(&r->state, r->step->id);
	engine_take_sets(r, r->step, &st->set_names, &st->set_values);
	if (g.outcome == OUTCOME_OK)
		engine_capture(r, r->step, g.value);
	else if (g.outcome == OUTCOME_FAILED)
		retry_later(r, end);
	engine_child_over(r);
}

/* Frees the child from the loop, never from inside its own callback. */
static void
on_over(struct loop *l, void *arg)
{
	struct runner *r = arg;

	child_free(r->child);
	r->child = NULL;
	r->over = NULL;
	engine_advance(r);
}

void
engine_child_over(struct runner *r)
{
	if (r->over == NULL)
		r->over = loop_timer(r->loop, 0, false, on_over, r);
}

static bool
record_intent(struct runner *r, const struct step *s, int64_t attempt, struct err *err)
{
	struct json *j = ledger_data(r->ledger);
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	digest_of(r->resolved.params, strlen(r->resolved.params), sum);
	json_int(j, "attempt", attempt);
	json_string(j, "kind", s->kind->name);
	json_string(j, "effect", effect_names[s->effect]);
	json_string(j, "describe", r->resolved.describe);
	if (r->resolved.env[0] != '\0')
		json_string(j, "env", r->resolved.env);
	json_array(j, "targets");
	for (size_t i = 0; i < r->resolved.ntargets; i++)
		json_string(j, NULL,
			plan_target(r->plan, r->resolved.targets[i]) != NULL
				? plan_target(r->plan, r->resolved.targets[i])->name
				: r->resolved.targets[i]);
	json_array_end(j);
	if (r->live != NULL)
		json_string(j, "live", r->live);
	json_string(j, "mode", plan_mode_names[r->plan->mode]);
	json_int(j, "timeout_s", s->timeout_s);
	json_string(j, "params_sha256", digest_hex(sum, DIGEST_SIZE, hex));
	return runner_begin(r, s->id, "step.intent", NULL, err);
}

void
engine_attempt(struct runner *r, const struct step *s)
{
	int64_t attempt = run_state_step(&r->state, s->id)->attempt + 1;
	const char *output = run_dir_output(&r->step_arena, r->dir, s->id, attempt);
	CLEANUP(str_done) struct str spec = STR_INIT(STEP_SPEC_MAX);
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct child_spec child = {.output = output,
		.times = arena_fmt(&r->step_arena, "%.*s.times", (int)strlen(output) - 4, output),
		.mask = r->mask,
		.timeout_ms = s->timeout_s * 1000,
		.on_event = on_event,
		.on_output = on_output,
		.on_end = on_end,
		.arg = r};
	struct judgement g = {.outcome = OUTCOME_FAILED};
	struct child_end nothing = {.output_bytes = 0, .exit = {.exited = true, .status = 127}};

	r->sets.n = 0;
	write_spec(r, s, &spec);
	child.spec = str_text(&spec);
	if (!environment(r, s, &child.envp, &err)) {
		g.code = err_name(err.code);
	} else if (!record_intent(r, s, attempt, &err)) {
		/* Promise 5: no audit, no action. */
		engine_fail(r, &err);
		return;
	} else if (child_start(r->loop, &child, &r->child, &err)) {
		return;
	}
	g.message = err.msg;
	g.hint = err.hint;
	g.code = err_name(err.code);
	write_result(r, &nothing, &g);
	if (runner_end(r, s->id, "step.result", NULL))
		engine_kick(r);
}

static void
on_probed(struct child *c, const struct child_end *end, void *arg)
{
	struct runner *r = arg;
	struct judgement g;
	struct json *j;

	judge(r, end, &g);
	r->probing = false;
	engine_child_over(r);
	if (g.outcome == OUTCOME_OK && g.value != NULL) {
		r->live = arena_strdup(&r->arena, g.value);
		return;
	}
	j = ledger_data(r->ledger);
	json_int(j, "attempt", run_state_step(&r->state, r->step->id)->attempt);
	json_string(j, "outcome", "failed");
	json_string(j, "message", g.message != NULL ? g.message : "The target did not answer.");
	json_string(j, "hint", g.hint);
	json_string(j, "code", g.code != NULL ? g.code : "unreachable");
	if (!runner_end(r, r->step->id, "step.result", NULL))
		engine_kick(r);
}

/*
 * What is about to be changed names itself first, from its live connection; what it says is
 * shown in the confirmation, and compared with what the site file expects of it.
 */
bool
engine_probe(struct runner *r, const struct step *s, struct err *err)
{
	const struct plan_target *t = NULL;
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	struct json j = json_new(&text);
	struct child_spec child = {.role = "probe",
		.mask = r->mask,
		.timeout_ms = PROBE_TIMEOUT_MS,
		.on_end = on_probed,
		.arg = r};

	for (size_t i = 0; t == NULL && i < r->resolved.ntargets; i++)
		t = plan_target(r->plan, r->resolved.targets[i]);
	if (t == NULL || t->sandbox || t->conninfo == NULL)
		return false;
	json_object(&j, NULL);
	json_object(&j, "target");
	json_string(&j, "name", t->name);
	json_string(&j, "kind", t->kind);
	json_string(&j, "conninfo", t->conninfo);
	json_string(&j, "environment", t->environment);
	json_string(&j, "database", t->database);
	json_string(&j, "system_identifier", t->system_identifier);
	json_object_end(&j);
	json_object_end(&j);
	child.spec = str_text(&text);
	if (!environment(r, s, &child.envp, err))
		return false;
	r->probing = true;
	if (child_start(r->loop, &child, &r->child, err))
		return true;
	r->probing = false;
	return false;
}

/*
 * attempt: one try of a step: recorded, run, judged, recorded.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "base/file.h"
#include "run/dir.h"
#include "run/judge.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define PROBE_TIMEOUT_MS 20000
#define SETS_BYTES       (16 * KIB) /* what one try may set, all together */

bool
engine_unchanged(struct runner *r, struct err *err)
{
	const char *path = r->plan->runbook->file;
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char now[DIGEST_HEX] = "gone";

	if (fd >= 0 && !digest_fd(fd, path, now, err))
		return false;
	if (util_streq(now, r->plan->runbook->sha256) || util_streq(now, r->accepted))
		return true;
	memcpy(r->changed_to, now, sizeof(r->changed_to));
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
	plan_backup_json(b, j);
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
	if (s->kind->locations)
		proc_env_add_store_keys(&env, &r->step_arena);
	if (r->plan->mode == PLAN_DRILL) {
		/* libpq's own defaults must not lead out of the drill. */
		proc_env_set(&env, &r->step_arena, "PGHOST", "/nonexistent");
		proc_env_unset(&env, "PGSERVICE"); /* empty would be the name of a service */
	}
	if (!step_environment(s, &r->plan->scope, &r->step_arena, &env, err))
		return false;
	/* Whatever a step starts is known by these, if its runner dies and another one resumes. */
	proc_env_set(&env, &r->step_arena, "LIFEBOAT_RUN_ID", r->id);
	proc_env_set(&env, &r->step_arena, "LIFEBOAT_STEP_ID", s->id);
	*ret = proc_env_list(&env, &r->step_arena);
	return true;
}

static void
take_set(struct runner *r, const char *name, const char *value)
{
	const struct start_answer *set;
	size_t bytes = strlen(name) + strlen(value);

	vec_each (&r->sets, set)
		bytes += strlen(set->step) + strlen(set->text);
	if (bytes <= SETS_BYTES)
		*vec_push(&r->arena, &r->sets) = (struct start_answer){
			arena_strdup(&r->arena, name), arena_strdup(&r->arena, value)};
}

static void
on_event(struct child *c, const cJSON *event, void *arg)
{
	struct runner *r = arg;
	struct lane *lane = lanes_enter(r, c);
	const char *what = json_get_text(event, "event"), *name = json_get_text(event, "name"),
		   *value = json_get_text(event, "value");

	if (strcmp(what, "progress") == 0)
		server_progress(r, event);
	else if (strcmp(what, "set") == 0 && name != NULL && value != NULL)
		take_set(r, name, value);
	lanes_leave(r, lane);
}

static void
on_output(struct child *c, int64_t size, void *arg)
{
	struct lane *lane = lanes_enter(arg, c);

	server_output_grew(arg, size);
	lanes_leave(arg, lane);
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

/* A group's steps are not tried again by themselves: whoever looks at one sees all of them. */
static void
conclude(struct runner *r, const struct child_end *end, struct lane *lane)
{
	struct judgement g;
	const struct step_state *st;

	judge(r, end, &g);
	judge_write(r, end, &g);
	/* The child is over whether or not that can be recorded. */
	if (lane != NULL)
		lanes_over(r, lane);
	else
		engine_child_over(r);
	if (!runner_end(r, r->step->id, "step.result", NULL))
		return;
	st = run_state_step(&r->state, r->step->id);
	engine_take_sets(r, r->step, &st->set_names, &st->set_values);
	if (g.outcome == OUTCOME_OK)
		engine_capture(r, r->step, g.value);
	else if (g.outcome == OUTCOME_FAILED && lane == NULL)
		retry_later(r, end);
}

static void
on_end(struct child *c, const struct child_end *end, void *arg)
{
	struct lane *lane = lanes_enter(arg, c);

	conclude(arg, end, lane);
	lanes_leave(arg, lane);
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
	/* With what earlier steps gave in it, which nobody knew when the run started. */
	ledger_text(j, "title", r->resolved.title, LEDGER_TITLE);
	ledger_text(j, "describe", r->resolved.describe, LEDGER_SHOWN);
	if (r->resolved.env[0] != '\0')
		ledger_text(j, "env", r->resolved.env, LEDGER_SHOWN);
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
		if (s->parallel != NULL) {
			lanes_add(r);
			engine_kick(r);
		}
		return;
	}
	g.message = err.msg;
	g.hint = err.hint;
	g.code = err_name(err.code);
	judge_write(r, &nothing, &g);
	if (runner_end(r, s->id, "step.result", NULL))
		engine_kick(r);
}

bool
engine_beside(struct runner *r, const struct step *s, const struct beside *b)
{
	const char *output =
		arena_fmt(&r->step_arena, "%s/output/%s.%s.out", r->dir, s->id, b->name);
	CLEANUP(str_done) struct str spec = STR_INIT(STEP_SPEC_MAX);
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct json j = json_new(&spec), *data = ledger_data(r->ledger);
	struct child_spec child = {.output = output,
		.mask = r->mask,
		.timeout_ms = s->timeout_s * 1000,
		.on_end = b->done,
		.arg = r};

	json_object(&j, NULL);
	json_string(&j, "kind", "command");
	json_string(&j, "id", s->id);
	json_string(&j, "run", r->id);
	json_string(&j, "state", r->state_dir);
	json_raw(&j, "params", b->params);
	json_object_end(&j);
	child.spec = str_text(&spec);
	ledger_text(data, "describe", b->describe, LEDGER_SHOWN);
	if (!runner_begin(
		    r, s->id, arena_fmt(&r->step_arena, "step.%s_intent", b->name), NULL, &err)) {
		engine_fail(r, &err);
		return true;
	}
	if (environment(r, s, &child.envp, &err) && child_start(r->loop, &child, &r->child, &err))
		return true;
	ledger_text(ledger_data(r->ledger), "message", err.msg, LEDGER_MESSAGE);
	return false;
}

struct json *
engine_beside_end(struct runner *r, const struct child_end *end)
{
	struct json *j = ledger_data(r->ledger);

	if (end->exit.exited)
		json_int(j, "exit", end->exit.status);
	else
		json_int(j, "signal", end->exit.signal);
	json_double(j, "seconds", end->seconds);
	json_int(j, "output_bytes", end->output_bytes);
	json_string(j, "output_sha256", end->output_sha256);
	return j;
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
		r->live = arena_fmt(&r->arena, "%s%s%s", r->live != NULL ? r->live : "",
			r->live != NULL ? "; " : "", g.value);
		r->probed++;
		return;
	}
	/* What became of the step is known; how its target is called now is not. */
	if (r->undoing) {
		r->live = "did not answer";
		r->probed = r->resolved.ntargets;
		return;
	}
	j = ledger_data(r->ledger);
	json_int(j, "attempt", run_state_step(&r->state, r->step->id)->attempt);
	json_string(j, "outcome", "failed");
	ledger_text(j, "message",
		g.message != NULL && !end->timed_out ? g.message : "The target did not answer.",
		LEDGER_MESSAGE);
	ledger_text(j, "hint", g.hint, LEDGER_MESSAGE);
	json_string(j, "code", g.code != NULL && !end->timed_out ? g.code : "unreachable");
	if (!runner_end(r, r->step->id, "step.result", NULL))
		engine_kick(r);
}

/* Whether the step connects to it: the one it speaks of first, and all whose address it takes. */
static bool
is_reached(const struct runner *r, const struct plan_target *t)
{
	return !t->sandbox && t->conninfo != NULL &&
	       (r->probed == 0 || strstr(r->resolved.params, t->conninfo) != NULL);
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

	for (; r->probed < r->resolved.ntargets; r->probed++) {
		t = plan_target(r->plan, r->resolved.targets[r->probed]);
		if (t != NULL && is_reached(r, t))
			break;
	}
	if (t == NULL || r->probed == r->resolved.ntargets)
		return false;
	json_object(&j, NULL);
	json_object(&j, "target");
	plan_target_json(t, &j);
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

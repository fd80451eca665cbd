#include "base/banned.h"
#include "run/engine.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/ident.h"
#include "run/dir.h"
#include "run/forecast.h"
#include "run/group.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define START_MAX (1 * MIB)
#define PLAN_MAX  (16 * MIB)

/* Folds the record just written and tells the clients. */
static void
fold(struct runner *r)
{
	size_t len;
	const char *line = ledger_last_line(r->ledger, &len);

	if (!run_state_line(&r->state, line, len))
		BUG("the runner does not understand its own record");
	server_journal_grew(r);
}

bool
runner_note(struct runner *r, const char *step, const char *event, const char *actor)
{
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (ledger_note(r->ledger, step, event, actor, &err)) {
		fold(r);
		return true;
	}
	engine_fail(r, &err);
	return false;
}

bool
runner_end(struct runner *r, const char *step, const char *event, const char *actor)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	uint64_t before = ledger_journal_head(r->ledger)->seq;
	bool good = ledger_end(r->ledger, step, event, actor, &err);

	if (good) {
		fold(r);
		return true;
	}
	/* The journal may have it although the audit log has not; what is true is folded. */
	if (ledger_journal_head(r->ledger)->seq == before + 1)
		fold(r);
	engine_fail(r, &err);
	return false;
}

bool
runner_begin(
	struct runner *r, const char *step, const char *event, const char *actor, struct err *err)
{
	if (!ledger_begin(r->ledger, step, event, actor, err))
		return false;
	fold(r);
	return true;
}

/* Reads the descriptor to its end, then closes it. */
static bool
read_start(struct str *out, struct err *err)
{
	char chunk[4 * KIB];
	ssize_t n;

	while ((n = read(RUNNER_START_FD, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(
				err, ERR_IO, errno, "The runner was started without its orders");
		str_addn(out, chunk, (size_t)n);
		explicit_bzero(chunk, sizeof(chunk));
	}
	close(RUNNER_START_FD);
	return !out->full || err_set(err, ERR_LIMIT, "The orders are too long.");
}

/* From the orders, in hexadecimal. */
static void
take_secret(struct runner *r, struct var *v, char *hex)
{
	unsigned char bytes[SECRET_MAX];
	size_t len = MIN(strlen(hex) / 2, sizeof(bytes));

	if (digest_unhex(hex, len, bytes))
		runner_secret(r, v, (const char *)bytes, len);
	explicit_bzero(bytes, sizeof(bytes));
	explicit_bzero(hex, strlen(hex));
}

void
runner_secret(struct runner *r, struct var *v, const char *bytes, size_t len)
{
	secret_free((struct secret *)v->secret);
	v->secret = secret_new(bytes, len);
	if (len > 0 && !mask_add(r->mask, bytes, len))
		*vec_push(&r->arena, &r->unmasked) = v->name;
}

/* F38: better said than leaked unseen. */
void
runner_warn_unmasked(struct runner *r)
{
	for (; r->unmasked.n > 0; r->unmasked.n--) {
		struct json *j = ledger_data(r->ledger);

		json_fmt(j, "text",
			"The secret %s is shorter than %d bytes: it can't be masked where a step "
			"prints it.",
			r->unmasked.v[r->unmasked.n - 1], MASK_SECRET_MIN);
		if (!runner_note(r, NULL, "run.note", NULL))
			return;
	}
}

static bool
take_start(struct runner *r, bool *resume, struct err *err)
{
	CLEANUP(str_wipe) struct str text = STR_INIT(START_MAX);
	CLEANUP(json_free) cJSON *j = NULL;
	const cJSON *it;

	if (!read_start(&text, err) || (j = json_parse(str_text(&text), text.len, err)) == NULL)
		return false;
	*resume = json_get_bool(j, "resume", false);
	r->plan->attended = json_get_bool(j, "attended", r->plan->attended);
	cJSON_ArrayForEach(it, json_get(j, "answers")) if (cJSON_IsString(it)) *
		vec_push(&r->arena, &r->answers) = (struct start_answer){
		arena_strdup(&r->arena, it->string), arena_strdup(&r->arena, it->valuestring)};
	cJSON_ArrayForEach(it, json_get(j, "secrets"))
	{
		struct var *v = (struct var *)scope_get(&r->plan->scope, it->string);

		if (v == NULL || v->kind != VAR_SECRET || !cJSON_IsString(it))
			continue;
		take_secret(r, v, it->valuestring);
	}
	return true;
}

static bool
load_plan(struct runner *r, struct err *err)
{
	CLEANUP(json_free) cJSON *j = NULL;
	CLEANUP(str_done) struct str text = STR_INIT(YAML_SIZE_MAX);
	const struct runbook *runbook;
	struct problems problems;

	j = json_load(path_join(&r->arena, r->dir, "plan.json"), PLAN_MAX, err);
	if (j == NULL ||
		!file_read(path_join(&r->arena, r->dir, "runbook.yaml"), YAML_SIZE_MAX, &text, err))
		return false;
	problems_init(&problems, &r->arena, arena_strdup(&r->arena, json_get_text(j, "runbook")));
	runbook = runbook_parse(str_text(&text), text.len, &problems);
	if (runbook == NULL)
		return problems_err(&problems, err);
	if (!plan_load(&r->arena, j, runbook, &r->plan, err))
		return false;
	scope_set(&r->plan->scope, "run", VAR_TEXT, r->id);
	scope_set(&r->plan->scope, "run.directory", VAR_TEXT, r->dir);
	return true;
}

static bool
lock_targets(struct runner *r, struct err *err)
{
	const struct plan_target *t;

	vec_each (&r->plan->targets, t) {
		struct lock *l;

		if (!t->touched || t->sandbox)
			continue;
		if (!lock_acquire(r->state_dir, t->name, r->id, &l, err))
			return false;
		*vec_push(&r->arena, &r->locks) = l;
	}
	return true;
}

static void
write_steps(struct runner *r, struct json *j)
{
	json_array(j, "steps");
	for (size_t i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = item_at(&r->plan->steps, struct step, i);
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		CLEANUP(err_done) struct err err = ERR_INIT;
		struct resolved resolved;
		bool good = step_resolve(s, &r->plan->scope, EXPAND_LATE, &a, &resolved, &err);

		json_object(j, NULL);
		json_string(j, "id", s->id);
		ledger_text(j, "title", good ? resolved.title : s->title, LEDGER_TITLE);
		json_string(j, "kind", s->kind->name);
		json_string(j, "effect", effect_names[s->effect]);
		json_string(j, "parallel", s->parallel);
		if (s->implied)
			json_bool(j, "implied", true);
		json_count(j, "budget_s", s->budget_s);
		json_count(j, "timeout_s", s->timeout_s);
		json_object_end(j);
	}
	json_array_end(j);
}

void
runner_write_operator(struct json *j, const char *name)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct ident self;

	ident_self(&a, &self);
	json_string(j, "operator", name);
	json_int(j, "uid", (int64_t)self.uid);
	json_int(j, "login_uid", self.login_uid != IDENT_NOBODY ? (int64_t)self.login_uid : -1);
}

static bool
record_start(struct runner *r, struct err *err)
{
	const struct plan *p = r->plan;
	struct json *j = ledger_data(r->ledger);
	const struct parameter_value *q;
	const struct plan_target *t;

	json_string(j, "runbook", p->runbook->id);
	json_string(j, "title", p->runbook->title);
	json_string(j, "file", p->runbook->file);
	json_string(j, "sha256", p->runbook->sha256);
	json_string(j, "mode", plan_mode_names[p->mode]);
	json_bool(j, "attended", p->attended);
	runner_write_operator(j, p->operator);
	json_string(j, "site", p->site);
	json_count(j, "rto_s", p->runbook->rto_s);
	json_count(j, "rpo_s", p->runbook->rpo_s);
	json_string(j, "newest_data", p->runbook->newest_data);
	if (p->incident != CLOCK_NONE)
		json_time(j, "incident", p->incident);
	if (p->parent_run != NULL) {
		json_object(j, "parent");
		json_string(j, "run", p->parent_run);
		json_string(j, "step", p->parent_step);
		json_object_end(j);
	}
	json_int(j, "pid", getpid());
	json_string(j, "boot_id", clock_boot_id());
	json_string(j, "version", LIFEBOAT_VERSION);
	json_array(j, "parameters");
	vec_each (&p->parameters, q) {
		json_object(j, NULL);
		json_string(j, "name", q->name);
		json_string(j, "text", q->text);
		json_bool(j, "given", q->given);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "targets");
	vec_each (&p->targets, t) {
		json_object(j, NULL);
		json_string(j, "var", t->var);
		json_string(j, "name", t->name);
		json_string(j, "conninfo", t->conninfo);
		json_string(j, "environment", t->environment);
		json_object_end(j);
	}
	json_array_end(j);
	write_steps(r, j);
	return runner_begin(r, NULL, "run.started", p->operator, err);
}

static void
on_sigchld(struct loop *l, int sig, void *arg)
{
	struct runner *r = arg;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		child_reaped(r->child, pid, status);
		lanes_reaped(r, pid, status);
	}
}

static void
on_sigterm(struct loop *l, int sig, void *arg)
{
	((struct runner *)arg)->terminated = true;
	engine_stop(arg, NULL);
}

static bool
prepare(struct runner *r, const char *dir, struct err *err)
{
	struct ident self;
	bool resume;

	r->arena.wipe = r->step_arena.wipe = true;
	r->dir = path_absolute(&r->arena, dir);
	r->id = path_base(r->dir);
	r->state_dir = path_dir(&r->arena, path_dir(&r->arena, r->dir));
	ident_self(&r->arena, &self);
	r->actor = ident_text(&r->arena, &self);
	r->mask = mask_new();
	r->loop = loop_new();
	run_state_init(&r->state, &r->arena);
	if (!load_plan(r, err) || !take_start(r, &resume, err))
		return false;
	/* The group reads what we record; the files of steps stay their own (proc_spawn). */
	if (r->plan->group != NULL)
		umask(027);
	if (!lock_targets(r, err) ||
		!ledger_open(r->state_dir, r->dir, r->id, r->actor, &r->ledger, err))
		return false;
	if (r->plan->group != NULL && !group_share_log(audit_path(&r->arena, r->state_dir), err))
		return false;
	if (r->plan->mode == PLAN_DRILL)
		ledger_set_drill(r->ledger);
	if (!run_state_load(&r->state, run_dir_journal(&r->arena, r->dir), err))
		return false;
	if (resume == (r->state.phase == RUN_NEW))
		return err_set(err, ERR_USAGE,
			resume ? "The run %s was never started."
			       : "The run %s was started already.",
			r->id);
	if (resume && r->state.mode != r->plan->mode)
		return err_set(err, ERR_DAMAGED,
			"The run began as a %s one, which its plan is not.",
			plan_mode_names[r->state.mode]);
	if (resume && util_streq(r->state.outcome, "done"))
		return err_set(
			err, ERR_USAGE, "The run %s is done; there is nothing to resume.", r->id);
	if (!server_start(r, err))
		return false;
	if (!(resume ? resume_record(r, err) : record_start(r, err)))
		return false;
	runner_warn_unmasked(r);
	return true;
}

/* Tells the one who started us; nobody may be there any more. */
static void
report_ready(const struct err *err)
{
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);
	struct json j = json_new(&out);

	json_object(&j, NULL);
	json_bool(&j, "ok", err == NULL);
	if (err != NULL) {
		json_string(&j, "message", err->msg);
		json_string(&j, "hint", err->hint);
		json_string(&j, "code", err_name(err->code));
	}
	json_object_end(&j);
	str_addc(&out, '\n');
	if (file_write_all(RUNNER_READY_FD, out.buf, out.len))
		close(RUNNER_READY_FD);
}

static void
runner_free(struct runner *r)
{
	const struct var *v;

	for (size_t i = 0; i < r->locks.n; i++)
		lock_free(r->locks.v[i]);
	if (r->plan != NULL)
		vec_each (&r->plan->scope.vars, v)
			secret_free((struct secret *)v->secret);
	forecast_end(r);
	ledger_free(r->ledger);
	mask_free(r->mask);
	loop_free(r->loop);
	arena_done(&r->step_arena);
	arena_done(&r->arena);
}

/* F38: it holds secrets, and so does the environment of its steps. */
static void
no_core(void)
{
	struct rlimit core;

	prctl(PR_SET_DUMPABLE, 0);
	if (getrlimit(RLIMIT_CORE, &core) == 0) {
		core.rlim_cur = 0;
		setrlimit(RLIMIT_CORE, &core);
	}
}

int
runner_main(const char *dir)
{
	struct runner r = {.listen_fd = -1};
	struct err err = ERR_INIT;
	int status;

	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	no_core();
	fcntl(RUNNER_START_FD, F_SETFD, FD_CLOEXEC);
	fcntl(RUNNER_READY_FD, F_SETFD, FD_CLOEXEC);
	if (!prepare(&r, dir, &err)) {
		report_ready(&err);
		status = err_exit_status(err.code);
		err_done(&err);
		runner_free(&r);
		return status;
	}
	report_ready(NULL);
	loop_signal(r.loop, SIGCHLD, on_sigchld, &r);
	loop_signal(r.loop, SIGTERM, on_sigterm, &r);
	forecast_begin(&r);
	engine_kick(&r);
	loop_run(r.loop);
	server_stop(&r);
	status = r.exit;
	runner_free(&r);
	return status;
}

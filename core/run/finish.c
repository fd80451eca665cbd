/*
 * finish: how a run ends: what it comes to, the clean-up that always runs, the last record.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "base/clock.h"
#include "run/judge.h"
#include "base/log.h"
#include "catalog/proof.h"

#define CLEANUP_TIMEOUT_MS 120000

/* That it will not be needed counts, too, once it is known; not that a person skipped it. */
static bool
has_passed(struct runner *r, const char *id)
{
	const struct step_state *st = run_state_step(&r->state, id);
	const struct step *s = plan_step(r->plan, id);
	CLEANUP(err_done) struct err unknown_yet = ERR_INIT;
	bool wanted;

	if (st == NULL || s == NULL)
		return false;
	if (st->status == STEP_OK || st->status == STEP_BY_HAND)
		return true;
	return (st->status == STEP_PENDING || st->status == STEP_SKIPPED) &&
	       step_wanted(s, &r->plan->scope, &wanted, &unknown_yet) && !wanted;
}

void
engine_recovered(struct runner *r)
{
	const struct texts *steps = &r->plan->done_when;
	struct json *j;

	if (steps->n == 0 || r->state.recovered_ms >= 0)
		return;
	for (size_t i = 0; i < steps->n; i++)
		if (!has_passed(r, steps->v[i]))
			return;
	j = ledger_data(r->ledger);
	json_int(j, "seconds", run_elapsed_s(&r->state, clock_now_ms()));
	json_count(j, "rto_s", r->state.rto_s);
	runner_note(r, NULL, "run.recovered", NULL);
}

void
engine_done(struct runner *r)
{
	int64_t ms = run_elapsed_ms(&r->state, clock_now_ms());
	size_t ignored = 0;

	for (size_t i = 0; i < r->state.nsteps; i++)
		ignored += r->state.steps[i].status == STEP_IGNORED;
	if (ignored > 0)
		engine_finish(r, "done", 1,
			arena_fmt(&r->arena, "Done, but %zu failed step%s ignored.", ignored,
				ignored == 1 ? " was" : "s were"),
			NULL);
	else if (r->state.rto_s >= 0 && ms > r->state.rto_s * 1000)
		engine_finish(r, "done", 1,
			arena_fmt(&r->arena,
				"Done, but it took %.1f s, more than the RTO of %lld s.",
				(double)ms / 1000, (long long)r->state.rto_s),
			NULL);
	else
		engine_finish(r, "done", 0, NULL, NULL);
}

void
engine_finish(
	struct runner *r, const char *outcome, int status, const char *message, const char *hint)
{
	struct json *j;

	if (r->outcome != NULL)
		return;
	r->outcome = outcome;
	r->exit = status;
	r->message = arena_strdup(&r->arena, message);
	r->hint = arena_strdup(&r->arena, hint);
	r->cleanup_left = r->plan->steps.n;
	j = ledger_data(r->ledger);
	json_string(j, "outcome", outcome);
	if (message != NULL)
		ledger_text(j, "message", message, LEDGER_MESSAGE);
	runner_note(r, NULL, "run.cleaning", NULL);
	/* Even a journal that takes nothing more is no reason to leave things behind. */
	r->state.phase = RUN_CLEANING;
	engine_kick(r);
}

static void
on_cleaned(struct child *c, const struct child_end *end, void *arg)
{
	struct runner *r = arg;
	struct json *j = ledger_data(r->ledger);
	bool good = end->result != NULL && util_streq(json_get_text(end->result, "outcome"), "ok");

	json_string(j, "outcome", good ? "ok" : "failed");
	if (!good && end->result != NULL) {
		ledger_text(j, "message", judge_masked(r, json_get_text(end->result, "message")),
			LEDGER_MESSAGE);
		ledger_text(j, "hint", judge_masked(r, json_get_text(end->result, "hint")),
			LEDGER_MESSAGE);
	}
	runner_note(r, r->step->id, "step.cleanup", NULL);
	r->cleaning = false;
	engine_child_over(r);
}

static bool
clean_step(struct runner *r, const struct step *s)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct json j = json_new(&text);
	struct proc_env env;
	struct child_spec child = {.role = "cleanup",
		.mask = r->mask,
		.timeout_ms = CLEANUP_TIMEOUT_MS,
		.on_end = on_cleaned,
		.arg = r};

	arena_done(&r->step_arena);
	json_object(&j, NULL);
	json_string(&j, "kind", s->kind->name);
	json_string(&j, "id", s->id);
	json_string(&j, "run", r->id);
	json_string(&j, "state", r->state_dir);
	json_raw(&j, "params", "{}");
	json_object_end(&j);
	child.spec = str_text(&text);
	proc_env_init(&env, &r->step_arena);
	child.envp = proc_env_list(&env, &r->step_arena);
	r->step = s;
	r->cleaning = child_start(r->loop, &child, &r->child, &err);
	if (!r->cleaning) {
		struct json *record = ledger_data(r->ledger);

		json_string(record, "outcome", "failed");
		ledger_text(record, "message", err.msg, LEDGER_MESSAGE);
		runner_note(r, s->id, "step.cleanup", NULL);
	}
	return r->cleaning;
}

static const struct plan_backup *
proven_backup(struct runner *r)
{
	const char *text = r->plan->runbook->proves->backup;
	const struct plan_backup *b;

	vec_each (&r->plan->backups, b)
		if (util_streq(text, arena_fmt(&r->step_arena, "{{%s}}", b->var)))
			return b;
	return NULL;
}

/* Whether a step of this run recorded the same already, and with its checks. */
static bool
is_recorded(struct runner *r, const struct proof *p)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *slash = strchr(p->backup, '/'),
		   *end = slash != NULL ? strchr(slash + 1, '/') : NULL;
	struct proofs all;
	const struct proof *one;

	if (end == NULL)
		return false;
	proofs_init(&all, &a, arena_strndup(&a, p->backup, (size_t)(slash - p->backup)),
		arena_strndup(&a, slash + 1, (size_t)(end - slash - 1)));
	if (!proofs_load(&all, r->state_dir, &err))
		return false;
	vec_each (&all.list, one)
		if (util_streq(one->by, r->id) && util_streq(one->backup, p->backup) &&
			one->result == p->result && one->level == p->level)
			return true;
	return false;
}

/* For the PROVEN column: that all of the runbook passed is the proof, that it failed, too. */
static void
remember_proof(struct runner *r, double seconds)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct plan_backup *b = proven_backup(r);
	struct proof p = {.etag = "",
		.level = (enum level)r->plan->runbook->proves->level,
		.at = clock_now(),
		.seconds = seconds,
		.checks = "[]",
		.by = r->id};
	struct restore restore = {
		.mode = RESTORE_SANDBOX, .seconds = seconds, .at = p.at, .by = r->id};

	if (b == NULL || util_streq(r->outcome, "refused") || util_streq(r->outcome, "stopped"))
		return;
	p.backup = restore.backup = b->id;
	p.size = b->size;
	p.mtime = b->mtime;
	p.finished_at = b->finished_at;
	p.result = r->exit == 0 ? PROOF_PASS : r->exit == 1 ? PROOF_FAIL : PROOF_UNKNOWN;
	if (is_recorded(r, &p))
		return;
	if (!proof_add(r->state_dir, &p, &err) ||
		(r->exit == 0 && p.level == LEVEL_RESTORED &&
			!restore_add(r->state_dir, &restore, &err)))
		log_debug("proof not recorded: %s", err.msg);
}

/* How long a restore took becomes the forecast of the next one. */
static void
remember_restore(struct runner *r, double seconds)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct restore restore = {
		.mode = r->plan->mode == PLAN_DRILL ? RESTORE_DRILL : RESTORE_LIVE,
		.seconds = seconds,
		.at = clock_now(),
		.by = r->id};
	bool restored = false;

	for (size_t i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = item_at(&r->plan->steps, struct step, i);

		restored = restored || (s->effect == EFFECT_DESTROY &&
					       run_state_step(&r->state, s->id)->status == STEP_OK);
	}
	if (!restored || r->plan->backups.n == 0 || r->state.recovered_ms < 0)
		return;
	restore.backup = r->plan->backups.v[0].id;
	if (!restore_add(r->state_dir, &restore, &err))
		log_debug("restore not recorded: %s", err.msg);
}

static void
remember(struct runner *r)
{
	double seconds = (double)run_elapsed_s(&r->state, clock_now_ms());

	if (r->plan->runbook->proves != NULL)
		remember_proof(r, seconds);
	else
		remember_restore(r, seconds);
}

static void
write_finished(struct runner *r, struct json *j)
{
	int64_t ms = run_elapsed_ms(&r->state, clock_now_ms());

	json_string(j, "outcome", r->outcome);
	json_int(j, "exit", r->exit);
	ledger_text(j, "message", r->message, LEDGER_MESSAGE);
	ledger_text(j, "hint", r->hint, LEDGER_MESSAGE);
	json_int(j, "seconds", MAX(clock_now_ms() - r->state.started_ms, 0) / 1000);
	json_count(j, "recovery_s", r->state.recovered_ms >= 0 ? ms / 1000 : -1);
	json_count(j, "rto_s", r->state.rto_s);
	if (r->state.rto_s >= 0)
		json_bool(j, "rto_met",
			util_streq(r->outcome, "done") && ms <= r->state.rto_s * 1000);
	json_fmt(j, "audit_head", "%llu:%s", (unsigned long long)ledger_audit_head(r->ledger)->seq,
		ledger_audit_head(r->ledger)->hash);
}

/*
 * The last record says how the run ended, so the audit log comes first here: a run whose audit
 * log could not be written is not good, however well its steps went (promise 5).
 */
static void
record_end(struct runner *r)
{
	CLEANUP(err_done) struct err err = ERR_INIT;

	write_finished(r, ledger_data(r->ledger));
	if (!ledger_failed(r->ledger) && runner_begin(r, NULL, "run.finished", NULL, &err))
		return;
	if (r->exit == 0) {
		r->exit = err_exit_status(ERR_AUDIT);
		r->message = "All steps are done, but the audit log could not be written.";
		r->hint = arena_strdup(&r->arena, err.msg);
	}
	write_finished(r, ledger_data(r->ledger));
	runner_end(r, NULL, "run.finished", NULL);
}

void
engine_clean(struct runner *r)
{
	size_t strays;

	while (r->cleanup_left > 0) {
		const struct step *s = item_at(&r->plan->steps, struct step, --r->cleanup_left);

		if (s->kind->cleanup != NULL && run_state_step(&r->state, s->id)->attempt > 0 &&
			clean_step(r, s))
			return;
	}
	child_kill_strays(true, &strays);
	remember(r);
	record_end(r);
	r->finished = true;
	loop_stop(r->loop);
}

void
engine_fail(struct runner *r, const struct err *err)
{
	engine_finish(r, "refused", err_exit_status(err->code), err->msg, err->hint);
}

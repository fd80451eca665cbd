/*
 * engine: which step comes next, and what becomes of it. The order of things is the program's
 * core promise: seen, granted, recorded, then run; and recorded again before the next.
 */
#include "base/banned.h"
#include "run/engine.h"

static const char *const failed_choices[] = {"retry", "by-hand", "skip", "stop", NULL};
static const char *const failed_undo_choices[] = {"retry", "by-hand", "undo", "skip", "stop", NULL};
static const char *const changed_choices[] = {"continue", "stop", NULL};

static void
on_kick(struct loop *l, void *arg)
{
	struct runner *r = arg;

	r->kick = NULL;
	engine_advance(r);
}

void
engine_kick(struct runner *r)
{
	if (r->kick == NULL)
		r->kick = loop_timer(r->loop, 0, false, on_kick, r);
}

static struct step_state *
state_of(const struct runner *r, const struct step *s)
{
	return run_state_step(&r->state, s->id);
}

/* A step that fails before anything of it ran. */
void
engine_fail_step(struct runner *r, const struct step *s, const struct err *err)
{
	struct json *j = ledger_data(r->ledger);

	json_int(j, "attempt", state_of(r, s)->attempt);
	json_string(j, "outcome", "failed");
	ledger_text(j, "message", err->msg, LEDGER_MESSAGE);
	ledger_text(j, "hint", err->hint, LEDGER_MESSAGE);
	json_string(j, "code", err_name(err->code));
	if (runner_end(r, s->id, "step.result", NULL))
		engine_kick(r);
}

static void
settle(struct runner *r, const struct step *s, const char *event, const char *reason,
	const char *value, const char *actor)
{
	struct json *j = ledger_data(r->ledger);

	if (reason != NULL)
		ledger_text(j, "reason", reason, LEDGER_SHOWN);
	if (value != NULL)
		json_string(j, "value", value);
	if (!runner_end(r, s->id, event, actor))
		return;
	engine_capture(r, s, value);
	engine_kick(r);
}

void
engine_capture(struct runner *r, const struct step *s, const char *value)
{
	if (s->capture != NULL && value != NULL)
		scope_set(&r->plan->scope, s->capture, VAR_TEXT, value);
	if (value != NULL)
		scope_set(
			&r->plan->scope, arena_fmt(&r->arena, "%s.value", s->id), VAR_TEXT, value);
}

void
engine_refuse(struct runner *r, const struct err *err)
{
	engine_finish(r, "refused", 3, err->msg, err->hint);
}

static bool
drill_skips(struct runner *r, const struct step *s, struct err *err)
{
	int drill = s->drill;

	if (r->plan->mode != PLAN_DRILL)
		return false;
	/* Without a word in the runbook: what changes something that is no target of the drill
	 * could be production, so it is told, not done (F58). */
	if (drill < 0)
		drill = s->effect == EFFECT_READ || r->resolved.ntargets > 0 ? DRILL_RUN
									     : DRILL_SIMULATE;
	if (drill == DRILL_RUN)
		return false;
	if (drill == DRILL_FORBID) {
		err_set(err, ERR_REFUSED, "Step \"%s\" is forbidden in a drill.", s->id);
		engine_refuse(r, err);
		return true;
	}
	settle(r, s, "step.simulated", r->resolved.describe, NULL, NULL);
	return true;
}

static bool
unattended_skips(struct runner *r, const struct step *s, struct err *err)
{
	if (r->plan->attended || s->unattended < 0 || s->unattended == UNATTENDED_RUN)
		return false;
	if (s->unattended == UNATTENDED_SKIP) {
		settle(r, s, "step.skipped", "unattended: skip", NULL, NULL);
		return true;
	}
	if (ask_given(r, s->id) != NULL)
		return false;
	err_set(err, ERR_REFUSED, "Step \"%s\" does not run unattended.", s->id);
	engine_refuse(r, err);
	return true;
}

/* Everything that must hold before the step may run; false when something else was set off. */
static bool
ready(struct runner *r, const struct step *s, struct err *err)
{
	bool wanted;

	if (!step_wanted(s, &r->plan->scope, &wanted, err)) {
		engine_fail_step(r, s, err);
		return false;
	}
	/* What is not wanted need not be known: its values may come from steps not wanted either.
	 */
	if (!wanted) {
		settle(r, s, "step.skipped", "its condition (when) is not met", NULL, NULL);
		return false;
	}
	if (!step_resolve(s, &r->plan->scope, 0, &r->step_arena, &r->resolved, err)) {
		engine_fail_step(r, s, err);
		return false;
	}
	if (drill_skips(r, s, err) || unattended_skips(r, s, err))
		return false;
	if (!engine_unchanged(r, err)) {
		struct question q = {
			.kind = "runbook-changed", .text = err->msg, .choices = changed_choices};

		/* What was answered beforehand answered something else. */
		if (r->plan->attended)
			ask_open(r, s, &q);
		else
			engine_refuse(r, err);
		return false;
	}
	if (drill_injected(r, s->id)) {
		err_set(err, ERR_CHECK_FAILED,
			"It failed, because the facilitator of the drill wants "
			"it so.");
		engine_fail_step(r, s, err);
		return false;
	}
	if (!engine_backups_there(r, err)) {
		engine_fail_step(r, s, err);
		return false;
	}
	return true;
}

void
engine_turn_to(struct runner *r, const struct step *s)
{
	r->step = s;
	r->granted = false;
	r->live = NULL;
	r->probed = 0;
	r->approved[0] = '\0';
	r->tries_left = s->retry != NULL ? s->retry->times : 0;
}

static void
consider(struct runner *r, const struct step *s)
{
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (r->step != s)
		engine_turn_to(r, s);
	arena_done(&r->step_arena);
	r->resolved = (struct resolved){0};
	if (!ready(r, s, &err))
		return;
	if (s->kind->person && approval_wanted(r, s))
		gate_ask_approval(r, s);
	else if (s->kind->person)
		gate_ask_person(r, s);
	else if (s->effect != EFFECT_READ && engine_probe(r, s, &err))
		return; /* goes on when the target has named itself */
	else if (err.code != ERR_NONE)
		engine_fail_step(r, s, &err);
	else if (gate_wants_grant(r, s) && !gate_is_granted(r, s))
		gate_ask_grant(r, s);
	else if (approval_wanted(r, s))
		gate_ask_approval(r, s);
	else if (s->kind->run == NULL) /* it waited for consent, and has it */
		settle(r, s, "step.answered", NULL, NULL, NULL);
	else
		engine_attempt(r, s);
}

static const char *
failure_text(struct runner *r, const struct step_state *st)
{
	return arena_fmt(&r->step_arena, "%s%s%s", st->message != NULL ? st->message : "It failed.",
		st->hint != NULL ? "\n" : "", st->hint != NULL ? st->hint : "");
}

static void
failed(struct runner *r, const struct step *s, struct step_state *st)
{
	struct question q = {.kind = "failed",
		.text = failure_text(r, st),
		.show = st->describe,
		.choices = undo_possible(r) ? failed_undo_choices : failed_choices};
	int status = err_exit_status(st->code != NULL ? err_by_name(st->code) : ERR_CHECK_FAILED);

	if (s->on_fail == ON_FAIL_CONTINUE) {
		ledger_data(r->ledger);
		if (runner_end(r, s->id, "step.ignored", NULL))
			engine_kick(r);
	} else if (s->on_fail == ON_FAIL_ASK && r->plan->attended) {
		ask_open(r, s, &q);
	} else {
		engine_finish(r, "failed", status != 0 ? status : 1,
			arena_fmt(&r->arena, "Step \"%s\" failed: %s", s->id,
				st->message != NULL ? st->message : "no reason given"),
			st->hint);
	}
}

/* It started and nobody saw it end: only a person can say what is true (promise 4). */
static void
unknown(struct runner *r, const struct step *s, struct step_state *st)
{
	const char *why =
		st->message != NULL
			? failure_text(r, st)
			: "It was started, and the runner died before it ended. Look at the "
			  "target before you decide.";
	struct question q = {.kind = "unknown",
		.text = why,
		.show = st->describe,
		.choices = undo_possible(r) ? failed_undo_choices : failed_choices};

	if (unknown_check(r, s))
		return;
	if (r->plan->attended)
		ask_open(r, s, &q);
	else
		engine_finish(r, "unknown", 2,
			arena_fmt(
				&r->arena, "The outcome of step \"%s\" is unknown: %s", s->id, why),
			"lifeboat resume takes the run up again, attended.");
}

/* One that failed at once must not keep the rest of its group from being started. */
static const struct step *
next_of_group(const struct runner *r, size_t i)
{
	const struct step *failed = item_at(&r->plan->steps, struct step, i);

	if (state_of(r, failed)->status != STEP_FAILED)
		return failed;
	while (++i < r->plan->steps.n) {
		const struct step *s = item_at(&r->plan->steps, struct step, i);

		if (!util_streq(s->parallel, r->group))
			break;
		if (state_of(r, s)->status == STEP_PENDING)
			return s;
	}
	return failed;
}

static const struct step *
next_step(const struct runner *r)
{
	for (size_t i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = item_at(&r->plan->steps, struct step, i);

		if (step_status_final(state_of(r, s)->status) || lanes_has(r, s))
			continue;
		if (r->lanes == NULL)
			return r->group != NULL && util_streq(s->parallel, r->group)
				       ? next_of_group(r, i)
				       : s;
		/* Beside those that run only what is new of their group; a failure waits. */
		if (!lanes_take(r, s))
			return NULL;
		if (state_of(r, s)->status == STEP_PENDING)
			return s;
	}
	return NULL;
}

void
engine_advance(struct runner *r)
{
	const struct step *s;

	if (r->finished || r->child != NULL || r->retry_timer != NULL)
		return;
	lanes_reap(r);
	if (r->lanes != NULL && (r->state.phase == RUN_CLEANING || r->state.stopping))
		return;
	if (r->state.phase == RUN_CLEANING) {
		engine_clean(r);
		return;
	}
	if (r->state.stopping) {
		engine_finish(r, "stopped", 4,
			r->terminated ? "Stopped by a signal (SIGTERM) to its runner."
				      : "Stopped by the operator.",
			NULL);
		return;
	}
	if (r->state.ask.number != 0 || r->state.paused)
		return;
	if (r->undoing) {
		undo_next(r);
		return;
	}
	engine_recovered(r);
	s = next_step(r);
	if (s == NULL && r->lanes != NULL)
		return;
	if (s == NULL) {
		engine_done(r);
		return;
	}
	switch (state_of(r, s)->status) {
	case STEP_FAILED: failed(r, s, state_of(r, s)); break;
	case STEP_UNKNOWN: unknown(r, s, state_of(r, s)); break;
	default: consider(r, s); break;
	}
}

/* The step stands to be tried again; what destroys must be granted again. */
static void
retry_step(struct runner *r, const struct step *s, const char *actor)
{
	struct json *j = ledger_data(r->ledger);

	json_int(j, "after_attempt", state_of(r, s)->attempt);
	r->granted = false;
	r->live = NULL;
	r->probed = 0;
	if (runner_end(r, s->id, "step.retry", actor))
		engine_kick(r);
}

void
engine_answered(struct runner *r, const char *choice, const char *text, const char *actor)
{
	const struct step *s = r->asked_of;
	struct err err = ERR_INIT;

	if (r->undoing) {
		undo_answered(r, choice, text, actor);
	} else if (strcmp(choice, "undo") == 0) {
		undo_begin(r);
	} else if (strcmp(choice, "stop") == 0) {
		engine_stop(r, actor);
	} else if (strcmp(choice, "go") == 0 || strcmp(choice, "confirm") == 0) {
		r->granted = true;
	} else if (strcmp(choice, "continue") == 0) {
		memcpy(r->accepted, r->changed_to, sizeof(r->accepted));
	} else if (strcmp(choice, "done") == 0 || strcmp(choice, "choose") == 0) {
		settle(r, s, "step.answered", NULL, text, actor);
	} else if (strcmp(choice, "failed") == 0) {
		err_set(&err, ERR_CHECK_FAILED, "%s says that it failed%s%s", actor,
			text != NULL && text[0] != '\0' ? ": " : ".", text != NULL ? text : "");
		engine_fail_step(r, s, &err);
		err_done(&err);
	} else if (strcmp(choice, "skip") == 0) {
		settle(r, s, "step.skipped", text, NULL, actor);
	} else if (strcmp(choice, "by-hand") == 0) {
		settle(r, s, "step.by_hand", text, NULL, actor);
	} else if (strcmp(choice, "retry") == 0) {
		retry_step(r, s, actor);
	}
	engine_kick(r);
}

void
engine_stop(struct runner *r, const char *actor)
{
	ledger_data(r->ledger);
	if (r->finished || r->state.phase == RUN_CLEANING ||
		!runner_end(r, NULL, "run.stopping", actor))
		return;
	loop_remove(r->retry_timer);
	r->retry_timer = NULL;
	if (r->child != NULL)
		child_stop(r->child);
	lanes_stop(r);
	engine_kick(r);
}

void
engine_interrupt(struct runner *r, const char *actor)
{
	lanes_interrupt(r, actor, false);
	if (r->child == NULL || r->cleaning)
		return;
	ledger_data(r->ledger);
	if (runner_note(r, r->step->id, "step.interrupted", actor))
		child_stop(r->child);
}

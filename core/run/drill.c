/*
 * drill: what a facilitator may do to a drill, so that people meet what the worst day brings.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "base/clock.h"

#define ASLEEP_S_MAX 7200

static bool
is_drill(const struct runner *r, struct err *err)
{
	if (r->plan->mode == PLAN_DRILL)
		return true;
	return err_set(err, ERR_REFUSED, "This run is live; only a drill can be interfered with.");
}

bool
drill_inject(struct runner *r, const char *actor, const cJSON *frame, struct err *err)
{
	const char *what = json_get_text(frame, "what"), *step = json_get_text(frame, "step");
	int64_t seconds = json_get_int(frame, "seconds", 600);
	struct json *j;

	if (!is_drill(r, err))
		return false;
	if (util_streq(what, "fail-step")) {
		if (step == NULL || run_state_step(&r->state, step) == NULL)
			return err_set(err, ERR_USAGE, "There is no step \"%s\".",
				step != NULL ? step : "");
		*vec_push(&r->arena, &r->injected) = arena_strdup(&r->arena, step);
	} else if (util_streq(what, "source-gone")) {
		*vec_push(&r->arena, &r->injected) = "";
	} else if (util_streq(what, "approver-asleep")) {
		if (seconds < 1 || seconds > ASLEEP_S_MAX)
			return err_set(err, ERR_USAGE, "An approver sleeps 1 to %d seconds.",
				ASLEEP_S_MAX);
		r->asleep_until_ms = clock_mono_ms() + seconds * 1000;
	} else {
		err_set(err, ERR_USAGE, "There is no \"%s\" to inject.", what != NULL ? what : "");
		return err_hint(err, "fail-step, source-gone or approver-asleep");
	}
	j = ledger_data(r->ledger);
	json_fmt(j, "text", "%s%s%s", what, step != NULL ? " " : "", step != NULL ? step : "");
	runner_end(r, NULL, "drill.injected", actor);
	return true;
}

bool
drill_clock(struct runner *r, const char *actor, bool running, struct err *err)
{
	struct json *j;

	if (!is_drill(r, err))
		return false;
	if (running == (r->state.halted_since_ms < 0))
		return err_set(err, ERR_REFUSED, "The clock %s already.",
			running ? "is running" : "stands still");
	j = ledger_data(r->ledger);
	json_bool(j, "running", running);
	json_string(j, "text", running ? "goes on" : "stands still");
	runner_note(r, NULL, "drill.clock", actor);
	engine_kick(r);
	return true;
}

bool
drill_injected(struct runner *r, const char *step)
{
	for (size_t i = 0; i < r->injected.n; i++) {
		bool source = r->injected.v[i][0] == '\0' && r->resolved.nbackups > 0;

		if (source || strcmp(r->injected.v[i], step) == 0) {
			r->injected.v[i] = r->injected.v[--r->injected.n];
			return true;
		}
	}
	return false;
}

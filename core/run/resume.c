/*
 * resume: a run is taken up whose runner died. What was running is unknown, and ended; what was
 * given is given again.
 */
#include "base/banned.h"
#include "run/engine.h"
#include "base/clock.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#define SURVIVOR_ROUNDS 300

/*
 * The leader of a step gets SIGTERM when its runner dies; what it had started may go on. Nobody
 * can decide about a step of which something still runs.
 */
static size_t
end_survivors(struct runner *r, const char *step)
{
	const char *const entries[] = {arena_fmt(&r->arena, "LIFEBOAT_RUN_ID=%s", r->id),
		arena_fmt(&r->arena, "LIFEBOAT_STEP_ID=%s", step)};
	const struct timespec nap = {0, 10000000};
	size_t most = 0, n;

	for (int round = 0; round < SURVIVOR_ROUNDS; round++) {
		n = proc_signal_marked(entries, ARRAY_LEN(entries), SIGKILL);
		if (n == 0)
			break;
		most = MAX(most, n);
		nanosleep(&nap, NULL);
	}
	return most;
}

static bool
record_unknown(struct runner *r, const char *step, bool undoing, struct err *err)
{
	size_t survivors = end_survivors(r, step);
	struct json *j = ledger_data(r->ledger);
	const char *what = undoing ? "what takes it back" : "it";

	if (survivors > 0) {
		json_int(j, "survivors_killed", (int64_t)survivors);
		json_fmt(j, "message",
			"Its runner died while %s ran; %zu process%s of it still ran and %s ended. "
			"Look at the target before you decide.",
			what, survivors, survivors == 1 ? "" : "es",
			survivors == 1 ? "was" : "were");
	} else if (undoing) {
		json_string(j, "message",
			"Its runner died while what takes it back ran. Look at the target before "
			"you decide.");
	}
	return runner_begin(r, step, "step.unknown", NULL, err);
}

bool
resume_record(struct runner *r, struct err *err)
{
	struct json *j = ledger_data(r->ledger);

	json_int(j, "pid", getpid());
	json_string(j, "boot_id", clock_boot_id());
	runner_write_operator(j, r->actor);
	if (!runner_begin(r, NULL, "run.resumed", r->actor, err))
		return false;
	for (size_t i = 0; i < r->plan->steps.n; i++) {
		const struct step *s = item_at(&r->plan->steps, struct step, i);
		const struct step_state *st = run_state_step(&r->state, s->id);

		if (st == NULL)
			return err_set(err, ERR_DAMAGED, "The journal does not fit the plan.");
		if (st->status == STEP_OK || st->status == STEP_BY_HAND) {
			engine_take_sets(r, s, &st->set_names, &st->set_values);
			engine_capture(r, s, st->value);
		}
		if ((st->status == STEP_RUNNING || st->undoing) &&
			!record_unknown(r, s->id, st->undoing, err))
			return false;
	}
	return true;
}

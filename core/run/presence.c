/*
 * presence: approvers who stay. A step with approve: {on_leave: pause} or stop goes on only while
 * those who consented to it are at the run: when one of them has gone, a step that has not begun
 * waits for consent again, and one that runs is stopped, or followed by nothing for now.
 */
#include "base/banned.h"
#include "run/engine.h"

void
presence_stays(struct runner *r, uid_t uid)
{
	const struct staying *it;

	if (r->step->approve->on_leave <= ON_LEAVE_CONTINUE)
		return;
	vec_each (&r->staying, it)
		if (it->step == r->step && it->uid == uid)
			return;
	*vec_push(&r->arena, &r->staying) = (struct staying){r->step, uid};
}

/* True when what he had consented to runs without him. */
static bool
runs_without(struct runner *r, const struct step *s, const char *actor)
{
	enum step_status status = run_state_step(&r->state, s->id)->status;

	if (step_status_final(status))
		return false;
	if (s == r->step)
		r->approved[0] = '\0';
	ledger_data(r->ledger);
	if (runner_note(r, s->id, "approval.withdrawn", actor))
		engine_kick(r);
	return status == STEP_RUNNING;
}

void
presence_left(struct runner *r, uid_t uid, const char *actor)
{
	bool stop = false, pause = false;

	for (size_t i = r->staying.n; i-- > 0;) {
		struct staying it = r->staying.v[i];

		if (it.uid != uid)
			continue;
		r->staying.v[i] = r->staying.v[--r->staying.n];
		if (!runs_without(r, it.step, actor))
			continue;
		stop = stop || it.step->approve->on_leave == ON_LEAVE_STOP;
		pause = pause || it.step->approve->on_leave == ON_LEAVE_PAUSE;
	}
	if (stop)
		engine_interrupt(r, actor);
	if (!pause || r->state.paused)
		return;
	ledger_data(r->ledger);
	runner_note(r, NULL, "run.paused", actor);
}

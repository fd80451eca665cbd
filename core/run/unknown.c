/*
 * unknown: a step that started and that nobody saw end. Its check finds out what is true, where
 * it has one; else a person says (promise 4).
 */
#include "base/banned.h"
#include "run/engine.h"

static void
on_checked(struct child *c, const struct child_end *end, void *arg)
{
	struct runner *r = arg;
	bool told = end->exit.exited && !end->timed_out && !end->stopped && end->exit.status <= 1;
	struct json *j = engine_beside_end(r, end);

	json_string(j, "outcome", !told ? "unclear" : end->exit.status == 0 ? "done" : "not done");
	if (!told)
		json_string(j, "message",
			"It was started, and the runner died before it ended; its check could not "
			"tell whether it was done. Look at the target before you decide.");
	engine_child_over(r);
	if (runner_end(r, r->step->id, "step.check_result", NULL))
		engine_kick(r);
}

/* Once for each runner: what it could not tell, a person does. */
bool
unknown_check(struct runner *r, const struct step *s)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct beside b = {.name = "check", .done = on_checked};

	if (s->check.n == 0 || r->checked == s)
		return false;
	r->checked = s;
	engine_turn_to(r, s);
	arena_done(&r->step_arena);
	r->resolved = (struct resolved){0};
	if (!step_resolve(s, &r->plan->scope, 0, &r->step_arena, &r->resolved, &err))
		return false;
	b.params = r->resolved.check_params;
	b.describe = r->resolved.check_describe;
	if (engine_beside(r, s, &b))
		return true;
	json_string(ledger_data(r->ledger), "outcome", "unclear");
	if (runner_end(r, s->id, "step.check_result", NULL))
		engine_kick(r);
	return true;
}

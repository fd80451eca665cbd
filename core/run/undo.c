/*
 * undo: finished steps are taken back in reverse order, each proposed, none by itself.
 */
#include "base/banned.h"
#include "run/engine.h"

static const char *const run_choices[] = {"undo", "by-hand", "leave", "enough", NULL};
static const char *const hand_choices[] = {"by-hand", "leave", "enough", NULL};

/* The next one to be proposed below `below` in the plan; the plan's length when there is none. */
static size_t
candidate(const struct runner *r, size_t below)
{
	for (size_t i = below; i > 0; i--) {
		const struct step *s = item_at(&r->plan->steps, struct step, i - 1);
		const struct step_state *st = run_state_step(&r->state, s->id);

		if (s->undo != NULL && s->effect != EFFECT_READ &&
			(st->status == STEP_OK || st->status == STEP_BY_HAND ||
				st->status == STEP_FAILED || st->status == STEP_UNKNOWN))
			return i - 1;
	}
	return r->plan->steps.n;
}

bool
undo_possible(const struct runner *r)
{
	return candidate(r, r->plan->steps.n) < r->plan->steps.n;
}

void
undo_begin(struct runner *r)
{
	r->undoing = true;
	r->undo_below = r->plan->steps.n;
	r->step = NULL;
	engine_kick(r);
}

/* The step that was looked at last may be next; what was granted for it stands no more. */
static void
over(struct runner *r)
{
	r->undoing = false;
	r->step = NULL;
	engine_kick(r);
}

void
undo_next(struct runner *r)
{
	size_t i = candidate(r, r->undo_below);
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct step *s;
	struct question q = {.kind = "undo"};

	if (i == r->plan->steps.n) {
		over(r);
		return;
	}
	s = item_at(&r->plan->steps, struct step, i);
	if (r->step != s)
		engine_turn_to(r, s);
	arena_done(&r->step_arena);
	r->resolved = (struct resolved){0};
	if (!step_resolve(s, &r->plan->scope, 0, &r->step_arena, &r->resolved, &err)) {
		r->undo_below = i;
		engine_kick(r);
		return;
	}
	/* What is about to be changed names itself here, too. */
	if (r->resolved.undo_params != NULL && engine_probe(r, s, &err))
		return;
	q.text = arena_fmt(&r->step_arena, "Take back \"%s\"?", r->resolved.title);
	q.show = r->resolved.undo != NULL ? r->resolved.undo : r->resolved.undo_describe;
	q.choices = r->resolved.undo_params != NULL ? run_choices : hand_choices;
	ask_open(r, s, &q);
}

static void
undone(struct runner *r, const struct step *s, const char *reason, const char *actor)
{
	struct json *j = ledger_data(r->ledger);

	if (reason != NULL)
		ledger_text(j, "reason", reason, LEDGER_SHOWN);
	runner_end(r, s->id, "step.undone", actor);
}

static void
on_undone(struct child *c, const struct child_end *end, void *arg)
{
	struct runner *r = arg;
	bool good = end->exit.exited && end->exit.status == 0 && !end->timed_out && !end->stopped;

	json_string(engine_beside_end(r, end), "outcome", good ? "ok" : "failed");
	engine_child_over(r);
	/* One that failed is proposed again: the person sees what it printed and decides. */
	if (runner_end(r, r->step->id, "step.undo_result", NULL) && good)
		undone(r, r->step, NULL, NULL);
}

static void
take_back(struct runner *r)
{
	const struct beside b = {.name = "undo",
		.params = r->resolved.undo_params,
		.describe = r->resolved.undo_describe,
		.done = on_undone};

	if (!engine_beside(r, r->step, &b) && runner_end(r, r->step->id, "step.undo_result", NULL))
		engine_kick(r);
}

void
undo_answered(struct runner *r, const char *choice, const char *text, const char *actor)
{
	size_t i = 0;

	while (i < r->plan->steps.n && r->plan->steps.v[i] != r->step)
		i++;
	if (strcmp(choice, "undo") == 0) {
		take_back(r);
		return;
	}
	if (strcmp(choice, "by-hand") == 0)
		undone(r, r->step, text, actor);
	r->undo_below = i;
	if (strcmp(choice, "enough") == 0)
		over(r);
	engine_kick(r);
}

/*
 * lanes: the steps of a parallel group, beside each other.
 *
 * What belongs to the try of one step (the step, what it resolved to, its process, what it gave)
 * lies in the runner while somebody deals with it. Once a step of a group has started, all of
 * that moves into a lane, and the next step of the group may come. When its process says
 * something, the lane changes places with what is at hand for as long as that takes; so nothing
 * else in the engine needs to know that there are several.
 *
 * Gates come one after the other as always. Whoever is asked about a failure is asked when the
 * others have ended.
 */
#include "base/banned.h"
#include "run/engine.h"

struct lane {
	struct lane *next;
	struct child *child;
	const struct step *step;
	struct resolved resolved;
	struct arena arena;
	struct step_gives sets;
	const char *live;
	bool over; /* its process has ended, and that is recorded */
};

void
lanes_add(struct runner *r)
{
	struct lane *l = util_alloc(sizeof(*l));

	l->child = r->child;
	l->step = r->step;
	l->resolved = r->resolved;
	l->arena = r->step_arena;
	l->sets = r->sets;
	l->live = r->live;
	l->next = r->lanes;
	r->lanes = l;
	r->group = l->step->parallel;
	r->child = NULL;
	r->step = NULL;
	r->resolved = (struct resolved){0};
	r->step_arena = (struct arena){.wipe = true};
	r->sets = (struct step_gives){0};
	r->live = NULL;
}

static void
change_places(struct runner *r, struct lane *l)
{
	struct lane was = *l;

	l->child = r->child;
	l->step = r->step;
	l->resolved = r->resolved;
	l->arena = r->step_arena;
	l->sets = r->sets;
	l->live = r->live;
	r->child = was.child;
	r->step = was.step;
	r->resolved = was.resolved;
	r->step_arena = was.arena;
	r->sets = was.sets;
	r->live = was.live;
}

struct lane *
lanes_enter(struct runner *r, const struct child *c)
{
	for (struct lane *l = r->lanes; l != NULL && r->child != c; l = l->next) {
		if (l->child == c) {
			change_places(r, l);
			return l;
		}
	}
	return NULL;
}

void
lanes_leave(struct runner *r, struct lane *l)
{
	if (l != NULL)
		change_places(r, l);
}

void
lanes_over(struct runner *r, struct lane *l)
{
	l->over = true;
	engine_kick(r);
}

void
lanes_reap(struct runner *r)
{
	for (struct lane **p = &r->lanes; *p != NULL;) {
		struct lane *l = *p;

		if (!l->over) {
			p = &l->next;
			continue;
		}
		*p = l->next;
		child_free(l->child);
		arena_done(&l->arena);
		free(l);
	}
}

void
lanes_reaped(struct runner *r, pid_t pid, int status)
{
	/* What it sets off may change the list, but frees nothing of it. */
	for (struct lane *l = r->lanes, *next; l != NULL; l = next) {
		next = l->next;
		child_reaped(l->child, pid, status);
	}
}

bool
lanes_has(const struct runner *r, const struct step *s)
{
	for (const struct lane *l = r->lanes; l != NULL; l = l->next)
		if (l->step == s)
			return true;
	return false;
}

bool
lanes_take(const struct runner *r, const struct step *s)
{
	size_t n = 0;

	for (const struct lane *l = r->lanes; l != NULL; l = l->next)
		n++;
	return n == 0 || (n < LANES_MAX && util_streq(s->parallel, r->lanes->step->parallel));
}

void
lanes_stop(struct runner *r)
{
	for (struct lane *l = r->lanes; l != NULL; l = l->next)
		if (!l->over)
			child_stop(l->child);
}

void
lanes_interrupt(struct runner *r, const char *actor, bool hangup)
{
	for (struct lane *l = r->lanes; l != NULL; l = l->next) {
		if (l->over || (hangup && l->step->on_hangup != ON_HANGUP_STOP))
			continue;
		ledger_data(r->ledger);
		if (!runner_note(r, l->step->id, "step.interrupted", actor))
			return;
		child_stop(l->child);
	}
}

#include "base/banned.h"
#include "cli/secret_wanted.h"
#include "net/pg.h"

#define CONNECT_MS 3000

/* Whether the server lets us in without: only then the run does not need it. */
static bool
lets_us_in(const struct plan_target *t)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct pg_options o = {
		.conninfo = t->conninfo, .timeout_ms = CONNECT_MS, .read_only = true};
	struct pg *pg;

	if (!pg_connect(&o, &pg, &err))
		return false;
	pg_free(pg);
	return true;
}

static bool
target_wants(const struct plan_target *t)
{
	if (t == NULL)
		return true;
	if (t->sandbox)
		return false;
	return !util_streq(t->kind, "postgresql") || t->conninfo == NULL || !lets_us_in(t);
}

static bool
step_wants(const struct plan *p, const struct step *step, const char *name)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct resolved r;

	if (p->mode == PLAN_DRILL && step->drill > DRILL_RUN)
		return false;
	if (!step_resolve(step, &p->scope, EXPAND_LATE, &a, &r, &err))
		return true;
	/* Secrets reach a step through its environment alone, and are masked there. */
	if (strstr(r.env, arena_fmt(&a, "(secret %s)", name)) == NULL)
		return false;
	for (size_t i = 0; i < r.ntargets; i++)
		if (target_wants(plan_target(p, r.targets[i])))
			return true;
	return r.ntargets == 0;
}

bool
secret_wanted(const struct plan *p, const struct plan_secret *s)
{
	if (!s->optional)
		return true;
	for (size_t i = 0; i < p->steps.n; i++)
		if (step_wants(p, item_at(&p->steps, struct step, i), s->name))
			return true;
	return false;
}

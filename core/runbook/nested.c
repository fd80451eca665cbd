/*
 * nested: a runbook as a step of another: bound, checked and shown with the plan it is part of.
 */
#include "base/banned.h"
#include "base/clock.h"
#include "base/path.h"
#include "runbook/plan.h"

#define SHOWN_MAX  (96 * KIB)
#define PINNED_MAX (1 * MIB)

struct nest {
	struct plan *parent;
	const struct step *step;
	struct runbook *runbook;
	struct plan *plan;
	struct texts sets, answers; /* "name=value" */
};

static bool
explain(const struct nest *n, struct err *err)
{
	return err_prefix(err, "Step \"%s\"", n->step->id);
}

static bool
load(struct nest *n, struct err *err)
{
	struct arena *a = n->parent->arena;
	const char *name = node_get(n->step->at, "runbook")->text, *path;
	struct problems problems;
	const struct problem *it;

	if (util_starts(name, "./") || util_starts(name, "../"))
		name = path_join(
			a, path_dir(a, n->parent->runbook->file), name + (name[1] == '/' ? 2 : 0));
	if (!runbook_find(a, name, &path, err))
		return explain(n, err);
	problems_init(&problems, a, path);
	n->runbook = runbook_load(path, true, &problems);
	if (n->runbook == NULL) {
		bool unsafe = problems.list.n > 0 &&
			      util_streq(problems.list.v[0].rule, "unsafe-permissions");

		problems_err(&problems, err);
		if (unsafe)
			err->code = ERR_UNSAFE;
		return explain(n, err);
	}
	runbook_lint(n->runbook, &problems);
	vec_each (&problems.list, it)
		if (runbook_lint_blocks(it))
			return err_set(err, ERR_CONFIG,
				"Step \"%s\": the runbook %s is not safe to run: %s", n->step->id,
				path, it->message);
	return true;
}

/* The pairs of a map, with what the parent's variables stand for now. */
static bool
read_pairs(struct nest *n, const char *key, struct texts *ret, struct err *err)
{
	const struct node *map = node_get(n->step->at, key), *it;
	struct arena *a = n->parent->arena;

	ret->v = arena_array(a, (map != NULL ? map->count : 0) + 1, sizeof(*ret->v));
	if (map == NULL)
		return true;
	node_each (map, it) {
		CLEANUP(str_done) struct str value = STR_INIT(64 * KIB);

		if (!vars_expand(&n->parent->scope, it->text, 0, &value, err)) {
			explain(n, err);
			return err_hint(err, "What a nested runbook gets must be known when the "
					     "plan is made.");
		}
		ret->v[ret->n++] = arena_fmt(a, "%s=%s", it->key, str_text(&value));
	}
	return true;
}

static bool
is_answered(const struct nest *n, const char *step)
{
	size_t len = strlen(step);

	for (size_t i = 0; i < n->answers.n; i++)
		if (strncmp(n->answers.v[i], step, len) == 0 && n->answers.v[i][len] == '=')
			return true;
	return false;
}

/* Nobody sits in front of it: what it would ask is asked here, or it does not run. */
static bool
check_gates(const struct nest *n, struct err *err)
{
	for (size_t i = 0; i < n->plan->steps.n; i++) {
		const struct step *s = item_at(&n->plan->steps, struct step, i);
		const char *why = plan_needs_person(n->plan, s);

		if (why == NULL || (s->approve == NULL && is_answered(n, s->id)))
			continue;
		err_set(err, ERR_REFUSED, "Step \"%s\": in the runbook %s, step \"%s\" %s.",
			n->step->id, n->runbook->id, s->id, why);
		return s->approve != NULL
			       ? err_hint(err, "Let the step that runs it wait for the approval.")
			       : err_hint(err, "Give the step a confirm, and answers: {%s: TEXT}.",
					 s->id);
	}
	return true;
}

/* A step that only reads must not change something through another runbook. */
static bool
check_effect(const struct nest *n, struct err *err)
{
	int most = EFFECT_READ;

	for (size_t i = 0; i < n->plan->steps.n; i++)
		most = MAX(most, item_at(&n->plan->steps, struct step, i)->effect);
	if (most <= n->step->effect)
		return true;
	err_set(err, ERR_CONFIG, "Step \"%s\" has effect: %s, but the runbook %s has %s.",
		n->step->id, effect_names[n->step->effect], n->runbook->id, effect_names[most]);
	return err_hint(err, "Say effect: %s.", effect_names[most]);
}

static void
write_texts(struct json *j, const char *key, const struct texts *t)
{
	json_array(j, key);
	for (size_t i = 0; i < t->n; i++)
		json_string(j, NULL, t->v[i]);
	json_array_end(j);
}

/* Every value, not only the given ones: what was chosen now is what it will run with. */
static void
write_values(const struct nest *n, struct json *j)
{
	const struct parameter_value *q;

	json_array(j, "sets");
	vec_each (&n->plan->parameters, q)
		if (q->text != NULL && (q->given || q->text[0] != '\0'))
			json_fmt(j, NULL, "%s=%s", q->name, q->text);
	json_array_end(j);
}

static bool
pin(struct nest *n, struct err *err)
{
	CLEANUP(str_done) struct str out = STR_INIT(PINNED_MAX), shown = STR_INIT(SHOWN_MAX);
	struct json j = json_new(&out);

	plan_text(n->plan, &shown);
	if (shown.full)
		return err_set(err, ERR_LIMIT, "Step \"%s\": the runbook %s is too long to be one.",
			n->step->id, n->runbook->id);
	json_object(&j, NULL);
	json_string(&j, "file", n->runbook->file);
	json_string(&j, "sha256", n->runbook->sha256);
	write_values(n, &j);
	write_texts(&j, "answers", &n->answers);
	json_string(&j, "shown", str_text(&shown));
	json_object_end(&j);
	if (out.full)
		return err_set(
			err, ERR_LIMIT, "Step \"%s\": its values are too long.", n->step->id);
	scope_set(&n->parent->scope, arena_fmt(n->parent->arena, "%s.pinned", n->step->id),
		VAR_TEXT, str_text(&out));
	return true;
}

bool
plan_nest(struct plan *p, const struct step *s, const struct site *site, const char *state,
	const struct plan_options *o, struct err *err)
{
	struct nest n = {.parent = p, .step = s};
	struct plan_options inner = {.mode = o->mode,
		.operator= o->operator,
		.incident = CLOCK_NONE,
		.cached = o->cached,
		.depth = o->depth + 1};

	if (inner.depth > NEST_MAX) {
		err_set(err, ERR_LIMIT, "Step \"%s\": runbooks in runbooks go %d deep at most.",
			s->id, NEST_MAX);
		return err_hint(err, "Does one of them contain itself?");
	}
	if (!load(&n, err) || !read_pairs(&n, "set", &n.sets, err) ||
		!read_pairs(&n, "answers", &n.answers, err))
		return false;
	inner.sets = n.sets.v;
	inner.nsets = n.sets.n;
	if (!plan_build(p->arena, n.runbook, site, state, &inner, &n.plan, err))
		return explain(&n, err);
	return check_effect(&n, err) && check_gates(&n, err) && pin(&n, err);
}

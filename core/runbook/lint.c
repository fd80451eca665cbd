/*
 * lint: what a runbook must have beyond its form, and which variables are there where. The classic
 * mistakes are in lint_mistakes.c.
 */
#include "base/banned.h"
#include "runbook/lint.h"
#include "runbook/vars.h"
#include "base/text.h"

static bool
is_check(const struct step *s)
{
	return s->kind != NULL && s->effect == EFFECT_READ &&
	       (util_streq(s->kind->name, "sql") || util_streq(s->kind->name, "verify") ||
		       s->expect != NULL);
}

struct problem *
lint_report(struct problems *p, enum problem_level level, const struct node *at, const char *rule,
	const char *message, const char *hint)
{
	struct problem *new = problems_add(p, level, at->line, at->col, "%s", message);

	new->rule = rule;
	new->hint = hint;
	return new;
}

/* effect: destroy needs a confirmation, a check, and a word on how to get back. */
static void
lint_destroy(const struct runbook *r, size_t i, struct problems *p)
{
	const struct step *s = item_at(&r->steps, struct step, i);
	bool checked = s->expect != NULL;

	if (s->effect != EFFECT_DESTROY)
		return;
	for (size_t k = i + 1; k < r->steps.n; k++)
		checked = checked || is_check(item_at(&r->steps, struct step, k));
	if (s->confirm == NULL)
		lint_report(p, PROBLEM_ERROR, s->at, "destroy-without-confirm",
			"A step that destroys needs \"confirm\".",
			"confirm: {type: \"{{target.name}}\"}");
	if (!checked)
		lint_report(p, PROBLEM_ERROR, s->at, "destroy-without-check",
			"Nothing checks what this destroying step did.",
			"Give it \"expect\", or let a sql or verify step follow.");
	if (s->undo == NULL && s->irreversible == NULL)
		lint_report(p, PROBLEM_ERROR, s->at, "destroy-without-undo",
			"A step that destroys needs \"undo\" or \"irreversible\".",
			"Say how to take it back, or what can't be taken back.");
}

struct names {
	const struct runbook *runbook;
	const struct step *step; /* where the walk is; NULL outside of steps */
	struct problems *problems;
	bool *used; /* by parameter */
	bool env;   /* the walk is inside env, where secrets may stand */
};

/* "copy", or "copy[daily]" of a loop. */
static bool
is_step_named(const struct step *s, const char *root)
{
	size_t n = s->each != NULL ? strcspn(root, "[") : strlen(root);

	return s->id != NULL && strlen(s->id) == n && strncmp(s->id, root, n) == 0 &&
	       (s->each == NULL || root[n] == '[');
}

static bool
given_by_step(const struct names *n, const char *root)
{
	for (size_t i = 0; i < n->runbook->steps.n; i++) {
		const struct step *s = item_at(&n->runbook->steps, struct step, i);

		if (s == n->step)
			return false;
		/* It runs at the same time: what it gives comes too late. */
		if (s->parallel != NULL && n->step != NULL &&
			util_streq(s->parallel, n->step->parallel))
			continue;
		if (util_streq(s->capture, root) ||
			(is_step_named(s, root) && s->kind != NULL && !s->kind->person))
			return true;
	}
	return false;
}

static void
check_name(const char *name, const struct node *at, struct names *n)
{
	static const char *const own[] = {"run", "site", "operator"};
	char root[128];
	struct problem *new;

	snprintf(root, sizeof(root), "%.*s", (int)strcspn(name, "."), name);
	for (size_t i = 0; i < n->runbook->parameters.n; i++) {
		const struct parameter *q = item_at(&n->runbook->parameters, struct parameter, i);

		if (!util_streq(q->item.key, root))
			continue;
		n->used[i] = true;
		if (q->type == PARAMETER_SECRET && !n->env)
			lint_report(n->problems, PROBLEM_ERROR, at, "secret-outside-env",
				"A secret may stand in \"env\" only.",
				"Arguments are seen by everybody on the machine (ps).");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (util_streq(own[i], root))
			return;
	if (given_by_step(n, root))
		return;
	if (n->step != NULL && n->step->each != NULL && util_streq(root, "item"))
		return;
	new = node_error(n->problems, at, "There is no variable {{%s}} here.", name);
	new->rule = "unknown-variable";
	new->hint = "Variables are parameters, and captures and sandboxes of earlier steps.";
}

struct name_at {
	struct names *names;
	const struct node *at;
};

static void
on_name(const char *name, size_t len, void *arg)
{
	struct name_at *w = arg;
	char text[128];

	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	check_name(text, w->at, w->names);
}

static void
walk_names(const struct node *n, struct names *names)
{
	const struct node *it;
	struct name_at w = {names, n};
	bool env = names->env;

	if (n->type == NODE_SCALAR) {
		if (!vars_each(n->text, on_name, &w))
			node_error(names->problems, n, "A {{ is never closed.");
		return;
	}
	node_each (n, it) {
		/* Shell text keeps its braces: it is never expanded. */
		if (util_streq(it->key, "sh"))
			continue;
		names->env = env || util_streq(it->key, "env");
		walk_names(it, names);
	}
	names->env = env;
}

static void
lint_variables(const struct runbook *r, struct problems *p)
{
	struct names n = {.runbook = r, .problems = p};

	n.used = arena_array(p->arena, r->parameters.n + 1, sizeof(*n.used));
	for (size_t i = 0; i < r->steps.n; i++) {
		n.step = r->steps.v[i];
		walk_names(n.step->at, &n);
	}
	n.step = NULL;
	if (r->proves != NULL)
		walk_names(r->proves->item.at, &n);
	for (size_t i = 0; i < r->parameters.n; i++) {
		const struct parameter *q = item_at(&r->parameters, struct parameter, i);

		if (!n.used[i])
			lint_report(p, PROBLEM_WARNING, q->item.at, "unused-parameter",
				arena_fmt(p->arena, "No step uses the parameter \"%s\".",
					q->item.key),
				NULL);
	}
}

void
runbook_lint(const struct runbook *r, struct problems *p)
{
	lint_mistakes(r, p);
	for (size_t i = 0; i < r->steps.n; i++)
		lint_destroy(r, i, p);
	lint_variables(r, p);
	if (r->rto_s != FIELD_ABSENT && r->done_when.n == 0)
		lint_report(p, PROBLEM_WARNING, r->item.at, "rto-without-done-when",
			"The runbook has an RTO, but nothing says when recovery is done.",
			"done_when: [the steps that show it]");
}

bool
runbook_lint_blocks(const struct problem *p)
{
	static const char *const rules[] = {"destroy-without-confirm", "destroy-without-check",
		"destroy-without-undo", "unknown-variable", "secret-outside-env",
		"password-in-arguments"};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (util_streq(p->rule, rules[i]))
			return true;
	return p->level == PROBLEM_ERROR && p->rule == NULL;
}

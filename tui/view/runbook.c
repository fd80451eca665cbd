/*
 * runbook: one runbook to read: when to use it, what it wants to know, each step with what it
 * runs, and what is wrong with it.
 */
#include "base/banned.h"
#include "base/text.h"
#include "runbook/plan.h"
#include "tui/app.h"
#include "tui/view/screens.h"
#include "tui/view/sheet_screen.h"
#include "tui/view/start.h"

struct runbook_screen {
	struct sheet_screen base;
	struct arena arena;
	const char *name;
	const char **sets;
	size_t nsets;
	struct problems problems;
	struct runbook *runbook; /* NULL: it is not usable, the problems say why */
	struct plan *plan;
	struct err err; /* it is not there */
};

static void
write_findings(struct sheet *t, const struct problems *p)
{
	const struct problem *it;

	if (p->list.n == 0)
		return;
	sheet_heading(t, "What is wrong with it");
	vec_each (&p->list, it) {
		sheet_fmt(t, it->level == PROBLEM_ERROR ? ROLE_ERROR : ROLE_LATE, 2, "line %d: %s",
			it->line, it->message);
		if (it->hint != NULL)
			sheet_text(t, ROLE_DIM, 4, it->hint);
	}
}

static void
write_parameter(struct sheet *t, const struct parameter *q)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	bool set = q->type == PARAMETER_SET || q->type == PARAMETER_BACKUP;

	if (q->title != NULL)
		str_fmt(&text, "%s; ", q->title);
	str_add(&text, parameter_type_names[q->type]);
	if (set && q->of >= 0)
		str_fmt(&text, " of %s", set_type_names[q->of]);
	if (set && q->asset != NULL)
		str_fmt(&text, " %s%s%s", q->asset, q->set != NULL ? "/" : "",
			q->set != NULL ? q->set : "");
	if (q->type == PARAMETER_TARGET && q->kind != NULL)
		str_fmt(&text, ", %s", q->kind);
	for (size_t i = 0; i < q->choices.n; i++)
		str_fmt(&text, "%s%s", i == 0 ? ": " : ", ", q->choices.v[i]);
	for (size_t i = 0; i < q->from.n; i++)
		str_fmt(&text, "%s%s", i == 0 ? " from " : ", ", q->from.v[i]);
	if (q->otherwise != NULL)
		str_fmt(&text, "; %s if nothing is given", q->otherwise);
	if (q->optional == 1)
		str_add(&text, "; may stay empty");
	sheet_fact(t, q->item.key, ROLE_TEXT, str_text(&text));
}

static const char *
effect_text(const struct step *s)
{
	static const char *const words[] = {"reads", "writes", "DESTROYS"};

	return s->kind->person ? "a person does it" : words[s->effect];
}

static void
write_gates(struct sheet *t, const struct plan *p, const struct step *s, const struct resolved *r)
{
	CLEANUP(str_done) struct str budget = STR_INIT(100);

	if (s->confirm_type != NULL)
		sheet_fmt(t, ROLE_TEXT, 5, "waits until \"%s\" is typed", r->confirm_type);
	else if (s->confirm != NULL)
		sheet_text(t, ROLE_TEXT, 5, "waits for a confirmation");
	else if (!s->kind->person && s->effect != EFFECT_READ && !s->implied)
		sheet_text(t, ROLE_TEXT, 5, "waits for a go-ahead");
	if (s->approve != NULL)
		sheet_fmt(t, ROLE_TEXT, 5, "needs the consent of %lld other%s",
			(long long)MAX(s->approve->count, 1), s->approve->count > 1 ? "s" : "");
	if (s->when != NULL)
		sheet_fmt(t, ROLE_TEXT, 5, "only when %s is %s", s->when->value, s->when->is);
	if (s->budget_s != FIELD_ABSENT) {
		text_duration(&budget, s->budget_s);
		sheet_fmt(t, ROLE_DIM, 5, "planned to take %s", str_text(&budget));
	}
	if (s->drill == DRILL_SIMULATE)
		sheet_text(t, ROLE_DIM, 5, "in a drill it is only told, not done");
	else if (s->drill == DRILL_FORBID)
		sheet_text(t, ROLE_DIM, 5, "forbidden in a drill");
	if (r->irreversible != NULL)
		sheet_fmt(t, ROLE_DANGER, 5, "can't be taken back: %s", r->irreversible);
	if (r->undo != NULL)
		sheet_fmt(t, ROLE_DIM, 5, "can be taken back: %s", r->undo);
}

static void
write_step(struct sheet *t, const struct plan *p, size_t i)
{
	const struct step *s = item_at(&p->steps, struct step, i);
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct resolved r;

	sheet_blank(t);
	if (!step_resolve(s, &p->scope, EXPAND_LATE, &a, &r, &err)) {
		sheet_fmt(t, ROLE_TITLE, 0, "%2zu. %s", i + 1, s->title);
		sheet_text(t, ROLE_ERROR, 5, err.msg);
		return;
	}
	sheet_fmt(t, ROLE_TITLE, 0, "%2zu. %s", i + 1, r.title);
	sheet_fmt(t, s->effect == EFFECT_DESTROY ? ROLE_DANGER : ROLE_DIM, 5, "%s: %s, %s", s->id,
		s->kind->name, effect_text(s));
	if (r.why != NULL)
		sheet_text(t, ROLE_TEXT, 5, r.why);
	sheet_text(t, ROLE_ACCENT, 7, r.describe);
	if (r.env[0] != '\0')
		sheet_text(t, ROLE_DIM, 7, r.env);
	write_gates(t, p, s, &r);
}

static void
write_sheet(struct sheet *t, void *arg)
{
	struct runbook_screen *s = arg;
	const struct runbook *r = s->runbook;
	CLEANUP(str_done) struct str rto = STR_INIT(100);

	if (s->err.code != ERR_NONE) {
		sheet_text(t, ROLE_ERROR, 0, s->err.msg);
		return;
	}
	if (r == NULL) {
		sheet_fmt(t, ROLE_ERROR, 0, "%s can't be used.", s->name);
		write_findings(t, &s->problems);
		return;
	}
	sheet_text(t, ROLE_TITLE, 0, r->title);
	if (r->why != NULL)
		sheet_text(t, ROLE_TEXT, 0, r->why);
	write_findings(t, &s->problems);
	sheet_blank(t);
	if (r->rto_s != FIELD_ABSENT) {
		text_duration(&rto, r->rto_s);
		sheet_fact(t, "RTO", ROLE_TEXT, str_text(&rto));
	}
	sheet_fact(t, "file", ROLE_TEXT, r->file);
	sheet_fact(t, "SHA-256", ROLE_TEXT, r->sha256);
	if (r->parameters.n > 0)
		sheet_heading(t, "What it wants to know");
	for (size_t i = 0; i < r->parameters.n; i++)
		write_parameter(t, item_at(&r->parameters, struct parameter, i));
	sheet_heading(t, "What it does, step by step");
	for (size_t i = 0; i < s->plan->steps.n; i++)
		write_step(t, s->plan, i);
}

static bool
blocked(const struct runbook_screen *s)
{
	const struct problem *it;

	vec_each (&s->problems.list, it)
		if (runbook_lint_blocks(it))
			return true;
	return s->runbook == NULL;
}

static bool
act(struct view *v, enum action action)
{
	struct runbook_screen *s = (struct runbook_screen *)v;

	if (action != ACTION_FILL_IN)
		return false;
	if (blocked(s))
		app_say(v->app, ROLE_ERROR, "It is not run like this: what is wrong stands above.");
	else
		start_form(v->app, s->name, s->runbook, s->sets, s->nsets);
	return true;
}

static unsigned
event(struct view *v, const struct event *ev)
{
	struct runbook_screen *s = (struct runbook_screen *)v;

	/* Enter is how one came here: it goes on, to a form. */
	if (ev->type == EVENT_KEY && !s->base.sheet.pager.typing &&
		keys_find(CONTEXT_LIST, ev->key) == ACTION_OPEN) {
		act(v, ACTION_FILL_IN);
		return ANSWER_HANDLED | ANSWER_REDRAW;
	}
	return sheet_screen_event(v, ev);
}

static bool
offers(const struct view *v, enum action action)
{
	return sheet_screen_offers(v, action) &&
	       (action != ACTION_FILL_IN || !blocked((const struct runbook_screen *)v));
}

static void
close_view(struct view *v)
{
	struct runbook_screen *s = (struct runbook_screen *)v;

	err_done(&s->err);
	arena_done(&s->arena);
	sheet_screen_close(v);
}

static const struct view_ops ops = {.draw = sheet_screen_draw,
	.event = event,
	.act = act,
	.contexts = sheet_screen_contexts,
	.offers = offers,
	.title = sheet_screen_title,
	.work = sheet_screen_work,
	.close = close_view};

struct view *
runbook_view(struct app *app, const char *name, const char *const *sets, size_t nsets)
{
	struct runbook_screen *s = util_alloc(sizeof(*s));
	const char *path;

	sheet_screen_init(&s->base, app, &ops, write_sheet);
	s->base.contexts = CONTEXT_RUNBOOK;
	s->base.title = s->name = arena_strdup(&s->arena, name);
	s->sets = arena_array(&s->arena, nsets + 1, sizeof(*s->sets));
	for (size_t i = 0; i < nsets; i++)
		s->sets[s->nsets++] = arena_strdup(&s->arena, sets[i]);
	if (!runbook_find(&s->arena, s->name, &path, &s->err))
		return &s->base.view;
	problems_init(&s->problems, &s->arena, path);
	s->runbook = runbook_load(path, true, &s->problems);
	if (s->runbook == NULL)
		return &s->base.view;
	runbook_lint(s->runbook, &s->problems);
	s->plan = plan_outline(&s->arena, s->runbook);
	return &s->base.view;
}

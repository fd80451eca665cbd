/*
 * run: a run, live or over: its steps, what they print, what happened, and its questions.
 *
 * It is a client like any other: the run goes on without it. What steps print is read from their
 * files by offset, so that a gigabyte costs what a page does.
 */
#include "base/banned.h"
#include "base/path.h"
#include "base/text.h"
#include "run/dir.h"
#include "tui/app.h"
#include "tui/draw/list.h"
#include "tui/view/asking.h"
#include "tui/view/confirm.h"
#include "tui/view/fill.h"
#include "tui/view/run_head.h"
#include "tui/view/run_sheet.h"
#include "tui/view/report.h"
#include "tui/view/screens.h"
#include "tui/view/start.h"
#include "tui/view/verdicts.h"

#define WIDE        110 /* columns from which steps and output stand side by side */
#define STEPS_WIDTH 54

struct run_screen {
	struct view view;
	bool root; /* the Run screen itself: shows the run that matters most until told otherwise */
	char id[RUN_ID_LEN];
	struct arena arena; /* of the run that is shown */
	const char *dir;
	struct run_client *client; /* NULL: no run */
	struct watcher *watch;
	int watched;
	struct err err; /* why it can't be shown */
	struct list steps;
	bool reading;    /* the keys are the output's */
	bool free_steps; /* the person moves among the steps: the selection stays */
	enum { PANE_OUTPUT, PANE_EVENTS, PANE_STEP } pane;
	struct pager output;
	bool has_output;
	const char *output_step; /* whose output is open */
	int64_t output_attempt;
	struct run_sheet sheets; /* the events, and one step in detail */
	struct company company;
	struct asking asking;
	int64_t put;  /* the question that was put by itself last */
	bool ordered; /* a refusal of the runner is the answer to our last order */
};

static const struct run_state *
state_of(const struct run_screen *r)
{
	return r->client != NULL ? run_client_state(r->client) : NULL;
}

/* Steps */

static size_t
count(void *arg)
{
	const struct run_screen *r = arg;

	return r->client != NULL ? state_of(r)->nsteps : 0;
}

static uint64_t
identity(void *arg, size_t row)
{
	return row + 1;
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	const struct run_screen *r = arg;

	return run_step_cell(r->client, row, column, out);
}

static const struct list_model model = {
	.columns = run_step_columns,
	.ncolumns = RUN_STEP_COLUMNS,
	.empty = "It has no steps yet.",
	.count = count,
	.id = identity,
	.cell = cell,
};

/* The step that matters: asked about, running, failed, else the last that was begun. */
static size_t
step_at_hand(const struct run_state *s)
{
	size_t last = 0;

	for (size_t i = 0; i < s->nsteps; i++) {
		const struct step_state *st = &s->steps[i];

		if (util_streq(s->ask.step, st->id) || st->status == STEP_RUNNING ||
			st->status == STEP_RETRYING || st->status == STEP_FAILED ||
			st->status == STEP_UNKNOWN)
			return i;
		if (st->status != STEP_PENDING)
			last = i;
	}
	return last;
}

static const struct step_state *
selected_step(const struct run_screen *r)
{
	const struct run_state *s = state_of(r);
	size_t row;

	if (s == NULL || s->nsteps == 0)
		return NULL;
	return &s->steps[list_row(&r->steps, &row) ? row : step_at_hand(s)];
}

static void
close_output(struct run_screen *r)
{
	if (r->has_output)
		pager_done(&r->output);
	r->has_output = false;
	r->output_step = NULL;
}

/* Opens what the selected step printed, when it is not open already. */
static void
follow_output(struct run_screen *r)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct step_state *st = selected_step(r);
	struct pages *pages;

	if (st == NULL ||
		(r->has_output && r->output_step == st->id && r->output_attempt == st->attempt))
		return;
	close_output(r);
	if (st->attempt == 0 ||
		!pages_of_file(run_dir_output(&a, r->dir, st->id, st->attempt), &pages, &err))
		return;
	pager_init(&r->output, pages);
	r->has_output = true;
	r->output_step = st->id;
	r->output_attempt = st->attempt;
	/* What runs is watched; what is over is read from its end, where the reason stands. */
	r->output.follow = true;
}

/* The client */

static void
unwatch(struct run_screen *r)
{
	loop_remove(r->watch);
	r->watch = NULL;
	r->watched = -1;
}

static void take_news(struct run_screen *r);

static void
on_readable(struct loop *l, int fd, short revents, void *arg)
{
	struct run_screen *r = arg;

	if (run_client_pump(r->client))
		take_news(r);
}

static void
watch(struct run_screen *r)
{
	int fd = run_client_fd(r->client);

	if (fd == r->watched)
		return;
	unwatch(r);
	if (fd >= 0 && r->view.app->stage != NULL)
		r->watch = loop_fd(stage_loop(r->view.app->stage), fd, POLLIN, on_readable, r);
	r->watched = fd;
}

static void
close_run(struct run_screen *r)
{
	r->company.client = NULL;
	asking_follow(&r->asking, NULL);
	close_output(r);
	unwatch(r);
	run_client_free(r->client);
	r->client = NULL;
	err_done(&r->err);
	run_sheet_follow(&r->sheets, NULL);
	arena_done(&r->arena);
	r->id[0] = '\0';
	r->put = 0;
	r->free_steps = r->ordered = false;
}

static void
open_run(struct run_screen *r, const char *id)
{
	struct app *app = r->view.app;
	char copy[RUN_ID_LEN];

	snprintf(copy, sizeof(copy), "%s", id);
	close_run(r);
	memcpy(r->id, copy, sizeof(copy));
	r->dir = path_join(&r->arena, path_join(&r->arena, app->options.state, "runs"), r->id);
	if (!run_client_open(r->dir, !app->options.read_only, &r->client, &r->err))
		return;
	r->company.client = r->client;
	asking_follow(&r->asking, r->client);
	run_sheet_follow(&r->sheets, state_of(r));
	take_news(r);
}

/* Puts a new question by itself, but only where it does not fall into something else. */
static void
put_question(struct run_screen *r)
{
	const struct run_state *s = state_of(r);
	struct app *app = r->view.app;

	struct question_party self = company_self(&r->company);

	if (s->ask.number == 0 || s->ask.number == r->put || app->over != NULL ||
		!app_is_shown(app, &r->view) || app->stage == NULL)
		return;
	/* It is whoever drives who is asked, or for consent the others; root may, but uncalled. */
	if (util_streq(s->ask.kind, "approve")
			? !question_consents(s, &self)
			: s->operator_uid >= 0 && self.uid != s->operator_uid)
		return;
	if (asking_put(&r->asking))
		r->put = s->ask.number;
}

static void
show_refusal(struct run_screen *r)
{
	const struct err *refusal = run_client_refusal(r->client);
	struct err err = ERR_INIT;

	if (!r->ordered || refusal == NULL)
		return;
	r->ordered = false;
	err_set(&err, refusal->code, "%s", refusal->msg);
	if (refusal->hint != NULL)
		err_hint(&err, "%s", refusal->hint);
	app_fail(r->view.app, &err);
}

static void
take_news(struct run_screen *r)
{
	size_t len;
	const char *line;

	watch(r);
	while ((line = run_client_line(r->client, &len)) != NULL)
		run_sheet_take(&r->sheets, line, len);
	list_refresh(&r->steps);
	if (!r->free_steps && state_of(r)->nsteps > 0)
		list_select(&r->steps, step_at_hand(state_of(r)) + 1);
	follow_output(r);
	asking_changed(&r->asking);
	show_refusal(r);
	put_question(r);
	app_dirty(r->view.app);
}

/* Drawing */

static void
draw_title(const struct run_screen *r, struct area a)
{
	CLEANUP(str_done) struct str text = STR_INIT(200);
	const struct step_state *st = selected_step(r);

	draw_hline(a, 0, ROLE_BORDER);
	if (r->pane == PANE_EVENTS)
		str_add(&text, " what happened ");
	else if (r->pane == PANE_STEP && st != NULL)
		str_fmt(&text, " step %s in detail ", st->id);
	else if (st != NULL)
		str_fmt(&text, " what %s printed%s ", st->id, st->attempt > 1 ? ", last try" : "");
	draw_text(a, 2, 0, r->reading ? ROLE_TITLE : ROLE_DIM, str_text(&text));
}

static void
draw_pane(struct run_screen *r, struct area a, bool focus)
{
	const struct step_state *st = selected_step(r);

	draw_title(r, area_top(&a, 1));
	if (r->pane == PANE_EVENTS) {
		sheet_draw(&r->sheets.events, a, focus);
	} else if (r->pane == PANE_STEP) {
		run_sheet_step(&r->sheets, st);
		sheet_draw(&r->sheets.step, a, focus);
	} else if (r->has_output && pages_end(r->output.pages) > 0) {
		pager_draw(&r->output, a, focus);
	} else {
		draw_text(area_cut(a, 1, 0, a.w - 2, a.h), 0, 0, ROLE_DIM,
			st == NULL || st->status == STEP_PENDING || st->status == STEP_WAITING
				? "It has not run yet."
			: st->attempt == 0           ? "Nothing: no program ran for it."
			: st->status == STEP_RUNNING ? "Nothing yet."
						     : "It printed nothing.");
	}
}

static void
draw_none(const struct run_screen *r, struct area a)
{
	a = area_cut(a, 1, 1, a.w - 2, a.h - 1);
	if (r->err.code != ERR_NONE) {
		draw_wrapped(a, 0, ROLE_ERROR, r->err.msg);
		return;
	}
	draw_wrapped(a, 0, ROLE_TEXT, "No run is going on.");
	draw_wrapped(a, 2, ROLE_DIM,
		"4 shows the runbooks, to start one. 6 shows the runs that were, with what they "
		"did.");
}

static void
draw(struct view *v, struct area a)
{
	struct run_screen *r = (struct run_screen *)v;
	bool focus = v->app->over == NULL;
	struct area steps;

	if (r->client == NULL) {
		draw_none(r, a);
		return;
	}
	run_head_draw(&a, r->client, &r->company);
	if (a.w >= WIDE) {
		steps = area_left(&a, STEPS_WIDTH);
		draw_vline(area_left(&a, 1), 0, ROLE_BORDER);
	} else {
		/* As many as there are, but never more than half of what is left. */
		steps = area_top(&a, MIN((int)state_of(r)->nsteps + 2, MAX(a.h / 2, 3)));
	}
	list_draw(&r->steps, steps, focus && !r->reading);
	/* What was written while nobody was told is there as well. */
	draw_pane(r, a, focus && r->reading);
}

/* Orders */

static void
order(struct run_screen *r, const char *op, const char *text)
{
	struct err err = ERR_INIT;

	if (r->client == NULL || !run_client_order(r->client, op, text, &err)) {
		if (err.code != ERR_NONE)
			app_fail(r->view.app, &err);
		return;
	}
	r->ordered = true;
}

static bool
is_running(const struct run_screen *r)
{
	const struct run_state *s = state_of(r);

	return s != NULL && s->phase != RUN_FINISHED && run_client_alive(r->client);
}

static bool
may_resume(const struct run_screen *r)
{
	const struct run_state *s = state_of(r);

	return s != NULL && !run_client_alive(r->client) &&
	       (s->phase != RUN_FINISHED || !util_streq(s->outcome, "done"));
}

static const struct step_state *
running_step(const struct run_screen *r)
{
	const struct run_state *s = state_of(r);

	for (size_t i = 0; s != NULL && i < s->nsteps; i++)
		if (s->steps[i].status == STEP_RUNNING)
			return &s->steps[i];
	return NULL;
}

static void
on_stop(struct confirm *c, bool accepted)
{
	if (accepted)
		order(c->arg, "stop", NULL);
}

static void
on_interrupt(struct confirm *c, bool accepted)
{
	if (accepted)
		order(c->arg, "interrupt", NULL);
}

static void
ask_stop(struct run_screen *r)
{
	struct confirm *c = confirm_new(r->view.app, on_stop, r);
	const struct step_state *st = running_step(r);

	c->spec.title = "Stop the run";
	c->spec.action = "Stop the run";
	c->spec.destroys = true;
	confirm_fact(c, "run", r->id, 0);
	confirm_fact(c, "step", st != NULL ? st->id : NULL, 0);
	confirm_fact(c, "runs", st != NULL ? st->describe : NULL, 0);
	c->spec.text = st != NULL ? "The step at hand is ended: it gets TERM, and KILL after ten "
				    "seconds. Then the run cleans up and ends. It can be resumed."
				  : "No further step runs; the run cleans up and ends. It can be "
				    "resumed.";
	confirm_open(c);
}

static void
ask_interrupt(struct run_screen *r)
{
	const struct step_state *st = running_step(r);
	struct confirm *c;

	if (st == NULL || !is_running(r)) {
		app_say(r->view.app, ROLE_DIM, "No step runs just now.");
		return;
	}
	c = confirm_new(r->view.app, on_interrupt, r);
	c->spec.title = "Interrupt the step";
	c->spec.action = "Interrupt it";
	c->spec.destroys = true;
	confirm_fact(c, "step", st->id, 0);
	confirm_fact(c, "runs", st->describe, 0);
	confirm_fact(c, "on", st->live, 0);
	c->spec.text = "The step is ended: it gets TERM, and KILL after ten seconds. Then you are "
		       "asked whether to try again, skip it or stop.";
	confirm_open(c);
}

static void
on_comment(struct fill *f, bool accepted)
{
	if (accepted)
		order(f->arg, "note", form_text(&f->form, 0));
}

static bool
check_comment(struct fill *f)
{
	if (form_text(&f->form, 0)[0] != '\0')
		return true;
	f->form.values[0].error = "There is nothing to write down.";
	return false;
}

static void
ask_comment(struct run_screen *r)
{
	struct fill *f = fill_new(r->view.app, "A note for the record", "Write it", on_comment, r);

	f->check = check_comment;
	*fill_item(f) = (struct form_item){.kind = FORM_TEXT,
		.label = "note",
		.max = 3000,
		.help = "Everybody at the run sees it, and it stays in its report."};
	fill_open(f);
}

static void
show_pane(struct run_screen *r, int pane)
{
	r->pane = r->pane == (unsigned)pane ? PANE_OUTPUT : (unsigned)pane;
	r->sheets.step.stale = true;
}

/* What a run that is not going on has to say to an order. */
static bool
needs_run(struct run_screen *r)
{
	if (is_running(r))
		return true;
	app_say(r->view.app, ROLE_DIM, "%s",
		r->client == NULL ? "There is no run." : "The run is not going on.");
	return false;
}

static bool
act(struct view *v, enum action action)
{
	struct run_screen *r = (struct run_screen *)v;

	switch (action) {
	case ACTION_ANSWER:
		if (needs_run(r) && !asking_put(&r->asking))
			app_say(v->app, ROLE_DIM, "The run asks nothing just now.");
		return true;
	case ACTION_PAUSE:
		if (needs_run(r))
			order(r, state_of(r)->paused ? "continue" : "pause", NULL);
		return true;
	case ACTION_STOP:
		if (needs_run(r))
			ask_stop(r);
		return true;
	case ACTION_INTERRUPT:
	case ACTION_INTERRUPT_STEP: ask_interrupt(r); return true;
	case ACTION_RESUME:
		if (may_resume(r))
			start_resume(v->app, r->id);
		else
			app_say(v->app, ROLE_DIM, "There is nothing to resume.");
		return true;
	case ACTION_COMMENT:
		if (needs_run(r))
			ask_comment(r);
		return true;
	case ACTION_HAND_OVER:
		if (needs_run(r))
			company_wheel(&r->company);
		return true;
	case ACTION_INJECT:
		if (needs_run(r))
			company_inject(&r->company);
		return true;
	case ACTION_CLOCK:
		if (needs_run(r))
			company_clock(&r->company);
		return true;
	case ACTION_REPORT: report_open(v->app, r->id); return true;
	case ACTION_EVENTS: show_pane(r, PANE_EVENTS); return true;
	case ACTION_NEXT_PANE:
	case ACTION_PREVIOUS_PANE: r->reading = !r->reading; return true;
	default: return false;
	}
}

static unsigned
pane_event(struct run_screen *r, const struct event *ev)
{
	if (r->pane == PANE_EVENTS)
		return sheet_event(&r->sheets.events, ev);
	if (r->pane == PANE_STEP)
		return sheet_event(&r->sheets.step, ev);
	return r->has_output ? pager_event(&r->output, ev) : ANSWER_IGNORED;
}

static unsigned
event(struct view *v, const struct event *ev)
{
	struct run_screen *r = (struct run_screen *)v;
	unsigned answer;

	if (r->client == NULL)
		return ANSWER_IGNORED;
	if (r->reading)
		return pane_event(r, ev);
	answer = list_event(&r->steps, ev);
	if (answer & ANSWER_MOVED) {
		r->free_steps = true;
		r->sheets.step.stale = true;
		follow_output(r);
	}
	if (answer & ANSWER_CHOSEN)
		show_pane(r, PANE_STEP);
	return answer;
}

static unsigned
contexts(const struct view *v)
{
	const struct run_screen *r = (const struct run_screen *)v;

	if (r->client == NULL)
		return 0;
	if (r->steps.typing || (r->has_output && r->output.typing) ||
		r->sheets.events.pager.typing || r->sheets.step.pager.typing)
		return CONTEXT_FORM | CONTEXT_FIELD;
	return CONTEXT_RUN | (r->reading ? CONTEXT_PAGER : CONTEXT_LIST);
}

static bool
offers(const struct view *v, enum action action)
{
	const struct run_screen *r = (const struct run_screen *)v;

	switch (action) {
	case ACTION_ANSWER: return is_running(r) && asking_waits(&r->asking);
	case ACTION_PAUSE:
	case ACTION_STOP:
	case ACTION_COMMENT:
	case ACTION_HAND_OVER: return is_running(r);
	case ACTION_INJECT:
	case ACTION_CLOCK: return is_running(r) && state_of(r)->mode == PLAN_DRILL;
	case ACTION_INTERRUPT_STEP: return is_running(r) && running_step(r) != NULL;
	case ACTION_RESUME: return may_resume(r);
	case ACTION_COPY:
	case ACTION_FILTER: return false;
	default: return list_offers(&r->steps, action);
	}
}

static const char *
title(const struct view *v)
{
	const struct run_screen *r = (const struct run_screen *)v;

	return r->root || r->id[0] == '\0' ? NULL : r->id;
}

static bool
work(struct view *v)
{
	struct run_screen *r = (struct run_screen *)v;

	return list_work(&r->steps) || (r->has_output && pager_work(&r->output)) ||
	       pager_work(&r->sheets.events.pager) || pager_work(&r->sheets.step.pager);
}

/* The Run screen without a run takes the one that somebody should look at. */
static void
choose_run(struct run_screen *r)
{
	const struct run_row *row = runs_current(&r->view.app->runs);

	if (r->root && r->client == NULL && row != NULL)
		open_run(r, row->id);
}

static void
changed(struct view *v, unsigned what)
{
	struct run_screen *r = (struct run_screen *)v;

	if (what & (CHANGE_RUNS | CHANGE_SHOWN))
		choose_run(r);
	if (r->client == NULL)
		return;
	/* Without a runner nobody says that the journal grew. */
	if (what & CHANGE_SECOND && run_client_pump(r->client))
		take_news(r);
	if (what & CHANGE_SECOND && !run_client_alive(r->client) &&
		state_of(r)->phase != RUN_FINISHED && run_dir_runner(r->dir) > 0)
		open_run(r, r->id); /* somebody has resumed it */
	follow_output(r);
	if (what & CHANGE_SHOWN)
		put_question(r);
	r->sheets.step.stale = true;
}

static void
close_view(struct view *v)
{
	struct run_screen *r = (struct run_screen *)v;

	close_run(r);
	asking_done(&r->asking);
	run_sheet_done(&r->sheets);
	list_done(&r->steps);
	free(r);
}

static const struct view_ops ops = {.draw = draw,
	.event = event,
	.act = act,
	.contexts = contexts,
	.offers = offers,
	.title = title,
	.work = work,
	.changed = changed,
	.close = close_view};

static struct run_screen *
run_new(struct app *app)
{
	struct run_screen *r = util_alloc(sizeof(*r));

	r->view = (struct view){.ops = &ops, .app = app};
	r->watched = -1;
	list_init(&r->steps, &model, r);
	run_sheet_init(&r->sheets);
	r->company = (struct company){.app = app, .ordered = &r->ordered};
	asking_init(&r->asking, app, &r->company);
	return r;
}

struct view *
run_view(struct app *app)
{
	struct run_screen *r = run_new(app);

	r->root = true;
	choose_run(r);
	return &r->view;
}

struct view *
run_view_of(struct app *app, const char *id)
{
	struct run_screen *r = run_new(app);

	open_run(r, id);
	return &r->view;
}

void
run_show(struct app *app, const char *id)
{
	struct view *v;

	if (app->stacks[SCREEN_RUN] == NULL)
		app_show(app, SCREEN_RUN);
	for (v = app->stacks[SCREEN_RUN]; v->below != NULL;)
		v = v->below;
	open_run((struct run_screen *)v, id);
	app_show(app, SCREEN_RUN);
}

/*
 * run: a run, live or over: its steps, and beside them what they print or what happened
 * (run_pane.h). What can be ordered of it is in run_orders.h.
 *
 * It is a client like any other: the run goes on without it.
 */
#include "base/banned.h"
#include "base/path.h"
#include "run/dir.h"
#include "tui/app.h"
#include "tui/draw/list.h"
#include "tui/view/run_head.h"
#include "tui/view/run_orders.h"
#include "tui/view/run_pane.h"
#include "tui/view/screens.h"

#define WIDE      110 /* columns from which steps and output stand side by side */
#define STEPS_MIN 54
#define STEPS_MAX 90

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
	bool reading;    /* the keys are the pane's */
	bool free_steps; /* the person moves among the steps: the selection stays */
	struct run_pane pane;
	struct run_orders orders;
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
	run_orders_follow(&r->orders, NULL, r->id);
	run_pane_follow(&r->pane, NULL, NULL);
	unwatch(r);
	run_client_free(r->client);
	r->client = NULL;
	err_done(&r->err);
	arena_done(&r->arena);
	r->id[0] = '\0';
	r->free_steps = false;
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
	run_orders_follow(&r->orders, r->client, r->id);
	run_pane_follow(&r->pane, r->dir, state_of(r));
	take_news(r);
}

/* By itself, but only where it does not fall into something else. */
static void
put_question(struct run_screen *r)
{
	if (app_is_shown(r->view.app, &r->view))
		run_orders_put(&r->orders);
}

static void
take_news(struct run_screen *r)
{
	size_t len;
	const char *line;

	watch(r);
	while ((line = run_client_line(r->client, &len)) != NULL)
		run_pane_take(&r->pane, line, len);
	list_refresh(&r->steps);
	if (!r->free_steps && state_of(r)->nsteps > 0)
		list_select(&r->steps, step_at_hand(state_of(r)) + 1);
	run_pane_select(&r->pane, selected_step(r));
	run_orders_changed(&r->orders);
	put_question(r);
	app_dirty(r->view.app);
}

/* Drawing */

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
	run_head_draw(&a, r->client, &r->orders.company);
	if (a.w >= WIDE) {
		steps = area_left(&a, MIN(MAX(a.w * 2 / 5, STEPS_MIN), STEPS_MAX));
		draw_vline(area_left(&a, 1), 0, ROLE_BORDER);
	} else {
		/* As many as there are, but never more than half of what is left. */
		steps = area_top(&a, MIN((int)state_of(r)->nsteps + 2, MAX(a.h / 2, 3)));
	}
	list_draw(&r->steps, steps, focus && !r->reading);
	run_pane_draw(&r->pane, a, r->reading, focus && r->reading);
}

static bool
act(struct view *v, enum action action)
{
	struct run_screen *r = (struct run_screen *)v;

	switch (action) {
	case ACTION_EVENTS: run_pane_turn(&r->pane, PANE_EVENTS); return true;
	case ACTION_NEXT_PANE:
	case ACTION_PREVIOUS_PANE: r->reading = !r->reading; return true;
	default: return run_orders_act(&r->orders, action);
	}
}

/* The step in detail; from there the run that it is, when it is one. */
static void
open_step(struct run_screen *r)
{
	const struct run_row *nested = run_pane_nested(&r->pane);

	if (r->pane.kind == PANE_STEP && nested != NULL)
		app_push(r->view.app, run_view_of(r->view.app, nested->id));
	else
		run_pane_turn(&r->pane, PANE_STEP);
}

static unsigned
event(struct view *v, const struct event *ev)
{
	struct run_screen *r = (struct run_screen *)v;
	unsigned answer;

	if (r->client == NULL)
		return ANSWER_IGNORED;
	if (r->reading)
		return run_pane_event(&r->pane, ev);
	answer = list_event(&r->steps, ev);
	if (answer & ANSWER_MOVED) {
		r->free_steps = true;
		run_pane_select(&r->pane, selected_step(r));
	}
	if (answer & ANSWER_CHOSEN)
		open_step(r);
	return answer;
}

static unsigned
contexts(const struct view *v)
{
	const struct run_screen *r = (const struct run_screen *)v;

	if (r->client == NULL)
		return 0;
	if (r->steps.typing || run_pane_typing(&r->pane))
		return CONTEXT_FORM | CONTEXT_FIELD;
	return CONTEXT_RUN | (r->reading ? CONTEXT_PAGER : CONTEXT_LIST);
}

static bool
offers(const struct view *v, enum action action)
{
	const struct run_screen *r = (const struct run_screen *)v;

	if (action == ACTION_COPY || action == ACTION_FILTER)
		return false;
	return run_orders_offers(&r->orders, action) && list_offers(&r->steps, action);
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

	return list_work(&r->steps) || run_pane_work(&r->pane);
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
	run_pane_select(&r->pane, selected_step(r));
	if (what & CHANGE_SHOWN)
		put_question(r);
	run_pane_stale(&r->pane);
}

static void
close_view(struct view *v)
{
	struct run_screen *r = (struct run_screen *)v;

	close_run(r);
	run_orders_done(&r->orders);
	run_pane_done(&r->pane);
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
	run_pane_init(&r->pane, &app->runs);
	run_orders_init(&r->orders, app);
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

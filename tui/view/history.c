/*
 * history: all runs and drills, and how long the selected runbook took each time.
 */
#include "base/banned.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/draw/chart.h"
#include "tui/view/list_screen.h"
#include "tui/view/report.h"
#include "tui/view/run_head.h"
#include "tui/view/screens.h"
#include "tui/view/verdicts.h"

#define CHART_ROWS 8
#define CHART_MAX  200 /* runs of one runbook that are shown */

struct history_screen {
	struct list_screen base;
	/* The runs of the selected runbook that were done, newest first */
	const struct run_row *trend[CHART_MAX];
	size_t ntrend;
};

enum { STATUS, WHEN, RUNBOOK, MODE, TOOK, RTO, TARGET, OPERATOR, ID };

static const struct list_column columns[] = {
	[STATUS] = {"STATUS", 11, 0, 0, 0},
	[WHEN] = {"BEGAN", 12, 0, 0, 0},
	[RUNBOOK] = {"RUNBOOK", 18, 30, 0, 0},
	[MODE] = {"", 5, 0, 0, 0},
	[TOOK] = {"TOOK", 8, 0, 0, LIST_RIGHT},
	[RTO] = {"RTO", 10, 0, 1, 0},
	[TARGET] = {"TARGET", 12, 24, 3, 0},
	[OPERATOR] = {"BY", 14, 30, 2, 0},
	[ID] = {"RUN", 20, 0, 4, 0},
};

static const struct run_row *
row_at(void *arg, size_t row)
{
	const struct list_screen *s = arg;

	return &s->view.app->runs.runs[row];
}

static size_t
count(void *arg)
{
	const struct list_screen *s = arg;

	return s->view.app->runs.n;
}

static uint64_t
identity(void *arg, size_t row)
{
	return verdict_identity(row_at(arg, row)->id, NULL, NULL);
}

static unsigned
status_role(enum runs_status s)
{
	switch (s) {
	case RUNS_DONE: return ROLE_OK;
	case RUNS_WAITING:
	case RUNS_PAUSED:
	case RUNS_STOPPED:
	case RUNS_REFUSED: return ROLE_LATE;
	case RUNS_RUNNING: return ROLE_ACCENT;
	case RUNS_UNREAD: return ROLE_DIM;
	case RUNS_UNKNOWN: return ROLE_UNKNOWN;
	default: return ROLE_BREACH;
	}
}

static unsigned
rto_cell(const struct run_row *r, struct str *out)
{
	if (r->rto_s < 0) {
		str_addc(out, '-');
		return ROLE_DIM;
	}
	if (r->status == RUNS_DONE)
		str_add(out, r->seconds <= r->rto_s ? "met " : "MISSED ");
	text_duration(out, r->rto_s);
	return r->seconds > r->rto_s ? ROLE_BREACH : ROLE_TEXT;
}

static unsigned
cell(void *arg, size_t i, size_t column, struct str *out)
{
	const struct list_screen *s = arg;
	const struct run_row *r = row_at(arg, i), *parent;

	if (column == STATUS) {
		str_add(out, runs_status_text(r->status));
		return status_role(r->status);
	}
	if (column == ID) {
		str_add(out, r->id);
		return ROLE_DIM;
	}
	if (r->status == RUNS_UNREAD || r->status == RUNS_DAMAGED)
		return ROLE_DIM;
	switch (column) {
	case WHEN:
		verdict_time(out, r->started_ms >= 0 ? r->started_ms / 1000 : CLOCK_NONE,
			s->view.app->now);
		return ROLE_TEXT;
	case RUNBOOK:
		str_add(out, r->runbook);
		if ((parent = runs_find(&s->view.app->runs, r->parent)) != NULL)
			str_fmt(out, " (in %s)", parent->runbook);
		return ROLE_TEXT;
	case MODE: str_add(out, r->drill ? "DRILL" : ""); return ROLE_DRILL;
	case TOOK: run_seconds(out, (double)runs_seconds(r, clock_now_ms())); return ROLE_TEXT;
	case RTO: return rto_cell(r, out);
	case TARGET:
		str_add(out, r->target);
		return r->production && !r->drill ? ROLE_DANGER : ROLE_TEXT;
	default: str_add(out, r->operator_name); return ROLE_TEXT;
	}
}

static const struct list_model model = {
	.columns = columns,
	.ncolumns = ARRAY_LEN(columns),
	.empty = "No run was ever started here. 4 shows the runbooks.",
	.count = count,
	.id = identity,
	.cell = cell,
};

static int64_t
trend_value(void *arg, size_t i)
{
	const struct history_screen *h = arg;

	return h->trend[h->ntrend - 1 - i]->seconds;
}

static unsigned
trend_style(void *arg, size_t i)
{
	const struct history_screen *h = arg;
	const struct run_row *r = h->trend[h->ntrend - 1 - i];

	return r->rto_s >= 0 && r->seconds > r->rto_s ? ROLE_BREACH
	       : r->drill                             ? ROLE_ACCENT
						      : ROLE_OK;
}

static void
find_trend(struct history_screen *h, const char *runbook)
{
	const struct runs *all = &h->base.view.app->runs;

	h->ntrend = 0;
	for (size_t i = 0; i < all->n && h->ntrend < CHART_MAX; i++)
		if (all->runs[i].status == RUNS_DONE && strcmp(all->runs[i].runbook, runbook) == 0)
			h->trend[h->ntrend++] = &all->runs[i];
}

static void
draw_trend(struct list_screen *s, size_t row, struct area a)
{
	struct history_screen *h = (struct history_screen *)s;
	struct chart chart = {
		.value = trend_value, .style = trend_style, .label = text_duration, .arg = h};
	CLEANUP(str_done) struct str text = STR_INIT(400);
	const struct run_row *r = row_at(s, row);
	size_t missed = 0;

	find_trend(h, r->runbook);
	for (size_t i = 0; i < h->ntrend; i++)
		missed += h->trend[i]->rto_s >= 0 && h->trend[i]->seconds > h->trend[i]->rto_s;
	str_fmt(&text, " how long %s took, newest right: %zu time%s", r->runbook, h->ntrend,
		h->ntrend == 1 ? "" : "s");
	if (r->rto_s >= 0) {
		str_add(&text, ", RTO ");
		text_duration(&text, r->rto_s);
		str_fmt(&text, ", missed %zu ", missed);
	} else {
		str_addc(&text, ' ');
	}
	draw_text(a, 2, 0, ROLE_TITLE, str_text(&text));
	chart.n = h->ntrend;
	if (h->ntrend > 0)
		chart_draw(area_cut(a, 1, 1, a.w - 2, a.h - 1), &chart);
	else
		draw_text(a, 1, 1, ROLE_DIM, "It was never done to its end.");
}

static void
open_row(struct list_screen *s, size_t row)
{
	struct app *app = s->view.app;

	/* What goes on belongs to the Run screen, with its questions; what is part of it asks none.
	 */
	if (runs_is_open(row_at(s, row)) && row_at(s, row)->parent[0] == '\0')
		run_show(app, row_at(s, row)->id);
	else
		app_push(app, run_view_of(app, row_at(s, row)->id));
}

/* The report of the run under the cursor: for a drill its scorecard, beside the earlier ones. */
static bool
act(struct view *v, enum action action)
{
	struct list_screen *s = (struct list_screen *)v;
	size_t row;

	if (action != ACTION_REPORT)
		return false;
	if (list_row(&s->list, &row))
		report_open(v->app, row_at(s, row)->id);
	return true;
}

static void
changed(struct view *v, unsigned what)
{
	if (what & CHANGE_RUNS)
		list_screen_refresh((struct list_screen *)v);
}

static const struct view_ops ops = {.draw = list_screen_draw,
	.event = list_screen_event,
	.act = act,
	.contexts = list_screen_contexts,
	.offers = list_screen_offers,
	.work = list_screen_work,
	.changed = changed,
	.close = list_screen_close};

static const struct list_screen_ops list_ops = {.contexts = CONTEXT_HISTORY,
	.open = open_row,
	.foot = draw_trend,
	.foot_rows = CHART_ROWS,
	.foot_from = 18};

struct view *
history_view(struct app *app)
{
	struct history_screen *h = util_alloc(sizeof(*h));

	list_screen_init(&h->base, app, &ops, &list_ops, &model);
	return &h->base.view;
}

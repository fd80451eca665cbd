/*
 * board: the first screen: every set of backups with its verdict, worst first.
 */
#include "base/banned.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/draw/bar.h"
#include "tui/view/banner.h"
#include "tui/view/list_screen.h"
#include "tui/view/screens.h"
#include "tui/view/verdicts.h"

struct board_screen {
	struct list_screen base;
	struct list_model model;
	struct list_column columns[16];
	uint64_t order; /* of the rows when the list saw them last */
};

enum { STATE, ASSET, SET, AGE, PROVEN, COPIES, NEWEST, DUE, SIZE, COUNT, RESTORE, TYPE, COLUMNS };

static const struct list_column columns[COLUMNS] = {
	[STATE] = {"STATE", 7, 0, 0, 0},
	[ASSET] = {"ASSET", 11, 18, 0, 0},
	[SET] = {"SET", 10, 16, 0, 0},
	[AGE] = {"AGE / RPO", 15, 31, 1, 0},
	[PROVEN] = {"PROVEN", 19, 21, 2, 0},
	[COPIES] = {"COPIES", 10, 24, 3, 0},
	[NEWEST] = {"NEWEST GOOD", 12, 0, 4, 0},
	[DUE] = {"NEXT DUE", 12, 0, 5, 0},
	[SIZE] = {"SIZE", 9, 0, 6, LIST_RIGHT},
	[COUNT] = {"BACKUPS", 9, 0, 7, LIST_RIGHT},
	[RESTORE] = {"LAST RESTORE", 18, 0, 8, 0},
	[TYPE] = {"TYPE", 12, 14, 9, 0},
};

static const struct board_row *
row_at(const void *arg, size_t row)
{
	const struct list_screen *s = arg;

	return &s->view.app->shelf.board.rows[row];
}

static size_t
count(void *arg)
{
	const struct list_screen *s = arg;

	return s->view.app->shelf.board.n;
}

static uint64_t
identity(void *arg, size_t row)
{
	const struct set_facts *f = row_at(arg, row)->facts;

	return verdict_identity(f->asset, f->set, NULL);
}

static unsigned
restore_cell(const struct board_row *row, int64_t now, struct str *out)
{
	const struct restore *r = row->v.restored;

	if (r == NULL) {
		str_addc(out, '-');
		return ROLE_DIM;
	}
	str_fmt(out, "%s ", restore_mode_names[r->mode]);
	text_duration(out, (int64_t)r->seconds);
	str_addc(out, ' ');
	verdict_time(out, r->at, now);
	return ROLE_TEXT;
}

static unsigned
due_cell(const struct board_row *row, int64_t now, struct str *out)
{
	verdict_time(out, row->v.next_due_at, now);
	return row->v.next_due_at == CLOCK_NONE  ? ROLE_DIM
	       : row->v.next_due_at < now - 3600 ? ROLE_LATE
						 : ROLE_TEXT;
}

static unsigned
cell(void *arg, size_t i, size_t column, struct str *out)
{
	const struct list_screen *s = arg;
	const struct board_row *row = row_at(s, i);
	int64_t now = s->view.app->now;

	switch (column) {
	case STATE: str_add(out, verdict_word(row->v.verdict)); return verdict_role(row->v.verdict);
	case ASSET: str_add(out, row->facts->asset); return ROLE_TEXT;
	case SET: str_add(out, row->facts->set); return ROLE_TEXT;
	case AGE: /* for the filter; it is drawn below */
		text_duration(out, row->v.age_s);
		return ROLE_TEXT;
	case PROVEN: return verdict_proof(out, row->v.proven, now);
	case COPIES: return verdict_copies(out, &row->v);
	case NEWEST:
		verdict_time(out, row->has_newest ? row->newest.finished_at : CLOCK_NONE, now);
		return ROLE_TEXT;
	case DUE: return due_cell(row, now, out);
	case SIZE:
		if (row->has_newest)
			text_size(out, row->newest.size);
		return ROLE_TEXT;
	case COUNT: list_count_text(out, (size_t)row->facts->place.seen.count); return ROLE_TEXT;
	case RESTORE: return restore_cell(row, now, out);
	default: str_add(out, set_type_names[row->facts->type]); return ROLE_DIM;
	}
}

static bool
draw_cell(void *arg, size_t i, size_t column, struct area a)
{
	const struct board_row *row = row_at(arg, i);
	unsigned style = verdict_role(row->v.verdict);

	if (column != AGE)
		return false;
	/* An age within its objective is no breach, whatever else is. */
	if (row->v.age_s >= 0 && row->v.age_s <= row->facts->rpo_s)
		style = row->v.verdict == VERDICT_UNKNOWN ? ROLE_UNKNOWN : ROLE_OK;
	bar_draw_age(a, style, row->v.age_s, row->facts->rpo_s,
		row->v.verdict != VERDICT_UNKNOWN && !row->has_newest ? "none" : "unknown");
	return true;
}

static const struct list_model model = {
	.columns = columns,
	.ncolumns = COLUMNS,
	.empty = "",
	.count = count,
	.id = identity,
	.cell = cell,
	.draw = draw_cell,
};

/* Where no set has copies the column only takes room. */
static void
choose_columns(struct board_screen *b)
{
	const struct board *board = &b->base.view.app->shelf.board;
	bool copies = false;

	for (size_t i = 0; i < board->n; i++)
		copies = copies || board->rows[i].v.ncopies > 0;
	b->columns[COPIES].priority = copies ? columns[COPIES].priority : 20;
}

static int
draw_count(struct area a, int x, enum verdict v, size_t n)
{
	unsigned style = n > 0 ? verdict_role(v) : ROLE_DIM;

	return x + draw_fmt(a, x, 0, style, "%s %zu", verdict_word(v), n) + 3;
}

static void
draw_due(const struct app *app, struct area a, int from)
{
	CLEANUP(str_done) struct str text = STR_INIT(400);
	const struct board_row *row = NULL;
	int64_t due = shelf_next_due(&app->shelf, &row);
	size_t near;

	if (due == CLOCK_NONE || from >= a.w)
		return;
	str_fmt(&text, "next due: %s/%s ", row->facts->asset, row->facts->set);
	verdict_time(&text, due, app->now);
	near = text.len;
	str_add(&text, ", ");
	verdict_ago(&text, due, app->now);
	if ((int)text.len > a.w - from - 1)
		str_cut(&text, near); /* the time alone, where both do not fit */
	draw_field(area_cut(a, from, 0, a.w - from - 1, 1), 0, 0, -1, ROLE_DIM, str_text(&text),
		text.len, DRAW_RIGHT);
}

static void
draw_counts(const struct app *app, struct area a)
{
	const size_t *counts = app->shelf.board.counts;
	int x = 1;

	x = draw_count(a, x, VERDICT_BREACH, counts[VERDICT_BREACH]);
	x = draw_count(a, x, VERDICT_UNKNOWN, counts[VERDICT_UNKNOWN]);
	x = draw_count(a, x, VERDICT_LATE, counts[VERDICT_LATE]);
	x = draw_count(a, x, VERDICT_OK, counts[VERDICT_OK]);
	draw_due(app, a, x);
}

/* What there is to say when there is nothing to show. */
static void
draw_nothing(const struct app *app, struct area a)
{
	int y = 1;

	a = area_cut(a, 1, 0, a.w - 2, a.h);
	if (app->options.site_problem != NULL) {
		y += draw_wrapped(a, y, ROLE_LATE, app->options.site_problem) + 1;
		draw_wrapped(a, y, ROLE_DIM,
			"Runs (5, 6), runbooks that need no site (4) and the audit log (7) work "
			"without one.");
	} else if (app->shelf.catalog == NULL) {
		y += draw_wrapped(a, y, ROLE_LATE, app->shelf.why.msg);
		if (app->shelf.why.hint != NULL)
			draw_wrapped(a, y, ROLE_DIM, app->shelf.why.hint);
	} else {
		draw_wrapped(a, y, ROLE_DIM,
			"The site file names no set of backups. `lifeboat schema site` shows "
			"what it may hold.");
	}
}

/* Why the selected row is what it is: at a glance, without leaving the list. */
static void
draw_reasons(struct list_screen *s, size_t at, struct area a)
{
	const struct board_row *row = row_at(s, at);
	int y = 1;

	draw_fmt(a, 2, 0, ROLE_TITLE, " %s/%s: why %s ", row->facts->asset, row->facts->set,
		verdict_word(row->v.verdict));
	for (size_t i = 0; i < row->v.reasons.n && y < a.h; i++)
		y += draw_wrapped(area_cut(a, 1, 0, a.w - 2, a.h), y,
			i == 0 ? verdict_role(row->v.verdict) : ROLE_TEXT, row->v.reasons.v[i]);
}

static void
draw(struct view *v, struct area a)
{
	struct board_screen *b = (struct board_screen *)v;
	struct app *app = v->app;

	choose_columns(b);
	if (app->options.kiosk)
		banner_draw(&a, &app->shelf, app->now);
	draw_counts(app, area_top(&a, 1));
	area_top(&a, a.h > 12);
	if (app->collect_problem != NULL && a.h > 6)
		draw_field(area_top(&a, 1), 1, 0, -1, ROLE_LATE, app->collect_problem,
			strlen(app->collect_problem), 0);
	if (app->shelf.board.n == 0) {
		draw_nothing(app, a);
		return;
	}
	list_screen_draw(v, a);
}

static const char *
id_of(const struct list_screen *s, size_t row, struct arena *a)
{
	const struct set_facts *f = row_at(s, row)->facts;

	return arena_fmt(a, "%s/%s", f->asset, f->set);
}

static void
open_row(struct list_screen *s, size_t row)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	app_push(s->view.app, set_view(s->view.app, id_of(s, row, &a)));
}

static bool
act(struct view *v, enum action action)
{
	struct list_screen *s = (struct list_screen *)v;
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *id;
	struct view *set;
	size_t row;

	if (action != ACTION_ITS_BACKUPS && action != ACTION_RESTORE)
		return false;
	if (!list_row(&s->list, &row))
		return true;
	id = id_of(s, row, &a);
	if (action == ACTION_ITS_BACKUPS) {
		app_push(v->app, backups_of_view(v->app, id));
	} else {
		set = set_view(v->app, id);
		app_push(v->app, set);
		set->ops->act(set, ACTION_RESTORE);
	}
	return true;
}

/* Differs when the rows are others, or in another order. */
static uint64_t
order_of(struct board_screen *b)
{
	uint64_t order = 0;

	for (size_t i = 0; i < count(b); i++)
		order = (order ^ identity(b, i)) * 0x100000001b3ULL;
	return order;
}

static void
changed(struct view *v, unsigned what)
{
	struct board_screen *b = (struct board_screen *)v;
	struct event top = {.type = EVENT_KEY, .key = K_HOME};
	uint64_t order = order_of(b);

	/* Verdicts change with time alone, and with them the order. */
	if (order != b->order) {
		b->order = order;
		list_screen_refresh(&b->base);
	}
	if (what & CHANGE_SHOWN && v->app->options.kiosk)
		list_event(&b->base.list, &top);
}

static const struct view_ops ops = {.draw = draw,
	.event = list_screen_event,
	.act = act,
	.contexts = list_screen_contexts,
	.offers = list_screen_offers,
	.work = list_screen_work,
	.changed = changed,
	.close = list_screen_close};

static const struct list_screen_ops list_ops = {.contexts = CONTEXT_SET,
	.open = open_row,
	.foot = draw_reasons,
	.foot_rows = 4,
	.foot_from = 12};

struct view *
board_view(struct app *app)
{
	struct board_screen *b = util_alloc(sizeof(*b));

	memcpy(b->columns, columns, sizeof(columns));
	b->model = model;
	b->model.columns = b->columns;
	list_screen_init(&b->base, app, &ops, &list_ops, &b->model);
	return &b->base.view;
}

/*
 * timeline: to which moments an asset can be recovered: base backups, reachable windows and what
 * breaks them on an axis, and what holds at the cursor.
 */
#include "base/banned.h"
#include "tui/draw/timeline.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/model/moments.h"
#include "tui/view/confirm.h"
#include "tui/view/pick.h"
#include "tui/view/screens.h"
#include "tui/view/sheet.h"
#include "tui/view/verdicts.h"

#define LANES_MAX 8 /* timelines that are drawn, the newest */
#define SECOND    1000000LL

struct timeline_screen {
	struct view view;
	struct arena arena; /* of lanes and spans */
	size_t asset;       /* among those of the site that have WAL */
	struct job *job;
	struct moments moments;
	bool has;        /* moments hold */
	int64_t read_at; /* when they were read */
	char *problem;   /* why there are none; NULL */
	struct timeline axis;
	struct timeline_lane lanes[LANES_MAX + 1];
	size_t nlanes;
	struct sheet sheet;
};

static bool
has_wal(const struct asset *a)
{
	for (size_t i = 0; i < a->sets.n; i++) {
		int type = item_at(&a->sets, struct set, i)->type;

		if (type == SET_WAL || type == SET_PGBACKREST || type == SET_BARMAN)
			return true;
	}
	return false;
}

static size_t
assets(const struct app *app)
{
	const struct site *site = app->options.site;
	size_t n = 0;

	for (size_t i = 0; site != NULL && i < site->assets.n; i++)
		n += has_wal(item_at(&site->assets, struct asset, i));
	return n;
}

static const struct asset *
asset_of(const struct timeline_screen *t)
{
	const struct site *site = t->view.app->options.site;
	size_t n = t->asset;

	for (size_t i = 0; site != NULL && i < site->assets.n; i++) {
		const struct asset *a = item_at(&site->assets, struct asset, i);

		if (has_wal(a) && n-- == 0)
			return a;
	}
	return NULL;
}

/* Lanes */

struct spans {
	struct timeline_span *v;
	size_t n;
};

static void
add_span(struct spans *s, int64_t from, int64_t to, char glyph, uint8_t role)
{
	s->v[s->n++] = (struct timeline_span){from, MAX(to, from), glyph, role};
}

static void
add_lane(struct timeline_screen *t, const char *title, const struct spans *s)
{
	t->lanes[t->nlanes++] = (struct timeline_lane){title, s->v, s->n};
}

/* Where the next window of this timeline begins; what lies between can't be reached. */
static int64_t
next_start(const struct moments *m, const struct moments_window *after)
{
	int64_t next = INT64_MIN;
	const struct moments_window *w;

	vec_each (&m->windows, w)
		if (w->timeline == after->timeline && w->earliest_us > after->quiet_us &&
			(next == INT64_MIN || w->earliest_us < next))
			next = w->earliest_us;
	return next;
}

static void
add_timeline(struct timeline_screen *t, int64_t tli)
{
	const struct moments *m = &t->moments;
	struct spans s = {arena_array(&t->arena, m->windows.n * 3 + 1, sizeof(*s.v)), 0};
	const struct moments_window *w;

	vec_each (&m->windows, w) {
		if (w->timeline != tli)
			continue;
		add_span(&s, w->earliest_us / SECOND, w->latest_us / SECOND + 1, '=', ROLE_OK);
		if (w->quiet_us > w->latest_us)
			add_span(
				&s, w->latest_us / SECOND + 1, w->quiet_us / SECOND, '-', ROLE_DIM);
	}
	/* Breaks last: they are never covered. */
	vec_each (&m->windows, w) {
		int64_t next = next_start(m, w);

		if (w->timeline == tli && w->broken)
			add_span(&s, w->quiet_us / SECOND + 1,
				next != INT64_MIN ? next / SECOND : w->quiet_us / SECOND + 1, 'x',
				ROLE_BREACH);
	}
	add_lane(t, arena_fmt(&t->arena, "timeline %lld", (long long)tli), &s);
}

/* The last second that can be reached. */
static int64_t
newest(const struct moments *m)
{
	const struct moments_window *w;
	int64_t us = 0;

	vec_each (&m->windows, w)
		us = MAX(us, w->latest_us);
	return us / SECOND;
}

static void
make_lanes(struct timeline_screen *t)
{
	const struct moments *m = &t->moments;
	struct spans s = {NULL, 0};
	int64_t tli = INT64_MAX, cursor = t->axis.cursor;

	arena_done(&t->arena);
	t->nlanes = 0;
	s.v = arena_array(&t->arena, m->backups.n + 1, sizeof(*s.v));
	for (size_t i = 0; i < m->backups.n; i++) {
		const struct moments_backup *b = &m->backups.v[i];

		if (b->finished != CLOCK_NONE)
			add_span(&s, b->started != CLOCK_NONE ? b->started : b->finished,
				b->finished, b->usable ? 'B' : '!',
				b->usable ? ROLE_ACCENT : ROLE_BREACH);
	}
	add_lane(t, "base", &s);
	/* The newest timelines first. */
	while (t->nlanes <= LANES_MAX) {
		int64_t next = INT64_MIN;
		const struct moments_window *w;

		vec_each (&m->windows, w)
			if (w->timeline < tli)
				next = MAX(next, w->timeline);
		if (next == INT64_MIN)
			break;
		tli = next;
		add_timeline(t, tli);
	}
	timeline_init(&t->axis, t->lanes, t->nlanes, 0, 0);
	timeline_go(&t->axis, cursor > 0 ? cursor : newest(m));
}

/* Reading */

static void
on_read(struct job *j, struct proc_exit end, void *arg)
{
	struct timeline_screen *t = arg;
	struct err err = ERR_INIT;
	struct moments m;
	const char *said;

	t->job = NULL;
	t->sheet.stale = true;
	free(t->problem);
	t->problem = NULL;
	app_dirty(t->view.app);
	if (moments_read(&m, str_text(job_output(j)), job_output(j)->len, &err)) {
		moments_done(&t->moments);
		t->moments = m;
		t->has = true;
		t->read_at = t->view.app->now;
		make_lanes(t);
		return;
	}
	err_done(&err);
	said = str_text(job_errors(j));
	t->problem = util_strdup(said[0] != '\0' ? said : "`lifeboat window` said nothing.");
}

static void
look(struct timeline_screen *t)
{
	static const struct job_ops job_ops = {.ended = on_read};
	const struct asset *a = asset_of(t);

	if (a == NULL || t->job != NULL)
		return;
	t->job = app_job(t->view.app,
		(const char *[]){"window", "--format", "json", a->item.key, NULL}, false, &job_ops,
		t);
}

static void
next_asset(struct timeline_screen *t, size_t by)
{
	size_t n = assets(t->view.app);

	if (n < 2)
		return;
	t->asset = (t->asset + by) % n;
	job_cancel(t->job);
	t->job = NULL;
	t->has = false;
	t->axis.cursor = 0;
	look(t);
}

/* What holds at the cursor */

static void
write_near(struct sheet *s, const char *name, int64_t us)
{
	char at[CLOCK_TEXT];

	if (us != INT64_MIN)
		sheet_fact(s, name, ROLE_TEXT, clock_format_us(us, at));
}

static void
write_sheet(struct sheet *s, void *arg)
{
	const struct timeline_screen *t = arg;
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	const struct moments_window *w;
	int64_t before, after;
	char at[CLOCK_TEXT];

	w = moments_at(&t->moments, t->axis.cursor * SECOND, &before, &after);
	clock_format(t->axis.cursor, at);
	if (w != NULL) {
		str_fmt(&text, "%s can be reached, on timeline %lld from base backup %s.", at,
			(long long)w->timeline, w->backup);
		sheet_text(s, ROLE_OK, 0, str_text(&text));
		sheet_text(s, ROLE_DIM, 0, "Enter takes this moment to a runbook.");
	} else {
		sheet_fmt(s, ROLE_BREACH, 0, "%s can't be reached.", at);
		write_near(s, "before it", before);
		write_near(s, "after it", after);
	}
	if (t->moments.troubles.n > 0)
		sheet_heading(s, "What is missing or damaged");
	for (size_t i = 0; i < t->moments.troubles.n; i++)
		sheet_text(s, ROLE_BREACH, 2, t->moments.troubles.v[i]);
	sheet_blank(s);
	sheet_text(s, ROLE_DIM, 0,
		"= can be reached   - nothing was committed   x is missing or damaged   B base "
		"backup   ! one that can't be used");
}

static void
draw_nothing(struct timeline_screen *t, struct area a)
{
	a = area_cut(a, 1, 1, a.w - 2, a.h - 1);
	if (t->problem != NULL)
		draw_wrapped(a, 0, ROLE_LATE, t->problem);
	else if (t->job != NULL)
		draw_fmt(a, 0, 0, ROLE_TEXT,
			"Reading the WAL archive and the base backups... %llds",
			(long long)((clock_mono_ms() - job_started_ms(t->job)) / 1000));
	else
		draw_wrapped(a, 0, ROLE_DIM,
			"Recovery to a moment needs an archive of WAL, and the site file names "
			"none: sets of type wal, pgbackrest or barman.");
}

static void
draw(struct view *v, struct area a)
{
	struct timeline_screen *t = (struct timeline_screen *)v;
	CLEANUP(str_done) struct str text = STR_INIT(400);
	const struct asset *asset = asset_of(t);
	size_t n = assets(v->app);

	if (asset == NULL || !t->has) {
		draw_nothing(t, a);
		return;
	}
	str_fmt(&text, "%s", asset->item.key);
	if (n > 1)
		str_fmt(&text, " (%zu of %zu, Tab shows the next)", t->asset + 1, n);
	str_add(&text, t->job != NULL ? ", reading again" : ", read ");
	if (t->job == NULL)
		verdict_ago(&text, t->read_at, v->app->now);
	draw_text(area_top(&a, 1), 1, 0, ROLE_TITLE, str_text(&text));
	area_top(&a, a.h > 14);
	if (t->moments.windows.n == 0 && t->moments.backups.n == 0)
		draw_text(area_top(&a, 1), 1, 0, ROLE_BREACH, "No moment can be reached.");
	else
		timeline_draw(&t->axis, area_top(&a, MIN((int)t->nlanes + 3, MAX(a.h - 4, 3))),
			v->app->over == NULL);
	area_top(&a, a.h > 8);
	sheet_draw(&t->sheet, a, false);
}

/* Taking a moment to a runbook */

static void
on_runbook(struct pick *p, const struct pick_row *row)
{
	struct app *app = p->view.app;
	const struct library_entry *e =
		row != NULL ? library_find(&app->library, row->value) : NULL;
	const char *set;

	if (e == NULL)
		return;
	set = arena_fmt(&p->arena, "%s=%s", e->time_parameter, (const char *)p->arg);
	app_push(app, runbook_view(app, e->name, &set, 1));
}

static void
open_moment(struct timeline_screen *t)
{
	struct app *app = t->view.app;
	struct pick *p = pick_new(app, "Recover to this moment", on_runbook, NULL);
	char at[CLOCK_TEXT];

	p->arg = arena_strdup(&p->arena, clock_format(t->axis.cursor, at));
	p->text = p->arg;
	p->text_style = ROLE_TITLE;
	pick_column(p, (struct list_column){"RUNBOOK", 26, 40, 0, 0});
	pick_column(p, (struct list_column){"WHAT IT DOES", 30, 60, 0, 0});
	p->model.empty = "No runbook here takes a moment (a parameter of type moment or time).";
	for (size_t i = 0; i < app->library.n; i++) {
		const struct library_entry *e = &app->library.entries[i];
		struct pick_row *row;

		if (!e->read || !e->usable || e->time_parameter == NULL)
			continue;
		row = pick_row(p);
		row->value = row->cells[0] = e->name;
		row->cells[1] = e->title;
	}
	pick_open(p);
}

static bool
act(struct view *v, enum action action)
{
	struct timeline_screen *t = (struct timeline_screen *)v;

	switch (action) {
	case ACTION_REFRESH: look(t); return true;
	case ACTION_NEXT_PANE: next_asset(t, 1); return true;
	case ACTION_PREVIOUS_PANE: next_asset(t, MAX(assets(v->app), 1) - 1); return true;
	default: return false;
	}
}

static unsigned
event(struct view *v, const struct event *ev)
{
	struct timeline_screen *t = (struct timeline_screen *)v;
	unsigned answer;

	if (!t->has)
		return ANSWER_IGNORED;
	answer = timeline_event(&t->axis, ev);
	if (answer != ANSWER_IGNORED)
		t->sheet.stale = true;
	if (answer & ANSWER_CHOSEN)
		open_moment(t);
	return answer;
}

static unsigned
contexts(const struct view *v)
{
	return ((const struct timeline_screen *)v)->has ? CONTEXT_TIMELINE : 0;
}

static bool
offers(const struct view *v, enum action action)
{
	return action != ACTION_COPY;
}

static void
changed(struct view *v, unsigned what)
{
	struct timeline_screen *t = (struct timeline_screen *)v;

	if (what & CHANGE_SHOWN && !t->has && t->problem == NULL)
		look(t);
}

static void
close_view(struct view *v)
{
	struct timeline_screen *t = (struct timeline_screen *)v;

	job_cancel(t->job);
	moments_done(&t->moments);
	sheet_done(&t->sheet);
	arena_done(&t->arena);
	free(t->problem);
	free(t);
}

static const struct view_ops ops = {.draw = draw,
	.event = event,
	.act = act,
	.contexts = contexts,
	.offers = offers,
	.changed = changed,
	.close = close_view};

struct view *
timeline_view(struct app *app)
{
	struct timeline_screen *t = util_alloc(sizeof(*t));

	t->view = (struct view){.ops = &ops, .app = app};
	sheet_init(&t->sheet, write_sheet, t);
	return &t->view;
}

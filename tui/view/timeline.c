/*
 * timeline: to which moments an asset can be recovered: base backups, reachable windows and what
 * breaks them on an axis, and what holds at the cursor.
 */
#include "base/banned.h"
#include "tui/draw/timeline.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/model/harm.h"
#include "tui/model/moments.h"
#include "tui/view/confirm.h"
#include "tui/view/pick.h"
#include "tui/view/screens.h"
#include "tui/view/sheet.h"
#include "tui/view/verdicts.h"

#define LANES_MAX 8 /* timelines that are drawn, the newest */
#define SECOND    1000000LL
#define WITHIN_S  900 /* how far to both sides of the cursor transactions are looked for */

struct timeline_screen {
	struct view view;
	struct arena arena; /* of lanes and spans */
	size_t asset;       /* among those of the site that have WAL */
	struct job *job;
	struct moments moments;
	bool has;            /* moments hold */
	int64_t read_at;     /* when they were read */
	char *problem;       /* why there are none; NULL */
	struct job *looking; /* for transactions that did damage */
	struct harm harm;
	int64_t harm_at;    /* around which second they were looked for; 0: never */
	char *harm_problem; /* why none could be looked for; NULL */
	struct timeline axis;
	struct timeline_lane lanes[LANES_MAX + 2];
	size_t nlanes;
	struct sheet sheet;
};

static bool
is_archive(int type)
{
	return type == SET_WAL || type == SET_PGBACKREST || type == SET_BARMAN;
}

static bool
has_wal(const struct asset *a)
{
	for (size_t i = 0; i < a->sets.n; i++)
		if (is_archive(item_at(&a->sets, struct set, i)->type))
			return true;
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

static void
add_harm(struct timeline_screen *t)
{
	struct spans s = {arena_array(&t->arena, t->harm.transactions.n + 1, sizeof(*s.v)), 0};
	const struct harm_transaction *it;

	vec_each (&t->harm.transactions, it)
		if (it->at_us != INT64_MIN)
			add_span(&s, it->at_us / SECOND, it->at_us / SECOND, '*', ROLE_BREACH);
	if (s.n > 0)
		add_lane(t, "damage", &s);
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
	add_harm(t);
	/* The newest timelines first. */
	while (t->nlanes < ARRAY_LEN(t->lanes)) {
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

/* Transactions */

static void
forget_harm(struct timeline_screen *t)
{
	job_cancel(t->looking);
	t->looking = NULL;
	harm_done(&t->harm);
	free(t->harm_problem);
	t->harm_problem = NULL;
	t->harm_at = 0;
}

/* The cursor goes to what was found, if something was: that is what somebody looked for. */
static void
on_found(struct job *j, struct proc_exit end, void *arg)
{
	struct timeline_screen *t = arg;
	struct err err = ERR_INIT;
	struct timeline axis = t->axis;
	const char *said = str_text(job_errors(j));

	t->looking = NULL;
	t->sheet.stale = true;
	app_dirty(t->view.app);
	if (!harm_read(&t->harm, str_text(job_output(j)), job_output(j)->len, &err)) {
		err_done(&err);
		t->harm_problem =
			util_strdup(said[0] != '\0' ? said : "`lifeboat moment` said nothing.");
		return;
	}
	if (t->harm.transactions.n > 0 && t->harm.transactions.v[0].at_us != INT64_MIN)
		t->axis.cursor = t->harm.transactions.v[0].at_us / SECOND;
	make_lanes(t);
	/* Seen as it was, with the cursor in sight. */
	t->axis.whole = axis.whole;
	t->axis.from = axis.from;
	t->axis.step = axis.step;
	timeline_go(&t->axis, t->axis.cursor);
}

static void
look_for_harm(struct timeline_screen *t)
{
	static const struct job_ops job_ops = {.ended = on_found};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const struct asset *asset = asset_of(t);
	char at[CLOCK_TEXT];

	if (asset == NULL || !t->has || t->looking != NULL)
		return;
	forget_harm(t);
	t->harm_at = t->axis.cursor;
	t->sheet.stale = true;
	t->looking = app_job(t->view.app,
		(const char *[]){"moment", "--format", "json", "--around",
			clock_format(t->harm_at, at), "--within", arena_fmt(&a, "%ds", WITHIN_S),
			asset->item.key, NULL},
		false, &job_ops, t);
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
	forget_harm(t);
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

/* The base backup that a recovery starts from, and what is replayed on top of it. */
static void
write_way(struct sheet *s, const struct timeline_screen *t, const struct moments_window *w)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	const struct moments_backup *b;

	str_add(&text, w->backup);
	vec_each (&t->moments.backups, b) {
		if (strcmp(b->name, w->backup) != 0 || b->finished == CLOCK_NONE)
			continue;
		str_add(&text, ", taken ");
		verdict_time_long(&text, b->finished);
		str_add(&text, "; then WAL of ");
		text_duration(&text, MAX(t->axis.cursor - b->finished, 0));
		str_add(&text, " is replayed");
	}
	sheet_fact(s, "from", ROLE_TEXT, str_text(&text));
	if (t->axis.cursor * SECOND > w->latest_us)
		sheet_fact(s, "", ROLE_DIM, "No later commit of this window is before it.");
}

/* The transactions that were found, or what there is to say instead. */
static void
write_harm(struct sheet *s, const struct timeline_screen *t)
{
	const struct harm_transaction *it;
	char at[CLOCK_TEXT];

	if (t->looking != NULL) {
		sheet_fmt(s, ROLE_ACCENT, 0, "Reading the WAL around %s ...",
			clock_format(t->harm_at, at));
		return;
	}
	if (t->harm_problem != NULL) {
		sheet_text(s, ROLE_LATE, 0, t->harm_problem);
		return;
	}
	if (t->harm_at == 0)
		return;
	sheet_heading(s, "Transactions that did damage");
	if (t->harm.transactions.n == 0)
		sheet_fmt(s, ROLE_DIM, 2, "None within %d min of %s.", WITHIN_S / 60,
			clock_format(t->harm_at, at));
	vec_each (&t->harm.transactions, it)
		sheet_fmt(s, it->at_us / SECOND == t->axis.cursor ? ROLE_TITLE : ROLE_TEXT, 2,
			"%s  xid %lld  %s",
			it->at_us != INT64_MIN ? clock_format(it->at_us / SECOND, at) + 11 : "?",
			(long long)it->xid, it->what);
}

static void
write_sheet(struct sheet *s, void *arg)
{
	const struct timeline_screen *t = arg;
	const struct harm_transaction *harm = harm_at(&t->harm, t->axis.cursor);
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
		write_way(s, t, w);
		if (harm != NULL && harm->moment != NULL)
			sheet_fmt(s, ROLE_BREACH, 0,
				"Transaction %lld: %s. Enter takes the moment just before it (%s) "
				"to a runbook.",
				(long long)harm->xid, harm->what, harm->moment);
		else
			sheet_text(s, ROLE_DIM, 0,
				"Enter takes this moment to a runbook; t looks for transactions "
				"that did damage near it.");
	} else {
		sheet_fmt(s, ROLE_BREACH, 0, "%s can't be reached.", at);
		write_near(s, "before it", before);
		write_near(s, "after it", after);
	}
	write_harm(s, t);
	if (t->moments.troubles.n > 0)
		sheet_heading(s, "What is missing or damaged");
	for (size_t i = 0; i < t->moments.troubles.n; i++)
		sheet_text(s, ROLE_BREACH, 2, t->moments.troubles.v[i]);
	sheet_blank(s);
	sheet_text(s, ROLE_DIM, 0,
		"= can be reached   - nothing was committed   x is missing or damaged   B base "
		"backup   ! one that can't be used   * did damage");
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

/* With the moment filled in, and the WAL set that it is a moment of. */
static void
open_runbook(struct timeline_screen *t, const struct library_entry *e, const char *moment)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct app *app = t->view.app;
	const struct asset *asset = asset_of(t);
	const char *sets[2];
	size_t n = 0;

	sets[n++] = arena_fmt(&a, "%s=%s", e->time_parameter, moment);
	for (size_t i = 0; asset != NULL && n < 2 && i < asset->sets.n; i++) {
		const struct set *set = item_at(&asset->sets, struct set, i);
		const char *name = is_archive(set->type) ? library_takes(e, asset->item.key,
								   set->item.key, set->type, false)
							 : NULL;

		if (name != NULL)
			sets[n++] = arena_fmt(&a, "%s=%s/%s", name, asset->item.key, set->item.key);
	}
	app_push(app, runbook_view(app, e->name, sets, n));
}

struct chosen {
	struct timeline_screen *t;
	const char *moment;
};

static void
on_runbook(struct pick *p, const struct pick_row *row)
{
	const struct chosen *c = p->arg;
	const struct library_entry *e =
		row != NULL ? library_find(&p->view.app->library, row->value) : NULL;

	if (e != NULL)
		open_runbook(c->t, e, c->moment);
}

static void
add_rows(struct pick *p, bool required)
{
	const struct library *l = &p->view.app->library;

	for (size_t i = 0; i < l->n; i++) {
		const struct library_entry *e = &l->entries[i];
		struct pick_row *row;

		if (!e->read || !e->usable || e->time_parameter == NULL ||
			e->time_required != required)
			continue;
		row = pick_row(p);
		row->value = row->cells[0] = e->name;
		row->cells[1] = e->title;
	}
}

static void
open_moment(struct timeline_screen *t)
{
	const struct harm_transaction *harm = harm_at(&t->harm, t->axis.cursor);
	struct pick *p = pick_new(t->view.app, "Recover to this moment", on_runbook, NULL);
	struct chosen *c = arena_alloc(&p->arena, sizeof(*c));
	char at[CLOCK_TEXT];

	clock_format(t->axis.cursor, at);
	c->t = t;
	c->moment =
		arena_strdup(&p->arena, harm != NULL && harm->moment != NULL ? harm->moment : at);
	p->arg = c;
	p->text = harm == NULL || strcmp(c->moment, at) == 0
			  ? c->moment
			  : arena_fmt(&p->arena, "%s, just before: %s", c->moment, harm->what);
	p->text_style = ROLE_TITLE;
	pick_column(p, (struct list_column){"RUNBOOK", 26, 40, 0, 0});
	pick_column(p, (struct list_column){"WHAT IT DOES", 30, 60, 0, 0});
	p->model.empty = "No runbook here takes a moment (a parameter of type moment or time).";
	/* First those that are about a moment, then those that can be. */
	add_rows(p, true);
	add_rows(p, false);
	pick_open(p);
}

static bool
act(struct view *v, enum action action)
{
	struct timeline_screen *t = (struct timeline_screen *)v;

	switch (action) {
	case ACTION_REFRESH: look(t); return true;
	case ACTION_HARM: look_for_harm(t); return true;
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
	forget_harm(t);
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

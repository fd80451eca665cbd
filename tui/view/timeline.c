/*
 * timeline: to which moments an asset can be recovered: base backups, reachable windows and what
 * breaks them on an axis, and what holds at the cursor.
 */
#include "base/banned.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/view/recover.h"
#include "tui/view/screens.h"
#include "tui/view/sheet.h"
#include "tui/view/timeline_lanes.h"
#include "tui/view/verdicts.h"

#define SECOND   1000000LL
#define WITHIN_S 900 /* how far to both sides of the cursor transactions are looked for */

struct timeline_screen {
	struct view view;
	size_t asset; /* among those of the site that have WAL */
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
	struct timeline_lanes lanes;
	struct sheet sheet;
};

static bool
has_wal(const struct asset *a)
{
	for (size_t i = 0; i < a->sets.n; i++)
		if (moments_archive(item_at(&a->sets, struct set, i)->type))
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
	int64_t cursor = t->axis.cursor;

	timeline_lanes_make(&t->lanes, &t->moments, &t->harm);
	timeline_init(&t->axis, t->lanes.lanes, t->lanes.n, 0, 0);
	timeline_go(&t->axis, cursor > 0 ? cursor : newest(&t->moments));
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
	CLEANUP(str_done) struct str none = STR_INIT(KIB);
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
	if (t->harm.transactions.n == 0) {
		harm_none(&t->moments, t->harm_at, WITHIN_S, &none);
		sheet_text(s, ROLE_DIM, 2, str_text(&none));
	}
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
		timeline_draw(&t->axis, area_top(&a, MIN((int)t->lanes.n + 3, MAX(a.h - 4, 3))),
			v->app->over == NULL);
	area_top(&a, a.h > 8);
	sheet_draw(&t->sheet, a, false);
}

/* Of what did damage there: the moment just before it. */
static void
open_moment(struct timeline_screen *t)
{
	const struct harm_transaction *harm = harm_at(&t->harm, t->axis.cursor);
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	char at[CLOCK_TEXT];

	if (harm != NULL && harm->moment != NULL)
		recover_to(t->view.app, asset_of(t), harm->moment,
			arena_fmt(&a, "just before: %s", harm->what));
	else
		recover_to(t->view.app, asset_of(t), clock_format(t->axis.cursor, at), NULL);
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
	timeline_lanes_done(&t->lanes);
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

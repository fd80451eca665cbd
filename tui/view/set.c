/*
 * set: one set of backups: why its verdict is what it is, how it went lately, what can be done.
 */
#include "base/banned.h"
#include "base/path.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/draw/chart.h"
#include "tui/view/menu_screen.h"
#include "tui/view/screens.h"
#include "tui/view/verdicts.h"

#define CHARTS_MAX 9   /* rows of the charts and the one below them */
#define CHART_MAX  400 /* backups of the set that are looked at */

struct set_screen {
	struct menu_screen base;
	char *id; /* asset/set */
	int64_t sizes[CHART_MAX], times[CHART_MAX];
	uint8_t states[CHART_MAX];
	size_t n; /* the newest n, newest first */
};

static const struct board_row *
row_of(const struct set_screen *s)
{
	return shelf_row(&s->base.view.app->shelf, s->id);
}

static void
write_newest(struct sheet *t, const struct board_row *row, int64_t now)
{
	CLEANUP(str_done) struct str text = STR_INIT(2 * KIB);

	if (!row->has_newest) {
		sheet_fact(t, "newest good", ROLE_TEXT, "there is none");
		return;
	}
	str_fmt(&text, "%s, ", row->newest.name);
	text_size(&text, row->newest.size);
	str_add(&text, ", ");
	verdict_time_long(&text, row->newest.finished_at);
	str_add(&text, row->newest.time_from == TIME_INSIDE ? " as it says itself"
		       : row->newest.time_from == TIME_NAME ? " by its name"
							    : " by its modification time");
	sheet_fact(t, "newest good", ROLE_TEXT, str_text(&text));
}

static void
write_age(struct sheet *t, const struct board_row *row, int64_t now)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);

	if (row->v.age_s >= 0) {
		text_duration(&text, row->v.age_s);
		str_add(&text, " of ");
	} else if (row->v.verdict == VERDICT_UNKNOWN) {
		str_add(&text, "unknown, of ");
	}
	text_duration(&text, row->facts->rpo_s);
	str_add(&text, " that may be lost (RPO)");
	if (row->facts->schedule != NULL && row->v.next_due_at != CLOCK_NONE) {
		str_add(&text, row->v.next_due_at < now ? "; was due " : "; next due ");
		verdict_time(&text, row->v.next_due_at, now);
		str_add(&text, ", ");
		verdict_ago(&text, row->v.next_due_at, now);
		str_fmt(&text, " (%s%s%s)", row->facts->schedule,
			row->facts->time_zone != NULL ? ", " : "",
			row->facts->time_zone != NULL ? row->facts->time_zone : "");
	}
	sheet_fact(t, "age", ROLE_TEXT, str_text(&text));
}

static void
write_proof(struct sheet *t, const struct board_row *row, int64_t now)
{
	CLEANUP(str_done) struct str text = STR_INIT(2 * KIB);
	const struct proof *p = row->v.proven;
	unsigned style = ROLE_TEXT;

	if (p == NULL) {
		str_add(&text, "nothing proves that its backups are good");
	} else {
		style = verdict_proof(&text, p, now);
		str_fmt(&text, ": %s", path_base(p->backup));
	}
	if (row->facts->prove_level >= 0) {
		str_fmt(&text, "; wanted: %s", level_names[row->facts->prove_level]);
		if (row->facts->prove_every_s != FIELD_ABSENT) {
			str_add(&text, " every ");
			text_duration(&text, row->facts->prove_every_s);
		}
	}
	sheet_fact(t, "proven", style == ROLE_OK ? ROLE_TEXT : style, str_text(&text));
}

static void
write_restore(struct sheet *t, const struct board_row *row, int64_t now)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	const struct restore *r = row->v.restored;

	if (r == NULL) {
		str_add(&text, "never, as far as is known");
	} else {
		str_fmt(&text, "%s, took ", restore_mode_names[r->mode]);
		text_duration(&text, (int64_t)r->seconds);
		str_add(&text, ", ");
		verdict_ago(&text, r->at, now);
	}
	if (row->facts->rto_s != FIELD_ABSENT) {
		str_add(&text, "; may take ");
		text_duration(&text, row->facts->rto_s);
		str_add(&text, " (RTO)");
	}
	sheet_fact(t, "last restore", ROLE_TEXT, str_text(&text));
}

static void
write_copies(struct sheet *t, const struct board_row *row)
{
	for (size_t i = 0; i < row->v.ncopies; i++) {
		const struct copy_verdict *c = &row->v.copies[i];
		CLEANUP(str_done) struct str text = STR_INIT(2 * KIB);

		str_fmt(&text, "%s %s", c->location, verdict_word(c->verdict));
		if (c->lag_s > 0) {
			str_add(&text, ", behind by ");
			text_duration(&text, c->lag_s);
		}
		if (c->reason != NULL)
			str_fmt(&text, ": %s", c->reason);
		sheet_fact(t, i == 0 ? "copies" : "",
			c->verdict == VERDICT_OK ? ROLE_TEXT : verdict_role(c->verdict),
			str_text(&text));
	}
}

static void
write_place(struct sheet *t, const struct board_row *row, int64_t now)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	const struct observation *seen = &row->facts->place.seen;

	str_fmt(&text, "%s in %s", set_type_names[row->facts->type], row->facts->place.location);
	if (seen->at != CLOCK_NONE) {
		str_fmt(&text, " (%s): %lld backup%s, ", seen->base, (long long)seen->count,
			seen->count == 1 ? "" : "s");
		text_size(&text, seen->bytes);
		str_add(&text, "; seen ");
		verdict_ago(&text, seen->at, now);
	}
	sheet_fact(t, "where", ROLE_TEXT, str_text(&text));
	if (row->facts->place.hint != NULL)
		sheet_fact(t, "", ROLE_DIM, row->facts->place.hint);
}

static void
write_sheet(struct sheet *t, void *arg)
{
	struct set_screen *s = arg;
	const struct board_row *row = row_of(s);
	int64_t now = s->base.view.app->now;
	CLEANUP(str_done) struct str title = STR_INIT(KIB);

	if (row == NULL) {
		sheet_text(t, ROLE_LATE, 0, "This set is no longer in the site file.");
		return;
	}
	if (row->facts->asset_title != NULL || row->facts->title != NULL) {
		str_fmt(&title, "%s%s%s",
			row->facts->asset_title != NULL ? row->facts->asset_title : "",
			row->facts->asset_title != NULL && row->facts->title != NULL ? ", " : "",
			row->facts->title != NULL ? row->facts->title : "");
		sheet_text(t, ROLE_TITLE, 0, str_text(&title));
	}
	for (size_t i = 0; i < row->v.reasons.n; i++)
		sheet_fact(t, i == 0 ? verdict_word(row->v.verdict) : "",
			i == 0 ? verdict_role(row->v.verdict) : ROLE_TEXT, row->v.reasons.v[i]);
	write_newest(t, row, now);
	write_age(t, row, now);
	write_proof(t, row, now);
	write_restore(t, row, now);
	write_copies(t, row);
	write_place(t, row, now);
}

/* The newest backups of the listing, for the chart. */
static void
load_chart(struct set_screen *s)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct catalog *c = s->base.view.app->shelf.catalog;
	const struct set_facts *f = c != NULL ? catalog_find_set(c, s->id) : NULL;
	struct backup b;
	uint64_t n = 0;

	s->n = 0;
	if (f == NULL || !catalog_count(c, f, &n, &err))
		return;
	for (uint64_t i = 0; i < n && s->n < CHART_MAX; i++) {
		if (!catalog_backup(c, f, i, &b, &err))
			return;
		if (b.state == BACKUP_WRITING)
			continue;
		s->sizes[s->n] = b.size;
		s->times[s->n] = b.finished_at;
		s->states[s->n] = catalog_good(c, f, &b, s->base.view.app->now, NULL, NULL);
		s->n++;
	}
}

static void
load(struct menu_screen *s)
{
	const struct board_row *row = row_of((struct set_screen *)s);
	CLEANUP(str_done) struct str text = STR_INIT(200);

	if (row == NULL)
		return;
	str_add(&text, "List its backups (");
	list_count_text(&text, (size_t)row->facts->place.seen.count);
	str_addc(&text, ')');
	menu_action(&s->menu, ACTION_ITS_BACKUPS, str_text(&text));
	menu_runbooks(&s->menu, &s->view.app->library, row->facts->asset, row->facts->set,
		row->facts->type, false);
}

static int64_t
size_at(void *arg, size_t i)
{
	const struct set_screen *s = arg;

	return s->sizes[s->n - 1 - i];
}

static unsigned
style_at(void *arg, size_t i)
{
	const struct set_screen *s = arg;

	return s->states[s->n - 1 - i] ? ROLE_ACCENT : ROLE_BREACH;
}

/* How long before it the one before was taken: the age that one would have had. */
static int64_t
pause_at(void *arg, size_t i)
{
	const struct set_screen *s = arg;
	size_t newest = s->n - 2 - i;

	if (s->times[newest] == CLOCK_NONE || s->times[newest + 1] == CLOCK_NONE)
		return -1;
	return s->times[newest] - s->times[newest + 1];
}

static unsigned
pause_style(void *arg, size_t i)
{
	const struct set_screen *s = arg;
	const struct board_row *row = row_of(s);

	return row != NULL && pause_at(arg, i) > row->facts->rpo_s ? ROLE_BREACH : ROLE_ACCENT;
}

static void
draw_charts(struct menu_screen *base, struct area a)
{
	struct set_screen *s = (struct set_screen *)base;
	struct chart sizes = {
		.n = s->n, .value = size_at, .style = style_at, .label = text_size, .arg = s};
	struct chart pauses = {.n = s->n > 0 ? s->n - 1 : 0,
		.value = pause_at,
		.style = pause_style,
		.label = text_duration,
		.arg = s};
	struct area left;

	if (s->n < 2)
		return;
	/* Higher ones say no more. A row is left free above the menu. */
	a = area_cut(a, 0, MAX(a.h - CHARTS_MAX, 0), a.w, MIN(a.h, CHARTS_MAX) - 1);
	left = area_left(&a, a.w / 2);
	draw_text(area_top(&left, 1), 1, 0, ROLE_TITLE, "SIZE OF EACH BACKUP, newest right");
	chart_draw(area_cut(left, 1, 0, left.w - 3, left.h), &sizes);
	draw_text(area_top(&a, 1), 1, 0, ROLE_TITLE, "TIME BETWEEN BACKUPS");
	chart_draw(area_cut(a, 1, 0, a.w - 2, a.h), &pauses);
}

static bool
act(struct view *v, enum action action)
{
	if (action != ACTION_ITS_BACKUPS)
		return menu_screen_act(v, action);
	app_push(v->app, backups_of_view(v->app, ((struct set_screen *)v)->id));
	return true;
}

static const char *
title(const struct view *v)
{
	return ((const struct set_screen *)v)->id;
}

static void
changed(struct view *v, unsigned what)
{
	menu_screen_changed(v, what);
	if (what & CHANGE_CATALOG)
		load_chart((struct set_screen *)v);
}

static void
close_view(struct view *v)
{
	free(((struct set_screen *)v)->id);
	menu_screen_close(v);
}

static const struct view_ops ops = {.draw = menu_screen_draw,
	.event = menu_screen_event,
	.act = act,
	.contexts = menu_screen_contexts,
	.offers = menu_screen_offers,
	.title = title,
	.work = menu_screen_work,
	.changed = changed,
	.close = close_view};

static const struct menu_screen_ops menu_ops = {
	.contexts = CONTEXT_SET, .write = write_sheet, .load = load, .between = draw_charts};

struct view *
set_view(struct app *app, const char *id)
{
	struct set_screen *s = util_alloc(sizeof(*s));

	s->id = util_strdup(id);
	menu_screen_init(&s->base, app, &ops, &menu_ops, s->id);
	load_chart(s);
	return &s->base.view;
}

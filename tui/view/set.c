/*
 * set: one set of backups: why its verdict is what it is, how it went lately, what can be done.
 */
#include "base/banned.h"
#include "base/path.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/draw/chart.h"
#include "tui/view/menu.h"
#include "tui/view/screens.h"
#include "tui/view/sheet.h"
#include "tui/view/verdicts.h"

#define CHART_MAX 400 /* backups of the set that are looked at */

struct set_screen {
	struct view view;
	char *id; /* asset/set */
	struct sheet sheet;
	struct menu menu;
	bool reading; /* the keys are the text's, not the menu's */
	int64_t sizes[CHART_MAX], times[CHART_MAX];
	uint8_t states[CHART_MAX];
	size_t n; /* the newest n, newest first */
};

static const struct board_row *
row_of(const struct set_screen *s)
{
	return shelf_row(&s->view.app->shelf, s->id);
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
	int64_t now = s->view.app->now;
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
	struct catalog *c = s->view.app->shelf.catalog;
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
		s->states[s->n] = catalog_good(c, f, &b, s->view.app->now, NULL, NULL);
		s->n++;
	}
}

static void
load_menu(struct set_screen *s)
{
	const struct board_row *row = row_of(s);
	CLEANUP(str_done) struct str text = STR_INIT(200);

	menu_clear(&s->menu);
	if (row != NULL) {
		str_add(&text, "List its backups (");
		list_count_text(&text, (size_t)row->facts->place.seen.count);
		str_addc(&text, ')');
		menu_action(&s->menu, ACTION_ITS_BACKUPS, str_text(&text));
		menu_runbooks(&s->menu, &s->view.app->library, row->facts->asset, row->facts->set,
			row->facts->type, false);
	}
	menu_ready(&s->menu);
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
draw_charts(struct set_screen *s, struct area a)
{
	struct chart sizes = {
		.n = s->n, .value = size_at, .style = style_at, .label = text_size, .arg = s};
	struct chart pauses = {.n = s->n > 0 ? s->n - 1 : 0,
		.value = pause_at,
		.style = pause_style,
		.label = text_duration,
		.arg = s};
	struct area left;

	if (s->n < 2 || a.h < 3)
		return;
	left = area_left(&a, a.w / 2);
	draw_text(area_top(&left, 1), 1, 0, ROLE_TITLE, "SIZE OF EACH BACKUP, newest right");
	chart_draw(area_cut(left, 1, 0, left.w - 3, left.h), &sizes);
	draw_text(area_top(&a, 1), 1, 0, ROLE_TITLE, "TIME BETWEEN BACKUPS");
	chart_draw(area_cut(a, 1, 0, a.w - 2, a.h), &pauses);
}

static void
draw(struct view *v, struct area a)
{
	struct set_screen *s = (struct set_screen *)v;
	int menu = MIN(MAX((int)s->menu.items.n, 1) + 2, MAX(a.h / 3, 4)), text;
	bool focus = v->app->over == NULL;
	struct area foot;

	foot = area_bottom(&a, menu);
	text = MIN(sheet_rows(&s->sheet, a.w), a.h);
	if (a.h - text >= 4) {
		struct area charts = area_bottom(&a, MIN(a.h - text, 9));

		draw_charts(s, area_cut(charts, 0, 0, charts.w, charts.h - 1));
	}
	sheet_draw(&s->sheet, a, focus && s->reading);
	menu_draw(&s->menu, foot, focus && !s->reading);
}

static void
open_item(struct set_screen *s, const struct menu_item *it)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *set;

	if (it == NULL)
		return;
	if (it->runbook == NULL) {
		app_push(s->view.app, backups_of_view(s->view.app, s->id));
		return;
	}
	set = arena_fmt(&a, "%s=%s", it->parameter, s->id);
	app_push(s->view.app, runbook_view(s->view.app, it->runbook->name, &set, 1));
}

static bool
act(struct view *v, enum action action)
{
	struct set_screen *s = (struct set_screen *)v;

	switch (action) {
	case ACTION_ITS_BACKUPS: app_push(v->app, backups_of_view(v->app, s->id)); return true;
	case ACTION_RESTORE:
		s->reading = false;
		menu_prefer(&s->menu, LIBRARY_RESTORES);
		return true;
	case ACTION_NEXT_PANE:
	case ACTION_PREVIOUS_PANE: s->reading = !s->reading; return true;
	default: return false;
	}
}

static unsigned
event(struct view *v, const struct event *ev)
{
	struct set_screen *s = (struct set_screen *)v;
	unsigned answer;

	if (s->reading)
		return sheet_event(&s->sheet, ev);
	answer = menu_event(&s->menu, ev);
	if (answer & ANSWER_CHOSEN)
		open_item(s, menu_item(&s->menu));
	return answer;
}

static unsigned
contexts(const struct view *v)
{
	const struct set_screen *s = (const struct set_screen *)v;

	if (s->menu.list.typing || s->sheet.pager.typing)
		return CONTEXT_FORM | CONTEXT_FIELD;
	return CONTEXT_SET | (s->reading ? CONTEXT_PAGER : CONTEXT_LIST);
}

static bool
offers(const struct view *v, enum action action)
{
	return list_offers(&((const struct set_screen *)v)->menu.list, action);
}

static const char *
title(const struct view *v)
{
	return ((const struct set_screen *)v)->id;
}

static bool
work(struct view *v)
{
	struct set_screen *s = (struct set_screen *)v;

	return list_work(&s->menu.list) || pager_work(&s->sheet.pager);
}

static void
changed(struct view *v, unsigned what)
{
	struct set_screen *s = (struct set_screen *)v;

	s->sheet.stale = true;
	if (what & CHANGE_CATALOG)
		load_chart(s);
	if (what & (CHANGE_CATALOG | CHANGE_LIBRARY))
		load_menu(s);
}

static void
close_view(struct view *v)
{
	struct set_screen *s = (struct set_screen *)v;

	sheet_done(&s->sheet);
	menu_done(&s->menu);
	free(s->id);
	free(s);
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

struct view *
set_view(struct app *app, const char *id)
{
	struct set_screen *s = util_alloc(sizeof(*s));

	s->view = (struct view){.ops = &ops, .app = app};
	s->id = util_strdup(id);
	sheet_init(&s->sheet, write_sheet, s);
	menu_init(&s->menu);
	load_chart(s);
	load_menu(s);
	return &s->view;
}

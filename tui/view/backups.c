/*
 * backups: the backups of all sets or of one, as many as there are.
 */
#include "base/banned.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/model/stock.h"
#include "tui/view/backup.h"
#include "tui/view/fill.h"
#include "tui/view/list_screen.h"
#include "tui/view/screens.h"
#include "tui/view/verdicts.h"

struct backups_screen {
	struct list_screen base;
	char *only; /* asset/set; NULL: all */
	struct stock stock;
	struct list_model model;
	struct list_column columns[8];
	/* The row that was read last: its cells are asked for one after the other. */
	size_t row;
	bool has_row, good_row;
	const struct set_facts *facts;
	struct backup backup;
};

enum { STATE, SET, TIME, AGE, SIZE, PROVEN, NAME, WHERE, COLUMNS };

static const struct list_column columns[COLUMNS] = {
	[STATE] = {"STATE", 7, 0, 0, LIST_SORT},
	[SET] = {"SET", 22, 34, 0, LIST_TAIL},
	[TIME] = {"TIME", 17, 0, 0, LIST_SORT},
	[AGE] = {"AGE", 6, 0, 1, LIST_RIGHT},
	[SIZE] = {"SIZE", 9, 0, 1, LIST_SORT | LIST_RIGHT},
	[PROVEN] = {"PROVEN", 8, 0, 2, 0},
	[NAME] = {"BACKUP", 24, 70, 3, LIST_TAIL},
	[WHERE] = {"WHERE", 30, 90, 4, LIST_TAIL},
};

static bool
read_row(struct backups_screen *s, size_t row)
{
	if (!s->has_row || s->row != row)
		s->good_row = stock_get(&s->stock, row, &s->facts, &s->backup);
	s->row = row;
	s->has_row = true;
	return s->good_row;
}

static size_t
count(void *arg)
{
	const struct backups_screen *s = arg;

	return stock_count(&s->stock);
}

static uint64_t
identity(void *arg, size_t row)
{
	struct backups_screen *s = arg;

	if (!read_row(s, row))
		return row;
	return verdict_identity(s->facts->asset, s->facts->set, s->backup.name);
}

static unsigned
proven_cell(struct backups_screen *s, struct str *out)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const struct backup_check *b = NULL;

	if (s->base.view.app->checks.first != NULL)
		b = checks_find(&s->base.view.app->checks, catalog_id(&a, s->facts, &s->backup));
	if (b != NULL && b->state != CHECK_OVER) {
		checks_text(out, b);
		return ROLE_ACCENT;
	}
	return verdict_proof_short(
		out, proofs_find(catalog_proofs(s->stock.catalog, s->facts), &s->backup));
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct backups_screen *s = arg;
	const char *why;
	enum verdict v;

	if (!read_row(s, row)) {
		str_add(out, column == NAME ? "The catalog's file is damaged here; R makes a new "
					      "one."
					    : "?");
		return ROLE_BREACH;
	}
	switch (column) {
	case STATE:
		v = board_backup_verdict(
			NULL, s->stock.catalog, s->facts, &s->backup, s->base.view.app->now, &why);
		str_add(out, verdict_word(v));
		return verdict_role(v);
	case SET: str_fmt(out, "%s/%s", s->facts->asset, s->facts->set); return ROLE_TEXT;
	case TIME: verdict_minute(out, s->backup.finished_at); return ROLE_TEXT;
	case AGE:
		if (s->backup.finished_at != CLOCK_NONE)
			text_duration(out, s->base.view.app->now - s->backup.finished_at);
		return ROLE_TEXT;
	case SIZE: text_size(out, s->backup.size); return ROLE_TEXT;
	case PROVEN: return proven_cell(s, out);
	case NAME: str_add(out, s->backup.name); return ROLE_TEXT;
	default: str_add(out, catalog_uri(&a, s->facts, &s->backup)); return ROLE_DIM;
	}
}

static bool
match(void *arg, size_t row, const char *text)
{
	struct backups_screen *s = arg;
	char id[256];

	if (!read_row(s, row))
		return false;
	if (text_contains(s->backup.name, text))
		return true;
	snprintf(id, sizeof(id), "%s/%s/", s->facts->asset, s->facts->set);
	return text_contains(id, text);
}

static void
reload(struct backups_screen *s)
{
	s->has_row = false;
	stock_open(&s->stock, s->base.view.app->shelf.catalog, s->only, s->base.view.app->now);
	/* What is chosen quickly is there before anybody sees it half done. */
	stock_step(&s->stock);
	list_refresh(&s->base.list);
	app_work(s->base.view.app);
}

static void
choose(struct backups_screen *s)
{
	stock_choose(&s->stock, s->base.view.app->now);
	if (!stock_step(&s->stock)) {
		s->has_row = false;
		list_refresh(&s->base.list);
	}
	app_work(s->base.view.app);
}

static void
take_sort(struct backups_screen *s)
{
	enum stock_sort sort = s->base.list.sort == STATE  ? STOCK_BY_STATE
			       : s->base.list.sort == TIME ? STOCK_BY_TIME
			       : s->base.list.sort == SIZE ? STOCK_BY_SIZE
							   : STOCK_AS_IS;

	if (sort == s->stock.sort && s->base.list.descending == s->stock.descending)
		return;
	s->stock.sort = sort;
	s->stock.descending = s->base.list.descending;
	choose(s);
}

/* Criteria */

enum { ITEM_SET, ITEM_VERDICT, ITEM_NEWER, ITEM_OLDER, ITEM_LARGER, ITEM_SMALLER };

static const char *const verdict_choices[] = {"any", "BREACH", "UNKNOWN", "ok", NULL};
static const int verdict_values[] = {-1, VERDICT_BREACH, VERDICT_UNKNOWN, VERDICT_OK};

static bool
take_criterion(struct fill *f, size_t item, bool duration, int64_t *ret)
{
	const char *text = form_text(&f->form, item);

	*ret = -1;
	if (text[0] == '\0' ||
		(duration ? clock_parse_duration(text, ret) : clock_parse_size(text, ret)))
		return true;
	f->form.values[item].error =
		duration ? "Write a duration: 90m, 24h, 30d." : "Write a size: 10MiB, 512k, 4096.";
	return false;
}

static bool
read_criteria(struct fill *f, struct stock_criteria *c)
{
	bool good = take_criterion(f, ITEM_NEWER, true, &c->newer_s);

	good = take_criterion(f, ITEM_OLDER, true, &c->older_s) && good;
	good = take_criterion(f, ITEM_LARGER, false, &c->larger) && good;
	good = take_criterion(f, ITEM_SMALLER, false, &c->smaller) && good;
	snprintf(c->set, sizeof(c->set), "%s", form_text(&f->form, ITEM_SET));
	c->verdict = verdict_values[f->form.values[ITEM_VERDICT].choice];
	return good;
}

static bool
check_criteria(struct fill *f)
{
	struct stock_criteria c;

	return read_criteria(f, &c);
}

static void
on_criteria(struct fill *f, bool accepted)
{
	struct backups_screen *s = f->arg;

	if (accepted && read_criteria(f, &s->stock.criteria))
		choose(s);
}

static const char *
initial(struct fill *f, int64_t value, bool duration)
{
	CLEANUP(str_done) struct str text = STR_INIT(100);

	if (value < 0)
		return NULL;
	if (duration)
		str_fmt(&text, "%llds", (long long)value);
	else
		str_fmt(&text, "%lld", (long long)value);
	return arena_strdup(&f->arena, str_text(&text));
}

static void
ask_criteria(struct backups_screen *s)
{
	struct fill *f = fill_new(s->base.view.app, "Show only backups", "Show", on_criteria, s);
	const struct stock_criteria *c = &s->stock.criteria;
	size_t verdict = 0;

	while (verdict_values[verdict] != c->verdict)
		verdict++;
	f->check = check_criteria;
	*fill_item(f) = (struct form_item){FORM_TEXT, "of asset or set",
		"A part of its name, like aragora-db or daily.", 100,
		arena_strdup(&f->arena, c->set), NULL};
	*fill_item(f) = (struct form_item){FORM_CHOICE, "that are", "Left and Right change it.", 0,
		verdict_choices[verdict], verdict_choices};
	*fill_item(f) = (struct form_item){FORM_TEXT, "newer than", "A duration: 90m, 24h, 30d.",
		20, initial(f, c->newer_s, true), NULL};
	*fill_item(f) = (struct form_item){FORM_TEXT, "older than", "A duration: 90m, 24h, 30d.",
		20, initial(f, c->older_s, true), NULL};
	*fill_item(f) = (struct form_item){FORM_TEXT, "larger than", "A size: 10MiB, 512k, 4096.",
		20, initial(f, c->larger, false), NULL};
	*fill_item(f) = (struct form_item){FORM_TEXT, "smaller than", "A size: 10MiB, 512k, 4096.",
		20, initial(f, c->smaller, false), NULL};
	f->text = "Fields that are left empty leave nothing out.";
	fill_open(f);
}

static void
criteria_text(const struct backups_screen *s, struct str *out)
{
	const struct stock_criteria *c = &s->stock.criteria;
	int percent = stock_percent(&s->stock);
	const struct {
		const char *name;
		int64_t value;
		void (*add)(struct str *out, int64_t value);
	} parts[] = {{"newer than", c->newer_s, text_duration},
		{"older than", c->older_s, text_duration}, {"larger than", c->larger, text_size},
		{"smaller than", c->smaller, text_size}};

	if (stock_chooses(c))
		str_add(out, "Only");
	if (c->set[0] != '\0')
		str_fmt(out, " of %s,", c->set);
	if (c->verdict >= 0)
		str_fmt(out, " %s,", verdict_word((enum verdict)c->verdict));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (parts[i].value < 0)
			continue;
		str_fmt(out, " %s ", parts[i].name);
		parts[i].add(out, parts[i].value);
		str_addc(out, ',');
	}
	if (out->len > 0)
		str_cut(out, out->len - 1);
	if (percent >= 0)
		str_fmt(out, "%slooking, %d%%", out->len > 0 ? "; " : "", percent);
	else if (stock_chooses(c))
		str_add(out, ". f changes that, Esc shows all.");
}

static void
draw(struct view *v, struct area a)
{
	struct backups_screen *s = (struct backups_screen *)v;
	CLEANUP(str_done) struct str text = STR_INIT(400);

	criteria_text(s, &text);
	if (text.len > 0)
		draw_field(area_top(&a, 1), 1, 0, -1, ROLE_ACCENT, str_text(&text), text.len, 0);
	list_screen_draw(v, a);
}

/* Actions */

static bool
selected(struct backups_screen *s)
{
	size_t row;

	return list_row(&s->base.list, &row) && read_row(s, row);
}

static void
open_row(struct list_screen *list, size_t row)
{
	struct backups_screen *s = (struct backups_screen *)list;

	if (read_row(s, row))
		app_push(list->view.app, backup_view(list->view.app, s->facts, &s->backup));
}

static void
verify_marked(struct backups_screen *s)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct app *app = s->base.view.app;
	size_t n = 0, marked = marks_count(&s->base.list.marks);

	for (size_t row = 0; row < count(s) && n < marked && n < CHECKS_MAX; row++) {
		if (!marks_has(&s->base.list.marks, identity(s, row)) || !read_row(s, row))
			continue;
		n += checks_add(&app->checks, catalog_id(&a, s->facts, &s->backup), LEVEL_INTACT);
	}
	marks_done(&s->base.list.marks);
	app_say(app, ROLE_ACCENT, "%zu backups are being verified, one after the other.", n);
}

static bool
act(struct view *v, enum action action)
{
	struct backups_screen *s = (struct backups_screen *)v;
	size_t row;

	switch (action) {
	case ACTION_ONLY: ask_criteria(s); return true;
	case ACTION_VERIFY:
		if (marks_count(&s->base.list.marks) > 0)
			verify_marked(s);
		else if (selected(s))
			backup_verify(v->app, s->facts, &s->backup, LEVEL_INTACT);
		return true;
	case ACTION_RESTORE:
		if (list_row(&s->base.list, &row))
			open_row(&s->base, row);
		return true;
	case ACTION_COPY:
		if (selected(s))
			backup_copy_text(v->app, s->facts, &s->backup);
		return true;
	case ACTION_BACK:
		if (!stock_chooses(&s->stock.criteria))
			return false;
		s->stock.criteria = (struct stock_criteria)STOCK_ANY;
		choose(s);
		return true;
	default: return false;
	}
}

static unsigned
event(struct view *v, const struct event *ev)
{
	unsigned answer = list_screen_event(v, ev);

	take_sort((struct backups_screen *)v);
	return answer;
}

static const char *
title(const struct view *v)
{
	const struct backups_screen *s = (const struct backups_screen *)v;

	return s->only;
}

static bool
work(struct view *v)
{
	struct backups_screen *s = (struct backups_screen *)v;
	bool choosing = s->stock.work != NULL;

	if (stock_step(&s->stock))
		return true;
	if (choosing) {
		s->has_row = false;
		list_refresh(&s->base.list);
	}
	return list_work(&s->base.list);
}

static void
changed(struct view *v, unsigned what)
{
	if (what & CHANGE_CATALOG)
		reload((struct backups_screen *)v);
}

static void
close_view(struct view *v)
{
	struct backups_screen *s = (struct backups_screen *)v;

	stock_done(&s->stock);
	free(s->only);
	list_screen_close(v);
}

static const struct view_ops ops = {.draw = draw,
	.event = event,
	.act = act,
	.contexts = list_screen_contexts,
	.offers = list_screen_offers,
	.title = title,
	.work = work,
	.changed = changed,
	.close = close_view};

static const struct list_screen_ops list_ops = {
	.contexts = CONTEXT_BACKUP | CONTEXT_BACKUPS, .copies = true, .open = open_row};

struct view *
backups_of_view(struct app *app, const char *set)
{
	struct backups_screen *s = util_alloc(sizeof(*s));

	s->only = set != NULL ? util_strdup(set) : NULL;
	memcpy(s->columns, columns, sizeof(columns));
	/* Of one set the names tell them apart; of all, the sets do. */
	if (set != NULL) {
		s->columns[NAME].priority = 0;
		s->columns[SET].priority = 9;
	}
	s->model = (struct list_model){.columns = s->columns,
		.ncolumns = COLUMNS,
		.empty = "There are no backups.",
		.count = count,
		.id = identity,
		.cell = cell,
		.match = match,
		.marks = true};
	stock_init(&s->stock);
	list_screen_init(&s->base, app, &ops, &list_ops, &s->model);
	stock_open(&s->stock, app->shelf.catalog, s->only, app->now);
	return &s->base.view;
}

struct view *
backups_view(struct app *app)
{
	return backups_of_view(app, NULL);
}

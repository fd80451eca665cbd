#include "base/banned.h"
#include "tui/view/backup.h"
#include "base/text.h"
#include "conf/json_read.h"
#include "tui/app.h"
#include "tui/view/confirm.h"
#include "tui/view/menu.h"
#include "tui/view/screens.h"
#include "tui/view/sheet.h"
#include "tui/view/verdicts.h"

struct backup_screen {
	struct view view;
	struct arena arena;
	const char *asset, *set, *id, *uri;
	struct backup backup;
	struct sheet sheet;
	struct menu menu;
	bool reading; /* the keys are the text's, not the menu's */
};

void
backup_verify(struct app *app, const struct set_facts *f, const struct backup *b, enum level level)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	if (checks_add(&app->checks, catalog_id(&a, f, b), level))
		app_say(app, ROLE_ACCENT, "%s is being verified in the background.", b->name);
	else
		app_say(app, ROLE_DIM, "It is being verified already.");
}

/* Copying */

static void
on_copy(struct confirm *c, bool accepted)
{
	if (accepted && c->view.app->stage != NULL)
		term_copy(stage_term(c->view.app->stage), c->arg, strlen(c->arg));
}

void
backup_copy_text(struct app *app, const struct set_facts *f, const struct backup *b)
{
	struct confirm *c = confirm_new(app, on_copy, NULL);

	c->arg = arena_strdup(&c->arena, catalog_id(&c->arena, f, b));
	c->spec.title = "To copy";
	confirm_fact(c, "id", c->arg, ROLE_TITLE);
	confirm_fact(c, "where", catalog_uri(&c->arena, f, b), ROLE_TITLE);
	c->spec.text = "Select it with the mouse, or let the terminal put the id into its "
		       "clipboard (OSC 52). Many terminals, and tmux without set-clipboard, "
		       "ignore that without a word: look whether it arrived.";
	c->spec.action = "Ask the terminal";
	confirm_open(c);
}

/* The sheet */

static const struct set_facts *
facts_of(const struct backup_screen *s)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct catalog *c = s->view.app->shelf.catalog;

	return c != NULL ? catalog_find_set(c, arena_fmt(&a, "%s/%s", s->asset, s->set)) : NULL;
}

static void
write_state(struct sheet *t, const struct backup_screen *s, const struct set_facts *f)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	const struct backup *b = &s->backup;
	const char *why;
	enum verdict v =
		board_backup_verdict(&a, s->view.app->shelf.catalog, f, b, s->view.app->now, &why);

	sheet_fact(t, verdict_word(v), verdict_role(v),
		why != NULL ? why : "nothing is known against it");
	verdict_time_long(&text, b->finished_at);
	if (b->finished_at != CLOCK_NONE) {
		str_add(&text, ", ");
		verdict_ago(&text, b->finished_at, s->view.app->now);
	}
	str_add(&text, b->time_from == TIME_INSIDE ? ", as it says itself"
		       : b->time_from == TIME_NAME ? ", by its name"
						   : ", by its modification time");
	sheet_fact(t, "time", ROLE_TEXT, str_text(&text));
	str_cut(&text, 0);
	text_size(&text, b->size);
	str_fmt(&text, " (%lld bytes)%s", (long long)b->size,
		b->directory ? ", a directory of files" : "");
	sheet_fact(t, "size", ROLE_TEXT, str_text(&text));
	sheet_fact(t, "where", ROLE_TEXT, s->uri);
	sheet_fact(t, "type", ROLE_TEXT, set_type_names[f->type]);
	if (b->note[0] != '\0')
		sheet_fact(t, "note", ROLE_TEXT, b->note);
}

static void
write_proofs(struct sheet *t, const struct backup_screen *s, const struct set_facts *f)
{
	const struct proofs *all = catalog_proofs(s->view.app->shelf.catalog, f);
	const struct backup_check *check = checks_find(&s->view.app->checks, s->id);
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	const struct proof *p;
	bool any = false;

	sheet_heading(t, "What was proven");
	if (check != NULL) {
		checks_text(&text, check);
		sheet_fact(t, "just now",
			check->state != CHECK_OVER    ? ROLE_ACCENT
			: check->result == PROOF_PASS ? ROLE_OK
						      : ROLE_ERROR,
			str_text(&text));
		any = true;
	}
	vec_each (&all->list, p) {
		if (strcmp(p->backup + strlen(all->prefix), s->backup.name) != 0)
			continue;
		any = true;
		str_cut(&text, 0);
		str_fmt(&text, "%s: %s, by %s", level_names[p->level],
			proof_result_names[p->result], p->by);
		if (p->size != s->backup.size || p->mtime != s->backup.mtime)
			str_add(&text, " (but it was changed since, so this counts no more)");
		sheet_fact(t, "", p->result == PROOF_PASS ? ROLE_OK : ROLE_ERROR, str_text(&text));
		str_cut(&text, 0);
		verdict_time_long(&text, p->at);
		sheet_fact(t, "", ROLE_DIM, str_text(&text));
	}
	if (!any)
		sheet_text(t, ROLE_DIM, 0, "Nothing yet. v reads all of it and says.");
}

/* What is inside, as the collector found it. */
static void
write_contents(struct sheet *t, const struct backup_screen *s)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free)
	cJSON *detail = json_parse(s->backup.detail, strlen(s->backup.detail), &err);
	const cJSON *it;

	if (!cJSON_IsObject(detail) || detail->child == NULL)
		return;
	sheet_heading(t, "What is inside");
	cJSON_ArrayForEach(it, detail)
	{
		CLEANUP(str_done) struct str text = STR_INIT(64 * KIB), name = STR_INIT(100);

		if (cJSON_IsString(it))
			str_add(&text, it->valuestring);
		else
			json_print(&text, it);
		for (const char *p = it->string; *p != '\0'; p++)
			str_addc(&name, *p == '_' ? ' ' : *p);
		sheet_fact(t, str_text(&name), ROLE_TEXT, str_text(&text));
	}
}

static void
write_sheet(struct sheet *t, void *arg)
{
	const struct backup_screen *s = arg;
	const struct set_facts *f = facts_of(s);

	sheet_text(t, ROLE_TITLE, 0, s->id);
	if (f == NULL) {
		sheet_text(t, ROLE_LATE, 0, "Its set is no longer in the site file.");
		return;
	}
	write_state(t, s, f);
	write_proofs(t, s, f);
	write_contents(t, s);
}

static void
load_menu(struct backup_screen *s)
{
	const struct set_facts *f = facts_of(s);

	menu_clear(&s->menu);
	if (f != NULL) {
		menu_runbooks(&s->menu, &s->view.app->library, s->asset, s->set, f->type, true);
		menu_action(&s->menu, ACTION_VERIFY,
			"Read all of it and prove it intact, in the background");
	}
	menu_ready(&s->menu);
}

static void
draw(struct view *v, struct area a)
{
	struct backup_screen *s = (struct backup_screen *)v;
	int menu = MIN(MAX((int)s->menu.items.n, 1) + 2, MAX(a.h / 3, 4));
	bool focus = v->app->over == NULL;
	struct area foot = area_bottom(&a, menu);

	sheet_draw(&s->sheet, a, focus && s->reading);
	menu_draw(&s->menu, foot, focus && !s->reading);
}

static void
open_item(struct backup_screen *s, const struct menu_item *it)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct app *app = s->view.app;
	const char *set;

	if (it == NULL)
		return;
	if (it->runbook != NULL) {
		set = arena_fmt(&a, "%s=%s", it->parameter, s->id);
		app_push(app, runbook_view(app, it->runbook->name, &set, 1));
	} else if (app_allows(app, it->action)) {
		s->view.ops->act(&s->view, it->action);
	} else {
		app_say(app, ROLE_LATE, "Not here: this console is read-only.");
	}
}

static bool
act(struct view *v, enum action action)
{
	struct backup_screen *s = (struct backup_screen *)v;
	const struct set_facts *f = facts_of(s);

	switch (action) {
	case ACTION_VERIFY:
		if (f != NULL)
			backup_verify(v->app, f, &s->backup, LEVEL_INTACT);
		s->sheet.stale = true;
		return true;
	case ACTION_COPY:
		if (f != NULL)
			backup_copy_text(v->app, f, &s->backup);
		return true;
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
	struct backup_screen *s = (struct backup_screen *)v;
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
	const struct backup_screen *s = (const struct backup_screen *)v;

	if (s->menu.list.typing || s->sheet.pager.typing)
		return CONTEXT_FORM | CONTEXT_FIELD;
	return CONTEXT_BACKUP | (s->reading ? CONTEXT_PAGER : CONTEXT_LIST);
}

static bool
offers(const struct view *v, enum action action)
{
	return list_offers(&((const struct backup_screen *)v)->menu.list, action) &&
	       action != ACTION_FILTER;
}

static const char *
title(const struct view *v)
{
	return ((const struct backup_screen *)v)->backup.name;
}

static bool
work(struct view *v)
{
	struct backup_screen *s = (struct backup_screen *)v;

	return list_work(&s->menu.list) || pager_work(&s->sheet.pager);
}

static void
changed(struct view *v, unsigned what)
{
	struct backup_screen *s = (struct backup_screen *)v;

	s->sheet.stale = true;
	if (what & (CHANGE_CATALOG | CHANGE_LIBRARY))
		load_menu(s);
}

static void
close_view(struct view *v)
{
	struct backup_screen *s = (struct backup_screen *)v;

	sheet_done(&s->sheet);
	menu_done(&s->menu);
	arena_done(&s->arena);
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
backup_view(struct app *app, const struct set_facts *f, const struct backup *b)
{
	struct backup_screen *s = util_alloc(sizeof(*s));

	s->view = (struct view){.ops = &ops, .app = app};
	s->asset = arena_strdup(&s->arena, f->asset);
	s->set = arena_strdup(&s->arena, f->set);
	s->id = catalog_id(&s->arena, f, b);
	s->uri = catalog_uri(&s->arena, f, b);
	backup_copy(&s->arena, &s->backup, b);
	sheet_init(&s->sheet, write_sheet, s);
	menu_init(&s->menu);
	load_menu(s);
	return &s->view;
}

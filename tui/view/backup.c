#include "base/banned.h"
#include "tui/view/backup.h"
#include "base/text.h"
#include "conf/json_read.h"
#include "tui/app.h"
#include "tui/view/confirm.h"
#include "tui/view/menu_screen.h"
#include "tui/view/screens.h"
#include "tui/view/verdicts.h"

struct backup_screen {
	struct menu_screen base;
	struct arena arena;
	const char *asset, *set, *id, *uri;
	struct backup backup;
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
	struct catalog *c = s->base.view.app->shelf.catalog;

	return c != NULL ? catalog_find_set(c, arena_fmt(&a, "%s/%s", s->asset, s->set)) : NULL;
}

static void
write_state(struct sheet *t, const struct backup_screen *s, const struct set_facts *f)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	const struct backup *b = &s->backup;
	const char *why;
	enum verdict v = board_backup_verdict(
		&a, s->base.view.app->shelf.catalog, f, b, s->base.view.app->now, &why);

	sheet_fact(t, verdict_word(v), verdict_role(v),
		why != NULL ? why : "nothing is known against it");
	verdict_time_long(&text, b->finished_at);
	if (b->finished_at != CLOCK_NONE) {
		str_add(&text, ", ");
		verdict_ago(&text, b->finished_at, s->base.view.app->now);
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
	const struct proofs *all = catalog_proofs(s->base.view.app->shelf.catalog, f);
	const struct backup_check *check = checks_find(&s->base.view.app->checks, s->id);
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
load(struct menu_screen *base)
{
	const struct backup_screen *s = (const struct backup_screen *)base;
	const struct set_facts *f = facts_of(s);

	if (f == NULL)
		return;
	menu_runbooks(&base->menu, &base->view.app->library, s->asset, s->set, f->type, true);
	menu_action(&base->menu, ACTION_VERIFY,
		"Read all of it and prove it intact, in the background");
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
		s->base.sheet.stale = true;
		return true;
	case ACTION_COPY:
		if (f != NULL)
			backup_copy_text(v->app, f, &s->backup);
		return true;
	default: return menu_screen_act(v, action);
	}
}

static bool
offers(const struct view *v, enum action action)
{
	return menu_screen_offers(v, action) && action != ACTION_FILTER;
}

static const char *
title(const struct view *v)
{
	return ((const struct backup_screen *)v)->backup.name;
}

static void
close_view(struct view *v)
{
	arena_done(&((struct backup_screen *)v)->arena);
	menu_screen_close(v);
}

static const struct view_ops ops = {.draw = menu_screen_draw,
	.event = menu_screen_event,
	.act = act,
	.contexts = menu_screen_contexts,
	.offers = offers,
	.title = title,
	.work = menu_screen_work,
	.changed = menu_screen_changed,
	.close = close_view};

static const struct menu_screen_ops menu_ops = {
	.contexts = CONTEXT_BACKUP, .write = write_sheet, .load = load};

struct view *
backup_view(struct app *app, const struct set_facts *f, const struct backup *b)
{
	struct backup_screen *s = util_alloc(sizeof(*s));

	s->asset = arena_strdup(&s->arena, f->asset);
	s->set = arena_strdup(&s->arena, f->set);
	s->id = catalog_id(&s->arena, f, b);
	s->uri = catalog_uri(&s->arena, f, b);
	backup_copy(&s->arena, &s->backup, b);
	menu_screen_init(&s->base, app, &ops, &menu_ops, s->id);
	return &s->base.view;
}

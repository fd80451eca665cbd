#include "base/banned.h"
#include "tui/view/menu_screen.h"
#include "tui/app.h"
#include "tui/view/screens.h"

#define BETWEEN_MIN 4 /* rows below which nothing is drawn between sheet and menu */

static void
load(struct menu_screen *s)
{
	menu_clear(&s->menu);
	s->ops->load(s);
	menu_ready(&s->menu);
}

void
menu_screen_init(struct menu_screen *s, struct app *app, const struct view_ops *view,
	const struct menu_screen_ops *ops, const char *id)
{
	s->view = (struct view){.ops = view, .app = app};
	s->ops = ops;
	s->id = id;
	sheet_init(&s->sheet, ops->write, s);
	menu_init(&s->menu);
	load(s);
}

void
menu_screen_draw(struct view *v, struct area a)
{
	struct menu_screen *s = (struct menu_screen *)v;
	int rows = MIN(MAX((int)s->menu.items.n, 1) + 2, MAX(a.h / 3, 4)), left;
	struct area foot = area_bottom(&a, rows);
	bool focus = v->app->over == NULL;

	left = a.h - MIN(sheet_rows(&s->sheet, a.w), a.h);
	if (s->ops->between != NULL && left >= BETWEEN_MIN)
		s->ops->between(s, area_bottom(&a, left));
	sheet_draw(&s->sheet, a, focus && s->reading);
	menu_draw(&s->menu, foot, focus && !s->reading);
}

static void
open_item(struct menu_screen *s, const struct menu_item *it)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct app *app = s->view.app;
	const char *set;

	if (it->runbook != NULL) {
		set = arena_fmt(&a, "%s=%s", it->parameter, s->id);
		app_push(app, runbook_view(app, it->runbook->name, &set, 1));
	} else if (app_allows(app, it->action)) {
		s->view.ops->act(&s->view, it->action);
	} else {
		app_say(app, ROLE_LATE, "Not here: this console is read-only.");
	}
}

unsigned
menu_screen_event(struct view *v, const struct event *ev)
{
	struct menu_screen *s = (struct menu_screen *)v;
	const struct menu_item *it;
	unsigned answer;

	if (s->reading)
		return sheet_event(&s->sheet, ev);
	answer = menu_event(&s->menu, ev);
	if (answer & ANSWER_CHOSEN && (it = menu_item(&s->menu)) != NULL)
		open_item(s, it);
	return answer;
}

bool
menu_screen_act(struct view *v, enum action action)
{
	struct menu_screen *s = (struct menu_screen *)v;

	switch (action) {
	case ACTION_RESTORE:
		s->reading = false;
		menu_prefer(&s->menu, LIBRARY_RESTORES);
		return true;
	case ACTION_NEXT_PANE:
	case ACTION_PREVIOUS_PANE: s->reading = !s->reading; return true;
	default: return false;
	}
}

unsigned
menu_screen_contexts(const struct view *v)
{
	const struct menu_screen *s = (const struct menu_screen *)v;

	if (s->menu.list.typing || s->sheet.pager.typing)
		return CONTEXT_FORM | CONTEXT_FIELD;
	return s->ops->contexts | (s->reading ? CONTEXT_PAGER : CONTEXT_LIST);
}

bool
menu_screen_offers(const struct view *v, enum action action)
{
	return list_offers(&((const struct menu_screen *)v)->menu.list, action);
}

bool
menu_screen_work(struct view *v)
{
	struct menu_screen *s = (struct menu_screen *)v;

	return list_work(&s->menu.list) || pager_work(&s->sheet.pager);
}

void
menu_screen_changed(struct view *v, unsigned what)
{
	struct menu_screen *s = (struct menu_screen *)v;

	s->sheet.stale = true;
	if (what & (CHANGE_CATALOG | CHANGE_LIBRARY))
		load(s);
}

void
menu_screen_close(struct view *v)
{
	struct menu_screen *s = (struct menu_screen *)v;

	sheet_done(&s->sheet);
	menu_done(&s->menu);
	free(s);
}

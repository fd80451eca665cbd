#include "base/banned.h"
#include "tui/view/sheet_screen.h"
#include "tui/app.h"

void
sheet_screen_init(struct sheet_screen *s, struct app *app, const struct view_ops *view,
	void (*write)(struct sheet *t, void *screen))
{
	s->view = (struct view){.ops = view, .app = app};
	sheet_init(&s->sheet, write, s);
}

void
sheet_screen_draw(struct view *v, struct area a)
{
	sheet_draw(&((struct sheet_screen *)v)->sheet, a, v->app->over == NULL);
}

unsigned
sheet_screen_event(struct view *v, const struct event *ev)
{
	return sheet_event(&((struct sheet_screen *)v)->sheet, ev);
}

unsigned
sheet_screen_contexts(const struct view *v)
{
	const struct sheet_screen *s = (const struct sheet_screen *)v;

	return s->sheet.pager.typing ? CONTEXT_FORM | CONTEXT_FIELD : CONTEXT_PAGER | s->contexts;
}

bool
sheet_screen_offers(const struct view *v, enum action action)
{
	return action != ACTION_FOLLOW && action != ACTION_WRAP && action != ACTION_COPY;
}

const char *
sheet_screen_title(const struct view *v)
{
	return ((const struct sheet_screen *)v)->title;
}

bool
sheet_screen_work(struct view *v)
{
	return pager_work(&((struct sheet_screen *)v)->sheet.pager);
}

void
sheet_screen_close(struct view *v)
{
	sheet_done(&((struct sheet_screen *)v)->sheet);
	free(v);
}

#include "base/banned.h"
#include "tui/view/assist.h"
#include "tui/app.h"
#include "tui/help.h"
#include "tui/palette.h"

struct help_view {
	struct view view;
	struct help help;
};

static void
help_view_draw(struct view *v, struct area a)
{
	help_draw(&((struct help_view *)v)->help, a);
}

static unsigned
help_view_event(struct view *v, const struct event *ev)
{
	unsigned answer = help_event(&((struct help_view *)v)->help, ev);

	if (answer & ANSWER_CANCELLED)
		app_close(v->app, v);
	return answer;
}

static unsigned
help_view_contexts(const struct view *v)
{
	return ((const struct help_view *)v)->help.list.typing ? CONTEXT_FORM | CONTEXT_FIELD
							       : CONTEXT_LIST;
}

static void
help_view_close(struct view *v)
{
	help_done(&((struct help_view *)v)->help);
	free(v);
}

static const struct view_ops help_ops = {.draw = help_view_draw,
	.event = help_view_event,
	.contexts = help_view_contexts,
	.close = help_view_close};

void
assist_help(struct app *app, const struct keybar *bar)
{
	struct help_view *h = util_alloc(sizeof(*h));

	h->view = (struct view){.ops = &help_ops, .app = app};
	help_open(&h->help, bar);
	app_over(app, &h->view);
}

struct palette_view {
	struct view view;
	struct palette palette;
	struct keybar bar;
	void (*chosen)(struct app *app, enum action action, const char *argument);
};

static const char *const *
complete(void *arg, const char *what)
{
	const struct app *app = arg;

	return strcmp(what, "theme") == 0 ? app->themes : NULL;
}

static void
palette_view_draw(struct view *v, struct area a)
{
	palette_draw(&((struct palette_view *)v)->palette, a);
}

static unsigned
palette_view_event(struct view *v, const struct event *ev)
{
	struct palette_view *p = (struct palette_view *)v;
	unsigned answer = palette_event(&p->palette, ev);
	const char *argument = "";
	enum action action;

	if (!(answer & (ANSWER_ACCEPTED | ANSWER_CANCELLED)))
		return answer;
	app_close(v->app, v);
	action = answer & ANSWER_ACCEPTED ? palette_choice(&p->palette, &argument) : ACTION_NONE;
	if (action != ACTION_NONE)
		p->chosen(v->app, action, argument);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
palette_view_contexts(const struct view *v)
{
	return CONTEXT_FORM | CONTEXT_FIELD;
}

static void
palette_view_close(struct view *v)
{
	palette_done(&((struct palette_view *)v)->palette);
	free(v);
}

static const struct view_ops palette_ops = {.draw = palette_view_draw,
	.event = palette_view_event,
	.contexts = palette_view_contexts,
	.close = palette_view_close};

void
assist_palette(struct app *app, const struct keybar *bar,
	void (*chosen)(struct app *app, enum action action, const char *argument))
{
	struct palette_view *p = util_alloc(sizeof(*p));

	p->view = (struct view){.ops = &palette_ops, .app = app};
	p->bar = *bar;
	p->chosen = chosen;
	palette_open(&p->palette, &p->bar, complete, app);
	app_over(app, &p->view);
}

#include "base/banned.h"
#include "tui/view/fill.h"
#include "tui/app.h"

static void
draw(struct view *v, struct area a)
{
	struct fill *f = (struct fill *)v;

	form_draw(&f->form, a);
}

static unsigned
event(struct view *v, const struct event *ev)
{
	struct fill *f = (struct fill *)v;
	unsigned answer = form_event(&f->form, ev);

	if (answer & ANSWER_CHOSEN && f->picked != NULL)
		f->picked(f, f->form.focus);
	if (answer & ANSWER_CHANGED && f->changed != NULL)
		f->changed(f);
	if (answer & (ANSWER_ACCEPTED | ANSWER_CANCELLED)) {
		app_close(v->app, v);
		f->done(f, answer & ANSWER_ACCEPTED);
	}
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
contexts(const struct view *v)
{
	const struct fill *f = (const struct fill *)v;
	const struct form *form = &f->form;
	bool typed = form->focus < form->n && (form->items[form->focus].kind == FORM_TEXT ||
						      form->items[form->focus].kind == FORM_SECRET);

	return CONTEXT_FORM | (typed ? CONTEXT_FIELD : 0);
}

static void
close_view(struct view *v)
{
	struct fill *f = (struct fill *)v;

	form_done(&f->form);
	arena_done(&f->arena);
	free(f);
}

static const struct view_ops ops = {
	.draw = draw, .event = event, .contexts = contexts, .close = close_view};

struct fill *
fill_new(struct app *app, const char *title, const char *action,
	void (*done)(struct fill *f, bool accepted), void *arg)
{
	struct fill *f = util_alloc(sizeof(*f));

	f->view = (struct view){.ops = &ops, .app = app};
	f->arena.wipe = true; /* initial values may be */
	f->title = arena_strdup(&f->arena, title);
	f->action = arena_strdup(&f->arena, action);
	f->done = done;
	f->arg = arg;
	return f;
}

struct form_item *
fill_item(struct fill *f)
{
	return vec_push(&f->arena, &f->items);
}

static bool
check(struct form *form, void *arg)
{
	struct fill *f = arg;

	return f->check == NULL || f->check(f);
}

void
fill_open(struct fill *f)
{
	form_init(&f->form, f->title, f->action, f->items.v, f->items.n);
	f->form.text = f->text;
	f->form.check = check;
	f->form.arg = f;
	app_over(f->view.app, &f->view);
}

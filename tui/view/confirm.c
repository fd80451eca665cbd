#include "base/banned.h"
#include "tui/view/confirm.h"
#include "base/clock.h"
#include "tui/app.h"

static void
draw(struct view *v, struct area a)
{
	struct confirm *c = (struct confirm *)v;

	dialog_draw(&c->dialog, a);
}

static unsigned
event(struct view *v, const struct event *ev)
{
	struct confirm *c = (struct confirm *)v;
	unsigned answer = dialog_event(&c->dialog, ev);

	if (!(answer & (ANSWER_ACCEPTED | ANSWER_CANCELLED)))
		return answer;
	app_close(v->app, v);
	if (c->done != NULL)
		c->done(c, answer & ANSWER_ACCEPTED);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
contexts(const struct view *v)
{
	const struct confirm *c = (const struct confirm *)v;

	return CONTEXT_FORM | (c->dialog.focus == DIALOG_FIELD ? CONTEXT_FIELD : 0);
}

static void
close_view(struct view *v)
{
	struct confirm *c = (struct confirm *)v;

	dialog_done(&c->dialog);
	arena_done(&c->arena);
	free(c);
}

static const struct view_ops ops = {
	.draw = draw, .event = event, .contexts = contexts, .close = close_view};

struct confirm *
confirm_new(struct app *app, void (*done)(struct confirm *c, bool accepted), void *arg)
{
	struct confirm *c = util_alloc(sizeof(*c));

	c->view = (struct view){.ops = &ops, .app = app};
	c->done = done;
	c->arg = arg;
	return c;
}

void
confirm_fact(struct confirm *c, const char *name, const char *value, unsigned style)
{
	if (value == NULL)
		return;
	*vec_push(&c->arena, &c->facts) = (struct dialog_fact){
		arena_strdup(&c->arena, name), arena_strdup(&c->arena, value), style};
}

void
confirm_open(struct confirm *c)
{
	c->spec.facts = c->facts.v;
	c->spec.nfacts = c->facts.n;
	app_over(c->view.app, &c->view);
	dialog_open(&c->dialog, &c->spec, clock_mono_ms());
}

void
confirm_message(struct app *app, const char *title, const char *text)
{
	struct confirm *c = confirm_new(app, NULL, NULL);

	c->spec.title = arena_strdup(&c->arena, title);
	c->spec.text = arena_strdup(&c->arena, text);
	confirm_open(c);
}

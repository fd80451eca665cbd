#include "base/banned.h"
#include "tui/app.h"
#include "tui/view/screens.h"
static void
draw(struct view *v, struct area a)
{
	draw_text(a, 1, 1, 0, "run");
}
static unsigned
event(struct view *v, const struct event *ev)
{
	return 0;
}
static unsigned
contexts(const struct view *v)
{
	return 0;
}
static void
close_view(struct view *v)
{
	free(v);
}
static const struct view_ops ops = {
	.draw = draw, .event = event, .contexts = contexts, .close = close_view};
struct view *
run_view(struct app *app)
{
	struct view *v = util_alloc(sizeof(*v));
	*v = (struct view){.ops = &ops, .app = app};
	return v;
}

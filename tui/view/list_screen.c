#include "base/banned.h"
#include "tui/view/list_screen.h"
#include "tui/app.h"

void
list_screen_init(struct list_screen *s, struct app *app, const struct view_ops *view,
	const struct list_screen_ops *ops, const struct list_model *model)
{
	s->view = (struct view){.ops = view, .app = app};
	s->ops = ops;
	list_init(&s->list, model, s);
}

void
list_screen_refresh(struct list_screen *s)
{
	list_refresh(&s->list);
	/* A short list is filtered before anybody sees it half done. */
	if (list_work(&s->list))
		app_work(s->view.app);
}

void
list_screen_draw(struct view *v, struct area a)
{
	struct list_screen *s = (struct list_screen *)v;
	bool any = s->list.model->count(s) > 0 && s->ops->foot != NULL;
	struct area foot = area_bottom(&a, any && a.h >= s->ops->foot_from ? s->ops->foot_rows : 0);
	size_t row;

	/* The list first: it is what says which row is selected. */
	list_draw(&s->list, a, v->app->over == NULL);
	if (foot.h == 0)
		return;
	draw_hline(foot, 0, ROLE_BORDER);
	if (list_row(&s->list, &row))
		s->ops->foot(s, row, foot);
}

unsigned
list_screen_event(struct view *v, const struct event *ev)
{
	struct list_screen *s = (struct list_screen *)v;
	unsigned answer = list_event(&s->list, ev);
	size_t row;

	if (answer & ANSWER_CHOSEN && list_row(&s->list, &row))
		s->ops->open(s, row);
	return answer;
}

unsigned
list_screen_contexts(const struct view *v)
{
	const struct list_screen *s = (const struct list_screen *)v;

	return s->list.typing ? CONTEXT_FORM | CONTEXT_FIELD : CONTEXT_LIST | s->ops->contexts;
}

bool
list_screen_offers(const struct view *v, enum action action)
{
	const struct list_screen *s = (const struct list_screen *)v;

	return list_offers(&s->list, action) && (action != ACTION_COPY || s->ops->copies);
}

bool
list_screen_work(struct view *v)
{
	return list_work(&((struct list_screen *)v)->list);
}

void
list_screen_close(struct view *v)
{
	list_done(&((struct list_screen *)v)->list);
	free(v);
}

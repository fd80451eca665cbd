#include "base/banned.h"
#include "tui/view/pick.h"
#include "base/clock.h"
#include "tui/app.h"
#include "tui/draw/dialog.h"

#define WIDTH_MAX 76

static size_t
count(void *arg)
{
	const struct pick *p = arg;

	return p->rows.n;
}

static uint64_t
identity(void *arg, size_t row)
{
	return row + 1;
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	const struct pick *p = arg;
	const struct pick_row *r = &p->rows.v[row];

	if (r->cells[column] != NULL)
		str_add(out, r->cells[column]);
	return column == 0 ? r->style : ROLE_TEXT;
}

static void
draw_text_part(struct pick *p, struct area a)
{
	int y = -p->scroll;

	if (p->mark != NULL) {
		draw_fmt(a, 0, y, p->mark_style, " %s ", p->mark);
		y += 2;
	}
	if (p->text != NULL)
		draw_wrapped(a, y, p->text_style, p->text);
	if (p->scroll + p->text_page < p->text_rows && a.h > 0)
		draw_text(area_cut(a, 0, a.h - 1, a.w, 1), MAX(a.w - 24, 0), 0, ROLE_DIM,
			" Shift-Tab shows the rest");
}

static void
draw(struct view *v, struct area a)
{
	struct pick *p = (struct pick *)v;
	int width = MIN(a.w, p->width > 0 ? p->width : WIDTH_MAX), rows = (int)p->rows.n + 2;
	struct area box, text;

	p->text_rows = (p->mark != NULL ? 2 : 0) +
		       (p->text != NULL ? draw_wrapped_rows(width - 4, p->text, a.c->ascii) : 0);
	box = draw_modal(a, width, MIN(p->text_rows + 1 + rows + 2, a.h), ROLE_BORDER, p->title);
	text = area_cut(box, 1, 0, box.w - 2, box.h);
	/* The rows come first; the text takes what is left and can be scrolled. */
	p->text_page = MIN(p->text_rows, MAX(box.h - MIN(rows, 8) - 1, 1));
	if (p->text_rows > 0) {
		text = area_cut(text, 0, 0, text.w, p->text_page);
		area_top(&box, p->text_page + (box.h > p->text_page + 3));
		draw_text_part(p, text);
	}
	list_draw(&p->list, box, true);
}

static unsigned
scroll(struct pick *p)
{
	p->scroll = p->scroll + p->text_page >= p->text_rows ? 0 : p->scroll + MAX(p->text_page, 1);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
leave(struct pick *p, const struct pick_row *row)
{
	app_close(p->view.app, &p->view);
	p->done(p, row);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
event(struct view *v, const struct event *ev)
{
	struct pick *p = (struct pick *)v;
	enum action action;
	unsigned answer;
	size_t row;

	if (p->deaf && ev->at_ms - v->opened_ms < DIALOG_DEAF_MS)
		return ANSWER_HANDLED;
	answer = list_event(&p->list, ev);
	if (answer & ANSWER_CHOSEN && list_row(&p->list, &row))
		return leave(p, &p->rows.v[row]);
	if (answer != ANSWER_IGNORED || ev->type != EVENT_KEY)
		return answer | ANSWER_HANDLED;
	action = keys_find(CONTEXT_GLOBAL | CONTEXT_FORM, ev->key);
	if (action == ACTION_BACK || action == ACTION_CANCEL || action == ACTION_INTERRUPT)
		return leave(p, NULL);
	if (action == ACTION_PREVIOUS_PANE || action == ACTION_FIELD_PREVIOUS)
		return scroll(p);
	return ANSWER_HANDLED;
}

static unsigned
contexts(const struct view *v)
{
	const struct pick *p = (const struct pick *)v;

	return CONTEXT_FORM | (p->list.typing ? CONTEXT_FIELD : CONTEXT_LIST);
}

static bool
offers(const struct view *v, enum action action)
{
	const struct pick *p = (const struct pick *)v;

	if (p->list.typing)
		return action != ACTION_FIELD_NEXT && action != ACTION_PRESS;
	return action == ACTION_OPEN || action == ACTION_FILTER || action == ACTION_CANCEL;
}

static bool
work(struct view *v)
{
	struct pick *p = (struct pick *)v;

	return list_work(&p->list);
}

static void
close_view(struct view *v)
{
	struct pick *p = (struct pick *)v;

	list_done(&p->list);
	arena_done(&p->arena);
	free(p);
}

static const struct view_ops ops = {.draw = draw,
	.event = event,
	.contexts = contexts,
	.offers = offers,
	.work = work,
	.close = close_view};

struct pick *
pick_new(struct app *app, const char *title,
	void (*done)(struct pick *p, const struct pick_row *row), void *arg)
{
	struct pick *p = util_alloc(sizeof(*p));

	p->view = (struct view){.ops = &ops, .app = app};
	p->title = arena_strdup(&p->arena, title);
	p->model = (struct list_model){.columns = p->columns,
		.empty = "There is nothing to choose from.",
		.count = count,
		.id = identity,
		.cell = cell};
	p->done = done;
	p->arg = arg;
	return p;
}

void
pick_column(struct pick *p, struct list_column column)
{
	p->columns[p->model.ncolumns++] = column;
}

struct pick_row *
pick_row(struct pick *p)
{
	return vec_push(&p->arena, &p->rows);
}

void
pick_open(struct pick *p)
{
	list_init(&p->list, &p->model, p);
	app_over(p->view.app, &p->view);
}

void
pick_select(struct pick *p, size_t row)
{
	list_select(&p->list, row + 1);
}

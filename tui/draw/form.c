#include "base/banned.h"
#include "tui/draw/form.h"
#include "tui/draw/width.h"
#include "tui/keys.h"

#define WIDTH_MAX 76
#define TEXT_MAX  1000

static bool
is_typed(const struct form_item *item)
{
	return item->kind == FORM_TEXT || item->kind == FORM_SECRET;
}

void
form_init(struct form *f, const char *title, const char *action, const struct form_item *items,
	size_t n)
{
	*f = (struct form){.title = title, .action = action, .items = items, .n = n};
	f->values = util_alloc(n * sizeof(*f->values));
	for (size_t i = 0; i < n; i++) {
		const struct form_item *item = &items[i];

		if (!is_typed(item))
			continue;
		entry_init(&f->values[i].field, item->max > 0 ? item->max : TEXT_MAX,
			item->kind == FORM_SECRET);
		if (item->initial != NULL)
			entry_set(&f->values[i].field, item->initial);
	}
	for (size_t i = 0; i < n; i++)
		for (size_t c = 0; items[i].kind == FORM_CHOICE && items[i].choices[c] != NULL; c++)
			if (util_streq(items[i].choices[c], items[i].initial))
				f->values[i].choice = c;
	for (size_t i = 0; i < n; i++)
		if (items[i].kind == FORM_PICK)
			f->values[i].shown = items[i].initial;
}

void
form_done(struct form *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (is_typed(&f->items[i]))
			entry_done(&f->values[i].field);
	free(f->values);
	f->values = NULL;
	f->n = 0;
}

const char *
form_text(struct form *f, size_t item)
{
	if (f->items[item].kind == FORM_CHOICE)
		return f->items[item].choices[f->values[item].choice];
	if (f->items[item].kind == FORM_PICK)
		return f->values[item].shown != NULL ? f->values[item].shown : "";
	return entry_text(&f->values[item].field);
}

static unsigned
move_focus(struct form *f, bool forwards)
{
	f->focus = (f->focus + (forwards ? 1 : f->n + 1)) % (f->n + 2);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
accept(struct form *f)
{
	if (f->check == NULL || f->check(f, f->arg))
		return ANSWER_HANDLED | ANSWER_ACCEPTED;
	for (size_t i = f->n; i > 0; i--)
		if (f->values[i - 1].error != NULL)
			f->focus = i - 1;
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
change(struct form *f, bool forwards)
{
	struct form_value *value = &f->values[f->focus];
	size_t n = 0;

	switch (f->items[f->focus].kind) {
	case FORM_CHECK: value->checked = !value->checked; break;
	case FORM_CHOICE:
		while (f->items[f->focus].choices[n] != NULL)
			n++;
		if (n == 0)
			return ANSWER_HANDLED;
		value->choice = (value->choice + (forwards ? 1 : n - 1)) % n;
		break;
	case FORM_PICK: value->error = NULL; return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHOSEN;
	default: return ANSWER_HANDLED;
	}
	value->error = NULL;
	return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
}

static unsigned
field_input(struct form *f, const struct event *ev)
{
	unsigned answer;

	if (f->focus >= f->n || !is_typed(&f->items[f->focus]))
		return ANSWER_IGNORED;
	answer = entry_event(&f->values[f->focus].field, ev);
	if (answer & ANSWER_CHANGED)
		f->values[f->focus].error = NULL;
	return answer;
}

unsigned
form_event(struct form *f, const struct event *ev)
{
	unsigned answer = field_input(f, ev);

	if (answer != ANSWER_IGNORED || ev->type != EVENT_KEY)
		return answer | ANSWER_HANDLED;
	switch (keys_find(CONTEXT_FORM, ev->key)) {
	case ACTION_CANCEL: return ANSWER_HANDLED | ANSWER_CANCELLED;
	case ACTION_FIELD_NEXT: return move_focus(f, true);
	case ACTION_FIELD_PREVIOUS: return move_focus(f, false);
	case ACTION_VALUE_NEXT: return f->focus < f->n ? change(f, true) : move_focus(f, true);
	case ACTION_VALUE_PREVIOUS:
		return f->focus < f->n ? change(f, false) : move_focus(f, false);
	case ACTION_PRESS:
		if (f->focus < f->n)
			return change(f, true);
		/* fall through */
	case ACTION_SUBMIT:
		if (f->focus == f->n)
			return accept(f);
		if (f->focus > f->n)
			return ANSWER_HANDLED | ANSWER_CANCELLED;
		if (f->items[f->focus].kind == FORM_PICK)
			return change(f, true);
		return move_focus(f, true);
	default: return ANSWER_HANDLED;
	}
}

static int
labels_width(const struct form *f, int most)
{
	size_t width = 0;

	for (size_t i = 0; i < f->n; i++)
		width = MAX(width,
			width_text(f->items[i].label, strlen(f->items[i].label), 0, CANVAS_MAX));
	return MIN((int)width + 2, most);
}

static void
draw_value(struct form *f, size_t i, struct area a)
{
	struct form_value *value = &f->values[i];
	bool focus = f->focus == i;
	unsigned style = focus ? ROLE_FOCUS : ROLE_TEXT;

	switch (f->items[i].kind) {
	case FORM_CHECK: draw_text(a, 0, 0, style, value->checked ? "[x]" : "[ ]"); break;
	case FORM_CHOICE:
		draw_fmt(a, 0, 0, style, focus ? "< %s >" : "  %s  ",
			f->items[i].choices[value->choice]);
		break;
	case FORM_PICK:
		draw_text(a, 0, 0, value->shown != NULL || focus ? style : ROLE_DIM,
			value->shown != NULL ? value->shown : "(Enter chooses)");
		break;
	default: entry_draw(&value->field, a, focus);
	}
}

/* Errors, then the help of what has the focus. */
static void
draw_help(const struct form *f, struct area a)
{
	const struct form_value *value = f->focus < f->n ? &f->values[f->focus] : NULL;

	if (value != NULL && value->error != NULL)
		draw_wrapped(a, 0, ROLE_ERROR, value->error);
	else if (value != NULL && f->items[f->focus].help != NULL)
		draw_wrapped(a, 0, ROLE_DIM, f->items[f->focus].help);
}

static void
draw_items(struct form *f, struct area a)
{
	int labels = labels_width(f, a.w / 2), rows = MAX(a.h, 1);
	size_t focus = MIN(f->focus, f->n - (f->n > 0));

	f->top = MIN(f->top, focus);
	if (focus >= f->top + (size_t)rows)
		f->top = focus - (size_t)rows + 1;
	for (size_t i = f->top; i < f->n && (int)(i - f->top) < a.h; i++) {
		struct area row = area_cut(a, 0, (int)(i - f->top), a.w, 1);

		draw_field(row, 0, 0, labels - 1,
			f->values[i].error != NULL ? ROLE_ERROR : ROLE_DIM, f->items[i].label,
			strlen(f->items[i].label), 0);
		draw_value(f, i, area_cut(row, labels, 0, row.w - labels, 1));
	}
}

void
form_draw(struct form *f, struct area a)
{
	int width = MIN(a.w, WIDTH_MAX),
	    text = f->text == NULL ? 0 : draw_wrapped_rows(width - 4, f->text, a.c->ascii) + 1;
	struct area box = draw_modal(a, width, (int)f->n + 8 + text, ROLE_BORDER, f->title), foot,
		    top;
	int x;

	box = area_cut(box, 1, 0, box.w - 2, box.h);
	foot = area_bottom(&box, 1);
	x = draw_fmt(foot, 0, 0, f->focus == f->n ? ROLE_FOCUS : ROLE_BUTTON, "[ %s ]", f->action);
	draw_text(foot, x + 2, 0, f->focus > f->n ? ROLE_FOCUS : ROLE_BUTTON, "[ Cancel ]");
	if (box.h > (int)f->n + 2) {
		area_bottom(&box, 1);
		area_top(&box, 1);
	}
	if (box.h > 3)
		draw_help(f, area_bottom(&box, 2));
	if (box.h > (int)f->n)
		area_bottom(&box, 1);
	/* The fields first: what is to be read may be cut, what is to be filled in may not. */
	if (text > 0 && box.h > (int)f->n + 1) {
		top = area_top(&box, MIN(text, box.h - (int)f->n));
		draw_wrapped(area_cut(top, 0, 0, top.w, top.h - 1), 0, ROLE_TEXT, f->text);
	}
	draw_items(f, box);
}

#include "base/banned.h"
#include "tui/draw/dialog.h"
#include "tui/keys.h"

#define WIDTH_MAX 76
#define WIDTH_MIN 30
#define INDENT    2

void
dialog_open(struct dialog *d, const struct dialog_spec *spec, int64_t now_ms)
{
	*d = (struct dialog){.spec = spec, .opened_ms = now_ms, .key_ms = now_ms};
	entry_init(&d->field, DIALOG_NAME_MAX, false);
}

void
dialog_done(struct dialog *d)
{
	entry_done(&d->field);
}

static bool
name_typed(struct dialog *d)
{
	return d->spec->typed == NULL || strcmp(entry_text(&d->field), d->spec->typed) == 0;
}

/* Why the button can't be pressed; NULL when it can. */
static const char *
obstacle(struct dialog *d)
{
	if (d->cramped)
		return "Make the window larger: not all can be shown.";
	if (!d->seen)
		return "Read on first: PgDn shows the rest.";
	if (!name_typed(d))
		return "Type the name first.";
	return NULL;
}

static unsigned
refuse(struct dialog *d, const char *why)
{
	d->notice = why;
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
move_focus(struct dialog *d, bool forwards)
{
	static const enum dialog_focus order[] = {DIALOG_CANCEL, DIALOG_FIELD, DIALOG_ACTION};
	size_t n = ARRAY_LEN(order), at = (size_t)d->focus;

	do
		at = (at + (forwards ? 1 : n - 1)) % n;
	while ((order[at] == DIALOG_FIELD && d->spec->typed == NULL) ||
		(order[at] == DIALOG_ACTION && (d->spec->action == NULL || obstacle(d) != NULL)));
	if (order[at] == DIALOG_CANCEL && forwards && d->spec->action != NULL &&
		d->focus != DIALOG_ACTION && obstacle(d) != NULL)
		d->notice = obstacle(d);
	d->focus = order[at];
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

static unsigned
press(struct dialog *d, bool enter, int64_t since_key)
{
	if (d->focus == DIALOG_CANCEL)
		return enter ? ANSWER_HANDLED | ANSWER_CANCELLED : ANSWER_HANDLED;
	if (d->focus == DIALOG_FIELD)
		return move_focus(d, true);
	if (obstacle(d) != NULL)
		return refuse(d, obstacle(d));
	if (enter && d->spec->destroys)
		return refuse(d, "Enter does nothing here: Space presses the button.");
	if (since_key < DIALOG_SETTLE_MS)
		return refuse(d, "That came too fast after the key before: press it again.");
	return ANSWER_HANDLED | ANSWER_ACCEPTED;
}

static unsigned
scroll(struct dialog *d, int by)
{
	d->scroll = MAX(MIN(d->scroll + by, d->rows - d->page), 0);
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

unsigned
dialog_event(struct dialog *d, const struct event *ev)
{
	int64_t since_key = ev->at_ms - d->key_ms;
	enum action action;

	d->notice = NULL;
	if (ev->type == EVENT_PASTE) {
		d->key_ms = ev->at_ms;
		return refuse(d, "A paste is not taken here: type it.");
	}
	if (ev->type != EVENT_KEY)
		return ANSWER_HANDLED | ANSWER_REDRAW;
	d->key_ms = ev->at_ms;
	action = keys_find(CONTEXT_FORM, ev->key);
	if (action == ACTION_CANCEL)
		return ANSWER_HANDLED | ANSWER_CANCELLED;
	if (ev->at_ms - d->opened_ms < DIALOG_DEAF_MS)
		return ANSWER_HANDLED;
	if (d->focus == DIALOG_FIELD && entry_event(&d->field, ev) != ANSWER_IGNORED)
		return ANSWER_HANDLED | ANSWER_REDRAW;
	switch (action) {
	case ACTION_FIELD_NEXT:
	case ACTION_VALUE_NEXT: return move_focus(d, true);
	case ACTION_FIELD_PREVIOUS:
	case ACTION_VALUE_PREVIOUS: return move_focus(d, false);
	case ACTION_PAGE_DOWN: return scroll(d, MAX(d->page - 1, 1));
	case ACTION_PAGE_UP: return scroll(d, -MAX(d->page - 1, 1));
	case ACTION_PRESS: return press(d, false, since_key);
	case ACTION_SUBMIT: return press(d, true, since_key);
	default: break;
	}
	if (key_is_text(ev->key) && d->spec->typed != NULL)
		return refuse(d, "Tab goes to the field.");
	return ANSWER_HANDLED;
}

static int
fact_names_width(const struct dialog_spec *spec)
{
	int width = 0;

	for (size_t i = 0; i < spec->nfacts; i++)
		width = MAX(width, (int)strlen(spec->facts[i].name));
	return MIN(width, 20) + 2;
}

/* The text from row -scroll on; returns all its rows. Drawing above the area is clipped. */
static int
draw_text_part(const struct dialog *d, struct area a, int y)
{
	const struct dialog_spec *spec = d->spec;
	int names = fact_names_width(spec), top = y;

	if (spec->environment != NULL) {
		CLEANUP(str_done) struct str word = STR_INIT(200);

		str_fmt(&word, " %s ", spec->environment);
		draw_text(a, 0, y, spec->environment_style, str_text(&word));
		y += 2;
	}
	for (size_t i = 0; i < spec->nfacts; i++) {
		const struct dialog_fact *fact = &spec->facts[i];
		struct area value = area_cut(a, names, 0, a.w - names, a.h);

		draw_field(a, 0, y, names - 1, ROLE_DIM, fact->name, strlen(fact->name), 0);
		y += MAX(draw_wrapped(value, y, fact->style, fact->value), 1);
	}
	if (spec->text != NULL) {
		y += y > top;
		y += draw_wrapped(a, y, ROLE_TEXT, spec->text);
	}
	if (spec->warning != NULL) {
		y += y > top;
		y += draw_wrapped(a, y, ROLE_DANGER, spec->warning);
	}
	return y - top;
}

static int
draw_button(struct area a, int x, const char *name, unsigned style)
{
	CLEANUP(str_done) struct str text = STR_INIT(200);

	str_fmt(&text, "[ %s ]", name);
	return x + draw_text(a, x, 0, style, str_text(&text)) + 2;
}

static void
draw_buttons(struct dialog *d, struct area a)
{
	const struct dialog_spec *spec = d->spec;
	unsigned style = spec->destroys ? ROLE_DANGER : ROLE_BUTTON;
	int x = draw_button(a, 0, spec->action != NULL ? "Cancel" : "Close",
		d->focus == DIALOG_CANCEL ? ROLE_FOCUS : ROLE_BUTTON);

	if (spec->action == NULL)
		return;
	if (obstacle(d) != NULL)
		style = ROLE_DIM;
	if (d->focus == DIALOG_ACTION)
		style = spec->destroys ? ROLE_DANGER | STYLE_REVERSE : ROLE_FOCUS;
	draw_button(a, x, spec->action, style);
}

static const char *
hint(struct dialog *d)
{
	if (d->notice != NULL)
		return d->notice;
	if (d->rows > d->page + d->scroll)
		return "PgDn shows the rest.";
	switch (d->focus) {
	case DIALOG_FIELD: return "Tab goes on when it is typed. Esc leaves.";
	case DIALOG_ACTION:
		return d->spec->destroys ? "Space does it. Esc leaves."
					 : "Enter or Space does it. Esc leaves.";
	default:
		return d->spec->action == NULL  ? "Enter or Esc closes."
		       : d->spec->typed != NULL ? "Tab goes to the name. Enter or Esc leaves."
						: "Tab goes on. Enter or Esc leaves.";
	}
}

static void
draw_name_field(struct dialog *d, struct area a)
{
	int x = draw_text(a, 0, 0, ROLE_TEXT, "Type ");

	x += draw_field(a, x, 0, -1, ROLE_TITLE, d->spec->typed, strlen(d->spec->typed), DRAW_NAME);
	draw_text(a, x, 0, ROLE_TEXT, " here:");
	entry_draw(&d->field, area_cut(a, 0, 1, a.w, 1), d->focus == DIALOG_FIELD);
}

void
dialog_draw(struct dialog *d, struct area a)
{
	int width = MIN(a.w, WIDTH_MAX), foot = d->spec->typed != NULL ? 6 : 3;
	struct area none = {.c = a.c, .w = width - 2 * INDENT}, box, buttons, foot_line;

	d->rows = draw_text_part(d, none, 0);
	box = draw_modal(a, width, d->rows + foot + 3,
		d->spec->destroys ? ROLE_DANGER : ROLE_BORDER, d->spec->title);
	d->cramped = width < WIDTH_MIN || box.h < foot + 2;
	box = area_cut(box, 1, 0, box.w - 2, box.h);
	if (d->cramped) {
		draw_wrapped(box, 0, ROLE_TEXT, "Make the window larger. Esc leaves.");
		return;
	}
	foot_line = area_bottom(&box, 1);
	buttons = area_bottom(&box, 1);
	area_bottom(&box, 1);
	if (d->spec->typed != NULL) {
		draw_name_field(d, area_bottom(&box, 2));
		area_bottom(&box, 1);
	}
	area_top(&box, 1);
	d->page = box.h;
	scroll(d, 0);
	draw_text_part(d, box, -d->scroll);
	d->seen = d->seen || d->scroll + d->page >= d->rows;
	draw_buttons(d, buttons);
	/* The hint last: it knows now what is on the screen. */
	draw_text(foot_line, 0, 0, d->notice != NULL ? ROLE_LATE : ROLE_DIM, hint(d));
}

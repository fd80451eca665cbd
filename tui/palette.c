#include "base/banned.h"
#include "tui/palette.h"
#include "base/text.h"

#define WIDTH_MAX 74

void
palette_open(struct palette *p, const struct keybar *bar,
	const char *const *(*complete)(void *arg, const char *what), void *arg)
{
	*p = (struct palette){.bar = bar, .complete = complete, .arg = arg};
	entry_init(&p->field, 200, false);
}

void
palette_done(struct palette *p)
{
	entry_done(&p->field);
}

static bool
offered(const struct palette *p, const struct action_row *row)
{
	return (row->contexts & p->bar->contexts) && row->id != ACTION_PALETTE &&
	       (p->bar->allowed == NULL || p->bar->allowed(p->bar->arg, row));
}

/* How well a row matches what was typed: 0 the name begins so, 1 it holds it, 2 the summary. */
static int
match(const struct action_row *row, const char *typed)
{
	if (strncasecmp(row->name, typed, strlen(typed)) == 0)
		return 0;
	if (text_contains(row->name, typed))
		return 1;
	return text_contains(row->summary, typed) ? 2 : -1;
}

/* The action of the first word when an argument is being typed behind it; its text in *ret. */
static const struct action_row *
with_argument(struct palette *p, const char **ret)
{
	const char *text = entry_text(&p->field), *blank = strchr(text, ' ');
	CLEANUP(str_done) struct str name = STR_INIT(200);
	const struct action_row *row;

	if (blank == NULL)
		return NULL;
	str_addn(&name, text, (size_t)(blank - text));
	row = keys_by_name(str_text(&name));
	if (row == NULL || row->complete == NULL || !offered(p, row))
		return NULL;
	*ret = blank + strspn(blank, " ");
	return row;
}

/* Match number i: an action's row, or a word for its argument. False behind the last one. */
static bool
nth(struct palette *p, size_t i, const struct action_row **ret_row, const char **ret_word)
{
	const char *argument = "";
	const struct action_row *row = with_argument(p, &argument);
	const char *const *words;

	*ret_word = NULL;
	if (row != NULL) {
		*ret_row = row;
		words = p->complete != NULL ? p->complete(p->arg, row->complete) : NULL;
		for (; words != NULL && *words != NULL; words++)
			if (text_contains(*words, argument) && i-- == 0) {
				*ret_word = *words;
				return true;
			}
		return false;
	}
	for (int quality = 0; quality <= 2; quality++) {
		for (enum action id = 1; id < ACTION_COUNT; id++) {
			*ret_row = keys_row(id);
			if (offered(p, *ret_row) &&
				match(*ret_row, entry_text(&p->field)) == quality && i-- == 0)
				return true;
		}
	}
	return false;
}

enum action
palette_choice(struct palette *p, const char **ret_argument)
{
	const struct action_row *row;
	const char *word;

	*ret_argument = "";
	if (nth(p, p->at, &row, &word)) {
		if (word != NULL)
			*ret_argument = word;
		return row->id;
	}
	return ACTION_NONE;
}

/* Puts the selected match into the field; an action that takes an argument waits for it. */
static bool
complete(struct palette *p)
{
	CLEANUP(str_done) struct str text = STR_INIT(200);
	const struct action_row *row;
	const char *word;

	if (!nth(p, p->at, &row, &word))
		return false;
	str_fmt(&text, "%s%s%s", row->name, row->complete != NULL ? " " : "",
		word != NULL ? word : "");
	entry_set(&p->field, str_text(&text));
	p->at = 0;
	return true;
}

static unsigned
submit(struct palette *p)
{
	const struct action_row *row;
	const char *word;

	if (!nth(p, p->at, &row, &word))
		return ANSWER_HANDLED;
	if (row->complete != NULL && word == NULL) {
		complete(p);
		return ANSWER_HANDLED | ANSWER_REDRAW;
	}
	return ANSWER_HANDLED | ANSWER_ACCEPTED;
}

unsigned
palette_event(struct palette *p, const struct event *ev)
{
	const struct action_row *row;
	const char *word;
	unsigned answer;

	if (ev->type == EVENT_KEY) {
		switch (keys_find(CONTEXT_FORM, ev->key)) {
		case ACTION_CANCEL: return ANSWER_HANDLED | ANSWER_CANCELLED;
		case ACTION_SUBMIT: return submit(p);
		case ACTION_FIELD_NEXT:
			if (keys_find(CONTEXT_SCROLL, ev->key) == ACTION_DOWN)
				p->at += nth(p, p->at + 1, &row, &word);
			else
				complete(p);
			return ANSWER_HANDLED | ANSWER_REDRAW;
		case ACTION_FIELD_PREVIOUS:
			p->at -= p->at > 0;
			return ANSWER_HANDLED | ANSWER_REDRAW;
		default: break;
		}
	}
	answer = entry_event(&p->field, ev);
	if (answer & ANSWER_CHANGED)
		p->at = 0;
	return answer | ANSWER_HANDLED;
}

static void
draw_match(struct area a, const struct action_row *row, const char *word, bool here)
{
	CLEANUP(str_done) struct str keys = STR_INIT(100);
	struct area right;

	if (word != NULL) {
		draw_text(a, 1, 0, ROLE_TEXT, word);
	} else {
		keys_text(row, &keys);
		right = area_right(&a, 14);
		draw_field(
			right, 0, 0, right.w - 1, ROLE_KEY, str_text(&keys), keys.len, DRAW_RIGHT);
		draw_field(a, 1, 0, 16, ROLE_TITLE, row->name, strlen(row->name), 0);
		draw_text(a, 18, 0, ROLE_DIM, row->summary);
		a.w += right.w;
	}
	if (here)
		draw_restyle(a, ROLE_SELECTED);
}

void
palette_draw(struct palette *p, struct area a)
{
	struct area box = draw_modal(a, WIDTH_MAX, PALETTE_SHOWN + 4, ROLE_BORDER, "Do what?"),
		    line;
	const struct action_row *row;
	const char *word;
	size_t first;

	line = area_top(&box, 1);
	draw_text(line, 1, 0, ROLE_KEY, ":");
	entry_draw(&p->field, area_cut(line, 3, 0, line.w - 4, 1), true);
	area_top(&box, box.h > PALETTE_SHOWN ? 1 : 0);
	first = box.h > 0 && p->at >= (size_t)box.h ? p->at - (size_t)box.h + 1 : 0;
	for (int y = 0; y < box.h && nth(p, first + (size_t)y, &row, &word); y++)
		draw_match(area_cut(box, 0, y, box.w, 1), row, word, first + (size_t)y == p->at);
	if (!nth(p, 0, &row, &word))
		draw_text(box, 1, 0, ROLE_DIM, "There is no such action.");
}

#include "base/banned.h"
#include "tui/help.h"

#define WIDTH_MAX 90

enum { COLUMN_KEYS, COLUMN_SUMMARY, COLUMN_NAME, COLUMN_PLACE };

static const struct list_column columns[] = {
	[COLUMN_KEYS] = {"KEYS", 12, 16, 0, 0},
	[COLUMN_SUMMARY] = {"WHAT THEY DO", 58, 62, 0, 0},
	[COLUMN_NAME] = {"NAME", 15, 0, 1, 0},
	[COLUMN_PLACE] = {"WHERE", 11, 0, 2, 0},
};

static size_t
count(void *arg)
{
	const struct help *h = arg;

	return h->n;
}

static uint64_t
identity(void *arg, size_t row)
{
	const struct help *h = arg;

	return h->rows[row];
}

static unsigned
cell(void *arg, size_t i, size_t column, struct str *out)
{
	const struct help *h = arg;
	const struct action_row *row = keys_row(h->rows[i]);

	switch (column) {
	case COLUMN_KEYS:
		keys_text(row, out);
		if (out->len == 0)
			str_fmt(out, ":%s", row->name);
		return ROLE_KEY;
	case COLUMN_SUMMARY: str_add(out, row->summary); return ROLE_TEXT;
	case COLUMN_NAME: str_add(out, row->name); return ROLE_DIM;
	default: str_add(out, keys_place(row)); return ROLE_DIM;
	}
}

static const struct list_model model = {
	.columns = columns,
	.ncolumns = ARRAY_LEN(columns),
	.empty = "No key does anything here.",
	.count = count,
	.id = identity,
	.cell = cell,
};

void
help_open(struct help *h, const struct keybar *bar)
{
	unsigned contexts = bar->contexts | CONTEXT_FORM | CONTEXT_FIELD;

	h->n = 0;
	for (enum action id = 1; id < ACTION_COUNT; id++) {
		const struct action_row *row = keys_row(id);

		if ((row->contexts & contexts) &&
			(bar->allowed == NULL || bar->allowed(bar->arg, row)))
			h->rows[h->n++] = id;
	}
	list_init(&h->list, &model, h);
}

void
help_done(struct help *h)
{
	list_done(&h->list);
}

void
help_draw(struct help *h, struct area a)
{
	list_draw(&h->list,
		draw_modal(a, WIDTH_MAX, (int)h->n + 4, ROLE_BORDER, "Help: / filters, q closes"),
		true);
}

unsigned
help_event(struct help *h, const struct event *ev)
{
	unsigned answer = list_event(&h->list, ev);
	enum action action;

	if (answer != ANSWER_IGNORED || ev->type != EVENT_KEY)
		return (answer & ~(unsigned)ANSWER_CHOSEN) | ANSWER_HANDLED;
	action = keys_find(CONTEXT_GLOBAL, ev->key);
	if (action == ACTION_BACK || action == ACTION_HELP || action == ACTION_INTERRUPT)
		return ANSWER_HANDLED | ANSWER_CANCELLED;
	return ANSWER_HANDLED;
}

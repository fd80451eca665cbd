#include "base/banned.h"
#include "tui/draw/keybar.h"

#define GAP 2

static int
width_of(const struct action_row *row)
{
	char key[KEY_TEXT];

	return (int)(strlen(key_label(row->keys[0], key)) + 1 + strlen(row->name));
}

static int
draw_one(struct area a, int x, const struct action_row *row)
{
	char key[KEY_TEXT];

	x += draw_text(a, x, 0, ROLE_KEY, key_label(row->keys[0], key));
	draw_text(a, x + 1, 0, ROLE_KEYBAR, row->name);
	return x + 1 + (int)strlen(row->name) + GAP;
}

void
keybar_draw(struct area a, const struct keybar *bar)
{
	const struct action_row *help = keys_row(ACTION_HELP);
	bool has_help = bar->contexts & help->contexts;
	int x = 1, end = a.w - (has_help ? width_of(help) + 1 : 0);

	draw_fill(a, ROLE_KEYBAR);
	if (has_help)
		draw_one(a, MAX(end, 1), help);
	for (enum action id = 1; id < ACTION_COUNT; id++) {
		const struct action_row *row = keys_row(id);

		if (id == ACTION_HELP || !(row->flags & KEYS_BAR) ||
			!(row->contexts & bar->contexts) || row->nkeys == 0 ||
			(bar->allowed != NULL && !bar->allowed(bar->arg, row)))
			continue;
		if (x + width_of(row) + GAP > end)
			return;
		x = draw_one(a, x, row);
	}
}

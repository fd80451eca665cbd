#include "base/banned.h"
#include "tui/view/menu.h"
#include "tui/view/verdicts.h"

enum { TEXT, RUNBOOK };

static const struct list_column columns[] = {
	[TEXT] = {"WHAT CAN BE DONE", 30, 70, 0, 0},
	[RUNBOOK] = {"RUNBOOK", 26, 40, 1, 0},
};

static size_t
count(void *arg)
{
	const struct menu *m = arg;

	return m->items.n;
}

static uint64_t
identity(void *arg, size_t row)
{
	const struct menu *m = arg;
	const struct menu_item *it = &m->items.v[row];

	return verdict_identity(it->runbook != NULL ? it->runbook->name : it->text, NULL, NULL);
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	const struct menu *m = arg;
	const struct menu_item *it = &m->items.v[row];

	if (column == TEXT) {
		str_add(out, it->text);
		return ROLE_TEXT;
	}
	if (it->runbook != NULL)
		str_add(out, it->runbook->name);
	return ROLE_DIM;
}

static const struct list_model model = {
	.columns = columns,
	.ncolumns = ARRAY_LEN(columns),
	.empty = "Nothing.",
	.count = count,
	.id = identity,
	.cell = cell,
};

void
menu_init(struct menu *m)
{
	*m = (struct menu){.arena = ARENA_INIT, .preferred = -1};
	list_init(&m->list, &model, m);
}

void
menu_done(struct menu *m)
{
	list_done(&m->list);
	arena_done(&m->arena);
}

void
menu_clear(struct menu *m)
{
	arena_done(&m->arena);
	m->items.v = NULL;
	m->items.n = m->items.cap = 0;
}

void
menu_action(struct menu *m, enum action action, const char *text)
{
	*vec_push(&m->arena, &m->items) =
		(struct menu_item){.text = arena_strdup(&m->arena, text), .action = action};
}

void
menu_runbooks(struct menu *m, const struct library *l, const char *asset, const char *set, int type,
	bool backup)
{
	static const char *const words[LIBRARY_USES] = {[LIBRARY_RESTORES] = "Restore",
		[LIBRARY_PROVES] = "Prove",
		[LIBRARY_READS] = "Use",
		[LIBRARY_BACKS_UP] = "Back up"};

	for (enum library_use use = 0; use < LIBRARY_USES; use++) {
		for (size_t i = 0; i < l->n; i++) {
			const struct library_entry *e = &l->entries[i];
			const char *parameter;

			if (!e->read || !e->usable || e->use != use)
				continue;
			parameter = library_takes(e, asset, set, type, backup);
			if (parameter == NULL)
				continue;
			*vec_push(&m->arena, &m->items) = (struct menu_item){
				.text = arena_fmt(&m->arena, "%s: %s", words[use], e->title),
				.runbook = e,
				.parameter = parameter};
		}
	}
}

static void
go_to_preferred(struct menu *m)
{
	for (size_t i = 0; m->preferred >= 0 && i < m->items.n; i++) {
		const struct library_entry *e = m->items.v[i].runbook;

		if (e != NULL && e->use == (enum library_use)m->preferred &&
			list_select(&m->list, identity(m, i)))
			m->preferred = -1;
	}
}

void
menu_ready(struct menu *m)
{
	list_refresh(&m->list);
	go_to_preferred(m);
}

void
menu_prefer(struct menu *m, enum library_use use)
{
	m->preferred = (int)use;
	go_to_preferred(m);
}

void
menu_draw(struct menu *m, struct area a, bool focus)
{
	list_draw(&m->list, a, focus);
}

unsigned
menu_event(struct menu *m, const struct event *ev)
{
	return list_event(&m->list, ev);
}

const struct menu_item *
menu_item(const struct menu *m)
{
	size_t row;

	return list_row(&m->list, &row) ? &m->items.v[row] : NULL;
}

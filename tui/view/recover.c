#include "base/banned.h"
#include "tui/view/recover.h"
#include "tui/app.h"
#include "tui/model/moments.h"
#include "tui/view/pick.h"
#include "tui/view/screens.h"

/* What a runbook is being picked for. */
struct chosen {
	struct app *app;
	const struct asset *asset;
	const char *moment;
};

/* With the moment filled in, and the WAL set that it is a moment of. */
static void
open_runbook(const struct chosen *c, const struct library_entry *e)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const struct asset *asset = c->asset;
	const char *sets[2];
	size_t n = 0;

	sets[n++] = arena_fmt(&a, "%s=%s", e->time_parameter, c->moment);
	for (size_t i = 0; n < 2 && i < asset->sets.n; i++) {
		const struct set *set = item_at(&asset->sets, struct set, i);
		const char *name =
			moments_archive(set->type)
				? library_takes(e, asset->item.key, set->item.key, set->type, false)
				: NULL;

		if (name != NULL)
			sets[n++] = arena_fmt(&a, "%s=%s/%s", name, asset->item.key, set->item.key);
	}
	app_push(c->app, runbook_view(c->app, e->name, sets, n));
}

static void
on_runbook(struct pick *p, const struct pick_row *row)
{
	const struct chosen *c = p->arg;
	const struct library_entry *e =
		row != NULL ? library_find(&p->view.app->library, row->value) : NULL;

	if (e != NULL)
		open_runbook(c, e);
}

static void
add_rows(struct pick *p, bool required)
{
	const struct library *l = &p->view.app->library;

	for (size_t i = 0; i < l->n; i++) {
		const struct library_entry *e = &l->entries[i];
		struct pick_row *row;

		if (!e->read || !e->usable || e->time_parameter == NULL ||
			e->time_required != required)
			continue;
		row = pick_row(p);
		row->value = row->cells[0] = e->name;
		row->cells[1] = e->title;
	}
}

void
recover_to(struct app *app, const struct asset *asset, const char *moment, const char *about)
{
	struct pick *p = pick_new(app, "Recover to this moment", on_runbook, NULL);
	struct chosen *c = arena_alloc(&p->arena, sizeof(*c));

	*c = (struct chosen){app, asset, arena_strdup(&p->arena, moment)};
	p->arg = c;
	p->text = about == NULL ? c->moment : arena_fmt(&p->arena, "%s, %s", c->moment, about);
	p->text_style = ROLE_TITLE;
	pick_column(p, (struct list_column){"RUNBOOK", 26, 40, 0, 0});
	pick_column(p, (struct list_column){"WHAT IT DOES", 30, 60, 0, 0});
	p->model.empty = "No runbook here takes a moment (a parameter of type moment or time).";
	/* First those that are about a moment, then those that can be. */
	add_rows(p, true);
	add_rows(p, false);
	pick_open(p);
}

/*
 * runbooks: the list of runbooks: what do we do now.
 */
#include "base/banned.h"
#include "base/text.h"
#include "tui/app.h"
#include "tui/view/list_screen.h"
#include "tui/view/screens.h"
#include "tui/view/verdicts.h"

enum { NAME, TITLE, EFFECT, RTO, STEPS, LINT, TAGS };

static const struct list_column columns[] = {
	[NAME] = {"RUNBOOK", 25, 28, 0, 0},
	[TITLE] = {"WHAT IT DOES", 30, 70, 0, 0},
	[EFFECT] = {"EFFECT", 12, 0, 1, 0},
	[RTO] = {"RTO", 6, 0, 3, LIST_RIGHT},
	[STEPS] = {"STEPS", 5, 0, 4, LIST_RIGHT},
	[LINT] = {"FINDINGS", 14, 0, 2, 0},
	[TAGS] = {"TAGS", 20, 40, 5, 0},
};

static const struct library_entry *
entry_at(void *arg, size_t row)
{
	const struct list_screen *s = arg;

	return &s->view.app->library.entries[row];
}

static size_t
count(void *arg)
{
	const struct list_screen *s = arg;

	return s->view.app->library.n;
}

static uint64_t
identity(void *arg, size_t row)
{
	return verdict_identity(entry_at(arg, row)->name, NULL, NULL);
}

static unsigned
findings_cell(const struct library_entry *e, struct str *out)
{
	if (!e->usable || e->blocked) {
		str_add(out, e->usable ? "not run" : "not usable");
		return ROLE_BREACH;
	}
	if (e->errors + e->warnings == 0) {
		str_addc(out, '-');
		return ROLE_DIM;
	}
	if (e->errors > 0)
		str_fmt(out, "%zu error%s", e->errors, e->errors == 1 ? "" : "s");
	else
		str_fmt(out, "%zu warning%s", e->warnings, e->warnings == 1 ? "" : "s");
	return ROLE_LATE;
}

static const char *
effect_word(const struct library_entry *e)
{
	if (!e->usable)
		return "";
	return e->destroys                  ? "destroys"
	       : e->use == LIBRARY_PROVES   ? "proves"
	       : e->use == LIBRARY_BACKS_UP ? "backs up"
	       : e->writes                  ? "writes"
					    : "reads";
}

static unsigned
cell(void *arg, size_t row, size_t column, struct str *out)
{
	const struct library_entry *e = entry_at(arg, row);

	if (column == NAME) {
		str_add(out, e->name);
		return ROLE_TEXT;
	}
	if (!e->read)
		return ROLE_DIM;
	switch (column) {
	case TITLE: str_add(out, e->title); return e->usable ? ROLE_TEXT : ROLE_ERROR;
	case EFFECT: str_add(out, effect_word(e)); return e->destroys ? ROLE_DANGER : ROLE_TEXT;
	case RTO:
		if (e->rto_s >= 0)
			text_duration(out, e->rto_s);
		return ROLE_TEXT;
	case STEPS: str_fmt(out, "%zu", e->steps); return ROLE_TEXT;
	case LINT: return findings_cell(e, out);
	default: str_add(out, e->tags); return ROLE_DIM;
	}
}

/* The reasons for it count as well: "deleted" finds the runbook that helps. */
static bool
match(void *arg, size_t row, const char *text)
{
	const struct library_entry *e = entry_at(arg, row);

	return text_contains(e->name, text) ||
	       (e->read && (text_contains(e->title, text) || text_contains(e->tags, text) ||
				   (e->why != NULL && text_contains(e->why, text))));
}

static const struct list_model model = {
	.columns = columns,
	.ncolumns = ARRAY_LEN(columns),
	.empty = "There are no runbooks. They belong into ~/.config/lifeboat/runbooks.",
	.count = count,
	.id = identity,
	.cell = cell,
	.match = match,
};

static void
draw_why(struct list_screen *s, size_t row, struct area a)
{
	const struct library_entry *e = entry_at(s, row);

	draw_fmt(a, 2, 0, ROLE_TITLE, " when to use %s ", e->name);
	if (e->read && e->usable)
		draw_wrapped(area_cut(a, 1, 0, a.w - 2, a.h), 1, ROLE_TEXT,
			e->why != NULL ? e->why : "It does not say.");
}

static void
open_row(struct list_screen *s, size_t row)
{
	app_push(s->view.app, runbook_view(s->view.app, entry_at(s, row)->name, NULL, 0));
}

static bool
act(struct view *v, enum action action)
{
	struct list_screen *s = (struct list_screen *)v;
	size_t row;

	if (action != ACTION_FILL_IN && action != ACTION_REFRESH)
		return false;
	if (action == ACTION_FILL_IN) {
		if (list_row(&s->list, &row))
			open_row(s, row);
	} else {
		library_list(&v->app->library);
		app_changed(v->app, CHANGE_LIBRARY);
	}
	return true;
}

static void
changed(struct view *v, unsigned what)
{
	if (what & CHANGE_LIBRARY)
		list_screen_refresh((struct list_screen *)v);
}

static const struct view_ops ops = {.draw = list_screen_draw,
	.event = list_screen_event,
	.act = act,
	.contexts = list_screen_contexts,
	.offers = list_screen_offers,
	.work = list_screen_work,
	.changed = changed,
	.close = list_screen_close};

static const struct list_screen_ops list_ops = {
	.open = open_row, .foot = draw_why, .foot_rows = 4, .foot_from = 12};

struct view *
runbooks_view(struct app *app)
{
	struct list_screen *s = util_alloc(sizeof(*s));

	list_screen_init(s, app, &ops, &list_ops, &model);
	return &s->view;
}

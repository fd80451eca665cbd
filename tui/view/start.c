/*
 * The form of a runbook's parameters. What can be chosen is chosen from a list: targets that are
 * allowed, sets that fit, backups with their age and proof.
 */
#include "base/banned.h"
#include "tui/view/start.h"
#include "base/text.h"
#include "runbook/plan.h"
#include "tui/app.h"
#include "tui/view/fill.h"
#include "tui/view/pick.h"
#include "tui/view/verdicts.h"

#define BACKUPS_SHOWN 300 /* of a set, the newest; older ones are reached from their own screen */

struct start {
	struct app *app;
	const char *name;
	const struct runbook *runbook;
	const char **values; /* of the items: what goes into --set; NULL: nothing yet */
	size_t drill;        /* the item of the tick */
};

/* One field that is being picked. */
struct picking {
	struct fill *fill;
	struct start *start;
	size_t item;
};

static const struct parameter *
parameter_at(const struct start *s, size_t item)
{
	const struct runbook *r = s->runbook;

	/* Secrets have no item: they are asked for with the plan. */
	for (size_t i = 0; i < r->parameters.n; i++) {
		const struct parameter *q = item_at(&r->parameters, struct parameter, i);

		if (q->type != PARAMETER_SECRET && item-- == 0)
			return q;
	}
	return NULL;
}

static bool
is_drill(const struct fill *f, const struct start *s)
{
	return f->form.values[s->drill].checked;
}

static const char *
target_text(struct arena *a, const struct target *t)
{
	return arena_fmt(a, "%s (%s)", t->item.key,
		t->sandbox >= 0                    ? "throw-away server"
		: t->environment == ENV_PRODUCTION ? "PRODUCTION"
						   : environment_names[t->environment]);
}

static const char *
automatic_text(struct arena *a, const struct parameter *q, const char *set)
{
	return arena_fmt(a, "%s of %s",
		q->choose == CHOOSE_NEWEST_PROVEN ? "the newest proven" : "the newest good", set);
}

/* How a value that came from elsewhere looks in its field. */
static const char *
shown_text(struct start *s, struct arena *a, const struct parameter *q, const char *value)
{
	const struct site *site = s->app->options.site;
	const struct target *t;
	size_t slashes = 0;

	if (q->type == PARAMETER_TARGET && site != NULL && (t = site_target(site, value)) != NULL)
		return target_text(a, t);
	for (const char *p = value; *p != '\0'; p++)
		slashes += *p == '/';
	if (q->type == PARAMETER_BACKUP && slashes == 1)
		return automatic_text(a, q, value);
	return value;
}

static void
on_picked(struct pick *p, const struct pick_row *row)
{
	struct picking *k = p->arg;
	struct form *form = &k->fill->form;

	if (row == NULL)
		return;
	k->start->values[k->item] = arena_strdup(&k->fill->arena, row->value);
	form->values[k->item].shown = shown_text(k->start, &k->fill->arena,
		parameter_at(k->start, k->item), k->start->values[k->item]);
	form->values[k->item].error = NULL;
	form->focus = k->item + 1;
}

static void
targets(struct pick *p, struct start *s, const struct parameter *q, bool drill)
{
	const struct site *site = s->app->options.site;

	pick_column(p, (struct list_column){"TARGET", 14, 24, 0, 0});
	pick_column(p, (struct list_column){"ENVIRONMENT", 17, 0, 0, 0});
	pick_column(p, (struct list_column){"WHERE", 20, 60, 1, 0});
	for (size_t i = 0; site != NULL && i < site->targets.n; i++) {
		const struct target *t = item_at(&site->targets, struct target, i);
		struct pick_row *row;

		if (plan_target_unfit(&p->arena, q, t, drill ? PLAN_DRILL : PLAN_LIVE) != NULL)
			continue;
		row = pick_row(p);
		row->value = row->cells[0] = t->item.key;
		row->cells[1] = t->sandbox >= 0 ? "throw-away server"
				: t->environment == ENV_PRODUCTION
					? "PRODUCTION"
					: environment_names[t->environment];
		row->cells[2] = t->postgresql != NULL  ? t->postgresql
				: t->directory != NULL ? t->directory
						       : "started for the run, removed after it";
		row->style = t->environment == ENV_PRODUCTION ? ROLE_PRODUCTION : ROLE_TEXT;
	}
	p->model.empty = drill ? "No target is left: a drill can't touch production."
			       : "The site file has no target that fits.";
}

static void
backup_row(struct pick *p, struct catalog *c, const struct set_facts *f, const struct backup *b,
	int64_t now)
{
	CLEANUP(str_done) struct str text = STR_INIT(200);
	struct pick_row *row = pick_row(p);
	const char *why;
	enum verdict v = board_backup_verdict(&p->arena, c, f, b, now, &why);
	const char **cell = row->cells;

	row->value = catalog_id(&p->arena, f, b);
	*cell++ = verdict_word(v);
	row->style = verdict_role(v);
	text_duration(&text, now - b->finished_at);
	*cell++ = b->finished_at == CLOCK_NONE ? "?" : arena_strdup(&p->arena, str_text(&text));
	str_cut(&text, 0);
	verdict_proof_short(&text, proofs_find(catalog_proofs(c, f), b));
	*cell++ = arena_strdup(&p->arena, str_text(&text));
	str_cut(&text, 0);
	text_size(&text, b->size);
	*cell++ = arena_strdup(&p->arena, str_text(&text));
	*cell = arena_fmt(&p->arena, "%s/%s/%s", f->asset, f->set, b->name);
}

static void
backups_of_set(void *arg, struct start *s, const struct parameter *q, const struct set *set)
{
	struct pick *p = arg;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *id = arena_fmt(&p->arena, "%s/%s", set->asset->item.key, set->item.key);
	struct catalog *c = s->app->shelf.catalog;
	const struct set_facts *f = c != NULL ? catalog_find_set(c, id) : NULL;
	struct backup b;
	uint64_t n = 0;

	if (q->choose != CHOOSE_ASK) {
		struct pick_row *row = pick_row(p);

		row->value = id;
		row->cells[4] = automatic_text(&p->arena, q, id);
	}
	if (f == NULL || !catalog_count(c, f, &n, &err))
		return;
	for (uint64_t i = 0; i < n && i < BACKUPS_SHOWN; i++) {
		if (!catalog_backup(c, f, i, &b, &err))
			return;
		backup_row(p, c, f, &b, s->app->now);
	}
}

/* What is done with each set that fits; arg is the list to fill or the count. */
typedef void (*set_cb)(
	void *arg, struct start *s, const struct parameter *q, const struct set *set);

static void
each_set(struct start *s, const struct parameter *q, set_cb cb, void *arg)
{
	const struct site *site = s->app->options.site;

	for (size_t i = 0; site != NULL && i < site->assets.n; i++) {
		const struct asset *a = item_at(&site->assets, struct asset, i);

		for (size_t k = 0; k < a->sets.n; k++)
			if (plan_takes_set(q, item_at(&a->sets, struct set, k)))
				cb(arg, s, q, item_at(&a->sets, struct set, k));
	}
}

static void
set_row(void *arg, struct start *s, const struct parameter *q, const struct set *set)
{
	struct pick *p = arg;
	struct pick_row *row = pick_row(p);

	row->value = row->cells[0] =
		arena_fmt(&p->arena, "%s/%s", set->asset->item.key, set->item.key);
	row->cells[1] = set_type_names[set->type];
	row->cells[2] = set->title != NULL ? set->title : set->asset->title;
}

static void
backups(struct pick *p, struct start *s, const struct parameter *q)
{
	p->width = 100;
	p->text = "Ages are those of the catalog. Older ones: go to it on screen 2, then press r.";
	p->text_style = ROLE_DIM;
	pick_column(p, (struct list_column){"STATE", 7, 0, 0, 0});
	pick_column(p, (struct list_column){"AGE", 6, 0, 0, LIST_RIGHT});
	pick_column(p, (struct list_column){"PROVEN", 8, 0, 0, 0});
	pick_column(p, (struct list_column){"SIZE", 9, 0, 1, LIST_RIGHT});
	pick_column(p, (struct list_column){"BACKUP", 30, 80, 0, LIST_TAIL});
	p->model.empty = "The catalog has no backup that fits.";
	each_set(s, q, backups_of_set, p);
}

static void
on_pick(struct fill *f, size_t item)
{
	struct start *s = f->arg;
	const struct parameter *q = parameter_at(s, item);
	struct pick *p = pick_new(s->app, f->items.v[item].label, on_picked, NULL);
	struct picking *k = arena_alloc(&p->arena, sizeof(*k));

	*k = (struct picking){f, s, item};
	p->arg = k;
	if (q->type == PARAMETER_TARGET) {
		targets(p, s, q, is_drill(f, s));
	} else if (q->type == PARAMETER_BACKUP) {
		backups(p, s, q);
	} else {
		pick_column(p, (struct list_column){"SET", 24, 40, 0, 0});
		pick_column(p, (struct list_column){"TYPE", 14, 0, 0, 0});
		pick_column(p, (struct list_column){"TITLE", 20, 40, 1, 0});
		p->model.empty = "The site file has no set that fits.";
		each_set(s, q, set_row, p);
	}
	pick_open(p);
	for (size_t i = 0; i < p->rows.n; i++)
		if (util_streq(p->rows.v[i].value, s->values[item]))
			pick_select(p, i);
}

static const char *
value_of(struct fill *f, struct start *s, size_t item)
{
	return f->items.v[item].kind == FORM_PICK ? s->values[item] : form_text(&f->form, item);
}

/* The plan checks the rest; what can be seen at once is said here. */
static bool
check(struct fill *f)
{
	struct start *s = f->arg;
	const struct site *site = s->app->options.site;
	bool good = true;

	for (size_t i = 0; i < s->drill; i++) {
		const struct parameter *q = parameter_at(s, i);
		const char *value = value_of(f, s, i);
		const struct target *t;

		if ((value == NULL || value[0] == '\0') && q->otherwise == NULL &&
			q->optional != 1) {
			f->form.values[i].error = "It is needed.";
			good = false;
		}
		if (q->type != PARAMETER_TARGET || value == NULL || site == NULL ||
			!is_drill(f, s) || (t = site_target(site, value)) == NULL ||
			t->environment != ENV_PRODUCTION)
			continue;
		f->form.values[i].error = "A drill can't touch production: choose another target.";
		good = false;
	}
	return good;
}

static void
on_filled(struct fill *f, bool accepted)
{
	struct start *s = f->arg;
	const char **sets = arena_array(&f->arena, s->drill + 1, sizeof(*sets));
	size_t n = 0;

	if (!accepted)
		return;
	for (size_t i = 0; i < s->drill; i++) {
		const char *value = value_of(f, s, i);

		if (value != NULL && value[0] != '\0')
			sets[n++] =
				arena_fmt(&f->arena, "%s=%s", parameter_at(s, i)->item.key, value);
	}
	app_push(s->app, review_view(s->app, s->name, sets, n, is_drill(f, s)));
}

static const char *
help_text(struct arena *a, const struct parameter *q)
{
	static const char *const examples[] = {[PARAMETER_TEXT] = "A text.",
		[PARAMETER_INT] = "A whole number.",
		[PARAMETER_DURATION] = "A duration, like 15m or 4h.",
		[PARAMETER_TIME] = "A time with its zone, like 2026-11-20T14:32:07Z.",
		[PARAMETER_MOMENT] = ("A time with its zone, lsn:0/3A21F8 or xid:742 (just "
				      "before it), name:RESTORE_POINT or end."),
		[PARAMETER_CHOICE] = "Left and Right change it.",
		[PARAMETER_SET] = "Enter chooses a set of backups.",
		[PARAMETER_BACKUP] = "Enter chooses a backup; the newest first.",
		[PARAMETER_TARGET] = "Enter chooses where it goes."};

	return arena_fmt(a, "%s%s%s%s%s", examples[q->type],
		q->pattern != NULL ? " It must look like " : "",
		q->pattern != NULL ? q->pattern : "", q->optional == 1 ? " May stay empty." : "",
		q->otherwise != NULL ? arena_fmt(a, " Without one: %s.", q->otherwise) : "");
}

static const char *
given(const char *const *sets, size_t nsets, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < nsets; i++)
		if (strncmp(sets[i], name, n) == 0 && sets[i][n] == '=')
			return sets[i] + n + 1;
	return NULL;
}

struct only {
	const struct set *set;
	size_t n;
};

static void
count_set(void *arg, struct start *s, const struct parameter *q, const struct set *set)
{
	struct only *only = arg;

	only->set = set;
	only->n++;
}

/* Where only one set fits there is nothing to ask. A target is never filled in unasked. */
static const char *
only_set(struct start *s, struct arena *a, const struct parameter *q)
{
	struct only only = {NULL, 0};

	if ((q->type != PARAMETER_SET && q->type != PARAMETER_BACKUP) || q->optional == 1 ||
		(q->type == PARAMETER_BACKUP && q->choose == CHOOSE_ASK))
		return NULL;
	each_set(s, q, count_set, &only);
	return only.n == 1 ? arena_fmt(a, "%s/%s", only.set->asset->item.key, only.set->item.key)
			   : NULL;
}

static void
add_item(struct fill *f, struct start *s, const struct parameter *q, const char *value)
{
	struct form_item *it = fill_item(f);
	size_t i = f->items.n - 1;
	const char **choices;

	it->label = q->title != NULL ? q->title : q->item.key;
	it->help = help_text(&f->arena, q);
	switch (q->type) {
	case PARAMETER_CHOICE:
		choices = arena_array(&f->arena, q->choices.n + 2, sizeof(*choices));
		/* Without a default nothing is chosen until somebody does. */
		choices[0] = "";
		memcpy(choices + (q->otherwise == NULL), q->choices.v,
			q->choices.n * sizeof(*choices));
		it->kind = FORM_CHOICE;
		it->choices = choices;
		it->initial = value != NULL ? value : q->otherwise;
		break;
	case PARAMETER_SET:
	case PARAMETER_BACKUP:
	case PARAMETER_TARGET:
		it->kind = FORM_PICK;
		s->values[i] = value != NULL ? value : only_set(s, &f->arena, q);
		if (s->values[i] != NULL)
			it->initial = shown_text(s, &f->arena, q, s->values[i]);
		break;
	default: it->kind = FORM_TEXT; it->initial = value != NULL ? value : q->otherwise;
	}
}

void
start_form(struct app *app, const char *name, const struct runbook *r, const char *const *sets,
	size_t nsets)
{
	struct fill *f = fill_new(app, r->title, "Show the plan", on_filled, NULL);
	struct start *s = arena_alloc(&f->arena, sizeof(*s));

	*s = (struct start){.app = app, .name = name, .runbook = r};
	s->values = arena_array(&f->arena, r->parameters.n + 1, sizeof(*s->values));
	f->arg = s;
	f->check = check;
	f->picked = on_pick;
	f->text = "Nothing runs yet: the plan comes first, with exactly what every step runs.";
	for (size_t i = 0; i < r->parameters.n; i++) {
		const struct parameter *q = item_at(&r->parameters, struct parameter, i);

		if (q->type != PARAMETER_SECRET)
			add_item(f, s, q, arena_strdup(&f->arena, given(sets, nsets, q->item.key)));
	}
	s->drill = f->items.n;
	*fill_item(f) = (struct form_item){.kind = FORM_CHECK,
		.label = "as a drill",
		.help = "Space ticks it. A drill can't touch production, and says DRILL "
			"everywhere."};
	fill_open(f);
}

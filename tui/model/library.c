#include "base/banned.h"
#include "tui/model/library.h"

#define RUNBOOKS_MAX 10000

void
library_list(struct library *l)
{
	struct texts names;

	arena_done(&l->arena);
	*l = (struct library){.entries = NULL};
	runbook_list(&l->arena, &names);
	l->n = MIN(names.n, RUNBOOKS_MAX);
	l->entries = arena_array(&l->arena, l->n + 1, sizeof(*l->entries));
	for (size_t i = 0; i < l->n; i++)
		l->entries[i].name = names.v[i];
}

void
library_done(struct library *l)
{
	arena_done(&l->arena);
}

static void
take_wishes(struct library *l, struct library_entry *e, const struct runbook *r)
{
	bool target = false, backup = false, set = false;

	for (size_t i = 0; i < r->parameters.n; i++) {
		const struct parameter *q = item_at(&r->parameters, struct parameter, i);

		target = target || q->type == PARAMETER_TARGET;
		if (e->time_parameter == NULL &&
			(q->type == PARAMETER_TIME || q->type == PARAMETER_MOMENT)) {
			e->time_parameter = arena_strdup(&l->arena, q->item.key);
			e->time_required = q->otherwise == NULL && q->optional != 1;
		}
		if (q->type != PARAMETER_BACKUP && q->type != PARAMETER_SET)
			continue;
		backup = backup || q->type == PARAMETER_BACKUP;
		set = set || q->type == PARAMETER_SET;
		*vec_push(&l->arena, &e->wishes) = (struct library_wish){
			arena_strdup(&l->arena, q->item.key), arena_strdup(&l->arena, q->asset),
			arena_strdup(&l->arena, q->set), q->of, q->type == PARAMETER_BACKUP};
	}
	for (size_t i = 0; i < r->steps.n; i++) {
		int effect = item_at(&r->steps, struct step, i)->effect;

		e->destroys = e->destroys || effect == EFFECT_DESTROY;
		e->writes = e->writes || effect != EFFECT_READ;
	}
	e->use = r->proves != NULL                   ? LIBRARY_PROVES
		 : backup && (e->destroys || target) ? LIBRARY_RESTORES
		 : backup || !set                    ? LIBRARY_READS
						     : LIBRARY_BACKS_UP;
}

static void
take(struct library *l, struct library_entry *e, const struct runbook *r)
{
	CLEANUP(str_done) struct str tags = STR_INIT(KIB);

	for (size_t i = 0; i < r->tags.n; i++)
		str_fmt(&tags, "%s%s", i > 0 ? " " : "", r->tags.v[i]);
	e->usable = true;
	e->id = arena_strdup(&l->arena, r->id);
	e->title = arena_strdup(&l->arena, r->title);
	e->why = arena_strdup(&l->arena, r->why);
	e->tags = arena_strdup(&l->arena, str_text(&tags));
	e->rto_s = r->rto_s;
	e->steps = r->steps.n;
	take_wishes(l, e, r);
}

bool
library_work(struct library *l)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct library_entry *e;
	struct problems p;
	const struct problem *it;
	const struct runbook *r;
	const char *path;

	if (l->next >= l->n)
		return false;
	e = &l->entries[l->next++];
	e->read = true;
	e->id = e->title = e->tags = "";
	e->rto_s = -1;
	if (!runbook_find(&a, e->name, &path, &err)) {
		e->title = arena_strdup(&l->arena, err.msg);
		return l->next < l->n;
	}
	e->path = arena_strdup(&l->arena, path);
	problems_init(&p, &a, path);
	r = runbook_load(path, true, &p);
	if (r != NULL) {
		take(l, e, r);
		runbook_lint(r, &p);
	} else {
		e->title = arena_strdup(
			&l->arena, p.list.n > 0 ? p.list.v[0].message : "It can't be read.");
	}
	e->errors = p.errors;
	e->warnings = p.warnings;
	vec_each (&p.list, it)
		e->blocked = e->blocked || runbook_lint_blocks(it);
	return l->next < l->n;
}

const char *
library_takes(
	const struct library_entry *e, const char *asset, const char *set, int type, bool backup)
{
	const struct library_wish *w;

	vec_each (&e->wishes, w) {
		if ((backup && !w->backup) || (w->of >= 0 && w->of != type) ||
			(w->asset != NULL && !util_streq(w->asset, asset)) ||
			(w->set != NULL && !util_streq(w->set, set)))
			continue;
		return w->name;
	}
	return NULL;
}

const struct library_entry *
library_find(const struct library *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->entries[i].name, name) == 0)
			return &l->entries[i];
	return NULL;
}

#include "base/banned.h"
#include "wal/damage_judge.h"

#define FIRST_USER_OID 16384 /* FirstNormalObjectId: below it everything is the system's own */

/* What became of one row of pg_class in the transaction. */
struct fate {
	uint32_t database, block;
	unsigned slot; /* where it is now */
	bool created, gone;
	const struct names_relation *old, *new;
};

struct judge {
	struct damage_found *f;
	const struct xact *x;
	struct actor *actor;
	bool partial;
	struct arena scratch; /* for this transaction alone */
	VEC(struct fate) fates;
	VEC(struct rel_file) removed; /* files that were there before and are gone */
	VEC(struct damage_action) actions;
};

static bool
holds_rows(char relkind)
{
	return relkind == 'r' || relkind == 'm';
}

/* What people mean by a table. */
static bool
is_table(const struct names_relation *r)
{
	return (holds_rows(r->kind) || r->kind == 'p' || r->kind == 'f') && r->persistence != 't';
}

static int
compare_lsn(const void *x, const void *y)
{
	const struct actor_class *a = x, *b = y;

	return a->lsn < b->lsn ? -1 : a->lsn > b->lsn;
}

static size_t
fate_hash(uint32_t database, uint32_t block, unsigned slot)
{
	return ((uint64_t)database * 31 + block) * 0x9e3779b97f4a7c15u + slot * 0x61c88647u;
}

/* Open addressing: which fate lies where; indices from 1. */
struct fate_index {
	uint32_t *v;
	size_t mask;
};

static uint32_t *
index_at(struct judge *j, struct fate_index *ix, uint32_t database, uint32_t block, unsigned slot)
{
	size_t i = fate_hash(database, block, slot) & ix->mask;

	for (; ix->v[i] != 0; i = (i + 1) & ix->mask) {
		const struct fate *f = &j->fates.v[ix->v[i] - 1];

		if (f->database == database && f->block == block && f->slot == slot)
			break;
	}
	return &ix->v[i];
}

/* One change of pg_class. A row that moves leaves its old place to whoever comes there. */
static void
follow(struct judge *j, struct fate_index *ix, const struct actor_class *c)
{
	uint32_t block = c->op == HEAP_UPDATE ? c->old_block : c->block;
	unsigned slot = c->op == HEAP_UPDATE ? c->old_slot : c->slot;
	uint32_t *at = index_at(j, ix, c->database, block, slot);
	struct fate *f;

	if (*at == 0 || c->op == HEAP_INSERT) {
		*vec_push(&j->scratch, &j->fates) = (struct fate){.database = c->database,
			.block = block,
			.slot = slot,
			.created = c->op == HEAP_INSERT,
			.old = c->old,
			.new = c->new};
		*at = (uint32_t)j->fates.n;
	}
	f = &j->fates.v[*at - 1];
	if (c->op == HEAP_DELETE)
		f->gone = true;
	if (c->op != HEAP_UPDATE)
		return;
	f->new = c->new;
	f->block = c->block;
	f->slot = c->slot;
	*index_at(j, ix, c->database, c->block, c->slot) = (uint32_t)(f - j->fates.v + 1);
}

static void
find_fates(struct judge *j)
{
	struct actor_list *l = &j->actor->classes;
	struct fate_index ix = {.mask = 15};

	if (l->n == 0)
		return;
	/* Each change fills at most two places. */
	while (ix.mask < 4 * l->n)
		ix.mask = 2 * ix.mask + 1;
	ix.v = util_alloc((ix.mask + 1) * sizeof(*ix.v));
	qsort(l->v, l->n, sizeof(struct actor_class), compare_lsn);
	for (size_t i = 0; i < l->n; i++)
		follow(j, &ix, actor_at(l, struct actor_class, i));
	free(ix.v);
}

static const struct actor_file *
new_file(const struct judge *j, uint32_t database, uint32_t file)
{
	for (size_t i = 0; i < j->actor->files.n; i++) {
		const struct actor_file *f = actor_at(&j->actor->files, struct actor_file, i);

		if (f->rel.database == database && f->rel.file == file)
			return f;
	}
	return NULL;
}

static void
find_removed(struct judge *j)
{
	for (uint32_t i = 0; i < j->x->removed.n; i++) {
		struct rel_file rel = xact_removed(j->x, i);

		if (new_file(j, rel.database, rel.file) == NULL)
			*vec_push(&j->scratch, &j->removed) = rel;
	}
}

/* Takes the file out of those whose going is not explained yet; false when it is not there. */
static bool
explain_removed(struct judge *j, uint32_t database, uint32_t file)
{
	for (size_t i = 0; i < j->removed.n; i++) {
		if (j->removed.v[i].database != database || j->removed.v[i].file != file)
			continue;
		j->removed.v[i] = j->removed.v[--j->removed.n];
		return true;
	}
	return false;
}

static void
fill(const struct damage_found *f, struct damage_action *a, const struct names_relation *r)
{
	a->oid = r->oid;
	a->name = r->name;
	a->schema = names_schema(f->names, r->database, r->schema);
	a->relkind = r->kind;
	a->toast = r->kind == 't';
	if (a->kind == DAMAGE_DELETE)
		return;
	a->file = r->file;
	if (r->rows >= 0) {
		a->rows = r->rows;
		a->rows_are = DAMAGE_ESTIMATED;
		if (holds_rows(r->kind)) {
			a->bytes = r->bytes;
			a->bytes_are = DAMAGE_ESTIMATED;
		}
	}
}

static struct damage_action *
add(struct judge *j, enum damage_kind kind, uint32_t database, const struct names_relation *r)
{
	struct damage_action *a = vec_push(j->f->arena, &j->actions);

	*a = (struct damage_action){.kind = kind, .database = database, .rows = -1, .bytes = -1};
	if (r != NULL)
		fill(j->f, a, r);
	return a;
}

/* A table's stand-in while VACUUM FULL, CLUSTER and ALTER TABLE rewrite it: "pg_temp_<oid>". */
static bool
was_rewritten(const struct judge *j, const struct names_relation *r)
{
	const struct fate *f;
	char name[32];

	snprintf(name, sizeof(name), "pg_temp_%u", (unsigned)r->oid);
	vec_each (&j->fates, f)
		if (f->created && f->gone && f->new != NULL &&strcmp(f->new->name, name) == 0)
			return true;
	return false;
}

/* The row was there before and is there still: did its relation get an empty file? */
static bool
was_truncated(const struct judge *j, const struct fate *f)
{
	const struct names_relation *r = f->new != NULL ? f->new : f->old;
	const struct actor_file *file;

	if (r == NULL || !holds_rows(r->kind) || r->persistence == 't' || was_rewritten(j, r))
		return false;
	if (f->new != NULL) {
		file = new_file(j, f->database, f->new->file);
		return file != NULL && !file->written;
	}
	/* The new row is not known; that the old file goes and an empty one comes must do. */
	for (size_t i = 0; i < j->actor->files.n; i++)
		if (!actor_at(&j->actor->files, struct actor_file, i)->written)
			return true;
	return false;
}

/* Drops and truncations of relations whose rows of pg_class are known. */
static void
judge_known(struct judge *j)
{
	const struct fate *f;

	vec_each (&j->fates, f) {
		bool had_file = f->old != NULL && explain_removed(j, f->database, f->old->file);

		if (f->created)
			continue;
		if (f->gone && f->old != NULL && is_table(f->old))
			add(j, DAMAGE_DROP, f->database, f->old);
		else if (!f->gone && (had_file || f->old == NULL) && was_truncated(j, f))
			add(j, DAMAGE_TRUNCATE, f->database, f->old != NULL ? f->old : f->new);
	}
	for (size_t i = 0; i < j->actor->truncates.n; i++) {
		const struct actor_relation *t =
			actor_at(&j->actor->truncates, struct actor_relation, i);
		const struct damage_action *known;
		bool have = false;

		vec_each (&j->actions, known)
			have = have || (known->oid == t->oid && known->kind == DAMAGE_TRUNCATE);
		if (!have)
			add(j, DAMAGE_TRUNCATE, t->database,
				names_by_oid(j->f->names, t->database, t->oid))
				->oid = t->oid;
	}
}

/* Whether files went away with a dropped row of pg_class (or nobody knows with what), or with one
 * that got an empty file in exchange; false when there is no sign of either. */
static bool
guess_kind(const struct judge *j, enum damage_kind *ret)
{
	const struct fate *f;
	bool empty = false;

	*ret = DAMAGE_DROP;
	vec_each (&j->fates, f)
		if (!f->created && f->gone && f->old == NULL)
			return true;
	for (size_t i = 0; i < j->actor->files.n; i++)
		empty = empty || !actor_at(&j->actor->files, struct actor_file, i)->written;
	if (empty)
		*ret = DAMAGE_TRUNCATE;
	return empty || j->fates.n == 0;
}

/* Files that went away without a row of pg_class that tells whose they were. */
static void
judge_unknown(struct judge *j)
{
	VEC(uint32_t) files = {.v = NULL};
	enum damage_kind kind;
	struct damage_action *a;
	uint32_t database = 0;

	if (j->removed.n == 0 || !guess_kind(j, &kind))
		return;
	for (size_t i = 0; i < j->removed.n; i++) {
		const struct rel_file *rel = &j->removed.v[i];
		const struct names_relation *r =
			names_by_file(j->f->names, rel->database, rel->file);

		if (r == NULL) {
			database = rel->database;
			*vec_push(j->f->arena, &files) = rel->file;
		} else if (holds_rows(r->kind)) {
			add(j, kind, rel->database, r);
		}
	}
	if (files.n == 0)
		return;
	a = add(j, kind, database, NULL);
	a->files = files.v;
	a->nfiles = files.n;
	/* The first relation that was locked is the one that the command named. */
	if (j->actor->locks.n > 0)
		a->oid = actor_at(&j->actor->locks, struct actor_relation, 0)->oid;
}

/* The system's own tables change with every command. */
static bool
is_system(const struct rel_file *rel, const struct names_relation *r)
{
	return r != NULL ? r->oid < FIRST_USER_OID : rel->file < FIRST_USER_OID;
}

/* Most deletions are everyday ones. A table that is asked for counts from its first row on. */
static bool
is_wanted(const struct judge *j, const struct actor_delete *d, const struct names_relation *r)
{
	const struct damage_filter *filter = &j->f->filter;
	struct damage_action a = {.kind = DAMAGE_DELETE};

	if (is_system(&d->rel, r))
		return false;
	if (r == NULL || filter->table == NULL)
		return d->rows >= filter->least;
	fill(j->f, &a, r);
	return damage_is_about(&a, filter->table);
}

static void
judge_deletes(struct judge *j)
{
	for (size_t i = 0; i < j->actor->deletes.n; i++) {
		const struct actor_delete *d = actor_at(&j->actor->deletes, struct actor_delete, i);
		const struct names_relation *r =
			names_by_file(j->f->names, d->rel.database, d->rel.file);
		struct damage_action *a;

		if (!is_wanted(j, d, r))
			continue;
		a = add(j, DAMAGE_DELETE, d->rel.database, r);
		a->file = d->rel.file;
		a->rows = (double)d->rows;
		a->rows_are = j->partial ? DAMAGE_AT_LEAST : DAMAGE_COUNTED;
		if (d->measured > 0) {
			a->bytes =
				(int64_t)((double)d->bytes / (double)d->measured * (double)d->rows);
			a->bytes_are = d->measured == d->rows ? a->rows_are : DAMAGE_ESTIMATED;
		}
	}
}

bool
damage_judge(struct damage_found *f, const struct record *r, const struct xact *x,
	struct actor *actor, bool partial, uint64_t commits, struct err *err)
{
	struct judge j = {.f = f, .x = x, .actor = actor, .partial = partial};

	find_fates(&j);
	find_removed(&j);
	judge_known(&j);
	judge_unknown(&j);
	judge_deletes(&j);
	arena_done(&j.scratch);
	for (size_t i = 0; i < actor->databases.n; i++) {
		uint32_t database = actor_at(&actor->databases, struct actor_relation, i)->database;
		struct damage_action *a = add(&j, DAMAGE_DROP_DATABASE, database, NULL);

		a->oid = database;
		a->name = names_database(f->names, database);
	}
	if (j.actions.n == 0)
		return true;
	if (f->list.n == DAMAGE_FOUND_MAX) {
		err_set(err, ERR_LIMIT, "More than %d transactions dropped, truncated or deleted.",
			DAMAGE_FOUND_MAX);
		return err_hint(err, "Look at a shorter time with --within, or for more rows with "
				     "--rows.");
	}
	*vec_push(f->arena, &f->list) = (struct damage_transaction){.xid = x->xid,
		.lsn = r->lsn,
		.at_us = x->at_us,
		.partial = partial,
		.stop_lsn = actor->stop_lsn != 0 ? actor->stop_lsn : r->lsn,
		.between = actor->stop_lsn != 0 ? commits - actor->commits : 0,
		.gone_early = actor->databases.n > 0,
		.actions = j.actions.v,
		.n = j.actions.n};
	return true;
}

bool
damage_is_about(const struct damage_action *a, const char *table)
{
	const char *dot = strchr(table, '.');

	if (a->name == NULL)
		return false;
	if (strcmp(a->name, table) == 0)
		return true;
	return dot != NULL && a->schema != NULL && strcmp(a->name, dot + 1) == 0 &&
	       strncmp(a->schema, table, (size_t)(dot - table)) == 0 &&
	       a->schema[dot - table] == '\0';
}

/* The relations of an action's files, each an action of its own from now on. */
static bool
expand(struct damage_found *f, const struct damage_action *a, struct judge *j)
{
	bool found = false;

	for (size_t i = 0; i < a->nfiles; i++) {
		const struct names_relation *r = names_by_file(f->names, a->database, a->files[i]);

		if (r == NULL)
			continue;
		found = true;
		if (holds_rows(r->kind))
			add(j, a->kind, a->database, r);
	}
	return found;
}

void
damage_name(struct damage_found *f, struct damage_transaction *t)
{
	struct judge j = {.f = f};

	for (size_t i = 0; i < t->n; i++) {
		struct damage_action *a = &t->actions[i];
		const struct names_relation *r = NULL;

		if (a->name == NULL && expand(f, a, &j))
			continue;
		if (a->kind == DAMAGE_DROP_DATABASE)
			a->name = names_database(f->names, a->database);
		else if (a->file != 0)
			r = names_by_file(f->names, a->database, a->file);
		if (r == NULL && a->oid != 0 && a->kind != DAMAGE_DROP_DATABASE)
			r = names_by_oid(f->names, a->database, a->oid);
		if (r != NULL && a->name == NULL)
			fill(f, a, r);
		if (r != NULL && a->schema == NULL)
			a->schema = names_schema(f->names, r->database, r->schema);
		*vec_push(f->arena, &j.actions) = *a;
	}
	t->actions = j.actions.v;
	t->n = j.actions.n;
}

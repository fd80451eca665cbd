#include "base/banned.h"
#include "wal/actors.h"

#define BUCKETS 4096

/* A new file in which nothing is written yet. */
struct fresh {
	struct rel_file rel;
	uint32_t xid;
	struct fresh *next;
};

struct actors {
	struct actor *by_xid[BUCKETS];
	struct actor *idle;
	struct fresh *fresh[BUCKETS];
	size_t fresh_count;
};

struct actors *
actors_new(void)
{
	return util_alloc(sizeof(struct actors));
}

static bool
same_file(struct rel_file a, struct rel_file b)
{
	return a.file == b.file && a.database == b.database && a.space == b.space;
}

void *
actor_push(struct actor_list *l, size_t size)
{
	void *new;

	if (l->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 4;
		l->v = util_realloc(l->v, l->cap, size);
	}
	new = (char *)l->v + l->n++ *size;
	memset(new, 0, size);
	return new;
}

static void
append(struct actor_list *to, const struct actor_list *from, size_t size)
{
	for (size_t i = 0; i < from->n; i++)
		memcpy(actor_push(to, size), (const char *)from->v + i * size, size);
}

struct actor *
actors_find(const struct actors *a, uint32_t xid)
{
	struct actor *actor = a->by_xid[xid % BUCKETS];

	while (actor != NULL && actor->xid != xid)
		actor = actor->next;
	return actor;
}

struct actor *
actors_get(struct actors *a, uint32_t xid)
{
	struct actor *actor = actors_find(a, xid);

	if (actor != NULL)
		return actor;
	actor = a->idle;
	if (actor != NULL)
		a->idle = actor->next;
	else
		actor = util_alloc(sizeof(*actor));
	actor->xid = xid;
	actor->next = a->by_xid[xid % BUCKETS];
	a->by_xid[xid % BUCKETS] = actor;
	return actor;
}

/* Takes a file off the list of fresh ones. */
static bool
unfresh(struct actors *a, struct rel_file rel, uint32_t *ret_xid)
{
	struct fresh **link = &a->fresh[rel.file % BUCKETS], *gone;

	while (*link != NULL && !same_file((*link)->rel, rel))
		link = &(*link)->next;
	gone = *link;
	if (gone == NULL)
		return false;
	*ret_xid = gone->xid;
	*link = gone->next;
	free(gone);
	a->fresh_count--;
	return true;
}

static void
unlink_actor(struct actors *a, struct actor *actor)
{
	struct actor **link = &a->by_xid[actor->xid % BUCKETS];

	while (*link != actor)
		link = &(*link)->next;
	*link = actor->next;
	actor->deletes.n = actor->classes.n = actor->files.n = 0;
	actor->locks.n = actor->truncates.n = actor->databases.n = 0;
	actor->stop_lsn = actor->commits = 0;
	actor->next = a->idle;
	a->idle = actor;
}

void
actors_drop(struct actors *a, struct actor *actor)
{
	uint32_t xid;

	for (size_t i = 0; i < actor->files.n; i++)
		(void)unfresh(a, actor_at(&actor->files, struct actor_file, i)->rel, &xid);
	unlink_actor(a, actor);
}

void
actors_stop(struct actor *actor, uint64_t lsn, uint64_t commits)
{
	if (actor->stop_lsn != 0 && actor->stop_lsn <= lsn)
		return;
	actor->stop_lsn = lsn;
	actor->commits = commits;
}

void
actors_merge(struct actors *a, struct actor *to, struct actor *from)
{
	for (size_t i = 0; i < from->deletes.n; i++) {
		const struct actor_delete *d = actor_at(&from->deletes, struct actor_delete, i);
		struct actor_delete *into = NULL;

		for (size_t k = 0; k < to->deletes.n && into == NULL; k++)
			if (same_file(actor_at(&to->deletes, struct actor_delete, k)->rel, d->rel))
				into = actor_at(&to->deletes, struct actor_delete, k);
		if (into == NULL) {
			into = actor_push(&to->deletes, sizeof(*into));
			into->rel = d->rel;
		}
		into->rows += d->rows;
		into->measured += d->measured;
		into->bytes += d->bytes;
	}
	for (size_t i = 0; i < from->files.n; i++) {
		const struct actor_file *f = actor_at(&from->files, struct actor_file, i);
		uint32_t xid;

		/* Fresh files change hands with their owner. */
		if (!f->written && unfresh(a, f->rel, &xid)) {
			actors_new_file(a, to, f->rel);
			continue;
		}
		*(struct actor_file *)actor_push(&to->files, sizeof(*f)) = *f;
	}
	if (from->stop_lsn != 0)
		actors_stop(to, from->stop_lsn, from->commits);
	append(&to->classes, &from->classes, sizeof(struct actor_class));
	append(&to->locks, &from->locks, sizeof(struct actor_relation));
	append(&to->truncates, &from->truncates, sizeof(struct actor_relation));
	append(&to->databases, &from->databases, sizeof(struct actor_relation));
	unlink_actor(a, from);
}

void
actors_count_delete(struct actor *actor, struct rel_file rel, unsigned bytes)
{
	struct actor_delete *d = NULL;

	/* The newest is usually the one. */
	for (size_t i = actor->deletes.n; i > 0 && d == NULL; i--)
		if (same_file(actor_at(&actor->deletes, struct actor_delete, i - 1)->rel, rel))
			d = actor_at(&actor->deletes, struct actor_delete, i - 1);
	if (d == NULL) {
		d = actor_push(&actor->deletes, sizeof(*d));
		d->rel = rel;
	}
	d->rows++;
	d->measured += bytes > 0;
	d->bytes += bytes;
}

void
actors_new_file(struct actors *a, struct actor *actor, struct rel_file rel)
{
	struct actor_file *f = actor_push(&actor->files, sizeof(*f));
	struct fresh *new = util_alloc(sizeof(*new));

	f->rel = rel;
	*new = (struct fresh){rel, actor->xid, a->fresh[rel.file % BUCKETS]};
	a->fresh[rel.file % BUCKETS] = new;
	a->fresh_count++;
}

void
actors_written(struct actors *a, struct rel_file rel)
{
	struct actor *actor;
	uint32_t xid;

	if (a->fresh_count == 0 || !unfresh(a, rel, &xid))
		return;
	actor = actors_find(a, xid);
	for (size_t i = 0; actor != NULL && i < actor->files.n; i++) {
		struct actor_file *f = actor_at(&actor->files, struct actor_file, i);

		if (same_file(f->rel, rel))
			f->written = true;
	}
}

void
actors_free(struct actors *a)
{
	struct actor *next;

	if (a == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (a->by_xid[i] != NULL)
			actors_drop(a, a->by_xid[i]);
	for (struct actor *actor = a->idle; actor != NULL; actor = next) {
		next = actor->next;
		free(actor->deletes.v);
		free(actor->classes.v);
		free(actor->files.v);
		free(actor->locks.v);
		free(actor->truncates.v);
		free(actor->databases.v);
		free(actor);
	}
	free(a);
}

#include "base/banned.h"
#include "wal/damage.h"
#include "base/bytes.h"
#include "wal/actors.h"
#include "wal/damage_judge.h"

#define DOOMED 16
#define PAGES  64 /* images kept, to measure rows that are deleted from the same page later */

/* xl_info, without the low bits */
#define OP_SMGR_CREATE   0x10
#define OP_STANDBY_LOCK  0x00
#define OP_RUNNING_XACTS 0x10
#define OP_RELMAP_UPDATE 0x00
#define OP_FPI_HINT      0xa0
#define OP_FPI           0xb0
#define OP_MULTI_INSERT  0x50

struct page {
	struct rel_file rel;
	uint32_t block;
	unsigned char data[RECORD_PAGE];
};

/* A row of pg_database that was marked invalid, which is how DROP DATABASE begins. */
struct doomed {
	uint32_t block;
	unsigned slot;
	uint64_t lsn, commits;
};

struct damage {
	struct damage_found found;
	struct doomed doomed[DOOMED]; /* the last ones */
	size_t doomed_at;
	struct actors *actors;
	struct page *pages; /* PAGES of them, each at the place that its block number gives */
	bool snapshot;      /* the first list of running transactions was seen */
	VEC(uint32_t) running;
	uint64_t commits; /* seen so far */
};

const uint64_t damage_rmgrs = 1ULL << RMGR_XLOG | 1ULL << RMGR_XACT | 1ULL << RMGR_SMGR |
			      1ULL << RMGR_DBASE | 1ULL << RMGR_RELMAP | 1ULL << RMGR_STANDBY |
			      1ULL << RMGR_HEAP2 | 1ULL << RMGR_HEAP;

struct damage *
damage_new(struct arena *a, struct names *names, const struct damage_filter *filter)
{
	struct damage *d = util_alloc(sizeof(*d));

	d->found.arena = a;
	d->found.names = names;
	d->found.filter = *filter;
	d->actors = actors_new();
	d->pages = util_alloc(PAGES * sizeof(*d->pages));
	return d;
}

void
damage_free(struct damage *d)
{
	if (d == NULL)
		return;
	actors_free(d->actors);
	free(d->pages);
	free(d);
}

/* The length of a deleted row, from the page's image in this record or an earlier one; 0. */
static unsigned
measure(struct damage *d, const struct record *r, const struct heap_change *c)
{
	struct page *p = &d->pages[(c->block ^ c->rel.file) % PAGES];

	if (c->image != NULL) {
		p->rel = c->rel;
		p->block = c->block;
		if (!record_image(r, c->image, p->data))
			p->rel.file = 0;
	}
	if (p->rel.file != c->rel.file || p->rel.database != c->rel.database ||
		p->block != c->block)
		return 0;
	return heap_tuple_len(p->data, c->slot);
}

/* datconnlimit -2 (DATCONNLIMIT_INVALID_DB), which minor versions since 2023 write in place. */
static bool
marks_invalid(const struct record *r, const struct heap_change *c)
{
	size_t at = r->version >= 15 ? 80 : 208;
	unsigned char page[RECORD_PAGE];
	struct heap_row row = {c->data, c->len};

	if (c->data == NULL && (c->image == NULL || !record_image(r, c->image, page) ||
				       !heap_row_at(page, c->slot, &row)))
		return false;
	return row.len >= at + 4 && bytes_u32(row.data + at) == (uint32_t)-2;
}

/* The mark takes effect before the commit, so a recovery has to stop before the mark. */
static void
take_database(struct damage *d, const struct record *r, const struct heap_change *c)
{
	if (c->op == HEAP_INPLACE && marks_invalid(r, c)) {
		d->doomed[d->doomed_at++ % DOOMED] =
			(struct doomed){c->block, c->slot, r->lsn, d->commits};
		return;
	}
	for (size_t i = 0; c->op == HEAP_DELETE && i < DOOMED; i++) {
		const struct doomed *m = &d->doomed[i];

		if (m->lsn != 0 && m->block == c->block && m->slot == c->slot)
			actors_stop(actors_get(d->actors, r->xid), m->lsn, m->commits);
	}
}

static void
take_class(struct damage *d, const struct record *r, const struct heap_change *c)
{
	const struct names_relation *old, *new;
	struct actor_class *event;

	if (c->rel.database == 0)
		take_database(d, r, c);
	names_change(d->found.names, r, c, &old, &new);
	if (!names_is_class(d->found.names, c->rel) || c->op == HEAP_INPLACE || r->xid == 0)
		return;
	event = actor_push(&actors_get(d->actors, r->xid)->classes, sizeof(*event));
	*event = (struct actor_class){.lsn = r->lsn,
		.op = c->op == HEAP_HOT_UPDATE ? HEAP_UPDATE : c->op,
		.database = c->rel.database,
		.old_block = c->old_block,
		.old_slot = c->old_slot,
		.block = c->block,
		.slot = c->slot,
		.old = old,
		.new = new};
}

/* wal_level logical: a record that says TRUNCATE and names the relations. */
static void
take_truncate(struct damage *d, const struct record *r)
{
	struct record_parts parts;
	uint32_t n;

	if (!record_parse(r, &parts) || parts.len < 12)
		return;
	n = bytes_u32(parts.data + 4);
	for (uint32_t i = 0; i < n && 12 + (size_t)4 * (i + 1) <= parts.len; i++) {
		struct actor_relation *t =
			actor_push(&actors_get(d->actors, r->xid)->truncates, sizeof(*t));

		t->database = bytes_u32(parts.data);
		t->oid = bytes_u32(parts.data + 12 + (size_t)4 * i);
	}
}

static void
take_heap(struct damage *d, const struct record *r)
{
	enum heap_op op = r->info & HEAP_OP;
	struct record_parts parts;
	struct heap_change c;
	struct rel_file rel;

	if (op == HEAP_TRUNCATE) {
		take_truncate(d, r);
		return;
	}
	if (!heap_peek(r, &rel))
		return;
	if (op == HEAP_INSERT || op == HEAP_UPDATE)
		actors_written(d->actors, rel);
	if (names_is_catalog(d->found.names, rel)) {
		if (record_parse(r, &parts) && heap_parse(r, &parts, &c))
			take_class(d, r, &c);
		return;
	}
	if (op != HEAP_DELETE || !record_parse(r, &parts) || !heap_parse(r, &parts, &c) ||
		c.no_delete || r->xid == 0)
		return;
	actors_count_delete(actors_get(d->actors, r->xid), rel, measure(d, r, &c));
}

/* Any record may carry the image of a catalog's page; so far only heap's own were looked at. */
static void
take_images(struct damage *d, const struct record *r)
{
	unsigned char page[RECORD_PAGE];
	struct record_parts parts;
	struct rel_file rel;

	if (!heap_peek(r, &rel) || !names_is_catalog(d->found.names, rel) ||
		!record_parse(r, &parts))
		return;
	for (size_t i = 0; i < parts.n; i++) {
		const struct record_block *b = &parts.blocks[i];

		if (b->fork == 0 && names_is_catalog(d->found.names, b->rel) &&
			record_image(r, b, page))
			names_page(d->found.names, b->rel, b->block, page);
	}
}

static void
take_locks(struct damage *d, const struct record *r, const struct record_parts *parts)
{
	uint32_t n = parts->len >= 4 ? bytes_u32(parts->data) : 0;

	for (uint32_t i = 0; i < n && 4 + (size_t)12 * (i + 1) <= parts->len; i++) {
		const unsigned char *p = parts->data + 4 + (size_t)12 * i;
		struct actor *actor = actors_get(d->actors, bytes_u32(p));
		struct actor_relation lock = {bytes_u32(p + 4), bytes_u32(p + 8)};
		bool known = false;

		actors_stop(actor, r->lsn, d->commits);
		for (size_t k = 0; k < actor->locks.n && !known; k++)
			known = actor_at(&actor->locks, struct actor_relation, k)->oid == lock.oid;
		if (!known)
			*(struct actor_relation *)actor_push(&actor->locks, sizeof(lock)) = lock;
	}
}

/* xl_running_xacts: two counts, a flag, three xids, then the xids themselves. */
static void
take_running(struct damage *d, const struct record_parts *parts)
{
	uint64_t n;

	if (d->snapshot || parts->len < 24)
		return;
	d->snapshot = true;
	n = (uint64_t)bytes_u32(parts->data) + bytes_u32(parts->data + 4);
	for (uint64_t i = 0; i < n && 24 + 4 * (i + 1) <= parts->len; i++)
		*vec_push(d->found.arena, &d->running) = bytes_u32(parts->data + 24 + 4 * i);
}

static bool
was_running(const struct damage *d, uint32_t xid)
{
	for (size_t i = 0; i < d->running.n; i++)
		if (d->running.v[i] == xid)
			return true;
	return false;
}

/* Gathers the subtransactions; they take away what they did in any case. */
static struct actor *
gather(struct damage *d, const struct xact *x)
{
	struct actor *actor = actors_find(d->actors, x->xid);

	for (uint32_t i = 0; i < x->children.n; i++) {
		struct actor *child = actors_find(d->actors, xact_child(x, i));

		if (child == NULL || child == actor)
			continue;
		if (actor == NULL)
			actor = actors_get(d->actors, x->xid);
		actors_merge(d->actors, actor, child);
	}
	return actor;
}

static bool
take_end(struct damage *d, const struct record *r, int64_t from_us, int64_t to_us, struct err *err)
{
	struct actor *actor, nobody = {.xid = 0};
	struct xact x;
	bool good = true;

	if (!xact_parse(r, &x))
		return true;
	actor = gather(d, &x);
	/* A commit that removes files tells of a drop even when nothing before it was read. */
	if (x.commit && x.at_us >= from_us && x.at_us <= to_us &&
		(actor != NULL || x.removed.n > 0))
		good = damage_judge(&d->found, r, &x, actor != NULL ? actor : &nobody,
			was_running(d, x.xid), d->commits, err);
	d->commits += x.commit;
	if (actor != NULL)
		actors_drop(d->actors, actor);
	return good;
}

static void
take_other(struct damage *d, const struct record *r)
{
	uint8_t op = r->info & 0xf0;
	struct record_parts parts;
	struct actor_relation *base;

	if (!record_parse(r, &parts))
		return;
	if (r->rmgr == RMGR_STANDBY && op == OP_STANDBY_LOCK)
		take_locks(d, r, &parts);
	else if (r->rmgr == RMGR_STANDBY && op == OP_RUNNING_XACTS)
		take_running(d, &parts);
	else if (r->rmgr == RMGR_RELMAP && op == OP_RELMAP_UPDATE && parts.len >= 12)
		names_map(d->found.names, bytes_u32(parts.data), parts.data + 12, parts.len - 12);
	else if (r->rmgr == RMGR_SMGR && op == OP_SMGR_CREATE && parts.len >= 16 &&
		 bytes_u32(parts.data + 12) == 0 && r->xid != 0)
		actors_new_file(d->actors, actors_get(d->actors, r->xid),
			(struct rel_file){bytes_u32(parts.data), bytes_u32(parts.data + 4),
				bytes_u32(parts.data + 8)});
	/* DROP DATABASE moved when version 15 gave CREATE DATABASE a second form. */
	else if (r->rmgr == RMGR_DBASE && op == (r->version < 15 ? 0x10 : 0x20) && parts.len >= 4 &&
		 r->xid != 0) {
		actors_stop(actors_get(d->actors, r->xid), r->lsn, d->commits);
		base = actor_push(&actors_get(d->actors, r->xid)->databases, sizeof(*base));
		base->database = bytes_u32(parts.data);
	}
}

bool
damage_record(
	struct damage *d, const struct record *r, int64_t from_us, int64_t to_us, struct err *err)
{
	uint8_t op = r->info & 0xf0;
	struct rel_file rel;

	switch (r->rmgr) {
	case RMGR_HEAP: take_heap(d, r); return true;
	case RMGR_XACT: return take_end(d, r, from_us, to_us, err);
	case RMGR_HEAP2:
		if ((r->info & HEAP_OP) == OP_MULTI_INSERT && heap_peek(r, &rel))
			actors_written(d->actors, rel);
		take_images(d, r);
		return true;
	case RMGR_XLOG:
		if (op != OP_FPI && op != OP_FPI_HINT)
			return true;
		if (heap_peek(r, &rel))
			actors_written(d->actors, rel);
		take_images(d, r);
		return true;
	default: take_other(d, r); return true;
	}
}

size_t
damage_count(const struct damage *d)
{
	return d->found.list.n;
}

struct damage_transaction *
damage_at(struct damage *d, size_t i)
{
	return &d->found.list.v[i];
}

void
damage_resolve(struct damage *d)
{
	for (size_t i = 0; i < d->found.list.n; i++)
		damage_name(&d->found, &d->found.list.v[i]);
}

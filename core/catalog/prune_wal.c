#include "base/banned.h"
#include "catalog/prune_wal.h"
#include "base/path.h"
#include "wal/archive.h"
#include "wal/holdings.h"

struct boundary {
	const struct basebackup *base; /* the oldest that can be used */
	uint64_t number;               /* the segment that it begins in */
};

/* Needs every base backup to be known: one that can't be read might need the oldest WAL. */
static const char *
find_boundary(struct arena *a, const struct holding *h, uint32_t bytes, struct boundary *ret)
{
	const struct basebackup *b;

	if (h->backups.notes.n > 0)
		return arena_fmt(a,
			"A base backup could not be read, and may need the oldest WAL. %s",
			h->backups.notes.v[0]);
	vec_each (&h->backups.list, b) {
		if (b->start == LSN_NONE)
			return arena_fmt(a,
				"Where the base backup %s begins is not known, so all is kept.",
				b->name);
		if (ret->base == NULL || b->start < ret->base->start)
			ret->base = b;
	}
	if (ret->base == NULL)
		return "There is no base backup that needs WAL, so it is not known what may go.";
	ret->number = ret->base->start / bytes;
	return NULL;
}

struct removal {
	struct arena *arena;
	struct prune_plan *plan;
	struct archive *archive;
	struct boundary boundary;
	VEC(const char *) names;
	int64_t older_than; /* by modification; INT64_MAX: whatever its age */
};

static bool
take(struct removal *r, const struct archive_segment *s, struct err *err)
{
	char name[SEGMENT_NAME];
	struct object o;
	const char *path;

	if (!archive_path(r->archive, r->arena, s, &path, err) ||
		!source_stat(r->archive->source, r->arena, path, &o, err))
		return false;
	if (o.mtime > r->older_than)
		return true;
	segment_name(s->tli, archive_number(r->archive, s), r->archive->header.bytes, name);
	if (r->names.n == 0)
		r->plan->wal.first = arena_strdup(r->arena, name);
	r->plan->wal.last = arena_strdup(r->arena, name);
	*vec_push(r->arena, &r->names) = path;
	r->plan->bytes += o.size;
	return true;
}

/* Of this timeline and those before it, what lies in front of the boundary. */
static bool
take_all(struct removal *r, struct err *err)
{
	for (size_t i = 0; i < r->archive->n; i++) {
		CLEANUP(err_done) struct err why = ERR_INIT;
		const struct archive_segment *s = &r->archive->segments[i];
		uint64_t number = archive_number(r->archive, s);

		if (s->tli > r->boundary.base->tli || number >= r->boundary.number)
			continue;
		if (!take(r, s, &why) && why.code != ERR_NOT_FOUND)
			return err_move(err, &why);
	}
	r->plan->wal.names = r->names.v;
	r->plan->wal.n = r->plan->going = r->names.n;
	r->plan->wal.base = r->boundary.base->name;
	return true;
}

static bool
make(struct removal *r, const struct holding *h, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;

	if (!archive_list(h->source, h->prefix, &r->archive, err))
		return false;
	if (!archive_probe(r->archive, &why)) {
		r->plan->nothing = arena_fmt(r->arena,
			"The size of a segment can't be found out, so all is kept. %s", why.msg);
		return true;
	}
	r->plan->nothing = find_boundary(r->arena, h, r->archive->header.bytes, &r->boundary);
	return r->plan->nothing != NULL || take_all(r, err);
}

bool
prune_wal_make(struct arena *a, const struct site *site, struct prune_plan *plan, int64_t now,
	struct err *err)
{
	const struct keep *k = plan->set->keep;
	struct removal r = {.arena = a, .plan = plan, .older_than = INT64_MAX};
	const struct holding *h, *ours = NULL;
	struct holdings all;
	bool good;

	if (k->for_s != FIELD_ABSENT)
		r.older_than = now - k->for_s;
	good = holdings_of_asset(a, site, plan->set->asset, &all, err);
	vec_each (&all.list, h)
		if (util_streq(h->set, plan->set->item.key))
			ours = h;
	if (good && ours != NULL)
		good = make(&r, ours, err);
	archive_free(r.archive);
	holdings_done(&all);
	return good;
}

#include "base/banned.h"
#include "wal/inspect.h"

struct inspector {
	struct continuity *c;
	struct inspect_count count;
	struct arena arena; /* for one file */
	const struct archive_segment *newest;
	int64_t fresh;
	bool sizes, headers;
	const char *why; /* what is wrong with the file; NULL: nothing */
	bool pending;    /* it is only not there yet */
};

/* Names what differs from what the name and the archive promise. */
static void
judge_header(struct inspector *k, const struct archive_segment *s, const struct segment_header *h)
{
	const struct archive *a = k->c->archive;
	char lsn[LSN_TEXT];

	if (h->system_identifier != a->header.system_identifier)
		k->why = arena_fmt(&k->arena,
			"It belongs to another system (identifier %llu instead of %llu).",
			(unsigned long long)h->system_identifier,
			(unsigned long long)a->header.system_identifier);
	else if (h->bytes != a->header.bytes)
		k->why = "Its header gives another segment size than the rest.";
	else if (h->lsn != archive_number(a, s) * h->bytes)
		k->why = arena_fmt(&k->arena, "It holds the WAL of %s, not what its name says.",
			lsn_format(h->lsn, lsn));
	else if (h->tli > s->tli)
		k->why = arena_fmt(&k->arena, "It holds WAL of timeline %u.", (unsigned)h->tli);
}

/* A file of the wrong size, which may yet be a compressed one without a suffix. */
static bool
judge_size(struct inspector *k, const struct archive_segment *s, const struct object *o,
	struct err *err)
{
	struct archive *a = k->c->archive;
	CLEANUP(err_done) struct err here = ERR_INIT;
	struct packed *p;
	bool packed = false;

	if (o->size > 0 && archive_open(a, s, &p, &here)) {
		packed = packed_format(p) != NULL;
		packed_free(p);
	}
	if (packed)
		return true;
	if (here.code != ERR_NONE && here.code != ERR_DAMAGED)
		return err_move(err, &here);
	k->pending = s == k->newest && o->mtime > k->fresh;
	k->why = arena_fmt(&k->arena, "It is %lld of %u bytes long.", (long long)o->size,
		(unsigned)a->header.bytes);
	return true;
}

static bool
check_size(struct inspector *k, const struct archive_segment *s, struct err *err)
{
	CLEANUP(err_done) struct err here = ERR_INIT;
	struct archive *a = k->c->archive;
	struct object o;
	const char *name;

	if (!archive_plain(a, s))
		return true;
	k->count.sizes++;
	if (!archive_path(a, &k->arena, s, &name, &here) ||
		!source_stat(a->source, &k->arena, name, &o, &here)) {
		if (here.code != ERR_NOT_FOUND)
			return err_move(err, &here);
		k->why = "It went away while the archive was read.";
		return true;
	}
	return o.size == a->header.bytes || judge_size(k, s, &o, err);
}

static bool
check_header(struct inspector *k, const struct archive_segment *s, struct err *err)
{
	CLEANUP(err_done) struct err here = ERR_INIT;
	struct segment_header h;

	k->count.headers++;
	if (archive_header(k->c->archive, s, &h, &here)) {
		judge_header(k, s, &h);
		return true;
	}
	if (here.code != ERR_DAMAGED)
		return err_move(err, &here);
	k->why = arena_strdup(&k->arena, here.msg);
	return true;
}

static bool
inspect(struct inspector *k, struct archive_segment *s, struct err *err)
{
	char name[SEGMENT_NAME];

	k->why = NULL;
	k->pending = false;
	if (archive_number(k->c->archive, s) == UINT64_MAX)
		k->why = "Its name is impossible for this segment size.";
	else if ((k->sizes && !check_size(k, s, err)) ||
		 (k->why == NULL && k->headers && !check_header(k, s, err)))
		return false;
	if (k->why != NULL) {
		s->bad = true;
		snprintf(name, sizeof(name), "%08X%08X%08X", s->tli, s->log, s->seg);
		if (!k->pending)
			continuity_note(k->c, name, k->why);
	}
	arena_done(&k->arena);
	return true;
}

bool
inspect_segments(struct continuity *c, uint32_t tli, uint64_t number, int64_t fresh, bool all,
	struct inspect_count *ret, struct err *err)
{
	struct archive *a = c->archive;
	bool local = source_path(a->source, c->arena, a->prefix) != NULL, good = true;
	struct inspector k = {
		.c = c, .newest = a->n > 0 ? &a->segments[a->n - 1] : NULL, .fresh = fresh};

	for (size_t i = a->n; good && i > 0; i--) {
		struct archive_segment *s = &a->segments[i - 1];

		if (s->bad || s->tli < tli || archive_number(a, s) < number)
			continue;
		k.sizes = all || (local && k.count.sizes < INSPECT_SIZES);
		k.headers = all || (local && k.count.headers < INSPECT_HEADERS);
		k.count.skipped += !k.sizes;
		good = !(k.sizes || k.headers) || inspect(&k, s, err);
	}
	arena_done(&k.arena);
	continuity_rebuild(c);
	*ret = k.count;
	return good;
}

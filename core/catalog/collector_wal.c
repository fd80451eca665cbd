/*
 * collector_wal: a WAL archive, as ranges of segments without a gap, each of which is a row:
 * "000000010000000000000003-000000010000000000000A7". Its time is when its last segment was
 * written; its size that of the WAL in it, whatever a compressor made of it.
 *
 * What the gaps mean for recovery, `lifeboat window` says in depth. Here only: what comes behind
 * a gap can't be reached from the base backups before it. Base backups are those of the asset's
 * pg_basebackup sets.
 */
#include "base/banned.h"
#include "catalog/archiver.h"
#include "catalog/collector.h"
#include "base/path.h"
#include "wal/continuity.h"
#include "wal/holdings.h"

#define FRESH_S      600  /* files so young may still have earlier ones under way */
#define TIMES_MAX    1000 /* ranges whose time is looked up, the newest */
#define SIZE_ASSUMED ((uint32_t)(16 * MIB))

struct wal {
	struct collecting *c;
	struct archive *archive;
	struct continuity continuity;
	int64_t newest_at; /* when the newest segment was written; CLOCK_NONE */
};

/* When the last segment of a range was written. */
static bool
time_of(struct wal *w, const struct continuity_range *r, int64_t *ret, struct err *err)
{
	const struct archive_segment *s = archive_find(w->archive, r->tli, r->last);
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct object o;
	const char *path;

	*ret = CLOCK_NONE;
	if (s == NULL)
		return true;
	if (!archive_path(w->archive, w->c->arena, s, &path, &why) ||
		!source_stat(w->c->source, w->c->arena, path, &o, &why))
		return why.code == ERR_NOT_FOUND || err_move(err, &why);
	*ret = o.mtime;
	return true;
}

static bool
add_range(struct wal *w, const struct continuity_range *r, bool look, struct err *err)
{
	const struct segment_header *h = &w->archive->header;
	char first[SEGMENT_NAME], last[SEGMENT_NAME];
	struct arena *a = w->c->arena;
	uint64_t n = r->last - r->first + 1;
	struct backup b = {.path = w->archive->prefix,
		.etag = "",
		.note = "",
		.size = (int64_t)(n * h->bytes),
		.finished_at = CLOCK_NONE,
		.time_from = TIME_MTIME,
		.directory = true};

	if (look && !time_of(w, r, &b.finished_at, err))
		return false;
	b.mtime = b.finished_at;
	w->newest_at = MAX(w->newest_at, b.finished_at);
	segment_name(r->tli, r->first, h->bytes, first);
	segment_name(r->tli, r->last, h->bytes, last);
	b.name = r->first == r->last ? arena_strdup(a, first) : arena_fmt(a, "%s-%s", first, last);
	b.detail = arena_fmt(a,
		"{\"timeline\":%u,\"segments\":%llu,\"first\":\"%s\",\"last\":\"%s\","
		"\"segment_bytes\":%u,\"system_identifier\":\"%llu\"}",
		r->tli, (unsigned long long)n, first, last, h->bytes,
		(unsigned long long)h->system_identifier);
	return collecting_add(w->c, &b, err);
}

static const struct basebackup *
extreme(const struct basebackups *bases, bool newest)
{
	const struct basebackup *best = NULL, *b;

	vec_each (&bases->list, b)
		if (b->why == NULL && (best == NULL || (b->start > best->start) == newest))
			best = b;
	return best;
}

/* Gaps behind this segment that are not just still arriving; *ret_first names the first. */
static size_t
gaps_from(struct wal *w, uint32_t tli, uint64_t number, char first[SEGMENT_NAME])
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct continuity_gap *g;
	size_t n = 0;

	if (!continuity_gaps(&w->continuity, tli, number, w->c->now - FRESH_S, &err))
		return 0;
	vec_each (&w->continuity.gaps, g) {
		if (g->in_flight)
			continue;
		if (n++ == 0)
			segment_name(g->tli, g->first, w->archive->header.bytes, first);
	}
	return n;
}

static void
judge_gaps(struct wal *w, const struct basebackups *bases)
{
	const struct basebackup *newest = extreme(bases, true), *oldest = extreme(bases, false);
	const struct continuity_range *r = w->continuity.ranges.v;
	uint32_t bytes = w->archive->header.bytes;
	char first[SEGMENT_NAME];
	size_t n;

	if (newest != NULL && gaps_from(w, newest->tli, newest->start / bytes, first) > 0) {
		collecting_notice(w->c, VERDICT_BREACH,
			"The segment %s is missing behind the newest base backup (%s): nothing "
			"after it can be recovered.",
			first, newest->name);
		return;
	}
	n = oldest != NULL ? gaps_from(w, oldest->tli, oldest->start / bytes, first)
			   : gaps_from(w, r->tli, r->first, first);
	if (n > 0)
		collecting_notice(w->c, VERDICT_LATE,
			"The archive has %zu gap%s, the first at segment %s: `lifeboat window` "
			"says what can't be reached.",
			n, n == 1 ? "" : "s", first);
}

/* The base backups of the asset; without them gaps are judged from the first segment on. */
static void
judge(struct wal *w, const struct site *site)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct holdings h = {.arena = w->c->arena};
	struct basebackups none = {.arena = w->c->arena};
	const struct basebackups *bases = &none;
	const struct holding *one;

	if (!holdings_of_asset(w->c->arena, site, w->c->set->asset, &h, &err))
		collecting_notice(
			w->c, VERDICT_OK, "The base backups could not be looked at: %s", err.msg);
	vec_each (&h.list, one)
		if (util_streq(one->set, w->c->set->item.key))
			bases = &one->backups;
	judge_gaps(w, bases);
	holdings_done(&h);
}

static bool
collect_ranges(struct wal *w, struct err *err)
{
	size_t n = w->continuity.ranges.n;

	for (size_t i = 0; i < n; i++)
		if (!add_range(w, &w->continuity.ranges.v[i], n - i <= TIMES_MAX, err))
			return false;
	if (n > 0)
		collecting_notice(w->c, VERDICT_OK, "%zu segments in %zu range%s without a gap.",
			w->archive->n, n, n == 1 ? "" : "s");
	if (n > 0)
		judge(w, w->c->site);
	return true;
}

static bool
collect(struct collecting *c, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct wal w = {.c = c, .newest_at = CLOCK_NONE};
	bool good = true;

	if (!archive_list(c->source, c->pattern.directory, &w.archive, err))
		return false;
	if (!archive_probe(w.archive, &why)) {
		if (why.code == ERR_NOT_FOUND) {
			archive_free(w.archive);
			archiver_ask(c, NULL, NULL, CLOCK_NONE);
			return true;
		}
		good = why.code == ERR_UNKNOWN || err_move(err, &why);
		if (good) {
			w.archive->header.bytes = SIZE_ASSUMED;
			collecting_notice(c, VERDICT_LATE,
				"No segment could be read, so their size is assumed to be 16 MiB: "
				"%s",
				why.msg);
		}
	}
	good = good && continuity_read(c->arena, w.archive, &w.continuity, err) &&
	       collect_ranges(&w, err);
	if (good)
		archiver_ask(c, w.archive, &w.continuity, w.newest_at);
	archive_free(w.archive);
	return good;
}

const struct collector collector_wal = {
	.type = SET_WAL,
	.collect = collect,
};

#include "base/banned.h"
#include "verify/basebackup.h"

void
basebackup_wal_done(struct basebackup *b)
{
	for (size_t i = 0; b->walks != NULL && i < b->manifest.ranges.n; i++)
		wal_walk_done(&b->walks[i]);
	free(b->walks);
	b->walks = NULL;
}

/* Walks are made when the first segment comes: each has a page's buffer. */
static struct wal_walk *
walk_of(struct basebackup *b, size_t i)
{
	if (b->walks == NULL)
		b->walks = util_alloc(b->manifest.ranges.n * sizeof(*b->walks));
	if (b->walks[i].page == NULL) {
		wal_walk_init(&b->walks[i]);
		b->walks[i].stop_at = b->manifest.ranges.v[i].end;
	}
	return &b->walks[i];
}

/* The range that a segment belongs to; false when nobody needs it. */
static bool
range_of(const struct basebackup *b, const struct wal_header *h, size_t *ret)
{
	for (*ret = 0; *ret < b->manifest.ranges.n; (*ret)++) {
		const struct manifest_range *r = &b->manifest.ranges.v[*ret];

		if (r->timeline == h->timeline && h->lsn < r->end &&
			h->lsn + h->segment_bytes > r->start)
			return true;
	}
	return false;
}

/* When a backup is extracted, its WAL was looked at before. */
static bool
extract_segment(struct basebackup *b, const char *name, struct scan *s, struct err *err)
{
	b->segments++;
	return basebackup_file(b, arena_fmt(b->proof->arena, "pg_wal/%s", name), s, err);
}

bool
basebackup_segment(struct basebackup *b, const char *name, struct scan *s, struct err *err)
{
	uint32_t timeline, high, low;
	struct wal_header h;
	const unsigned char *p;
	ssize_t n = scan_view(s, &p, err);
	size_t i;

	if (n < 0)
		return false;
	if (b->extract != NULL && strchr(name, '/') == NULL)
		return extract_segment(b, name, s, err);
	/* archive_status/, .history and .backup files are not needed to recover */
	if (!wal_name_parse(name, &timeline, &high, &low) ||
		(name[WAL_NAME] != '\0' && strcmp(name + WAL_NAME, ".partial") != 0))
		return scan_drain(s, err);
	b->segments++;
	if (!wal_header_read(p, (size_t)n, &h)) {
		report_faults_add(&b->wal, "%s is no WAL segment", name);
		return scan_drain(s, err);
	}
	if (!range_of(b, &h, &i))
		return scan_drain(s, err);
	if (wal_walk_segment(walk_of(b, i), s, true, err))
		return true;
	if (err->code != ERR_DAMAGED)
		return false;
	report_faults_add(&b->wal, "%s: %s", name, err->msg);
	err_done(err);
	return scan_drain(s, err);
}

static bool
covers(const struct wal_walk *w, const struct manifest_range *r)
{
	return w->first_record != 0 && w->first_record <= r->start && w->valid_until >= r->end;
}

/* The archive of --wal. */
struct wal_archive {
	struct source *source;
	const char *dir;
	uint32_t segment_bytes;
	struct proving *proof;
};

static bool
first_segment(const struct object *o, void *arg, struct err *err)
{
	struct wal_archive *a = arg;
	const char *name = o->name + strlen(a->dir);
	struct flow_spec spec = {.source = a->source, .name = o->name};
	struct err ignored = ERR_INIT;
	uint32_t timeline, high, low;
	const unsigned char *p;
	struct wal_header h;
	struct flow *f;
	ssize_t n;

	if (o->directory || !wal_name_parse(name, &timeline, &high, &low) || strchr(name, 'b') ||
		!flow_open(&spec, &f, &ignored)) {
		err_done(&ignored);
		return true;
	}
	n = scan_view(flow_scan(f), &p, &ignored);
	if (n > 0 && wal_header_read(p, (size_t)n, &h))
		a->segment_bytes = h.segment_bytes;
	flow_free(f);
	err_done(&ignored);
	return a->segment_bytes == 0;
}

static bool
open_archive(struct wal_archive *a, const char *uri, struct err *err)
{
	const char *name;

	if (!source_open_uri(a->proof->arena, uri, &a->source, &name, err))
		return false;
	a->dir = name[0] == '\0' || util_ends(name, "/") ? name
							 : arena_fmt(a->proof->arena, "%s/", name);
	/* The size of segments is read from one of them, never assumed. */
	if (!source_list(a->source, a->dir, false, first_segment, a, err) && err->code != ERR_NONE)
		return false;
	return a->segment_bytes != 0 ||
	       err_set(err, ERR_NOT_FOUND, "There is no WAL segment at %s.", uri);
}

static bool
open_segment(struct wal_archive *a, const char *name, struct flow **ret, struct err *err)
{
	static const char *const endings[] = {"", ".gz", ".zst", ".lz4", ".bz2", ".xz", ".partial"};

	for (size_t i = 0; i < ARRAY_LEN(endings); i++) {
		struct flow_spec spec = {.source = a->source,
			.name = arena_fmt(a->proof->arena, "%s%s%s", a->dir, name, endings[i]),
			.meter = a->proof->meter};

		err_done(err);
		if (flow_open(&spec, ret, err))
			return true;
		if (err->code != ERR_NOT_FOUND)
			return false;
	}
	return err_set(err, ERR_CHECK_FAILED, "The segment %s is missing in the archive.", name);
}

static bool
walk_archive(struct wal_archive *a, const struct manifest_range *r, struct err *err)
{
	uint64_t lsn = r->start - r->start % a->segment_bytes;
	struct wal_walk w;
	bool good = true;

	wal_walk_init(&w);
	w.stop_at = r->end;
	for (; good && lsn < r->end; lsn += a->segment_bytes) {
		char name[WAL_NAME + 1];
		struct flow *f = NULL;

		wal_name_format(r->timeline, lsn, a->segment_bytes, name);
		good = open_segment(a, name, &f, err) &&
		       (wal_walk_segment(&w, flow_scan(f), true, err) ||
			       err_prefix(err, "%s", name));
		flow_free(f);
	}
	if (good && !covers(&w, r))
		good = err_set(err, ERR_CHECK_FAILED, "The archive does not reach that far.");
	wal_walk_done(&w);
	return good;
}

static void
range_covered(struct basebackup *b, const struct manifest_range *r, const char *where)
{
	char from[WAL_LSN], to[WAL_LSN];

	report_add(b->proof->report, PROOF_PASS, "wal", "%s to %s on timeline %u is whole, in %s",
		wal_lsn_text(r->start, from), wal_lsn_text(r->end, to), r->timeline, where);
}

static void
range_missing(struct basebackup *b, const struct manifest_range *r)
{
	char from[WAL_LSN], to[WAL_LSN];

	wal_lsn_text(r->start, from);
	wal_lsn_text(r->end, to);
	if (b->segments == 0)
		report_add(b->proof->report, PROOF_UNKNOWN, "wal",
			"The backup holds no WAL and can't be recovered without %s to %s on "
			"timeline %u. Name the archive that has it with --wal.",
			from, to, r->timeline);
	else
		report_add(b->proof->report, PROOF_FAIL, "wal",
			"The WAL in it does not cover %s to %s on timeline %u.", from, to,
			r->timeline);
}

static bool
check_range(struct basebackup *b, size_t i, struct wal_archive *archive, struct err *err)
{
	const struct manifest_range *r = &b->manifest.ranges.v[i];
	const char *uri = b->proof->options->wal;

	if (b->walks != NULL && covers(&b->walks[i], r)) {
		range_covered(b, r, "the backup");
		return true;
	}
	if (uri == NULL) {
		range_missing(b, r);
		return true;
	}
	if (archive->source == NULL && !open_archive(archive, uri, err))
		return report_err(b->proof->report, "wal", err);
	if (!walk_archive(archive, r, err))
		return report_err(b->proof->report, "wal", err);
	range_covered(b, r, uri);
	return true;
}

bool
basebackup_fetch(struct basebackup *b, struct err *err)
{
	struct wal_archive archive = {.proof = b->proof};
	bool good = open_archive(&archive, b->proof->options->wal, err);

	for (size_t i = 0; good && i < b->manifest.ranges.n; i++) {
		const struct manifest_range *r = &b->manifest.ranges.v[i];
		uint64_t lsn = r->start - r->start % archive.segment_bytes;

		for (; good && lsn < r->end; lsn += archive.segment_bytes) {
			char name[WAL_NAME + 1];
			struct flow *f = NULL;

			wal_name_format(r->timeline, lsn, archive.segment_bytes, name);
			good = open_segment(&archive, name, &f, err) &&
			       extract_segment(b, name, flow_scan(f), err);
			flow_free(f);
		}
	}
	source_free(archive.source);
	return good;
}

bool
basebackup_wal(struct basebackup *b, struct err *err)
{
	struct wal_archive archive = {.proof = b->proof};
	bool good = report_faults_end(&b->wal);

	for (size_t i = 0; good && i < b->manifest.ranges.n; i++)
		good = check_range(b, i, &archive, err);
	source_free(archive.source);
	return good;
}

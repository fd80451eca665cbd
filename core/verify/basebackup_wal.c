#include "base/banned.h"
#include "verify/basebackup.h"
#include "wal/archive.h"

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

/* The archive that was named, or that the asset has. */
struct wal_archive {
	struct source *source;
	struct archive *files;
	const char *uri;
	struct proving *proof;
};

bool
basebackup_has_archive(const struct basebackup *b)
{
	return b->proof->options->wal != NULL || b->proof->options->wal_location != NULL;
}

/* Whose WAL it must be; 0 when that is not known. */
static uint64_t
identifier_of(const struct basebackup *b)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	struct pgcontrol control;

	if (pgcontrol_read(b->control, b->control_len, &control, &ignored))
		return control.system_identifier;
	return b->manifest.system_identifier;
}

static bool
check_identifier(const struct basebackup *b, uint64_t found, const char *where, struct err *err)
{
	uint64_t wanted = identifier_of(b);

	return wanted == 0 || found == wanted ||
	       err_set(err, ERR_CHECK_FAILED,
		       "The WAL in %s is of another cluster: its system identifier is %llu, not "
		       "%llu.",
		       where, (unsigned long long)found, (unsigned long long)wanted);
}

static void
archive_close(struct wal_archive *a)
{
	archive_free(a->files);
	source_free(a->source);
}

static bool
open_archive(struct wal_archive *a, struct err *err)
{
	const struct verify_options *o = a->proof->options;
	struct arena *arena = a->proof->arena;
	const char *dir = o->wal_directory;

	if (o->wal != NULL ? !source_open_uri(arena, o->wal, &a->source, &dir, err)
			   : !source_open(o->wal_location, &a->source, err))
		return false;
	if (dir[0] != '\0' && !util_ends(dir, "/"))
		dir = arena_fmt(arena, "%s/", dir);
	a->uri = source_uri(a->source, arena, dir);
	/* The size of segments is read from one of them, never assumed. */
	if (!archive_list(a->source, dir, &a->files, err) || !archive_probe(a->files, err))
		return err_prefix(err, "The WAL archive %s", a->uri);
	return true;
}

/* Of one that was still being received, which is good up to where it ends. */
static const char *
partial_name(const struct wal_archive *a, uint32_t timeline, uint64_t number)
{
	const struct archive_extra *p;
	uint64_t other;

	vec_each (&a->files->partials, p)
		if (p->tli == timeline &&
			segment_number(p->log, p->seg, a->files->header.bytes, &other) &&
			other == number)
			return p->name;
	return NULL;
}

static bool
open_segment(struct wal_archive *a, uint32_t timeline, uint64_t lsn, char name[SEGMENT_NAME],
	struct flow **ret, struct err *err)
{
	uint32_t bytes = a->files->header.bytes;
	struct flow_spec spec = {.source = a->source, .meter = a->proof->meter};
	const struct archive_segment *s = archive_find(a->files, timeline, lsn / bytes);

	segment_name(timeline, lsn / bytes, bytes, name);
	if (s != NULL && !archive_path(a->files, a->proof->arena, s, &spec.name, err))
		return false;
	if (s == NULL)
		spec.name = partial_name(a, timeline, lsn / bytes);
	if (spec.name == NULL)
		return err_set(err, ERR_CHECK_FAILED,
			"The segment %s is missing in the archive %s.", name, a->uri);
	return flow_open(&spec, ret, err);
}

static bool
walk_archive(const struct basebackup *b, struct wal_archive *a, const struct manifest_range *r,
	struct err *err)
{
	uint32_t bytes = a->files->header.bytes;
	uint64_t lsn = r->start - r->start % bytes;
	struct wal_walk w;
	bool good = true;

	wal_walk_init(&w);
	w.stop_at = r->end;
	for (; good && lsn < r->end; lsn += bytes) {
		char name[SEGMENT_NAME];
		struct flow *f = NULL;

		good = open_segment(a, r->timeline, lsn, name, &f, err) &&
		       (wal_walk_segment(&w, flow_scan(f), true, err) ||
			       err_prefix(err, "%s", name)) &&
		       check_identifier(b, w.header.system_identifier, a->uri, err);
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
	if (b->walks != NULL && covers(&b->walks[i], r)) {
		if (!check_identifier(b, b->walks[i].header.system_identifier, "the backup", err))
			return report_err(b->proof->report, "wal", err);
		range_covered(b, r, "the backup");
		return true;
	}
	if (!basebackup_has_archive(b)) {
		range_missing(b, r);
		return true;
	}
	if ((archive->source == NULL && !open_archive(archive, err)) ||
		!walk_archive(b, archive, r, err))
		return report_err(b->proof->report, "wal", err);
	range_covered(b, r, archive->uri);
	return true;
}

bool
basebackup_fetch(struct basebackup *b, struct err *err)
{
	struct wal_archive archive = {.proof = b->proof};
	bool good = open_archive(&archive, err);

	for (size_t i = 0; good && i < b->manifest.ranges.n; i++) {
		const struct manifest_range *r = &b->manifest.ranges.v[i];
		uint32_t bytes = archive.files->header.bytes;

		for (uint64_t lsn = r->start - r->start % bytes; good && lsn < r->end;
			lsn += bytes) {
			char name[SEGMENT_NAME];
			struct flow *f = NULL;

			good = open_segment(&archive, r->timeline, lsn, name, &f, err) &&
			       extract_segment(b, name, flow_scan(f), err);
			flow_free(f);
		}
	}
	archive_close(&archive);
	return good;
}

bool
basebackup_wal(struct basebackup *b, struct err *err)
{
	struct wal_archive archive = {.proof = b->proof};
	bool good = report_faults_end(&b->wal);

	for (size_t i = 0; good && i < b->manifest.ranges.n; i++)
		good = check_range(b, i, &archive, err);
	archive_close(&archive);
	return good;
}

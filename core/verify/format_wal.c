/*
 * WAL: one segment, plain or compressed, or a directory of them.
 *
 * Every record's CRC is compared. What one segment alone can't show are the records that begin
 * before it or end behind it; a directory is walked in order, so there they are compared too.
 * Whether segments are missing is `lifeboat window`'s question, not this one's.
 */
#include "base/banned.h"
#include "verify/format.h"
#include "verify/walwalk.h"
#include "base/path.h"

static bool
wal_detect(const unsigned char *p, size_t len)
{
	struct wal_header h;

	return wal_header_read(p, len, &h);
}

/* "000000010000000A000000FF", then nothing, ".partial" or a compression's ending. */
static bool
is_segment_name(const char *name, bool *ret_partial)
{
	static const char *const endings[] = {"", ".gz", ".zst", ".lz4", ".bz2", ".xz"};
	uint32_t timeline, high, low;
	const char *rest;

	if (!wal_name_parse(name, &timeline, &high, &low))
		return false;
	rest = name + WAL_NAME;
	*ret_partial = util_starts(rest, ".partial");
	if (*ret_partial)
		rest += strlen(".partial");
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (strcmp(rest, endings[i]) == 0)
			return true;
	return false;
}

/* A file that was renamed by hand is proven all the same; only a name that says something else
 * is a fault. */
static bool
check_name(const char *name, const struct wal_header *h, struct err *err)
{
	char expected[WAL_NAME + 1];
	bool partial;

	if (!is_segment_name(name, &partial))
		return true;
	wal_name_format(h->timeline, h->lsn, h->segment_bytes, expected);
	return memcmp(name, expected, WAL_NAME) == 0 ||
	       err_set(err, ERR_DAMAGED, "Its name says %.*s, its header %s.", WAL_NAME, name,
		       expected);
}

static void
report_walk(struct proving *p, const struct wal_walk *w)
{
	const char *version = wal_version(w->header.magic);
	char from[WAL_LSN], to[WAL_LSN];

	report_add(p->report, version != NULL ? PROOF_PASS : PROOF_UNKNOWN, "header",
		"PostgreSQL %s, system identifier %llu, timeline %u, segments of %u MiB",
		version != NULL ? version : "of a version that is not known here",
		(unsigned long long)w->header.system_identifier, w->header.timeline,
		w->header.segment_bytes >> 20);
	report_add(p->report, PROOF_PASS, "records",
		"CRCs are right from %s to %s%s; %llu bytes at the edges belong to records that "
		"began before or end later",
		wal_lsn_text(w->first_record, from), wal_lsn_text(w->valid_until, to),
		w->runs > 1 ? ", the last run of several" : "",
		(unsigned long long)(w->unchecked + wal_walk_owed(w)));
}

/* Zeros where records should be: of a complete segment, the end was lost. */
static bool
check_complete(const struct wal_walk *w, bool partial, struct err *err)
{
	char at[WAL_LSN];

	if (!w->ended || partial)
		return true;
	return err_set(err, ERR_DAMAGED,
		"Only zeros follow behind %s, though the segment was not ended there: what was "
		"written behind is lost.",
		wal_lsn_text(w->valid_until, at));
}

static bool
wal_verify(struct proving *p, struct err *err)
{
	const char *name = path_base(p->name);
	bool partial = false, good;
	struct wal_walk w;

	if (!is_segment_name(name, &partial))
		partial = strstr(name, ".partial") != NULL;
	wal_walk_init(&w);
	good = wal_walk_segment(&w, p->scan, partial, err) && check_name(name, &w.header, err) &&
	       check_complete(&w, partial, err);
	if (good)
		report_walk(p, &w);
	wal_walk_done(&w);
	p->sealed = true;
	return good;
}

const struct format format_wal = {
	.name = "wal_segment",
	.detect = wal_detect,
	.verify = wal_verify,
};

struct wal_dir {
	struct proving *proof;
	VEC(const char *) names; /* relative to the directory */
};

static bool
collect(const struct object *o, void *arg, struct err *err)
{
	struct wal_dir *d = arg;
	const char *name = o->name + strlen(d->proof->name);
	bool partial;

	if (!o->directory && is_segment_name(name, &partial))
		*vec_push(d->proof->arena, &d->names) = arena_strdup(d->proof->arena, name);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A damaged segment condemns itself; the walk goes on behind it. */
static bool
walk_one(struct wal_dir *d, struct wal_walk *w, const char *name, struct report_faults *faults,
	struct err *err)
{
	struct flow *f = NULL;
	bool partial = false, good;

	if (!is_segment_name(name, &partial))
		BUG("wal: %s was no segment's name before", name);
	good = proving_open(d->proof, proving_below(d->proof, name), SUM_NONE, &f, err) &&
	       wal_walk_segment(w, flow_scan(f), partial, err) &&
	       check_name(name, &w->header, err) && check_complete(w, partial, err);
	flow_free(f);
	if (good || err->code != ERR_DAMAGED)
		return good;
	report_faults_add(faults, "%s: %s", name, err->msg);
	err_done(err);
	w->segments = 0;
	return true;
}

static bool
wal_dir_verify(struct proving *p, struct err *err)
{
	struct wal_dir d = {.proof = p};
	struct report_faults faults;
	struct wal_walk w;
	bool good = true;

	if (!proving_list(p, false, collect, &d, err))
		return false;
	qsort(d.names.v, d.names.n, sizeof(*d.names.v), by_name);
	wal_walk_init(&w);
	report_faults_init(&faults, p->report, "segments");
	for (size_t i = 0; good && i < d.names.n; i++)
		good = walk_one(&d, &w, d.names.v[i], &faults, err);
	if (report_faults_end(&faults) && good) {
		report_add(p->report, PROOF_PASS, "segments", "%zu segments, %s to %s", d.names.n,
			d.names.v[0], d.names.v[d.names.n - 1]);
		report_walk(p, &w);
	}
	wal_walk_done(&w);
	p->sealed = true;
	return good;
}

static bool
wal_landmark(const char *name)
{
	bool partial;

	return is_segment_name(name, &partial);
}

const struct format format_wal_directory = {
	.name = "wal_archive",
	.landmark = wal_landmark,
	.verify = wal_dir_verify,
};

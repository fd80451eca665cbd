#include "base/banned.h"
#include "wal/walset.h"
#include "base/bytes.h"
#include "base/str.h"
#include "wal/label.h"

#define END_SEARCH    4096 /* segments in which the end of a backup without manifest is sought */
#define OP_BACKUP_END 0x50 /* xl_info of RMGR_XLOG */

struct scan
walset_scan(struct walset *w, const struct history *way, uint64_t limit)
{
	return (struct scan){.archive = w->archive, .way = way, .arena = w->arena, .limit = limit};
}

void
walset_count(struct walset *w, const struct scan *s)
{
	w->segments_read += s->segments_read;
	w->bytes_read += s->bytes_read;
}

static int
compare_backups(const void *x, const void *y)
{
	const struct basebackup *a = &((const struct walset_backup *)x)->base;
	const struct basebackup *b = &((const struct walset_backup *)y)->base;

	if (a->tli != b->tli)
		return a->tli < b->tli ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

/* The run of segments from where the backup's WAL begins, along its own timeline's way. */
static bool
own_run(struct walset *w, const struct basebackup *b, const struct history **way, uint64_t *ret)
{
	*way = continuity_way(&w->continuity, b->tli);
	return *way != NULL &&
	       continuity_run(&w->continuity, *way, b->start / w->archive->header.bytes, ret);
}

struct checkpoint_reader {
	uint64_t lsn;
	int64_t at_us;
};

static bool
take_checkpoint(const struct record *r, void *arg)
{
	struct checkpoint_reader *c = arg;

	if (r->lsn < c->lsn)
		return true;
	if (r->lsn == c->lsn && !xact_time(r, &c->at_us))
		c->at_us = INT64_MIN;
	return false;
}

/* The time of the checkpoint with which a backup began; it tells the zone of its label. */
static bool
checkpoint_time(struct walset *w, const struct basebackup *b, int64_t *ret, struct err *err)
{
	struct checkpoint_reader c = {.lsn = b->checkpoint, .at_us = INT64_MIN};
	const struct history *way;
	uint64_t last, number = b->checkpoint / w->archive->header.bytes;
	enum reader_state state;
	struct reader r;
	struct scan s;
	bool good;

	*ret = CLOCK_NONE;
	if (b->checkpoint < b->start || !own_run(w, b, &way, &last) || last < number)
		return true;
	s = walset_scan(w, way, last);
	reader_init(&r, &w->archive->header, 1ULL << RMGR_XLOG, take_checkpoint, &c);
	good = scan_run(&s, &r, number, number, &state, err);
	reader_done(&r);
	walset_count(w, &s);
	if (c.at_us != INT64_MIN)
		*ret = c.at_us / 1000000;
	return good;
}

static bool
take_label(struct walset *w, struct basebackup *b, const struct label *l, struct err *err)
{
	int64_t started, finished, near;

	if (b->start_text != NULL && l->start_time != NULL &&
		strcmp(b->start_text, l->start_time) != 0) {
		b->why = "The archive holds the label of another backup that began at this very "
			 "position: it is of another system.";
		return true;
	}

	if (b->stop == LSN_NONE)
		b->stop = l->stop;
	if (b->checkpoint == LSN_NONE)
		b->checkpoint = l->checkpoint;
	label_times(l, b->started_at, &started, &finished);
	if (finished == CLOCK_NONE) {
		if (!checkpoint_time(w, b, &near, err))
			return false;
		label_times(l, near, &started, &finished);
	}
	if (b->started_at == CLOCK_NONE)
		b->started_at = started;
	if (b->finished_at == CLOCK_NONE)
		b->finished_at = finished;
	return true;
}

/* The .backup file that the server archived when the backup stopped. */
static bool
read_archived_label(struct walset *w, struct basebackup *b, struct err *err)
{
	const struct archive *a = w->archive;
	const struct archive_extra *e;

	/* A standby archives none; one at its position is of a backup of the primary, or of an
	 * earlier one of the standby: all that fall between two restart points begin alike. */
	if (b->standby)
		return true;
	vec_each (&a->backups, e) {
		CLEANUP(str_done) struct str text = STR_INIT(LABEL_SIZE_MAX + 4 * KIB);
		CLEANUP(err_done) struct err here = ERR_INIT;
		uint64_t number;
		struct label l;

		if (e->tli != b->tli || e->offset != b->start % a->header.bytes ||
			!segment_number(e->log, e->seg, a->header.bytes, &number) ||
			number != b->start / a->header.bytes)
			continue;
		if (!archive_text(w->archive, e->name, LABEL_SIZE_MAX, &text, &here) ||
			!label_parse(w->arena, str_text(&text), text.len, &l, &here))
			return here.code == ERR_DAMAGED || err_move(err, &here);
		return l.start != b->start || take_label(w, b, &l, err);
	}
	return true;
}

struct end_reader {
	uint64_t start, stop;
};

static bool
take_backup_end(const struct record *r, void *arg)
{
	struct end_reader *e = arg;
	struct record_parts parts;

	if (r->rmgr != RMGR_XLOG || (r->info & 0xf0) != OP_BACKUP_END || r->lsn < e->start ||
		!record_parse(r, &parts) || parts.len < 8 || bytes_u64(parts.data) != e->start)
		return true;
	e->stop = r->end;
	return false;
}

/* Without manifest and .backup file, the record in the WAL is what recovery itself goes by. */
static bool
find_stop(struct walset *w, struct basebackup *b, struct err *err)
{
	struct end_reader e = {.start = b->start};
	uint64_t first = b->start / w->archive->header.bytes, last;
	const struct history *way;
	enum reader_state state;
	struct reader r;
	struct scan s;
	bool good;

	if (b->standby || !own_run(w, b, &way, &last))
		return true;
	last = MIN(last, first + END_SEARCH);
	s = walset_scan(w, way, last);
	reader_init(&r, &w->archive->header, 1ULL << RMGR_XLOG, take_backup_end, &e);
	good = scan_run(&s, &r, first, last, &state, err);
	reader_done(&r);
	walset_count(w, &s);
	b->stop = e.stop;
	return good;
}

static const char *
missing_own(struct walset *w, const struct walset_backup *b, uint64_t from)
{
	char name[SEGMENT_NAME];

	return arena_fmt(w->arena, "Segment %s, which it needs itself, is missing.",
		segment_name(b->base.tli, from, w->archive->header.bytes, name));
}

/* Why the backup can't be used; NULL when it can. */
static const char *
judge(struct walset *w, struct walset_backup *b)
{
	const struct segment_header *h = &w->archive->header;
	const struct history *way;
	uint64_t last;

	if (b->base.why != NULL)
		return b->base.why;
	if (b->base.system_identifier != 0 && b->base.system_identifier != h->system_identifier)
		return arena_fmt(w->arena,
			"It is of another system (identifier %llu) than the WAL (%llu).",
			(unsigned long long)b->base.system_identifier,
			(unsigned long long)h->system_identifier);
	b->first = b->base.start / h->bytes;
	if (continuity_way(&w->continuity, b->base.tli) == NULL)
		return arena_fmt(w->arena, "The archive holds no way to its timeline %u.",
			(unsigned)b->base.tli);
	if (!own_run(w, &b->base, &way, &last))
		return missing_own(w, b, b->first);
	if (b->base.stop == LSN_NONE)
		return "The end of the backup is not in the archive.";
	b->last = (b->base.stop - 1) / h->bytes;
	if (last < b->last)
		return missing_own(w, b, last + 1);
	return NULL;
}

static void
judge_all(struct walset *w)
{
	struct walset_backup *b;

	vec_each (&w->backups, b) {
		b->why = judge(w, b);
		b->usable = b->why == NULL;
	}
}

/*
 * WAL matters from the oldest usable backup on; when none is usable, from the oldest that could
 * be; without any backup, from the first segment.
 */
static void
find_domain(struct walset *w)
{
	const struct walset_backup *b, *best = NULL;

	vec_each (&w->backups, b) {
		if (b->base.why != NULL || b->base.start == LSN_NONE)
			continue;
		if (best == NULL || (b->usable && !best->usable) ||
			(b->usable == best->usable && b->base.start < best->base.start))
			best = b;
	}
	if (best != NULL) {
		w->domain_tli = best->base.tli;
		w->domain = best->base.start / w->archive->header.bytes;
	} else if (w->continuity.ranges.n > 0) {
		w->domain_tli = w->continuity.ranges.v[0].tli;
		w->domain = w->continuity.ranges.v[0].first;
	}
}

/* The system whose WAL this is: that of the newest backup that says so, or whose WAL is here. */
static bool
find_system(struct walset *w, struct err *err)
{
	struct archive *a = w->archive;

	for (size_t i = w->backups.n; i > 0; i--) {
		const struct basebackup *b = &w->backups.v[i - 1].base;
		const struct archive_segment *s =
			archive_find(a, b->tli, b->start / a->header.bytes);
		CLEANUP(err_done) struct err here = ERR_INIT;
		struct segment_header h;

		if (s == NULL || b->why != NULL)
			continue;
		if (!archive_header(a, s, &h, &here)) {
			if (here.code != ERR_DAMAGED)
				return err_move(err, &here);
			continue;
		}
		if (h.bytes == a->header.bytes &&
			(b->system_identifier == 0 || b->system_identifier == h.system_identifier))
			a->header.system_identifier = h.system_identifier;
		return true;
	}
	return true;
}

static bool
work_out(struct walset *w, const struct walset_options *o, struct err *err)
{
	judge_all(w);
	find_domain(w);
	return continuity_gaps(
		&w->continuity, w->domain_tli, w->domain, o->now - WALSET_FRESH, err);
}

static bool
prepare(struct walset *w, const struct walset_options *o, struct err *err)
{
	struct walset_backup *b;

	if (!find_system(w, err) || !continuity_read(w->arena, w->archive, &w->continuity, err))
		return false;
	vec_each (&w->backups, b) {
		if (b->base.why != NULL)
			continue;
		if (!read_archived_label(w, &b->base, err) ||
			(b->base.stop == LSN_NONE && !find_stop(w, &b->base, err)))
			return false;
	}
	judge_all(w);
	find_domain(w);
	/* Without a backup no segment is of use, whatever is in it: names are all we look at. */
	if ((w->backups.n > 0 || o->inspect_all) &&
		!inspect_segments(&w->continuity, w->domain_tli, w->domain, o->now - WALSET_FRESH,
			o->inspect_all, &w->inspected, err))
		return false;
	return work_out(w, o, err);
}

bool
walset_open(struct arena *a, struct source *source, const char *prefix,
	const struct basebackups *backups, const struct walset_options *o, struct walset **ret,
	struct err *err)
{
	struct walset *w = arena_alloc(a, sizeof(*w));
	CLEANUP(err_done) struct err here = ERR_INIT;
	const struct basebackup *b;

	w->arena = a;
	vec_each (&backups->list, b) {
		*vec_push(a, &w->backups) =
			(struct walset_backup){.base = *b, .why = b->why, .earliest_us = INT64_MIN};
	}
	if (w->backups.n > 0)
		qsort(w->backups.v, w->backups.n, sizeof(*w->backups.v), compare_backups);
	if (!archive_list(source, prefix, &w->archive, err))
		return false;
	w->has_wal = archive_probe(w->archive, &here);
	if (!w->has_wal && here.code != ERR_NOT_FOUND)
		err_move(err, &here);
	else if (!w->has_wal || prepare(w, o, err)) {
		*ret = w;
		return true;
	}
	walset_free(w);
	return false;
}

void
walset_free(struct walset *w)
{
	if (w != NULL)
		archive_free(w->archive);
}

bool
walset_bad(struct walset *w, const struct scan_damage *d, uint32_t tli,
	const struct walset_options *o, struct err *err)
{
	continuity_bad(&w->continuity, tli, d->number, d->why);
	return work_out(w, o, err);
}

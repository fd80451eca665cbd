#include "base/banned.h"
#include "wal/scan.h"

#define CHUNK ((size_t)(256 * KIB)) /* a multiple of every page size */

#define RMGRS_WITH_TIMES (1ULL << RMGR_XACT | 1ULL << RMGR_XLOG)

static void
note_damage(struct scan *s, uint64_t number, bool whole, const char *why)
{
	uint32_t bytes = s->archive->header.bytes;
	char name[SEGMENT_NAME];

	if (s->damage.file != NULL)
		return;
	segment_name(history_at(s->way, number, bytes), number, bytes, name);
	s->damage = (struct scan_damage){
		arena_strdup(s->arena, name), arena_strdup(s->arena, why), number, whole};
}

/* Feeds one open segment; stops early where the reader wants no more of it. */
static bool
feed_segment(struct scan *s, struct reader *r, struct packed *p, uint64_t number, struct err *err)
{
	CLEANUP(util_free) unsigned char *chunk = util_alloc(CHUNK);
	uint64_t left = s->archive->header.bytes;

	while (left > 0 && !(r->finish && r->pending_at == 0)) {
		size_t want = MIN(r->finish ? (size_t)r->page : CHUNK, left);
		ssize_t n = packed_read(p, chunk, want, err);

		if (n < 0)
			return false;
		s->bytes_read += (uint64_t)n;
		if ((size_t)n < want) {
			r->state = READER_DAMAGED;
			r->why = "is shorter than a segment";
			break;
		}
		if (reader_feed(r, chunk, want) != READER_MORE)
			break;
		left -= want;
	}
	if (r->state == READER_DAMAGED)
		note_damage(s, number, false, arena_fmt(s->arena, "It %s.", r->why));
	return true;
}

/*
 * Behind the last record a packed file goes on; cut there, it can't be unpacked for a recovery
 * either. (Of a plain file the size tells.)
 */
static bool
unpack_rest(struct scan *s, const struct reader *r, struct packed *p, struct err *err)
{
	CLEANUP(util_free) unsigned char *chunk = NULL;
	ssize_t n;

	if (packed_format(p) == NULL || r->finish ||
		(r->state != READER_SWITCH && r->state != READER_END))
		return true;
	chunk = util_alloc(CHUNK);
	while ((n = packed_read(p, chunk, CHUNK, err)) == (ssize_t)CHUNK)
		s->bytes_read += (uint64_t)n;
	return n >= 0;
}

/* Damage of a compressed file is the segment's fault, not the program's. */
static bool
read_segment(struct scan *s, struct reader *r, uint64_t number, struct err *err)
{
	uint32_t tli = history_at(s->way, number, s->archive->header.bytes);
	const struct archive_segment *segment = archive_find(s->archive, tli, number);
	CLEANUP(err_done) struct err here = ERR_INIT;
	struct packed *p = NULL;
	bool good;

	if (segment == NULL)
		BUG("a run of segments has a hole");
	s->segments_read += !r->finish;
	good = archive_open(s->archive, segment, &p, &here) &&
	       feed_segment(s, r, p, number, &here) && unpack_rest(s, r, p, &here);
	packed_free(p);
	if (good)
		return true;
	if (here.code != ERR_DAMAGED)
		return err_move(err, &here);
	r->state = READER_DAMAGED;
	note_damage(s, number, true, here.msg);
	return true;
}

bool
scan_run(struct scan *s, struct reader *r, uint64_t first, uint64_t last, enum reader_state *ret,
	struct err *err)
{
	uint32_t bytes = s->archive->header.bytes;
	uint64_t number = first;

	reader_seek(r, first * bytes);
	for (;; number++) {
		if (!read_segment(s, r, number, err))
			return false;
		if (r->state == READER_SWITCH)
			r->next = (number + 1) * bytes;
		else if (r->state != READER_MORE)
			break;
		if (number == last)
			break;
	}
	if (r->state == READER_END && number < s->limit) {
		r->state = READER_DAMAGED;
		note_damage(s, number, false,
			"Its end was never written, though the WAL goes on behind it.");
	}
	r->finish = true;
	while (r->state == READER_MORE && r->pending_at != 0 && r->next / bytes <= s->limit)
		if (!read_segment(s, r, r->next / bytes, err))
			return false;
	*ret = r->state;
	return true;
}

/* Collects what scan_tail wants, from one segment. */
struct tail_reader {
	struct scan_tail *tail;
	uint64_t before;
	bool found;
};

static bool
take_tail(const struct record *rec, void *arg)
{
	struct tail_reader *t = arg;
	struct xact x;
	int64_t at;

	if (rec->lsn >= t->before)
		return false;
	if (xact_time(rec, &at) && at > t->tail->known_us)
		t->tail->known_us = at;
	if (!xact_parse(rec, &x))
		return true;
	t->tail->end = (struct scan_end){rec->lsn, x.at_us, x.xid, x.commit};
	if (x.commit) {
		t->tail->commit = t->tail->end;
		t->found = true;
	}
	return true;
}

/* What was found further back counts only where nothing newer was. */
static void
merge_tail(struct scan_tail *into, const struct scan_tail *older)
{
	if (into->commit.lsn == 0)
		into->commit = older->commit;
	if (into->end.lsn == 0)
		into->end = older->end;
	into->known_us = MAX(into->known_us, older->known_us);
	if (into->end_lsn == 0) {
		into->end_lsn = older->end_lsn;
		into->last_lsn = older->last_lsn;
	}
}

bool
scan_tail(struct scan *s, uint64_t first, uint64_t last, uint64_t before, struct scan_tail *ret,
	struct err *err)
{
	struct tail_reader t = {.before = before};
	struct scan_tail here;
	enum reader_state state;
	struct reader r;
	bool good = true;

	*ret = (struct scan_tail){.known_us = INT64_MIN};
	t.tail = &here;
	reader_init(&r, &s->archive->header, RMGRS_WITH_TIMES, take_tail, &t);
	for (uint64_t number = last; good && !t.found && number >= first; number--) {
		here = (struct scan_tail){.known_us = INT64_MIN};
		good = scan_run(s, &r, number, number, &state, err);
		here.end_lsn = r.last_end;
		here.last_lsn = r.last;
		merge_tail(ret, &here);
		if (number == 0)
			break;
	}
	reader_done(&r);
	return good;
}

struct first_reader {
	struct scan_end end;
};

static bool
take_first(const struct record *rec, void *arg)
{
	struct first_reader *f = arg;
	struct xact x;

	if (!xact_parse(rec, &x))
		return true;
	f->end = (struct scan_end){rec->lsn, x.at_us, x.xid, x.commit};
	return false;
}

/* The first end of a transaction in first..last; *ret_number is the segment it is in. */
static bool
first_end(struct scan *s, struct reader *r, struct first_reader *f, uint64_t first, uint64_t last,
	uint64_t *ret_number, struct err *err)
{
	enum reader_state state;

	f->end.lsn = 0;
	for (uint64_t number = first; number <= last && f->end.lsn == 0; number++) {
		if (!scan_run(s, r, number, number, &state, err))
			return false;
		*ret_number = number;
	}
	return true;
}

bool
scan_first(struct scan *s, uint64_t first, uint64_t last, struct scan_end *ret, struct err *err)
{
	struct first_reader f;
	struct reader r;
	uint64_t number;
	bool good;

	reader_init(&r, &s->archive->header, 1ULL << RMGR_XACT, take_first, &f);
	good = first_end(s, &r, &f, first, last, &number, err);
	reader_done(&r);
	*ret = f.end;
	return good;
}

bool
scan_locate(struct scan *s, uint64_t first, uint64_t last, int64_t at_us, uint64_t *ret,
	struct err *err)
{
	struct first_reader f = {.end = {.lsn = 0}};
	uint64_t low = first, high = last + 1, best = first;
	struct reader r;
	bool good = true;

	reader_init(&r, &s->archive->header, 1ULL << RMGR_XACT, take_first, &f);
	while (good && low < high) {
		uint64_t middle = low + (high - low) / 2, number = middle;

		good = first_end(s, &r, &f, middle, last, &number, err);
		if (f.end.lsn != 0 && f.end.at_us < at_us) {
			best = number;
			low = number + 1;
		} else {
			high = middle;
		}
	}
	reader_done(&r);
	*ret = best;
	return good;
}

struct stop_reader {
	struct scan_stop *stop;
	uint64_t from;
	int64_t at_us;
};

/* Recovery stops before the first end of a transaction behind the target (xlogrecovery.c). */
static bool
take_stop(const struct record *rec, void *arg)
{
	struct stop_reader *t = arg;
	struct scan_end end;
	struct xact x;

	if (!xact_parse(rec, &x))
		return true;
	end = (struct scan_end){rec->lsn, x.at_us, x.xid, x.commit};
	if (x.at_us > t->at_us && rec->lsn >= t->from) {
		t->stop->at = end;
		return false;
	}
	if (x.commit)
		t->stop->before = end;
	return true;
}

bool
scan_find(struct scan *s, uint64_t first, uint64_t last, uint64_t from, int64_t at_us,
	struct scan_stop *ret, struct err *err)
{
	struct stop_reader t = {.stop = ret, .from = from, .at_us = at_us};
	enum reader_state state;
	struct scan_tail tail;
	struct reader r;
	uint64_t number;
	bool good;

	*ret = (struct scan_stop){.at = {.lsn = 0}};
	if (!scan_locate(s, first, last, at_us, &number, err))
		return false;
	/* Times may lie crosswise for a moment: one more. */
	number = MAX(number - (number > first), MIN(from / s->archive->header.bytes, last));
	reader_init(&r, &s->archive->header, 1ULL << RMGR_XACT, take_stop, &t);
	good = scan_run(s, &r, number, last, &state, err);
	reader_done(&r);
	if (!good || ret->before.lsn != 0 || number == first)
		return good;
	/* The segment began with the stop: the last commit is in one before it. */
	if (!scan_tail(s, first, number - 1, UINT64_MAX, &tail, err))
		return false;
	ret->before = tail.commit;
	return true;
}

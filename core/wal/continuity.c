#include "base/banned.h"
#include "wal/continuity.h"
#include "base/path.h"
#include "base/str.h"

#define TAIL          16   /* a hole so near the newest segment may be one in flight */
#define DAMAGED_MAX   1000 /* reported */
#define TIMELINES_MAX 10000
#define GAPS_MAX      1000000

void
continuity_note(struct continuity *c, const char *file, const char *why)
{
	if (c->damaged.n < DAMAGED_MAX)
		*vec_push(c->arena, &c->damaged) = (struct continuity_damage){
			arena_strdup(c->arena, file), arena_strdup(c->arena, why)};
}

/* One range a run of neighbours; the archive is sorted. */
void
continuity_rebuild(struct continuity *c)
{
	const struct archive *a = c->archive;
	struct continuity_range *last = NULL;

	c->ranges.n = 0;
	for (size_t i = 0; i < a->n; i++) {
		const struct archive_segment *s = &a->segments[i];
		uint64_t number = archive_number(a, s);

		if (s->bad || number == UINT64_MAX)
			continue;
		if (last != NULL && last->tli == s->tli && last->last + 1 == number) {
			last->last = number;
			continue;
		}
		*vec_push(c->arena, &c->ranges) = (struct continuity_range){s->tli, number, number};
		last = &c->ranges.v[c->ranges.n - 1];
	}
}

/* The range that holds the segment, or the first one behind it on its timeline; NULL. */
static const struct continuity_range *
range_at(const struct continuity *c, uint32_t tli, uint64_t number)
{
	size_t low = 0, high = c->ranges.n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct continuity_range *r = &c->ranges.v[middle];

		if (r->tli < tli || (r->tli == tli && r->last < number))
			low = middle + 1;
		else
			high = middle;
	}
	return low < c->ranges.n && c->ranges.v[low].tli == tli ? &c->ranges.v[low] : NULL;
}

static const struct archive_extra *
history_file(const struct archive *a, uint32_t tli)
{
	const struct archive_extra *e;

	vec_each (&a->histories, e)
		if (e->tli == tli)
			return e;
	return NULL;
}

/* Adds the way to a timeline whose history file is there; a damaged file is noted. */
static bool
read_history(struct continuity *c, const struct archive_extra *e, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(HISTORY_SIZE_MAX + 4 * KIB);
	CLEANUP(err_done) struct err here = ERR_INIT;
	struct history h;

	if (c->timelines.n == TIMELINES_MAX)
		return err_set(err, ERR_LIMIT, "The WAL archive has more than %d timelines.",
			TIMELINES_MAX);
	if (!archive_text(c->archive, e->name, HISTORY_SIZE_MAX, &text, &here)) {
		if (here.code != ERR_DAMAGED && here.code != ERR_LIMIT)
			return err_move(err, &here);
	} else if (history_parse(c->arena, e->tli, str_text(&text), text.len, &h, &here)) {
		*vec_push(c->arena, &c->timelines) = h;
		return true;
	}
	continuity_note(c, path_base(e->name), here.msg);
	return true;
}

static uint32_t
newest_timeline(const struct continuity *c)
{
	const struct archive_extra *e;
	uint32_t newest = c->ranges.n > 0 ? c->ranges.v[c->ranges.n - 1].tli : 0;

	vec_each (&c->archive->histories, e)
		newest = MAX(newest, e->tli);
	return newest;
}

/*
 * PostgreSQL finds the latest timeline by asking for one history after the other and stops at
 * the first that is absent, so every number counts, also one that nobody seems to use.
 */
static bool
read_timelines(struct continuity *c, struct err *err)
{
	uint32_t newest = newest_timeline(c);
	struct history alone;

	for (uint32_t tli = 1; tli <= newest; tli++) {
		const struct archive_extra *e = history_file(c->archive, tli);

		if (e != NULL) {
			if (!read_history(c, e, err))
				return false;
		} else if (tli > 1) {
			*vec_push(c->arena, &c->missing_history) =
				arena_fmt(c->arena, "%08X.history", tli);
			if (c->missing_history.n == TIMELINES_MAX)
				break; /* a number out of thin air */
		}
		if ((e == NULL || tli == 1) && range_at(c, tli, 0) != NULL) {
			history_alone(c->arena, tli, &alone);
			*vec_push(c->arena, &c->timelines) = alone;
		}
	}
	return true;
}

bool
continuity_read(struct arena *a, struct archive *archive, struct continuity *ret, struct err *err)
{
	*ret = (struct continuity){.arena = a, .archive = archive};
	continuity_rebuild(ret);
	return read_timelines(ret, err);
}

const struct history *
continuity_way(const struct continuity *c, uint32_t tli)
{
	const struct history *h;

	vec_each (&c->timelines, h)
		if (h->tli == tli)
			return h;
	return NULL;
}

/* The last segment for which the way uses this timeline. */
static uint64_t
limit_of(const struct history *way, uint32_t tli, uint32_t bytes)
{
	const struct history_step *step = history_find(way, tli);

	if (step->end == UINT64_MAX || step->end < bytes)
		return step->end;
	return step->end / bytes - 1;
}

bool
continuity_run(
	const struct continuity *c, const struct history *way, uint64_t number, uint64_t *ret)
{
	uint64_t at = number;

	for (;;) {
		uint32_t tli = history_at(way, at, c->archive->header.bytes);
		uint64_t limit = limit_of(way, tli, c->archive->header.bytes);
		const struct continuity_range *r = range_at(c, tli, at);

		if (r == NULL || r->first > at)
			break;
		at = MIN(r->last, limit) + 1;
		if (at <= limit)
			break;
	}
	*ret = at - 1;
	return at > number;
}

bool
continuity_newest(
	const struct continuity *c, const struct history *way, uint64_t number, uint64_t *ret)
{
	uint32_t bytes = c->archive->header.bytes;
	bool found = false;

	for (size_t i = way->n; i > 0 && !found; i--) {
		uint32_t tli = way->steps[i - 1].tli;
		uint64_t first = way->steps[i - 1].begin / bytes, limit = limit_of(way, tli, bytes);
		const struct continuity_range *r;

		vec_each (&c->ranges, r) {
			if (r->tli != tli || r->first > limit ||
				MIN(r->last, limit) < MAX(first, number))
				continue;
			*ret = MIN(r->last, limit);
			found = true;
		}
	}
	return found;
}

/* When the file was last modified; CLOCK_NONE when it can't be found out. */
static int64_t
modified(struct continuity *c, uint32_t tli, uint64_t number)
{
	CLEANUP(arena_done) struct arena arena = ARENA_INIT;
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	const struct archive_segment *s = archive_find(c->archive, tli, number);
	struct object o;
	const char *name;

	if (s == NULL || !archive_path(c->archive, &arena, s, &name, &ignored) ||
		!source_stat(c->archive->source, &arena, name, &o, &ignored))
		return CLOCK_NONE;
	return o.mtime;
}

/* Those on one way. */
static bool
walk_gaps(struct continuity *c, const struct history *way, uint64_t number, int64_t fresh,
	struct err *err)
{
	uint32_t bytes = c->archive->header.bytes;
	uint64_t newest;

	if (!continuity_newest(c, way, number, &newest))
		return true;
	for (uint64_t at = number; at <= newest;) {
		uint32_t tli = history_at(way, at, bytes);
		uint64_t limit = MIN(limit_of(way, tli, bytes), newest);
		const struct continuity_range *r = range_at(c, tli, at);
		struct continuity_gap gap = {.tli = tli, .first = at};

		if (r != NULL && r->first <= at) {
			at = MIN(r->last, limit) + 1;
			continue;
		}
		if (c->gaps.n == GAPS_MAX)
			return err_set(
				err, ERR_LIMIT, "The WAL archive has more than %d gaps.", GAPS_MAX);
		gap.last = r != NULL ? MIN(r->first - 1, limit) : limit;
		gap.in_flight = tli == way->tli && newest - gap.first < TAIL &&
				modified(c, tli, gap.last + 1) > fresh;
		*vec_push(c->arena, &c->gaps) = gap;
		at = gap.last + 1;
	}
	return true;
}

static int
compare_gaps(const void *x, const void *y)
{
	const struct continuity_gap *a = x, *b = y;

	if (a->tli != b->tli)
		return a->tli < b->tli ? -1 : 1;
	return a->first < b->first ? -1 : a->first > b->first;
}

bool
continuity_gaps(struct continuity *c, uint32_t tli, uint64_t number, int64_t fresh, struct err *err)
{
	const struct history *way;
	size_t kept = 0;

	c->gaps.n = 0;
	vec_each (&c->timelines, way) {
		const struct history_step *step = history_find(way, tli);

		if (step != NULL && number <= limit_of(way, tli, c->archive->header.bytes) &&
			!walk_gaps(c, way, number, fresh, err))
			return false;
	}
	if (c->gaps.n == 0)
		return true;
	/* Ways share their beginnings, and with them the gaps. */
	qsort(c->gaps.v, c->gaps.n, sizeof(*c->gaps.v), compare_gaps);
	for (size_t i = 0; i < c->gaps.n; i++) {
		if (kept > 0 && compare_gaps(&c->gaps.v[kept - 1], &c->gaps.v[i]) == 0)
			c->gaps.v[kept - 1].last = MAX(c->gaps.v[kept - 1].last, c->gaps.v[i].last);
		else
			c->gaps.v[kept++] = c->gaps.v[i];
	}
	c->gaps.n = kept;
	return true;
}

bool
continuity_whole(const struct continuity *c)
{
	const struct continuity_gap *g;

	vec_each (&c->gaps, g)
		if (!g->in_flight)
			return false;
	return c->damaged.n == 0 && c->missing_history.n == 0;
}

void
continuity_bad(struct continuity *c, uint32_t tli, uint64_t number, const char *why)
{
	struct archive_segment *s = archive_find(c->archive, tli, number);
	char name[SEGMENT_NAME];

	if (s == NULL)
		return;
	s->bad = true;
	continuity_note(c, segment_name(tli, number, c->archive->header.bytes, name), why);
	continuity_rebuild(c);
}

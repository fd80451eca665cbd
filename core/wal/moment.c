#include "base/banned.h"
#include "wal/moment.h"
#include "wal/basecatalog.h"

#define SLACK_US 2000000 /* by which commits may lie crosswise in the WAL */

/* A stretch of segments that are all there. */
struct stretch {
	uint64_t first, last;
};

struct finder {
	struct moment *m;
	const struct moment_options *o;
	struct walset *set;
	struct err *err;
	bool failed, past; /* the end of the time was passed */
};

static bool
take_record(const struct record *r, void *arg)
{
	struct finder *f = arg;
	struct moment *m = f->m;
	struct xact x;

	if (r->rmgr == RMGR_XACT && xact_parse(r, &x)) {
		if (m->first_us == INT64_MIN)
			m->first_us = x.at_us;
		m->last_us = MAX(m->last_us, x.at_us);
		f->past = x.at_us > f->o->to_us + SLACK_US;
	}
	if (!f->past && !damage_record(m->damage, r, f->o->from_us, f->o->to_us, f->err)) {
		f->failed = true;
		return false;
	}
	return !f->past;
}

/* Reads one stretch from shortly before the time until it is past. */
static bool
read_stretch(struct finder *f, const struct stretch *s, struct err *err)
{
	struct moment *m = f->m;
	struct scan scan = walset_scan(f->set, m->way, s->last);
	uint64_t first;
	enum reader_state state;
	struct reader r;
	bool good;

	if (!scan_locate(&scan, s->first, s->last, f->o->from_us, &first, err))
		return false;
	scan.damage.file = NULL;
	first -= first > s->first;
	reader_init(&r, &f->set->archive->header, damage_rmgrs, take_record, f);
	good = scan_run(&scan, &r, first, s->last, &state, err) && !f->failed;
	m->records += r.records;
	m->last_lsn = MAX(m->last_lsn, r.last_end);
	m->first_lsn = MIN(m->first_lsn, first * f->set->archive->header.bytes);
	reader_done(&r);
	m->segments += scan.segments_read;
	m->bytes += scan.bytes_read;
	if (m->broken.file == NULL)
		m->broken = scan.damage;
	return good;
}

/* Where the stretch lies in time; end_us is INT64_MIN when no transaction ended in it. */
static bool
time_of(struct finder *f, const struct stretch *s, int64_t *ret_first_us, int64_t *ret_end_us,
	struct err *err)
{
	struct scan scan = walset_scan(f->set, f->m->way, s->last);
	struct scan_end first;
	struct scan_tail tail;

	if (!scan_first(&scan, s->first, s->last, &first, err) ||
		!scan_tail(&scan, s->first, s->last, UINT64_MAX, &tail, err))
		return false;
	walset_count(f->set, &scan);
	*ret_first_us = first.at_us;
	*ret_end_us = tail.end.lsn != 0 ? tail.end.at_us : INT64_MIN;
	return true;
}

/* The stretches of the way, the oldest first. */
static void
find_stretches(const struct walset *w, const struct history *way, struct arena *a,
	struct stretch **ret, size_t *ret_n)
{
	const struct continuity_range *r;
	VEC(struct stretch) list = {.v = NULL};
	uint64_t at = 0, last;

	vec_each (&w->continuity.ranges, r) {
		uint32_t bytes = w->archive->header.bytes;

		if (history_find(way, r->tli) == NULL)
			continue;
		at = MAX(at, MAX(r->first, history_find(way, r->tli)->begin / bytes));
		if (at > r->last || !continuity_run(&w->continuity, way, at, &last))
			continue;
		*vec_push(a, &list) = (struct stretch){at, last};
		at = last + 1;
	}
	*ret = list.v;
	*ret_n = list.n;
}

static bool
note_gap(struct finder *f, const struct stretch *before, const struct stretch *after)
{
	uint32_t bytes = f->set->archive->header.bytes;

	*vec_push(f->m->arena, &f->m->gaps) =
		(struct continuity_gap){.tli = history_at(f->m->way, before->last + 1, bytes),
			.first = before->last + 1,
			.last = after->first - 1};
	return true;
}

/* From the newest stretch backwards, until one ends before the time; then they are read in order.
 */
static bool
read_time(struct finder *f, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct stretch *list;
	size_t n, first, last = 0;
	bool found = false;

	find_stretches(f->set, f->m->way, &a, &list, &n);
	for (first = n; first > 0; first--) {
		int64_t from_us, to_us;

		if (!time_of(f, &list[first - 1], &from_us, &to_us, err))
			return false;
		if (to_us == INT64_MIN)
			continue;
		if (to_us < f->o->from_us)
			break;
		if (from_us <= f->o->to_us && !found) {
			last = first;
			found = true;
		}
	}
	if (!found) {
		err_set(err, ERR_NOT_FOUND, "The archive holds no transactions of that time.");
		return err_hint(err, "`lifeboat window` says which times it holds; --within widens "
				     "the search.");
	}
	for (size_t i = first; i < last; i++) {
		if (i > first)
			note_gap(f, &list[i - 1], &list[i]);
		if (!f->past && !read_stretch(f, &list[i], err))
			return false;
	}
	return true;
}

/* The newest timeline, or the one that was asked for. */
static bool
choose_way(struct finder *f, struct err *err)
{
	const struct continuity *c = &f->set->continuity;

	if (f->o->tli != 0)
		f->m->way = continuity_way(c, f->o->tli);
	else if (c->timelines.n > 0)
		f->m->way = &c->timelines.v[c->timelines.n - 1];
	if (f->m->way != NULL)
		return true;
	return err_set(err, ERR_NOT_FOUND, "The archive has no timeline %u.", (unsigned)f->o->tli);
}

/* Names are known for everything that matters. */
static bool
all_named(const struct moment *m)
{
	for (size_t i = 0; i < damage_count(m->damage); i++) {
		const struct damage_transaction *t = damage_at(m->damage, i);

		for (size_t k = 0; k < t->n; k++)
			if (t->actions[k].name == NULL || t->actions[k].schema == NULL)
				return false;
	}
	return true;
}

/* WAL near the accident names most relations; for the rest the last backup before it is read. */
static bool
learn_names(struct moment *m, struct walset *set, struct err *err)
{
	const struct walset_backup *b, *best = NULL;

	damage_resolve(m->damage);
	if (all_named(m))
		return true;
	vec_each (&set->backups, b)
		if (b->base.why == NULL && b->base.form != BASEBACKUP_PGBACKREST &&
			b->base.start <= m->last_lsn &&
			(best == NULL || b->base.start > best->base.start))
			best = b;
	if (best == NULL)
		return true;
	m->names_from = best->base.name;
	if (!basecatalog_learn(&best->base, m->names, &m->names_whole, err))
		return false;
	damage_resolve(m->damage);
	return true;
}

/* Whether one of its actions is about the table, or may be. */
static bool
is_about(const struct damage_transaction *t, const char *table)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->actions[i].name == NULL || damage_is_about(&t->actions[i], table))
			return true;
	return false;
}

/* Rows of a TOAST table go with rows of its table, which count for themselves. */
static bool
has_tables(const struct damage_transaction *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!t->actions[i].toast)
			return true;
	return false;
}

static void
select_transactions(struct moment *m, const struct moment_options *o)
{
	for (size_t i = 0; i < damage_count(m->damage); i++) {
		struct damage_transaction *t = damage_at(m->damage, i);

		if (has_tables(t) && (o->filter.table == NULL || is_about(t, o->filter.table)))
			*vec_push(m->arena, &m->list) = t;
	}
}

static bool
find_in(struct holding *h, const struct moment_options *o, struct moment *m, struct err *err)
{
	struct finder f = {.m = m, .o = o, .err = err};

	m->holding = h;
	m->first_us = m->last_us = INT64_MIN;
	m->first_lsn = UINT64_MAX;
	m->names = names_new(m->arena);
	m->damage = damage_new(m->arena, m->names, &o->filter);
	if (!walset_open(m->arena, h->source, h->prefix, &h->backups, &o->set, &f.set, err))
		return false;
	m->windows = (struct windows){.set = f.set};
	if (!f.set->has_wal)
		return err_set(err, ERR_NOT_FOUND, "There are no WAL segments in the archive.");
	if (f.set->archive->header.version == 0)
		return err_set(err, ERR_UNSUPPORTED,
			"The WAL is of a version of PostgreSQL that is not read here (12 to 17 "
			"are).");
	return windows_find(f.set, &o->set, &m->windows, err) && choose_way(&f, err) &&
	       read_time(&f, err) && learn_names(m, f.set, err);
}

bool
moment_find(struct holdings *h, const struct moment_options *o, struct moment *ret, struct err *err)
{
	for (size_t i = 0; i < h->list.n; i++) {
		CLEANUP(err_done) struct err here = ERR_INIT;

		*ret = (struct moment){.arena = h->arena};
		if (find_in(&h->list.v[i], o, ret, &here)) {
			select_transactions(ret, o);
			return true;
		}
		moment_done(ret);
		/* Another archive of the asset may hold that time. */
		if (here.code != ERR_NOT_FOUND || i + 1 == h->list.n)
			return err_move(err, &here);
	}
	return err_set(err, ERR_NOT_FOUND, "There is no WAL archive.");
}

void
moment_done(struct moment *m)
{
	damage_free(m->damage);
	m->damage = NULL;
	walset_free(m->windows.set);
	m->windows.set = NULL;
}

struct recovery_target
moment_target(const struct moment *m, const struct damage_transaction *t, enum recovery_kind kind)
{
	return (struct recovery_target){.kind = kind,
		.xid = t->xid,
		.lsn = t->stop_lsn,
		.at_us = t->at_us,
		.tli = m->way->tli};
}

struct recovery_target
moment_proposal(const struct moment *m, const struct damage_transaction *t)
{
	return moment_target(m, t, t->stop_lsn < t->lsn ? RECOVERY_TO_LSN : RECOVERY_TO_XID);
}

const struct window *
moment_window(const struct moment *m, const struct damage_transaction *t)
{
	const struct window *w, *best = NULL;

	vec_each (&m->windows.list, w)
		if (w->way->tli == m->way->tli && w->backup->base.stop <= t->stop_lsn &&
			t->lsn / m->windows.set->archive->header.bytes <= w->last &&
			(best == NULL || w->backup->base.start > best->backup->base.start))
			best = w;
	return best;
}

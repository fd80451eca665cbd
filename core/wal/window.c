#include "base/banned.h"
#include "wal/window.h"
#include "base/clock.h"

#define REPAIRS   1000 /* damaged segments in the middle of runs before we give up */
#define SECOND    1000000LL
#define LOOK_BACK 64 /* segments before a backup, for the last transaction before it */

/* The first of the segments before `number` that are all there; at most LOOK_BACK of them. */
static uint64_t
look_back(const struct walset *w, const struct history *way, uint64_t number)
{
	uint32_t bytes = w->archive->header.bytes;

	for (int i = 0; i < LOOK_BACK && number > 0; i++, number--)
		if (archive_find(w->archive, history_at(way, number - 1, bytes), number - 1) ==
			NULL)
			break;
	return number;
}

/*
 * The first moment that a backup can reach: its end, and not before the last transaction that is
 * part of it, or a recovery would stop before the backup is consistent, or show what came later
 * than the moment. The backup's own time has whole seconds; the WAL around it is exact.
 */
static bool
find_earliest(
	struct walset *w, struct walset_backup *b, struct scan_damage *ret_bad, struct err *err)
{
	const struct history *way = continuity_way(&w->continuity, b->base.tli);
	struct scan s = walset_scan(w, way, b->last);
	struct scan_stop next;
	struct scan_tail tail;
	uint64_t last;

	if (!scan_tail(&s, look_back(w, way, b->first), b->last, b->base.stop, &tail, err))
		return false;
	if (s.damage.file != NULL && s.damage.number >= b->first &&
		(s.damage.number < b->last || s.damage.whole)) {
		*ret_bad = s.damage;
		return true;
	}
	b->earliest_us = tail.known_us;
	if (b->base.finished_at != CLOCK_NONE)
		b->earliest_us = MAX(b->earliest_us, b->base.finished_at * SECOND);
	if (tail.end.lsn == 0) {
		/* What came before is not known: the end of that second, or what comes next. */
		if (b->earliest_us != INT64_MIN)
			b->earliest_us = (b->earliest_us / SECOND + 1) * SECOND;
		if (!continuity_run(&w->continuity, way, b->last, &last))
			last = b->last;
		s.limit = last;
		if (!scan_find(&s, b->last, last, b->base.stop, INT64_MIN + 1, &next, err))
			return false;
		if (next.at.lsn != 0)
			b->earliest_us = b->earliest_us == INT64_MIN
						 ? next.at.at_us
						 : MIN(b->earliest_us, next.at.at_us);
	}
	walset_count(w, &s);
	return true;
}

/* Whether the way leads on from where the backup ended, on its timeline. */
static bool
leads_on(const struct history *way, const struct basebackup *b)
{
	const struct history_step *step = history_find(way, b->tli);

	return step != NULL && b->stop <= step->end;
}

static bool
note_once(struct continuity *c, const struct scan_damage *d)
{
	const struct continuity_damage *known;

	vec_each (&c->damaged, known)
		if (strcmp(known->file, d->file) == 0)
			return true;
	continuity_note(c, d->file, d->why);
	return true;
}

static void
set_latest(struct window *win)
{
	win->earliest_us = win->backup->earliest_us;
	if (win->tail.commit.lsn >= win->backup->base.stop) {
		win->latest_is = WINDOW_LAST_COMMIT;
		win->latest_us = win->tail.commit.at_us;
		win->earliest_us = MIN(win->earliest_us, win->latest_us);
	} else {
		win->latest_is = WINDOW_END_OF_WAL;
		win->latest_us = MAX(win->earliest_us, win->tail.known_us);
	}
}

/*
 * Adds the window of a backup along a way, if there is one. Neighbouring backups share the end of
 * their run: `tail` of the window before is taken where it is the same. *ret_bad: the run turned
 * out to be shorter; the set has been mended and everything is to be done again.
 */
static bool
add_window(struct windows *ws, const struct walset_backup *b, const struct history *way,
	struct scan_damage *ret_bad, struct err *err)
{
	struct walset *w = ws->set;
	struct window win = {.backup = b, .way = way, .first = b->first};
	const struct window *before = ws->list.n > 0 ? &ws->list.v[ws->list.n - 1] : NULL;
	struct scan s;
	uint64_t newest;

	if (!leads_on(way, &b->base) || !continuity_run(&w->continuity, way, b->first, &win.last) ||
		history_at(way, win.last, w->archive->header.bytes) != way->tli)
		return true;
	win.broken = continuity_newest(&w->continuity, way, b->first, &newest) && newest > win.last;
	if (before != NULL && before->way == way && before->last == win.last) {
		win.tail = before->tail;
	} else {
		s = walset_scan(w, way, win.last);
		if (!scan_tail(&s, b->first, win.last, UINT64_MAX, &win.tail, err))
			return false;
		walset_count(w, &s);
		if (s.damage.file != NULL && (s.damage.number < win.last || s.damage.whole)) {
			*ret_bad = s.damage;
			return true;
		}
		if (s.damage.file != NULL)
			note_once(&w->continuity, &s.damage);
	}
	set_latest(&win);
	*vec_push(w->arena, &ws->list) = win;
	return true;
}

/* One attempt. */
static bool
find_all(struct windows *ws, const struct history **ret_way, struct scan_damage *ret_bad,
	struct err *err)
{
	struct walset *w = ws->set;
	const struct history *way;
	struct walset_backup *b;

	vec_each (&w->backups, b) {
		if (!b->usable || b->earliest_us != INT64_MIN)
			continue;
		if (!find_earliest(w, b, ret_bad, err))
			return false;
		if (ret_bad->file != NULL) {
			*ret_way = continuity_way(&w->continuity, b->base.tli);
			return true;
		}
	}
	vec_each (&w->continuity.timelines, way) {
		vec_each (&w->backups, b) {
			if (!b->usable)
				continue;
			if (!add_window(ws, b, way, ret_bad, err))
				return false;
			if (ret_bad->file != NULL) {
				*ret_way = way;
				return true;
			}
		}
	}
	return true;
}

bool
windows_find(struct walset *w, const struct walset_options *o, struct windows *ret, struct err *err)
{
	for (int i = 0; i < REPAIRS; i++) {
		struct scan_damage bad = {.file = NULL};
		const struct history *way = NULL;

		*ret = (struct windows){.set = w};
		if (w->has_wal && !find_all(ret, &way, &bad, err))
			return false;
		if (bad.file == NULL) {
			ret->good = ret->list.n > 0 && continuity_whole(&w->continuity);
			return true;
		}
		if (!walset_bad(
			    w, &bad, history_at(way, bad.number, w->archive->header.bytes), o, err))
			return false;
	}
	return err_set(
		err, ERR_LIMIT, "More than %d segments of the archive are damaged.", REPAIRS);
}

/* Whether the moment lies in the window, or in a time without commits behind it. */
static bool
holds(const struct window *win, int64_t at_us)
{
	return win->earliest_us != INT64_MIN && at_us >= win->earliest_us &&
	       at_us <= MAX(win->latest_us, win->tail.known_us);
}

/* The newest timeline, on it the newest backup. */
static const struct window *
choose(const struct windows *ws, int64_t at_us, uint32_t tli)
{
	const struct window *win, *best = NULL;

	vec_each (&ws->list, win) {
		if (!holds(win, at_us) || (tli != 0 && win->way->tli != tli))
			continue;
		if (best == NULL || win->way->tli > best->way->tli ||
			(win->way->tli == best->way->tli &&
				win->backup->base.start > best->backup->base.start))
			best = win;
	}
	return best;
}

static void
set_target(struct window_answer *a)
{
	const struct basebackup *b = &a->window->backup->base;

	a->replay_from = b->start;
	a->target = (struct recovery_target){.tli = a->window->way->tli, .inclusive = true};
	if (a->stop.at.lsn != 0) {
		a->target.kind = RECOVERY_TO_TIME;
		a->target.at_us = a->at_us;
		a->replay_to = a->stop.at.lsn;
	} else if (a->stop.before.lsn >= b->stop) {
		/* A time behind the last commit would never be reached: recovery fails. */
		a->target.kind = RECOVERY_TO_LSN;
		a->target.lsn = a->replay_to = a->stop.before.lsn;
	} else {
		a->target.kind = RECOVERY_IMMEDIATE;
		a->replay_to = b->stop;
	}
}

/* *ret_bad: the WAL between backup and moment is damaged. */
static bool
reach(struct windows *ws, const struct window *win, struct window_answer *a,
	struct scan_damage *ret_bad, struct err *err)
{
	struct scan s = walset_scan(ws->set, win->way, win->last);

	if (!scan_find(&s, win->first, win->last, win->backup->base.stop, a->at_us, &a->stop, err))
		return false;
	walset_count(ws->set, &s);
	/* Damage in the last segment is known and lies behind the window's end. */
	if (s.damage.file != NULL && s.damage.number < win->last)
		*ret_bad = s.damage;
	a->window = win;
	a->reach = a->at_us <= win->latest_us ? WINDOW_REACHED : WINDOW_QUIET;
	a->why = a->reach == WINDOW_REACHED
			 ? "The WAL up to it is whole."
			 : "Nothing was committed between the last commit and it.";
	set_target(a);
	return true;
}

static void
find_neighbours(const struct windows *ws, uint32_t tli, struct window_answer *a)
{
	const struct window *win;

	vec_each (&ws->list, win) {
		if (win->earliest_us == INT64_MIN || (tli != 0 && win->way->tli != tli))
			continue;
		if (win->latest_us <= a->at_us &&
			(a->before == NULL || win->latest_us >= a->before_us)) {
			a->before = win;
			a->before_us = win->latest_us;
		}
		if (win->earliest_us > a->at_us &&
			(a->after == NULL || win->earliest_us <= a->after_us)) {
			a->after = win;
			a->after_us = win->earliest_us;
		}
	}
}

/* The gap that ends a window's run; NULL when it is damage. */
static const struct continuity_gap *
gap_behind(const struct windows *ws, const struct window *win)
{
	const struct continuity *c = &ws->set->continuity;
	uint32_t bytes = c->archive->header.bytes;
	const struct continuity_gap *g;

	vec_each (&c->gaps, g)
		if (g->tli == history_at(win->way, win->last + 1, bytes) &&
			g->first == win->last + 1)
			return g;
	return NULL;
}

static void
explain(const struct windows *ws, int64_t now, struct window_answer *a)
{
	struct arena *arena = ws->set->arena;
	char text[CLOCK_TEXT];

	if (ws->list.n == 0) {
		a->reach = WINDOW_NONE;
		a->why = "There is no base backup whose own WAL is whole.";
	} else if (a->at_us > now * SECOND + SECOND) {
		a->reach = WINDOW_FUTURE;
		a->why = "It has not come yet.";
	} else if (a->before == NULL) {
		a->reach = WINDOW_BEFORE_ALL;
		a->why = "It is older than the end of the oldest base backup that can be used.";
	} else if (a->before->broken) {
		a->reach = WINDOW_IN_GAP;
		a->gap = gap_behind(ws, a->before);
		a->why = "The WAL of that time is missing or damaged.";
	} else {
		a->reach = WINDOW_BEHIND;
		a->why = arena_fmt(arena,
			"The archive tells of nothing after %s; what was committed since then, if "
			"anything, is not in it.",
			clock_format_us(MAX(a->before->latest_us, a->before->tail.known_us), text));
	}
}

bool
window_at(struct windows *w, const struct walset_options *o, int64_t at_us, uint32_t tli,
	struct window_answer *ret, struct err *err)
{
	for (int i = 0; i < REPAIRS; i++) {
		const struct window *win = choose(w, at_us, tli);
		struct scan_damage bad = {.file = NULL};

		*ret = (struct window_answer){
			.at_us = at_us, .before_us = INT64_MIN, .after_us = INT64_MIN};
		if (win == NULL) {
			find_neighbours(w, tli, ret);
			explain(w, o->now, ret);
			return true;
		}
		if (!reach(w, win, ret, &bad, err))
			return false;
		if (bad.file == NULL)
			return true;
		if (!walset_bad(w->set, &bad,
			    history_at(win->way, bad.number, w->set->archive->header.bytes), o,
			    err) ||
			!windows_find(w->set, o, w, err))
			return false;
	}
	return err_set(
		err, ERR_LIMIT, "More than %d segments of the archive are damaged.", REPAIRS);
}

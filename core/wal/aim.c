#include "base/banned.h"
#include "wal/aim.h"
#include "base/clock.h"
#include "base/str.h"

#define OP_MASK       0x70
#define RESTORE_POINT 0x70 /* xl_info of RMGR_XLOG: a time and a name of 64 bytes */
#define POINT_NAME    64

bool
aim_parse(struct arena *a, const char *text, struct aim *ret, struct err *err)
{
	uint64_t xid = 0;
	bool good;

	*ret = (struct aim){.kind = AIM_TIME};
	if (strcmp(text, "end") == 0) {
		ret->kind = AIM_END;
		return true;
	}
	if (util_starts(text, "lsn:")) {
		ret->kind = AIM_LSN;
		good = lsn_parse(text + 4, &ret->lsn) && ret->lsn != LSN_NONE;
	} else if (util_starts(text, "xid:")) {
		ret->kind = AIM_XID;
		good = util_parse_u64(text + 4, &xid) && xid >= 3 && xid <= UINT32_MAX;
		ret->xid = (uint32_t)xid;
	} else if (util_starts(text, "name:")) {
		ret->kind = AIM_NAME;
		ret->name = arena_strdup(a, text + 5);
		good = ret->name[0] != '\0' && strlen(ret->name) < POINT_NAME;
	} else {
		good = clock_parse_us(text, &ret->at_us);
	}
	if (good)
		return true;
	err_set(err, ERR_USAGE, "\"%s\" is no moment that a recovery could stop at.", text);
	return err_hint(err, "Write a time with its zone (2026-11-20T14:32:07Z), lsn:0/3A21F8, "
			     "xid:742, name:RESTORE_POINT or end. `lifeboat moment` finds them.");
}

void
aim_text(const struct recovery_target *t, struct str *out)
{
	char text[CLOCK_TEXT];

	switch (t->kind) {
	case RECOVERY_TO_TIME: str_add(out, clock_format_us(t->at_us, text)); break;
	case RECOVERY_TO_XID: str_fmt(out, "xid:%u", (unsigned)t->xid); break;
	case RECOVERY_TO_LSN: str_fmt(out, "lsn:%s", lsn_format(t->lsn, text)); break;
	case RECOVERY_TO_NAME: str_fmt(out, "name:%s", t->name); break;
	default: str_add(out, "end");
	}
}

static bool
wanted(const struct window *w, const struct aim_options *o)
{
	const struct basebackup *b = &w->backup->base;
	const char *slash = o->backup != NULL ? strchr(o->backup, '/') : NULL;

	if (o->tli != 0 && w->way->tli != o->tli)
		return false;
	if (o->backup == NULL || util_streq(o->backup, b->name))
		return true;
	return slash != NULL && b->set != NULL && util_streq(slash + 1, b->name) &&
	       strlen(b->set) == (size_t)(slash - o->backup) && util_starts(o->backup, b->set);
}

/* The newer timeline, on it the newer backup. */
static bool
better(const struct window *a, const struct window *b)
{
	if (b == NULL || a->way->tli != b->way->tli)
		return b == NULL || a->way->tli > b->way->tli;
	return a->backup->base.start > b->backup->base.start;
}

struct record_search {
	const struct aim *aim;
	uint64_t from, found; /* LSN; 0: not met */
};

static bool
is_point(const struct record *r, const char *name)
{
	struct record_parts parts;

	return r->rmgr == RMGR_XLOG && (r->info & OP_MASK) == RESTORE_POINT &&
	       record_parse(r, &parts) && parts.len >= 8 + strlen(name) + 1 &&
	       memcmp(parts.data + 8, name, strlen(name) + 1) == 0;
}

static bool
take_record(const struct record *r, void *arg)
{
	struct record_search *s = arg;
	struct xact x;

	if (r->lsn < s->from)
		return true;
	if (s->aim->kind == AIM_NAME ? is_point(r, s->aim->name)
				     : xact_parse(r, &x) && x.xid == s->aim->xid)
		s->found = r->lsn;
	return s->found == 0;
}

/* Reads the window's WAL for the record; *ret is 0 when it is not in it. */
static bool
search(struct walset *set, const struct window *w, const struct aim *aim, uint64_t *ret,
	struct err *err)
{
	struct record_search s = {.aim = aim, .from = w->backup->base.stop};
	struct scan scan = walset_scan(set, w->way, w->last);
	enum reader_state state;
	struct reader r;
	bool good;

	reader_init(
		&r, &set->archive->header, 1ULL << RMGR_XACT | 1ULL << RMGR_XLOG, take_record, &s);
	good = scan_run(
		&scan, &r, w->backup->base.stop / set->archive->header.bytes, w->last, &state, err);
	reader_done(&r);
	walset_count(set, &scan);
	*ret = s.found;
	return good;
}

/* Whether the window reaches the aim, which is not a time; then *ret is how. */
static bool
reaches(struct windows *ws, const struct window *w, const struct aim *aim, bool *ret_good,
	struct aim_way *ret, struct err *err)
{
	const struct basebackup *b = &w->backup->base;
	struct aim_way way = {.windows = ws, .window = w, .replay_from = b->start};
	uint64_t lsn = aim->lsn;

	*ret_good = false;
	way.target = (struct recovery_target){.kind = RECOVERY_TO_LSN, .tli = w->way->tli};
	if (aim->kind == AIM_END) {
		lsn = w->tail.commit.lsn;
		way.target.inclusive = true;
		if (lsn < b->stop) {
			way.target.kind = RECOVERY_IMMEDIATE;
			lsn = b->stop;
		}
	} else if (aim->kind != AIM_LSN && !search(ws->set, w, aim, &lsn, err)) {
		return false;
	}
	if (lsn < b->stop || lsn > w->tail.end_lsn)
		return true;
	if (aim->kind == AIM_XID)
		way.target.kind = RECOVERY_TO_XID;
	if (aim->kind == AIM_NAME)
		way.target.kind = RECOVERY_TO_NAME;
	/* Recovery stops before a record; behind the last one there is none to stop before. */
	if (aim->kind == AIM_LSN && lsn > w->tail.last_lsn) {
		lsn = w->tail.last_lsn;
		way.target.inclusive = true;
	}
	way.target.lsn = way.replay_to = lsn;
	way.target.xid = aim->xid;
	way.target.name = aim->name;
	*ret = way;
	*ret_good = true;
	return true;
}

static bool
cannot(const struct aim *aim, const struct windows *sets, size_t n, struct err *err)
{
	char from[LSN_TEXT], to[LSN_TEXT];
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += sets[i].list.n;
	if (count == 0)
		err_set(err, ERR_NOT_FOUND, "There is no base backup whose own WAL is whole.");
	else if (aim->kind == AIM_XID)
		err_set(err, ERR_NOT_FOUND,
			"Behind no base backup does the archive show how transaction %u ended.",
			(unsigned)aim->xid);
	else if (aim->kind == AIM_NAME)
		err_set(err, ERR_NOT_FOUND, "There is no restore point \"%s\" in the archive.",
			aim->name);
	else
		err_set(err, ERR_NOT_FOUND, "From no base backup is there whole WAL up to it.");
	for (size_t i = 0; i < n; i++)
		if (sets[i].list.n > 0) {
			const struct window *w = &sets[i].list.v[sets[i].list.n - 1];

			return err_hint(err, "The newest backup, %s, reaches from %s to %s.",
				w->backup->base.name, lsn_format(w->backup->base.stop, from),
				lsn_format(w->tail.end_lsn, to));
		}
	return err_hint(err, "`lifeboat window` says what is missing.");
}

/* Windows from the best to the worst, so that the first that reaches the aim is taken. */
static const struct window *
next_best(struct windows *ws, const struct aim_options *o, const struct window *after)
{
	const struct window *w, *best = NULL;

	vec_each (&ws->list, w)
		if (wanted(w, o) && (after == NULL || better(after, w)) && w != after &&
			better(w, best))
			best = w;
	return best;
}

static bool
find_record(struct windows *sets, size_t n, const struct aim *aim, const struct aim_options *o,
	struct aim_way *ret, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		const struct window *w = NULL;

		while ((w = next_best(&sets[i], o, w)) != NULL) {
			bool good;

			if (!reaches(&sets[i], w, aim, &good, ret, err))
				return false;
			if (good)
				return true;
		}
	}
	return cannot(aim, sets, n, err);
}

/* Leaves the windows of one backup, for a question about a time. */
static void
keep_wanted(struct windows *ws, const struct aim_options *o)
{
	size_t kept = 0;

	for (size_t i = 0; i < ws->list.n; i++)
		if (wanted(&ws->list.v[i], o))
			ws->list.v[kept++] = ws->list.v[i];
	ws->list.n = kept;
}

static bool
not_then(const struct window_answer *a, struct err *err)
{
	char text[CLOCK_TEXT], before[CLOCK_TEXT], after[CLOCK_TEXT];

	err_set(err, ERR_NOT_FOUND, "%s can't be reached: %s", clock_format_us(a->at_us, text),
		a->why);
	if (a->before_us != INT64_MIN)
		clock_format_us(a->before_us, before);
	if (a->after_us != INT64_MIN)
		clock_format_us(a->after_us, after);
	if (a->before_us != INT64_MIN && a->after_us != INT64_MIN)
		return err_hint(err, "The nearest moments that can be: %s and %s.", before, after);
	if (a->before_us != INT64_MIN)
		return err_hint(err, "The last moment before it that can be: %s.", before);
	if (a->after_us != INT64_MIN)
		return err_hint(err, "The first moment after it that can be: %s.", after);
	return err_hint(err, "`lifeboat window` says what is missing.");
}

static bool
find_time(struct windows *sets, size_t n, const struct aim *aim, const struct aim_options *o,
	struct aim_way *ret, struct err *err)
{
	struct window_answer best = {.reach = WINDOW_NONE,
		.at_us = aim->at_us,
		.before_us = INT64_MIN,
		.after_us = INT64_MIN,
		.why = "there is no WAL archive."};

	for (size_t i = 0; i < n; i++) {
		struct window_answer a;

		keep_wanted(&sets[i], o);
		if (!window_at(&sets[i], &o->set, aim->at_us, o->tli, &a, err))
			return false;
		if (window_reached(&a) && wanted(a.window, o)) {
			*ret = (struct aim_way){
				&sets[i], a.window, a.target, a.replay_from, a.replay_to};
			return true;
		}
		if (i == 0 || a.before_us > best.before_us)
			best = a;
	}
	return not_then(&best, err);
}

bool
aim_find(struct windows *sets, size_t n, const struct aim *aim, const struct aim_options *o,
	struct aim_way *ret, struct err *err)
{
	return aim->kind == AIM_TIME ? find_time(sets, n, aim, o, ret, err)
				     : find_record(sets, n, aim, o, ret, err);
}

#include "base/banned.h"
#include "step/replay.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "net/pg.h"
#include "step/child.h"
#include "wal/recovery_log.h"
#include "wal/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define GONE_MS    60000 /* without an answer for so long, and without a word in the log */
#define LOG_MAX    MIB   /* of its beginning and of its end */
#define CONNECT_MS 5000

/*
 * The control file knows that of the last checkpoint, which may lie on an earlier timeline than
 * what has been replayed since; a recovery of ours is told its own.
 */
#define TIMELINE                                                                           \
	"CASE WHEN pg_is_in_recovery() AND current_setting('recovery_target_timeline') ~ " \
	"'^[0-9]+$' THEN current_setting('recovery_target_timeline') ELSE (SELECT "        \
	"timeline_id::text FROM pg_control_checkpoint()) END"

struct watch {
	struct step_child *child;
	const struct replay *spec;
	uint64_t from, to; /* 0: not known */
	struct pg *pg;
	int64_t silent_since; /* monotonic ms; 0: it answers */
	int64_t first_ms;     /* when the first position was seen, and which */
	uint64_t first_lsn;
};

struct position {
	bool recovering, paused;
	uint64_t lsn;
	const char *lsn_text, *at, *timeline;
};

/* The beginning of the log, and its end where it is long: the cause stands in the one or other. */
static bool
read_log(const char *path, struct str *out)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	CLEANUP(util_free) char *text = util_alloc(LOG_MAX);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	for (off_t at = 0;; at = MAX(at + n, st.st_size - (off_t)LOG_MAX)) {
		n = file_pread(fd, text, LOG_MAX, at);
		if (n <= 0)
			return true;
		str_addn(out, text, (size_t)n);
	}
}

/*
 * False when the log is not at hand or says nothing that is known to go wrong. That it started
 * without a label is no fault of a sandbox that goes on from where it was.
 */
static bool
explained(struct watch *w, struct err *err)
{
	CLEANUP(str_done) struct str log = STR_INIT(2 * LOG_MAX);
	CLEANUP(str_done) struct str line = STR_INIT(4 * KIB);
	struct recovery_fault fault;

	if (w->spec->log == NULL || !read_log(w->spec->log, &log) ||
		!recovery_explain(w->child->arena, str_text(&log), log.len, &fault) ||
		strcmp(fault.code, "no-label") == 0)
		return false;
	text_visible(&line, fault.line, strlen(fault.line), 0);
	err_set(err, ERR_CHECK_FAILED, "The recovery failed: %s%s%s%s", fault.what,
		line.len > 0 ? " (" : "", str_text(&line), line.len > 0 ? ")" : "");
	return err_hint(err, "%s", fault.way_out) || true;
}

/*
 * It answers, and lets nobody in: until it has replayed what was written during the base backup,
 * which may take hours. Only its severity is looked at, the words may be in any language.
 */
static bool
refuses(const struct err *why)
{
	return why->code == ERR_UNREACHABLE && why->msg != NULL &&
	       strstr(why->msg, "FATAL") != NULL;
}

/* A server that is not there yet, or not there any more. */
static bool
silent(struct watch *w, struct err *why, struct err *err)
{
	int64_t now = clock_mono_ms();

	if (w->silent_since == 0)
		w->silent_since = now;
	if (explained(w, err))
		return false;
	if (refuses(why)) {
		w->silent_since = now;
		step_progress(w->child, 0, -1, "the server is on its way, and lets nobody in yet");
		err_done(why);
		return true;
	}
	if (now - w->silent_since > GONE_MS)
		return err_move(err, why);
	step_progress(w->child, 0, -1, "the server does not answer yet");
	err_done(why);
	return true;
}

/* The columns are the same for all versions; how the pause is asked for is not. */
static bool
ask(struct watch *w, struct arena *a, struct position *ret, struct err *err)
{
	struct pg_query version = {.sql = "SELECT current_setting('server_version_num')::int"};
	struct pg_query q = {.timeout_ms = CONNECT_MS};
	struct pg_result r;
	int64_t number = 0;

	if (!pg_query(w->pg, a, &version, &r, err))
		return false;
	if (r.rows != 1 || !util_parse_i64(pg_value(&r, 0, 0), &number) || number < 120000)
		return err_set(err, ERR_UNSUPPORTED,
			"Recovery to a moment is done with PostgreSQL 12 and later.");
	q.sql = number >= 140000
			? "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN "
			  "pg_get_wal_replay_pause_state() = 'paused' END, "
			  "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE "
			  "pg_current_wal_lsn() END, to_char(pg_last_xact_replay_timestamp() AT "
			  "TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), " TIMELINE
			: "SELECT pg_is_in_recovery(), CASE WHEN pg_is_in_recovery() THEN "
			  "pg_is_wal_replay_paused() END, "
			  "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE "
			  "pg_current_wal_lsn() END, to_char(pg_last_xact_replay_timestamp() AT "
			  "TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), " TIMELINE;
	if (!pg_query(w->pg, a, &q, &r, err))
		return false;
	*ret = (struct position){.recovering = util_streq(pg_value(&r, 0, 0), "t"),
		.paused = util_streq(pg_value(&r, 0, 1), "t"),
		.lsn_text = pg_value(&r, 0, 2),
		.at = pg_value(&r, 0, 3),
		.timeline = pg_value(&r, 0, 4)};
	if (ret->lsn_text == NULL || !lsn_parse(ret->lsn_text, &ret->lsn))
		ret->lsn = 0;
	return true;
}

/* "0/5A00000 of 0/7B00000, committed up to ...Z, 45 MiB/s, 12s left" */
static void
show(struct watch *w, const struct position *p)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	int64_t ms = clock_mono_ms() - w->first_ms;
	uint64_t rate;

	if (p->lsn == 0)
		return;
	if (w->first_ms == 0) {
		w->first_ms = clock_mono_ms();
		w->first_lsn = p->lsn;
		ms = 0;
	}
	rate = ms > 0 && p->lsn > w->first_lsn ? (p->lsn - w->first_lsn) * 1000 / (uint64_t)ms : 0;
	str_fmt(&text, "replayed to %s%s%s", p->lsn_text, w->to != 0 ? " of " : "",
		w->to != 0 ? w->spec->to : "");
	if (p->at != NULL)
		str_fmt(&text, ", committed up to %s", p->at);
	if (rate > 0) {
		str_add(&text, ", ");
		text_size(&text, (int64_t)rate);
		str_add(&text, "/s");
	}
	if (rate > 0 && w->to > p->lsn) {
		str_add(&text, ", ");
		text_duration(&text, (int64_t)((w->to - p->lsn) / rate));
		str_add(&text, " left");
	}
	if (w->from != 0 && w->to > w->from && p->lsn >= w->from)
		step_progress(w->child, (int64_t)(MIN(p->lsn, w->to) - w->from),
			(int64_t)(w->to - w->from), str_text(&text));
	else
		step_progress(w->child, 0, -1, str_text(&text));
}

static bool
arrived(struct watch *w, const struct position *p, struct err *err)
{
	struct step_child *c = w->child;

	if (!p->recovering) {
		if (explained(w, err))
			return false;
		err_set(err, ERR_CHECK_FAILED,
			"The server is not in recovery: it takes writes, at %s on timeline %s.",
			p->lsn_text, p->timeline);
		return err_hint(err, "It was promoted, or started without recovery.signal.");
	}
	/* Paused for another reason than its target: a hot standby does so when it lacks room. */
	if (explained(w, err))
		return false;
	step_set(c, "lsn", p->lsn_text != NULL ? p->lsn_text : "");
	step_set(c, "at", p->at != NULL ? p->at : "");
	step_set(c, "timeline", p->timeline != NULL ? p->timeline : "");
	str_fmt(&c->value, "paused at %s on timeline %s, last transaction %s",
		p->lsn_text != NULL ? p->lsn_text : "?", p->timeline != NULL ? p->timeline : "?",
		p->at != NULL ? p->at : "none since the backup");
	step_say(c, "The recovery is %s.", str_text(&c->value));
	return true;
}

static void
nap(int64_t ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000};

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* One look. *ret_over: the recovery came to its target, or *err says why it will not. */
static bool
look(struct watch *w, bool *ret_over, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct pg_options o = {.conninfo = w->spec->conninfo,
		.database = "template1",
		.read_only = true,
		.timeout_ms = CONNECT_MS};
	struct position p;

	*ret_over = false;
	if (w->pg == NULL && !pg_connect(&o, &w->pg, &why))
		return silent(w, &why, err);
	if (!ask(w, &a, &p, &why)) {
		pg_free(w->pg);
		w->pg = NULL;
		return why.code == ERR_UNSUPPORTED ? err_move(err, &why) : silent(w, &why, err);
	}
	w->silent_since = 0;
	show(w, &p);
	*ret_over = p.paused || !p.recovering;
	return !*ret_over || arrived(w, &p, err);
}

bool
replay_wait(struct step_child *c, const struct replay *r, struct err *err)
{
	struct watch w = {.child = c, .spec = r};
	bool good, over = false;

	if (r->from != NULL && !lsn_parse(r->from, &w.from))
		return err_set(err, ERR_USAGE, "\"%s\" is no LSN.", r->from);
	if (r->to != NULL && !lsn_parse(r->to, &w.to))
		return err_set(err, ERR_USAGE, "\"%s\" is no LSN.", r->to);
	/* The runner's time limit for the step is what ends this when it never comes to an end. */
	for (int64_t pause = 50;; pause = MIN(pause * 2, r->every_s * 1000)) {
		good = look(&w, &over, err);
		if (!good || over)
			break;
		nap(pause);
	}
	pg_free(w.pg);
	return good;
}

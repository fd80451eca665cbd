#include "base/banned.h"
#include "catalog/archiver.h"
#include "base/text.h"
#include "net/pg.h"
#include "wal/continuity.h"
#include "wal/scan.h"

#define ASK_MS      5000
#define SLOTS_MAX   20
#define SLOT_IDLE   ((int64_t)GIB) /* held back by an idle slot, before it is worth a word */
#define WAITING_MAX 2              /* segments that may wait before it is worth a word */
#define QUIET_S     60             /* an archive younger than this needs no second look */
#define TAIL_MAX    64             /* segments in which the last commit is looked for */

static const char server_sql[] =
	"SELECT (SELECT system_identifier FROM pg_control_system()), pg_is_in_recovery(), "
	"current_setting('archive_mode'), archived_count, last_archived_wal, "
	"floor(extract(epoch FROM last_archived_time))::bigint, failed_count, last_failed_wal, "
	"floor(extract(epoch FROM last_failed_time))::bigint, "
	"CASE WHEN NOT pg_is_in_recovery() THEN pg_current_wal_lsn() END, "
	"(SELECT timeline_id FROM pg_control_checkpoint()), "
	"EXISTS (SELECT FROM pg_stat_replication WHERE application_name = 'pg_receivewal'), "
	"CASE WHEN current_setting('track_commit_timestamp') = 'on' THEN "
	"(SELECT xid::text FROM pg_last_committed_xact()) END, "
	"CASE WHEN current_setting('track_commit_timestamp') = 'on' THEN "
	"(SELECT floor(extract(epoch FROM timestamp))::bigint FROM pg_last_committed_xact()) END, "
	/* Both may fall into one second. */
	"coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) "
	"FROM pg_stat_archiver";

static const char slots_sql[] =
	"SELECT slot_name, active, to_jsonb(s)->>'wal_status', "
	"pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::bigint "
	"FROM pg_replication_slots s WHERE restart_lsn IS NOT NULL ORDER BY 4 DESC LIMIT 20";

struct asked {
	struct collecting *c;
	struct archive *archive;
	const struct continuity *continuity;
	const char *server;
	const char *system, *mode, *last_archived, *last_failed, *last_xid;
	bool recovering, receiver, failing;
	int64_t archived_count, archived_at, failed_count, failed_at, committed_at;
	int64_t timeline;
	uint64_t lsn;
	int64_t waiting, waiting_s; /* segments; -1: not known */
	int64_t complete_at;
	struct pg_result slots;
};

static int64_t
number(const struct pg_result *r, size_t row, size_t col, int64_t otherwise)
{
	const char *text = pg_value(r, row, col);
	int64_t value;

	return text != NULL && util_parse_i64(text, &value) ? value : otherwise;
}

static const char *
safe(struct asked *k, const struct pg_result *r, size_t row, size_t col)
{
	const char *text = pg_value(r, row, col);

	return text != NULL ? text_safe(k->c->arena, text) : NULL;
}

static bool
ask(struct asked *k, const char *conninfo, struct err *err)
{
	struct pg_options o = {.conninfo = conninfo, .read_only = true, .timeout_ms = ASK_MS};
	struct pg_query q = {.sql = server_sql, .rows_max = 1, .timeout_ms = ASK_MS};
	struct pg_query slots = {.sql = slots_sql, .rows_max = SLOTS_MAX, .timeout_ms = ASK_MS};
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	struct pg_result r;
	struct pg *pg;
	bool good;

	if (!pg_connect(&o, &pg, err))
		return false;
	good = pg_query(pg, k->c->arena, &q, &r, err);
	if (good && r.rows == 1) {
		k->system = safe(k, &r, 0, 0);
		k->recovering = util_streq(pg_value(&r, 0, 1), "t");
		k->mode = safe(k, &r, 0, 2);
		k->archived_count = number(&r, 0, 3, 0);
		k->last_archived = safe(k, &r, 0, 4);
		k->archived_at = number(&r, 0, 5, CLOCK_NONE);
		k->failed_count = number(&r, 0, 6, 0);
		k->last_failed = safe(k, &r, 0, 7);
		k->failed_at = number(&r, 0, 8, CLOCK_NONE);
		if (pg_value(&r, 0, 9) == NULL || !lsn_parse(pg_value(&r, 0, 9), &k->lsn))
			k->lsn = LSN_NONE;
		k->timeline = number(&r, 0, 10, 0);
		k->receiver = util_streq(pg_value(&r, 0, 11), "t");
		k->last_xid = safe(k, &r, 0, 12);
		k->committed_at = number(&r, 0, 13, CLOCK_NONE);
		k->failing = util_streq(pg_value(&r, 0, 14), "t");
	}
	/* Asking for them is refused while a standby is recovering. */
	if (good && !k->recovering && !pg_query(pg, k->c->arena, &slots, &k->slots, &ignored))
		k->slots = (struct pg_result){.rows = 0};
	pg_free(pg);
	return good;
}

/* The newest segment on the server's timeline; false when the archive has none of it. */
static bool
newest(const struct asked *k, uint64_t *ret)
{
	const struct continuity_range *r;
	bool found = false;

	if (k->continuity == NULL || k->archive == NULL)
		return false;
	vec_each (&k->continuity->ranges, r) {
		if (r->tli != (uint32_t)k->timeline || (found && r->last < *ret))
			continue;
		*ret = r->last;
		found = true;
	}
	return found;
}

static void
count_waiting(struct asked *k)
{
	uint64_t last, now;

	k->waiting = k->waiting_s = -1;
	if (k->lsn == LSN_NONE || !newest(k, &last))
		return;
	now = k->lsn / k->archive->header.bytes;
	k->waiting = now > last + 1 ? (int64_t)(now - last - 1) : 0;
	k->waiting_s = 0;
	if (k->waiting > 0 && k->archived_at != CLOCK_NONE)
		k->waiting_s = MAX(k->c->now - k->archived_at, 0);
}

/* The transaction whose end the archive shows last; 0 when it is not found near its end. */
static uint32_t
last_archived_commit(struct asked *k, uint64_t last)
{
	const struct history *way = continuity_way(k->continuity, (uint32_t)k->timeline);
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	uint32_t bytes = k->archive->header.bytes;
	uint64_t first = last;
	struct scan_tail tail;
	struct scan s = {.archive = k->archive, .way = way, .arena = k->c->arena, .limit = last};

	if (way == NULL)
		return 0;
	while (first > 0 && last - first < TAIL_MAX &&
		archive_find(k->archive, history_at(way, first - 1, bytes), first - 1) != NULL)
		first--;
	if (!scan_tail(&s, first, last, UINT64_MAX, &tail, &ignored) || tail.commit.lsn == 0)
		return 0;
	return tail.commit.xid;
}

/*
 * A quiet database writes nothing, so its archive grows old without missing anything. Where the
 * server knows its last commit and the archive ends with that one, it is complete as of now.
 */
static void
look_for_quiet(struct asked *k)
{
	uint64_t last, xid;

	if (k->last_xid == NULL || !util_parse_u64(k->last_xid, &xid) || !newest(k, &last) ||
		k->archive->header.version == 0)
		return;
	if (last_archived_commit(k, last) == xid)
		k->c->seen->complete_at = k->complete_at = k->c->now;
}

static const char *
since(struct asked *k, int64_t at)
{
	char text[CLOCK_TEXT];

	return arena_strdup(k->c->arena, clock_format(at, text));
}

static void
judge_server(struct asked *k)
{
	const struct set *s = k->c->set;
	char id[32];

	if (k->archive != NULL) {
		snprintf(id, sizeof(id), "%llu",
			(unsigned long long)k->archive->header.system_identifier);
		if (k->system != NULL && k->archive->header.system_identifier != 0 &&
			!util_streq(id, k->system))
			collecting_notice(k->c, VERDICT_BREACH,
				"The archive holds WAL of another system (%s) than %s writes (%s).",
				id, k->server, k->system);
	}
	if (k->recovering)
		return;
	if (util_streq(k->mode, "off") && !k->receiver)
		collecting_notice(k->c, VERDICT_LATE,
			"%s does not archive: archive_mode is off, and no pg_receivewal is "
			"connected.",
			k->server);
	if (!k->failing)
		return;
	if (k->archived_at == CLOCK_NONE)
		collecting_notice(k->c, VERDICT_BREACH,
			"The archiver of %s has never succeeded; it failed %lld times, last on %s "
			"at %s.",
			k->server, (long long)k->failed_count, k->last_failed,
			since(k, k->failed_at));
	else
		collecting_notice(k->c,
			k->c->now - k->archived_at > s->rpo_s ? VERDICT_BREACH : VERDICT_LATE,
			"The archiver of %s has been failing since %s, on %s: its last success was "
			"%s.",
			k->server, since(k, k->archived_at), k->last_failed, k->last_archived);
}

static void
judge_waiting(struct asked *k)
{
	CLEANUP(str_done) struct str text = STR_INIT(100);

	if (k->waiting >= WAITING_MAX) {
		text_duration(&text, k->waiting_s);
		collecting_notice(k->c,
			k->waiting_s > k->c->set->rpo_s ? VERDICT_BREACH : VERDICT_LATE,
			"%lld full segments of %s are not in the archive; the last one came %s "
			"ago.",
			(long long)k->waiting, k->server, str_text(&text));
	} else if (!k->failing && k->last_archived != NULL && k->archived_at != CLOCK_NONE) {
		collecting_notice(k->c, VERDICT_OK, "%s archived %s at %s%s.", k->server,
			k->last_archived, since(k, k->archived_at),
			k->complete_at != CLOCK_NONE
				? "; nothing was committed since that is not in the archive"
				: "");
	}
}

static void
judge_slots(struct asked *k)
{
	for (size_t i = 0; i < k->slots.rows; i++) {
		CLEANUP(str_done) struct str size = STR_INIT(100);
		const char *name = safe(k, &k->slots, i, 0), *status = safe(k, &k->slots, i, 2);
		bool active = util_streq(pg_value(&k->slots, i, 1), "t");
		int64_t held = number(&k->slots, i, 3, 0);

		text_size(&size, held);
		if (util_streq(status, "lost") || util_streq(status, "unreserved"))
			collecting_notice(k->c, VERDICT_LATE,
				"The replication slot %s of %s is %s: what it waits for is gone or "
				"going.",
				name, k->server, status);
		else if (!active && held >= SLOT_IDLE)
			collecting_notice(k->c, VERDICT_LATE,
				"The idle replication slot %s holds %s of WAL on %s; a full disk "
				"stops the server.",
				name, str_text(&size), k->server);
	}
}

static void
write_facts(struct asked *k)
{
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);
	struct json j = json_new(&out);
	char lsn[LSN_TEXT];

	json_object(&j, NULL);
	json_string(&j, "server", k->server);
	json_time(&j, "asked_at", k->c->now);
	json_string(&j, "archive_mode", k->mode);
	json_int(&j, "archived_count", k->archived_count);
	json_string(&j, "last_archived", k->last_archived);
	json_time(&j, "last_archived_at", k->archived_at);
	json_bool(&j, "failing", k->failing);
	json_time(&j, "failing_since", k->failing ? k->archived_at : CLOCK_NONE);
	json_int(&j, "failed_count", k->failed_count);
	json_string(&j, "last_failed", k->last_failed);
	json_time(&j, "last_failed_at", k->failed_at);
	json_string(&j, "current_lsn", k->lsn != LSN_NONE ? lsn_format(k->lsn, lsn) : NULL);
	json_count(&j, "lag_segments", k->waiting);
	json_count(&j, "lag_s", k->waiting_s);
	json_time(&j, "last_commit_at", k->committed_at);
	json_time(&j, "complete_at", k->complete_at);
	json_array(&j, "slots");
	for (size_t i = 0; i < k->slots.rows; i++) {
		json_object(&j, NULL);
		json_string(&j, "name", safe(k, &k->slots, i, 0));
		json_bool(&j, "active", util_streq(pg_value(&k->slots, i, 1), "t"));
		json_string(&j, "wal_status", safe(k, &k->slots, i, 2));
		json_int(&j, "held_bytes", number(&k->slots, i, 3, 0));
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	if (!out.full)
		k->c->seen->archiver = arena_strdup(k->c->arena, str_text(&out));
}

void
archiver_ask(struct collecting *c, struct archive *archive, const struct continuity *continuity,
	int64_t newest_at)
{
	const struct target *t =
		c->set->server != NULL ? site_target(c->site, c->set->server) : NULL;
	struct asked k = {.c = c,
		.archive = archive,
		.continuity = continuity,
		.archived_at = CLOCK_NONE,
		.failed_at = CLOCK_NONE,
		.committed_at = CLOCK_NONE,
		.complete_at = CLOCK_NONE};
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (t == NULL || t->postgresql == NULL || c->is_copy)
		return;
	k.server = t->item.key;
	if (!ask(&k, t->postgresql, &err)) {
		collecting_notice(c, VERDICT_UNKNOWN,
			"%s could not be asked about its archiver: %s", k.server, err.msg);
		return;
	}
	count_waiting(&k);
	if (newest_at == CLOCK_NONE || c->now - newest_at >= QUIET_S)
		look_for_quiet(&k);
	judge_server(&k);
	judge_waiting(&k);
	judge_slots(&k);
	write_facts(&k);
}

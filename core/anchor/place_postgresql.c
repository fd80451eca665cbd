/*
 * place_postgresql: a row in a table of a database that we may insert into and select from, and
 * no more.
 */
#include "base/banned.h"
#include "anchor/anchor.h"
#include "base/clock.h"
#include "net/pg.h"

#define TABLE "lifeboat_anchors"

static const char *
quoted(struct arena *a, const struct anchor_conf *c)
{
	const char *table = c->table != NULL ? c->table : TABLE, *dot = strchr(table, '.');

	if (dot == NULL)
		return pg_quote(a, table);
	return arena_fmt(a, "%s.%s", pg_quote(a, arena_strndup(a, table, (size_t)(dot - table))),
		pg_quote(a, dot + 1));
}

static bool
explained(const struct anchor_conf *c, const struct pg *pg, struct err *err)
{
	const char *table = c->table != NULL ? c->table : TABLE;

	if (strcmp(pg_sqlstate(pg), "42P01") == 0)
		return err_hint(err,
			"CREATE TABLE %s (file_id text NOT NULL, seq bigint NOT NULL, hash text "
			"NOT "
			"NULL, site text, host text, at timestamptz, recorded_at timestamptz NOT "
			"NULL DEFAULT clock_timestamp(), recorded_by text NOT NULL DEFAULT "
			"session_user); GRANT INSERT, SELECT ON %s TO <our role>;",
			table, table);
	return false;
}

static bool
connect_to(const struct anchor_conf *c, struct pg **ret, struct err *err)
{
	struct pg_options o = {.conninfo = c->postgresql,
		.timeout_ms = c->timeout_s * 1000,
		.statement_timeout_ms = c->timeout_s * 1000};

	return pg_connect(&o, ret, err);
}

static bool
push(const struct anchor_conf *c, const struct anchor *anchor, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	char at[CLOCK_TEXT];
	const char *params[] = {anchor->file_id,
		arena_fmt(&a, "%llu", (unsigned long long)anchor->seq), anchor->hash, anchor->site,
		anchor->host, clock_format(anchor->at, at)};
	struct pg_query q = {.params = params, .nparams = ARRAY_LEN(params)};
	struct pg_result r;
	struct pg *pg;
	bool good;

	if (!connect_to(c, &pg, err))
		return false;
	q.sql = arena_fmt(&a,
		"INSERT INTO %s (file_id, seq, hash, site, host, at) VALUES ($1, $2::bigint, $3, "
		"$4, "
		"$5, $6::timestamptz)",
		quoted(&a, c));
	good = pg_query(pg, &a, &q, &r, err) || explained(c, pg, err);
	pg_free(pg);
	return good;
}

static bool
fetch(const struct anchor_conf *c, const char *file_id, struct arena *a, anchor_list *ret,
	struct err *err)
{
	const char *params[] = {file_id};
	struct pg_query q = {
		.params = params, .nparams = 1, .rows_max = ANCHORS_MAX, .bytes_max = 64 * MIB};
	struct pg_result r;
	struct pg *pg;
	bool good;

	if (!connect_to(c, &pg, err))
		return false;
	q.sql = arena_fmt(a,
		"SELECT seq::text, hash FROM %s WHERE file_id = $1 ORDER BY seq DESC LIMIT %d",
		quoted(a, c), ANCHORS_MAX);
	good = pg_query(pg, a, &q, &r, err) || explained(c, pg, err);
	for (size_t i = 0; good && i < r.rows; i++) {
		struct audit_anchor one = {.file_id = file_id};
		unsigned char sum[DIGEST_SIZE];
		const char *seq = pg_value(&r, i, 0), *hash = pg_value(&r, i, 1);

		if (seq == NULL || hash == NULL || !util_parse_u64(seq, &one.seq) || one.seq == 0 ||
			strlen(hash) != 64 || !digest_unhex(hash, DIGEST_SIZE, sum))
			continue;
		memcpy(one.hash, hash, 65);
		*vec_push(a, ret) = one;
	}
	pg_free(pg);
	return good;
}

const struct anchor_place anchor_place_postgresql = {
	.kind = "postgresql", .push = push, .fetch = fetch};

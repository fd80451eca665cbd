/*
 * demo_others: what else the site protects, not all of it well.
 *
 * The statistics' database has not been dumped for days (breach); a snapshot of the
 * configuration is due and has not come (late).
 */
#include "base/banned.h"
#include "demo/demo.h"
#include "base/file.h"
#include "base/path.h"

#define DAY         86400LL
#define METABASE_AT (1 * 3600LL) /* after the application's dump */
#define CONFIG_AT   (-1800LL)    /* before it */
#define DUMPS       4
#define SNAPSHOTS   5

static const char *const metabase_sql[] = {
	"CREATE TABLE dashboard (id integer PRIMARY KEY, name text NOT NULL, layout jsonb NOT "
	"NULL)",
	"INSERT INTO dashboard SELECT i, 'Dashboard ' || i, jsonb_build_object('cards', i % 12, "
	"'columns', 24, 'public', i % 5 = 0) FROM generate_series(1, 60) i",
	"CREATE TABLE query_execution (id bigint PRIMARY KEY, dashboard_id integer NOT NULL "
	"REFERENCES dashboard, hash char(64) NOT NULL, milliseconds integer NOT NULL)",
	"INSERT INTO query_execution SELECT i, 1 + i % 60, md5(i::text) || md5('m' || i), i * 37 % "
	"4000 FROM generate_series(1, 4000) i",
	NULL,
};

static bool
fill(struct demo *d, const char *user, const char *database, const char *const *sql,
	struct err *err)
{
	struct pg *pg;
	bool good = true;

	if (!demo_connect(d, user, database, &pg, err))
		return false;
	for (; good && *sql != NULL; sql++)
		good = pg_exec(pg, *sql, err);
	pg_free(pg);
	return good;
}

static bool
dump_metabase(struct demo *d, const char *directory, int64_t at, struct err *err)
{
	const char *path =
		path_join(d->arena, directory, demo_name(d->arena, "metabase_", at, ".sql.gz"));
	const char *argv[] = {"pg_dump", "--format=plain", "--compress=6", "--no-password",
		arena_fmt(d->arena, "--file=%s", path),
		arena_fmt(d->arena, "--dbname=%s dbname=metabase", d->server.conninfo), NULL};

	return demo_run(d, "pg_dump", argv, err) && demo_age(path, at + 12, err);
}

static bool
metabase(struct demo *d, struct err *err)
{
	const char *directory = path_join(d->arena, d->directory, "backup/postgresql/metabase");

	if (!fill(d, "postgres", "postgres",
		    (const char *const[]){"CREATE DATABASE metabase OWNER metabase", NULL}, err) ||
		!fill(d, "metabase", "metabase", metabase_sql, err) ||
		!file_mkdirs(directory, 0755, err))
		return false;
	for (int64_t i = 0; i < DUMPS; i++)
		if (!dump_metabase(d, directory, d->newest_at - (i + 4) * DAY + METABASE_AT, err))
			return false;
	return true;
}

static bool
configuration(struct demo *d, struct err *err)
{
	const char *directory = path_join(d->arena, d->directory, "backup/configuration");

	if (!file_mkdirs(directory, 0755, err))
		return false;
	for (int64_t i = 0; i < SNAPSHOTS; i++) {
		int64_t at = d->newest_at - (i + 2) * DAY + CONFIG_AT;
		const char *path =
			path_join(d->arena, directory, demo_name(d->arena, "etc_", at, ".tar.gz"));
		const char *argv[] = {"tar", "--create", "--gzip", "--file", path, "--directory",
			d->server.data, "postgresql.conf", "postgresql.auto.conf", "pg_hba.conf",
			"pg_ident.conf", NULL};

		if (!demo_run(d, "tar", argv, err) || !demo_age(path, at + 3, err))
			return false;
	}
	return true;
}

bool
demo_others(struct demo *d, struct err *err)
{
	return (metabase(d, err) && configuration(d, err)) ||
	       err_prefix(err, "The demo's other backups can't be made");
}

/*
 * demo_site: the site file of the demo, as somebody would have written it.
 */
#include "base/banned.h"
#include "demo/demo.h"
#include "base/file.h"

static const char text[] =
	"# The flight simulator's site: one database, its dumps, and a server to look at them on.\n"
	"site: demo\n"
	"title: Lifeboat flight simulator\n"
	"locations:\n"
	"  backups: {title: Backup disk, directory: \"%s/backup\"}\n"
	"targets:\n"
	"  app-db:\n"
	"    title: Database of the application\n"
	"    postgresql: \"%s\"\n"
	"    environment: production\n"
	"    expect: {database: aragora}\n"
	"  scratch: {title: A throw-away server, sandbox: postgresql}\n"
	"assets:\n"
	"  aragora-db:\n"
	"    title: Aragora database\n"
	"    tier: critical\n"
	"    sets:\n"
	"      daily-dump:\n"
	"        title: Dump, every night at 02:00 UTC\n"
	"        type: pg_dump\n"
	"        location: backups\n"
	"        path: \"postgresql/daily/aragora_{time:%%Y%%m%%d_%%H%%M%%S}.dump\"\n"
	"        database: aragora\n"
	"        schedule: \"0 2 * * *\"\n"
	"        rpo: 26h\n"
	"        rto: 1h\n"
	"        minimum_size: 64KiB\n"
	"        keep: {daily: 7, weekly: 4, monthly: 12, at_least: 7}\n"
	"        checks:\n"
	"          - {name: users are there, table: users, at_least: 1000}\n"
	"          - {name: organizations are there, table: organizations, at_least: 50}\n"
	"          - {name: jobs are there, table: content_jobs, at_least: 3000}\n"
	"          - {name: artifacts are there, table: content_artifacts, at_least: 5000}\n"
	"          - {name: schema version, migration: alembic_version.version_num}\n"
	"          - name: no job without its user\n"
	"            sql: >-\n"
	"              SELECT count(*) FROM content_jobs j LEFT JOIN users u ON u.id = j.user_id\n"
	"              WHERE u.id IS NULL\n"
	"            expect: \"0\"\n"
	"          - name: somebody pays\n"
	"            sql: SELECT count(*) FROM subscriptions WHERE status = 'active'\n"
	"            expect: \">= 1\"\n";

bool
demo_write_site(struct demo *d, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *site = arena_fmt(&a, text, d->directory, d->conninfo);

	return file_replace(d->site, site, strlen(site), 0644, err);
}

/*
 * demo_site: the site file of the demo, as somebody would have written it.
 */
#include "base/banned.h"
#include "demo/demo.h"
#include "base/file.h"

static const char head_text[] =
	"# The flight simulator's site: what an application needs to come back, and its backups.\n"
	"site: demo\n"
	"title: Lifeboat flight simulator\n"
	"locations:\n"
	"  backups: {title: Backup disk, directory: \"%s/backup\"}\n"
	"  # Nobody has mounted it: what lies there can't be known.\n"
	"  nas: {title: NAS in the other building, directory: \"%s/nas\"}\n";

static const char offsite_text[] = "  offsite:\n"
				   "    title: Bucket off the site\n"
				   "    s3:\n"
				   "      bucket: " DEMO_BUCKET "\n"
				   "      prefix: " DEMO_PREFIX "\n"
				   "      endpoint: \"%s\"\n"
				   "      credentials: \"file %s/credentials\"\n";

static const char database_text[] =
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
	"        prove: {level: restored, every: 26h, with: postgres/verify-dump}\n"
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

static const char daily_copies_text[] =
	"        copies: [{location: offsite, path: postgresql/daily/, within: 2h}]\n";

static const char physical_text[] = "      base:\n"
				    "        title: Base backup, every Sunday at 03:00 UTC\n"
				    "        type: pg_basebackup\n"
				    "        location: backups\n"
				    "        path: postgresql/base/\n"
				    "        schedule: \"0 3 * * 0\"\n"
				    "        rpo: 8d\n"
				    "        rto: 1h\n"
				    "        keep: {weekly: 4, at_least: 2}\n";

static const char base_copies_text[] =
	"        copies: [{location: offsite, path: postgresql/base/, within: 1d}]\n";

static const char wal_text[] = "      wal:\n"
			       "        title: Archived WAL\n"
			       "        type: wal\n"
			       "        location: backups\n"
			       "        path: postgresql/wal/\n"
			       "        server: app-db\n"
			       "        rpo: 5m\n"
			       "        rto: 1h\n";

static const char cache_text[] = "  cache:\n"
				 "    title: Sessions and quotas\n"
				 "    sets:\n"
				 "      rdb:\n"
				 "        title: Snapshot of Redis, every six hours\n"
				 "        type: redis_rdb\n"
				 "        location: backups\n"
				 "        path: \"redis/cache_{time:%Y%m%d_%H%M%S}.rdb\"\n"
				 "        schedule: \"0 */6 * * *\"\n"
				 "        rpo: 7h\n"
				 "        keep: {daily: 7}\n";

static const char others_text[] =
	"  statistics-db:\n"
	"    title: Database of the statistics\n"
	"    sets:\n"
	"      nightly:\n"
	"        title: Dump, every night at 03:00 UTC\n"
	"        type: pg_dump\n"
	"        location: backups\n"
	"        path: \"postgresql/metabase/metabase_{time:%Y%m%d_%H%M%S}.sql.gz\"\n"
	"        database: metabase\n"
	"        schedule: \"0 3 * * *\"\n"
	"        rpo: 26h\n"
	"        rto: 4h\n"
	"  configuration:\n"
	"    title: Configuration of the servers\n"
	"    sets:\n"
	"      etc:\n"
	"        title: Snapshot, every night at 01:30 UTC\n"
	"        type: files\n"
	"        location: backups\n"
	"        path: \"configuration/etc_{time:%Y%m%d_%H%M%S}.tar.gz\"\n"
	"        schedule: \"30 1 * * *\"\n"
	"        rpo: 7d\n"
	"        keep: {daily: 14}\n"
	"  knowledge-graph:\n"
	"    title: Knowledge graph\n"
	"    sets:\n"
	"      dump:\n"
	"        title: Dump of Neo4j, every Saturday\n"
	"        type: neo4j\n"
	"        location: nas\n"
	"        path: neo4j/\n"
	"        schedule: \"0 4 * * 6\"\n"
	"        rpo: 8d\n";

bool
demo_write_site(struct demo *d, struct err *err)
{
	CLEANUP(str_done) struct str site = STR_INIT(64 * KIB);
	bool offsite = d->offsite.id != NULL;

	str_fmt(&site, head_text, d->directory, d->directory);
	if (offsite)
		str_fmt(&site, offsite_text, d->offsite.conninfo, d->offsite.data);
	str_fmt(&site, database_text, d->conninfo);
	str_add(&site, offsite ? daily_copies_text : "");
	str_add(&site, physical_text);
	str_add(&site, offsite ? base_copies_text : "");
	str_add(&site, wal_text);
	str_add(&site, d->cache.id != NULL ? cache_text : "");
	str_add(&site, others_text);
	return file_replace(d->site, site.buf, site.len, 0644, err);
}

/*
 * site: what is protected, where its backups are and where a restore may go (DESIGN.md 4).
 *
 * Read-only after loading; everything lives in the arena that it was loaded into.
 */
#ifndef CONF_SITE_H
#define CONF_SITE_H

#include "conf/schema.h"

enum set_type {
	SET_PG_DUMP,
	SET_PG_BASEBACKUP,
	SET_WAL,
	SET_PGBACKREST,
	SET_BARMAN,
	SET_REDIS_RDB,
	SET_REDIS_AOF,
	SET_NEO4J,
	SET_VELERO,
	SET_OBJECT_SYNC,
	SET_FILES,
};
extern const char *const set_type_names[];

enum environment { ENV_PRODUCTION, ENV_STAGING, ENV_SANDBOX };
extern const char *const environment_names[];

enum level { LEVEL_SEEN, LEVEL_INTACT, LEVEL_RESTORED };
extern const char *const level_names[];

/* What a proof, or one check of it, came to; from good to bad, so that the worst is the largest. */
enum proof_result { PROOF_PASS, PROOF_UNKNOWN, PROOF_FAIL };
extern const char *const proof_result_names[]; /* "pass", "unknown", "fail" */

struct site_s3 {
	struct item item;
	const char *bucket, *prefix, *region, *endpoint, *ca_file;
	const char *credentials; /* "profile NAME", "file PATH" or "env PREFIX"; NULL: the usual
				    chain */
	int path_style;          /* -1: only for custom endpoints */
};

struct site_kubernetes {
	struct item item;
	const char *context, *namespace, *kubeconfig;
};

struct location {
	struct item item; /* key: its name */
	const char *title;
	const char *directory;
	struct site_s3 *s3;
	struct site_kubernetes *kubernetes;
	int64_t timeout_s; /* how long a source may take to answer */
};

struct target_expect {
	struct item item;
	const char *database, *system_identifier;
};

struct target {
	struct item item;
	const char *title;
	const char *postgresql; /* libpq connection string, without a password */
	const char *directory;
	int sandbox;     /* 0: PostgreSQL, 1: Redis; -1: not a sandbox */
	int environment; /* enum environment */
	struct target_expect *expect;
};

struct keep {
	struct item item;
	int64_t hourly, daily, weekly, monthly, yearly;
	int64_t for_s, at_least;
	struct texts hold;
};

struct copy {
	struct item item;
	const char *location, *path;
	int64_t within_s;
};

/* One fact that a restored database must show. Exactly one of table, migration, sql, amcheck. */
struct check {
	struct item item;
	const char *name;
	const char *table;     /* exists */
	int64_t at_least;      /* ... with so many rows */
	const char *migration; /* table.column that holds the schema's version; not empty */
	const char *sql;       /* first column of the first row is compared with expect */
	const char *expect;
	const char *compare; /* a target: row count of `table` against the live server's */
	int64_t tolerance;   /* percent */
	int amcheck;
};

struct prove {
	struct item item;
	int level;
	int64_t every_s;
	const char *with; /* runbook id */
};

struct set {
	struct item item; /* key: its name */
	const struct asset *asset;
	const char *title;
	int type;
	const char *location, *path, *database, *schedule, *time_zone;
	const char *server; /* of a wal set: the target that writes it; NULL */
	int64_t rpo_s, rto_s, minimum_size;
	struct keep *keep;
	struct items copies; /* struct copy */
	struct prove *prove;
	struct items checks; /* struct check */
};

struct asset {
	struct item item;
	const char *title;
	int tier; /* index into "critical", "important", "normal"; -1 */
	struct items sets;
};

struct operators {
	struct item item;
	const char *group, *allowed_signers;
	struct texts approvers;
};

/* How the catalog is kept. */
struct catalog_conf {
	struct item item;
	int64_t refresh_s; /* how often `collect --watch` looks; FIELD_ABSENT: 60 */
	int64_t stale_s;   /* facts older than this count as unknown; FIELD_ABSENT: see collect.h */
};

/* Where heads of the audit log are kept, beyond the reach of who writes it. Exactly one place. */
struct anchor_conf {
	struct item item;   /* key: its name */
	int syslog;         /* index into syslog_facility_names; -1 */
	const char *socket; /* of syslog; NULL: /dev/log */
	const char *file;
	const char *postgresql, *table; /* libpq connection string; NULL: lifeboat_anchors */
	struct site_s3 *s3;
	int64_t retain_s;  /* object lock of S3; FIELD_ABSENT: none */
	int64_t timeout_s; /* 10 when not said */
	int required;      /* nothing runs while it fails */
};
extern const char *const syslog_facility_names[];

struct audit_conf {
	struct item item;
	int64_t rotate_at; /* bytes; FIELD_ABSENT: only by hand */
	struct items anchors;
};

struct runbooks_conf {
	struct item item;
	const char *signed_by; /* allowed signers (ssh-keygen(1)); NULL: no signature is wanted */
};

struct site {
	struct item item;
	const char *file;
	const char *name, *title;
	struct items locations, targets, assets;
	struct operators *operators;
	struct catalog_conf *catalog;
	struct audit_conf *audit;
	struct runbooks_conf *runbooks;
};

extern const struct schema site_schema;
extern const struct schema check_schema;

/* Where the site file is: `given`, $LIFEBOAT_SITE, ~/.config/lifeboat/site.yaml, /etc/...; NULL
 * when there is none at any of these. */
const char *site_find(struct arena *a, const char *given);

/* NULL when anything is wrong; the problems say what, all of it. */
struct site *site_load(const char *path, struct problems *p);
/* From a tree, for tests and for a site file that lives elsewhere. */
struct site *site_read(const struct node *root, struct problems *p);

const struct location *site_location(const struct site *s, const char *name);
const struct target *site_target(const struct site *s, const char *name);
const struct asset *site_asset(const struct site *s, const char *name);
const struct set *asset_set(const struct asset *a, const char *name);
/* "asset/set"; NULL when either is unknown. */
const struct set *site_set(const struct site *s, const char *asset_and_set);

/* What a target is: "postgresql", "redis", "directory" */
const char *target_kind(const struct target *t);

/* A list of checks from a file of its own (`verify --checks FILE`); struct check. */
bool checks_load(const char *path, struct items *ret, struct problems *p);

#endif

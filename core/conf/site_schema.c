/*
 * site_schema: the tables of site.yaml. One row: its check, its place, its help in an editor.
 */
#include "base/banned.h"
#include "conf/cron.h"
#include "conf/expect.h"
#include "conf/pattern.h"
#include "conf/site.h"

const char *const set_type_names[] = {"pg_dump", "pg_basebackup", "wal", "pgbackrest", "barman",
	"redis_rdb", "redis_aof", "neo4j", "velero", "object_sync", "files", NULL};
const char *const environment_names[] = {"production", "staging", "sandbox", NULL};
const char *const level_names[] = {"seen", "intact", "restored", NULL};
const char *const proof_result_names[] = {"pass", "unknown", "fail", NULL};

static const char *const sandbox_names[] = {"postgresql", NULL};
static const char *const tier_names[] = {"critical", "important", "normal", NULL};

#define AT(type, member) .offset = offsetof(struct type, member)
#define SCHEMA(what, type, table)                                           \
	{                                                                   \
		.name = what, .size = sizeof(struct type), .fields = table, \
		.count = ARRAY_LEN(table)                                   \
	}

static const struct field s3_fields[] = {
	{"bucket", FIELD_TEXT, AT(site_s3, bucket), "name of the bucket", .required = true},
	{"prefix", FIELD_TEXT, AT(site_s3, prefix), "prepended to the paths of sets"},
	{"region", FIELD_TEXT, AT(site_s3, region), "for example us-east-1"},
	{"endpoint", FIELD_TEXT, AT(site_s3, endpoint), "https://host[:port] of another provider"},
	{"path_style", FIELD_BOOL, AT(site_s3, path_style), "bucket in the path, not in the host"},
	{"ca_file", FIELD_TEXT, AT(site_s3, ca_file), "certificates to trust, PEM"},
	{"credentials", FIELD_TEXT, AT(site_s3, credentials),
		"\"profile NAME\", \"file PATH\" or \"env PREFIX\"; else the usual AWS chain"},
};

static void
s3_check(void *object, const struct node *at, struct problems *p)
{
	const struct site_s3 *s3 = object;
	const char *c = s3->credentials;

	if (s3->bucket != NULL && strspn(s3->bucket, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
						     "TUVWXYZ0123456789.-_") != strlen(s3->bucket))
		node_error(p, node_get(at, "bucket"), "\"%s\" is not the name of a bucket.",
			s3->bucket);
	if (c != NULL && !(util_starts(c, "profile ") && c[8] != '\0') &&
		!(util_starts(c, "file ") && strchr("/~", c[5]) != NULL && c[5] != '\0') &&
		!(util_starts(c, "env ") && schema_is_id(c + 4)))
		node_error(p, node_get(at, "credentials"),
			"\"credentials\" says where keys are found, never the keys themselves.")
			->hint = "Write \"profile NAME\", \"file /PATH\" or \"env PREFIX\".";
}

static const struct schema s3_schema = {.name = "an S3 location",
	.size = sizeof(struct site_s3),
	.fields = s3_fields,
	.count = ARRAY_LEN(s3_fields),
	.check = s3_check};

static const struct field kubernetes_fields[] = {
	{"context", FIELD_TEXT, AT(site_kubernetes, context), "context of the kubeconfig"},
	{"namespace", FIELD_TEXT, AT(site_kubernetes, namespace), "where Velero lives"},
	{"kubeconfig", FIELD_TEXT, AT(site_kubernetes, kubeconfig), "path of the kubeconfig"},
};
static const struct schema kubernetes_schema =
	SCHEMA("a Kubernetes location", site_kubernetes, kubernetes_fields);

static void
location_check(void *object, const struct node *at, struct problems *p)
{
	struct location *l = object;
	int kinds = (l->directory != NULL) + (l->s3 != NULL) + (l->kubernetes != NULL);

	if (kinds != 1 && node_get(at, "s3") == NULL && node_get(at, "kubernetes") == NULL)
		node_error(p, at, "A location needs one of directory, s3 and kubernetes.");
	else if (kinds > 1)
		node_error(p, at, "A location can be only one of directory, s3 and kubernetes.");
	if (l->directory != NULL && l->directory[0] != '/')
		node_error(p, node_get(at, "directory"), "\"%s\" must start with a slash.",
			l->directory);
	if (l->timeout_s == FIELD_ABSENT)
		l->timeout_s = 30;
}

static const struct field location_fields[] = {
	{"title", FIELD_TEXT, AT(location, title), "for people"},
	{"directory", FIELD_TEXT, AT(location, directory), "absolute path"},
	{"s3", FIELD_OBJECT, AT(location, s3), "a bucket and prefix", .sub = &s3_schema},
	{"kubernetes", FIELD_OBJECT, AT(location, kubernetes), "a cluster",
		.sub = &kubernetes_schema},
	{"timeout", FIELD_DURATION, AT(location, timeout_s), "how long it may take to answer (30s)",
		.min = 1, .max = 3600},
};
static const struct schema location_schema = {.name = "a location",
	.size = sizeof(struct location),
	.fields = location_fields,
	.count = ARRAY_LEN(location_fields),
	.check = location_check};

static const struct field expect_fields[] = {
	{"database", FIELD_TEXT, AT(target_expect, database), "name that the server must give"},
	{"system_identifier", FIELD_TEXT, AT(target_expect, system_identifier),
		"of pg_control_system(), in quotes"},
};
static const struct schema expect_schema =
	SCHEMA("what is expected of a target", target_expect, expect_fields);

static bool
holds_password(const char *conninfo)
{
	const char *at, *word = strstr(conninfo, "password=");

	if (word != NULL && (word == conninfo || strchr(" \t&?", word[-1]) != NULL))
		return true;
	/* postgresql://user:password@host */
	at = strstr(conninfo, "://");
	if (at == NULL)
		return false;
	at += 3;
	return memchr(at, '@', strcspn(at, "/?")) != NULL &&
	       memchr(at, ':', strcspn(at, "@")) != NULL;
}

static void
target_check(void *object, const struct node *at, struct problems *p)
{
	struct target *t = object;
	int kinds = (t->postgresql != NULL) + (t->directory != NULL) + (t->sandbox >= 0);

	if (kinds != 1)
		node_error(
			p, at, "A target needs exactly one of postgresql, directory and sandbox.");
	if (t->sandbox >= 0 && t->environment < 0)
		t->environment = ENV_SANDBOX;
	if (t->sandbox >= 0 && t->environment != ENV_SANDBOX)
		node_error(p, node_get(at, "environment"), "A sandbox can't be %s.",
			environment_names[t->environment]);
	if (t->environment < 0 && node_get(at, "environment") == NULL)
		node_error(p, at, "\"environment\" is missing in a target.")->hint =
			"Say production, staging or sandbox: drills rely on it.";
	if (t->postgresql != NULL && holds_password(t->postgresql))
		node_error(p, node_get(at, "postgresql"),
			"A password does not belong in the site file.")
			->hint = "Use ~/.pgpass, a service file, or a secret of the runbook.";
}

static const struct field target_fields[] = {
	{"title", FIELD_TEXT, AT(target, title), "for people"},
	{"postgresql", FIELD_TEXT, AT(target, postgresql), "libpq connection string, no password"},
	{"directory", FIELD_TEXT, AT(target, directory), "absolute path"},
	{"sandbox", FIELD_CHOICE, AT(target, sandbox), "a throw-away server",
		.choices = sandbox_names},
	{"environment", FIELD_CHOICE, AT(target, environment), "what would be hurt",
		.choices = environment_names},
	{"expect", FIELD_OBJECT, AT(target, expect), "refuse a server that says otherwise",
		.sub = &expect_schema},
};
static const struct schema target_schema = {.name = "a target",
	.size = sizeof(struct target),
	.fields = target_fields,
	.count = ARRAY_LEN(target_fields),
	.check = target_check};

static const struct field keep_fields[] = {
	{"hourly", FIELD_INT, AT(keep, hourly), "newest of so many hours"},
	{"daily", FIELD_INT, AT(keep, daily), "newest of so many days"},
	{"weekly", FIELD_INT, AT(keep, weekly), "newest of so many ISO weeks"},
	{"monthly", FIELD_INT, AT(keep, monthly), "newest of so many months"},
	{"yearly", FIELD_INT, AT(keep, yearly), "newest of so many years"},
	{"for", FIELD_DURATION, AT(keep, for_s), "everything younger than this"},
	{"at_least", FIELD_INT, AT(keep, at_least), "never fewer than this"},
	{"hold", FIELD_TEXTS, AT(keep, hold), "names under legal hold"},
};
static const struct schema keep_schema = SCHEMA("the retention", keep, keep_fields);

static void
check_path(const char *path, const struct node *at, struct problems *p)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct pattern pattern;

	if (!pattern_parse(p->arena, path, &pattern, &err))
		node_error(p, node_get(at, "path"), "%s", err.msg)->hint =
			arena_strdup(p->arena, err.hint);
}

static void
copy_check(void *object, const struct node *at, struct problems *p)
{
	check_path(((struct copy *)object)->path, at, p);
}

static const struct field copy_fields[] = {
	{"location", FIELD_ID, AT(copy, location), "where the copy is", .required = true},
	{"path", FIELD_TEXT, AT(copy, path), "below the location"},
	{"within", FIELD_DURATION, AT(copy, within_s), "how late a copy may come"},
};
static const struct schema copy_schema = {.name = "a copy",
	.size = sizeof(struct copy),
	.fields = copy_fields,
	.count = ARRAY_LEN(copy_fields),
	.check = copy_check};

static void
check_check(void *object, const struct node *at, struct problems *p)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct check *c = object;
	int kinds =
		(c->table != NULL) + (c->migration != NULL) + (c->sql != NULL) + (c->amcheck == 1);

	if (kinds != 1)
		node_error(
			p, at, "A check needs exactly one of table, migration, sql and amcheck.");
	if (c->sql != NULL && c->expect == NULL)
		node_error(p, at, "A check with sql needs \"expect\".");
	if (c->expect != NULL && !expect_check(c->expect, &err))
		node_error(p, node_get(at, "expect"), "%s", err.msg);
	if ((c->at_least != FIELD_ABSENT || c->compare != NULL) && c->table == NULL)
		node_error(p, at, "at_least and compare go with table.");
}

static const struct field check_fields[] = {
	{"name", FIELD_TEXT, AT(check, name), "for people"},
	{"table", FIELD_TEXT, AT(check, table), "[schema.]table that must exist"},
	{"at_least", FIELD_INT, AT(check, at_least), "rows that it must hold"},
	{"migration", FIELD_TEXT, AT(check, migration), "table.column with the schema's version"},
	{"sql", FIELD_TEXT, AT(check, sql), "first column of the first row is compared"},
	{"expect", FIELD_TEXT, AT(check, expect), "for example \">= 1\""},
	{"compare", FIELD_ID, AT(check, compare), "target whose row count to compare with"},
	{"tolerance", FIELD_INT, AT(check, tolerance), "percent of difference allowed (10)",
		.max = 100},
	{"amcheck", FIELD_BOOL, AT(check, amcheck), "B-tree indexes through amcheck"},
};
const struct schema check_schema = {.name = "a check",
	.size = sizeof(struct check),
	.fields = check_fields,
	.count = ARRAY_LEN(check_fields),
	.check = check_check};

static const struct field prove_fields[] = {
	{"level", FIELD_CHOICE, AT(prove, level), "how far", .required = true,
		.choices = level_names},
	{"every", FIELD_DURATION, AT(prove, every_s), "how often"},
	{"with", FIELD_TEXT, AT(prove, with), "runbook that proves it"},
};
static const struct schema prove_schema = SCHEMA("the proof wanted", prove, prove_fields);

static const struct field set_fields[] = {
	{"title", FIELD_TEXT, AT(set, title), "for people"},
	{"type", FIELD_CHOICE, AT(set, type), "what makes these backups", .required = true,
		.choices = set_type_names},
	{"location", FIELD_ID, AT(set, location), "where they are", .required = true},
	{"path", FIELD_TEXT, AT(set, path),
		"below the location; {time:%Y%m%d} where names hold one"},
	{"database", FIELD_TEXT, AT(set, database), "what is backed up, where names don't say"},
	{"server", FIELD_ID, AT(set, server),
		"of a wal set: the target that writes and archives it"},
	{"schedule", FIELD_TEXT, AT(set, schedule), "five cron fields: when the next one is due"},
	{"time_zone", FIELD_TEXT, AT(set, time_zone), "of schedule and names (UTC)"},
	{"rpo", FIELD_DURATION, AT(set, rpo_s), "recovery point objective", .required = true,
		.min = 1},
	{"rto", FIELD_DURATION, AT(set, rto_s), "recovery time objective", .min = 1},
	{"minimum_size", FIELD_SIZE, AT(set, minimum_size), "smaller ones are not good"},
	{"keep", FIELD_OBJECT, AT(set, keep), "retention", .sub = &keep_schema},
	{"copies", FIELD_LIST, AT(set, copies), "copies elsewhere", .sub = &copy_schema},
	{"prove", FIELD_OBJECT, AT(set, prove), "proof wanted", .sub = &prove_schema},
	{"checks", FIELD_LIST, AT(set, checks), "what a restored one must show",
		.sub = &check_schema},
};

static void
set_check(void *object, const struct node *at, struct problems *p)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct set *s = object;
	const struct zone *zone;
	struct cron cron;

	check_path(s->path, at, p);
	if (s->server != NULL && s->type != SET_WAL && s->type >= 0)
		node_error(p, node_get(at, "server"), "\"server\" goes with sets of type wal.");
	if (s->schedule != NULL && !cron_parse(s->schedule, &cron, &err))
		node_error(p, node_get(at, "schedule"), "%s", err.msg)->hint =
			arena_strdup(p->arena, err.hint);
	if (s->time_zone != NULL && !zone_load(s->time_zone, &zone, &err))
		node_error(p, node_get(at, "time_zone"), "%s", err.msg)->hint =
			arena_strdup(p->arena, err.hint);
}

static const struct schema set_schema = {.name = "a set",
	.size = sizeof(struct set),
	.fields = set_fields,
	.count = ARRAY_LEN(set_fields),
	.check = set_check};

static const struct field asset_fields[] = {
	{"title", FIELD_TEXT, AT(asset, title), "for people"},
	{"tier", FIELD_CHOICE, AT(asset, tier), "how much it matters", .choices = tier_names},
	{"sets", FIELD_MAP, AT(asset, sets), "its streams of backups", .required = true,
		.sub = &set_schema},
};
static const struct schema asset_schema = SCHEMA("an asset", asset, asset_fields);

static const struct field operators_fields[] = {
	{"group", FIELD_TEXT, AT(operators, group), "OS group that shares runs"},
	{"allowed_signers", FIELD_TEXT, AT(operators, allowed_signers),
		"file of SSH keys whose signatures approve (ssh-keygen(1), ALLOWED SIGNERS)"},
	{"approvers", FIELD_TEXTS, AT(operators, approvers), "OS users who may approve"},
};
static const struct schema operators_schema = SCHEMA("the operators", operators, operators_fields);

static const struct field catalog_fields[] = {
	{"refresh", FIELD_DURATION, AT(catalog_conf, refresh_s),
		"how often `collect --watch` looks (60s)", .min = 1},
	{"stale_after", FIELD_DURATION, AT(catalog_conf, stale_s),
		"older facts count as unknown (three times refresh, at least 15m)", .min = 1},
};
static const struct schema catalog_schema = SCHEMA("the catalog", catalog_conf, catalog_fields);

const char *const syslog_facility_names[] = {"auth", "authpriv", "daemon", "user", "local0",
	"local1", "local2", "local3", "local4", "local5", "local6", "local7", NULL};

static void
anchor_check(void *object, const struct node *at, struct problems *p)
{
	struct anchor_conf *a = object;
	int kinds = (a->syslog >= 0) + (a->file != NULL) + (a->postgresql != NULL) +
		    (node_get(at, "s3") != NULL);

	if (kinds != 1)
		node_error(
			p, at, "An anchor needs exactly one of syslog, file, postgresql and s3.");
	if (a->file != NULL && a->file[0] != '/')
		node_error(p, node_get(at, "file"), "\"%s\" must start with a slash.", a->file);
	if ((a->socket != NULL && a->syslog < 0) || (a->table != NULL && a->postgresql == NULL) ||
		(a->retain_s != FIELD_ABSENT && node_get(at, "s3") == NULL))
		node_error(
			p, at, "socket goes with syslog, table with postgresql, retain with s3.");
	if (a->table != NULL &&
		strspn(a->table, "abcdefghijklmnopqrstuvwxyz0123456789_.") != strlen(a->table))
		node_error(p, node_get(at, "table"), "\"%s\" is not a plain name of a table.",
			a->table);
	if (a->postgresql != NULL && holds_password(a->postgresql))
		node_error(p, node_get(at, "postgresql"),
			"A password does not belong in the site file.")
			->hint = "Use ~/.pgpass or a service file.";
	if (a->timeout_s == FIELD_ABSENT)
		a->timeout_s = 10;
}

static const struct field anchor_fields[] = {
	{"syslog", FIELD_CHOICE, AT(anchor_conf, syslog), "facility: a line to the system's log",
		.choices = syslog_facility_names},
	{"socket", FIELD_TEXT, AT(anchor_conf, socket), "of syslog (/dev/log)"},
	{"file", FIELD_TEXT, AT(anchor_conf, file), "a file of another user, to append to"},
	{"postgresql", FIELD_TEXT, AT(anchor_conf, postgresql),
		"libpq connection string, no password"},
	{"table", FIELD_TEXT, AT(anchor_conf, table), "of postgresql (lifeboat_anchors)"},
	{"s3", FIELD_OBJECT, AT(anchor_conf, s3), "a bucket and prefix", .sub = &s3_schema},
	{"retain", FIELD_DURATION, AT(anchor_conf, retain_s),
		"object lock of S3, in compliance mode, for so long", .min = 1},
	{"timeout", FIELD_DURATION, AT(anchor_conf, timeout_s), "how long it may take (10s)",
		.min = 1, .max = 300},
	{"required", FIELD_BOOL, AT(anchor_conf, required), "no run starts while it fails"},
};
static const struct schema anchor_schema = {.name = "an anchor",
	.size = sizeof(struct anchor_conf),
	.fields = anchor_fields,
	.count = ARRAY_LEN(anchor_fields),
	.check = anchor_check};

static const struct field audit_fields[] = {
	{"rotate_at", FIELD_SIZE, AT(audit_conf, rotate_at),
		"a file that is larger is closed when the log is sealed", .min = 4096},
	{"anchors", FIELD_MAP, AT(audit_conf, anchors), "where heads of the log are kept",
		.sub = &anchor_schema},
};
static const struct schema audit_schema = SCHEMA("the audit log", audit_conf, audit_fields);

static void
runbooks_check(void *object, const struct node *at, struct problems *p)
{
	const struct runbooks_conf *r = object;

	if (r->signed_by != NULL && r->signed_by[0] != '/')
		node_error(p, node_get(at, "signed_by"), "\"%s\" must start with a slash.",
			r->signed_by);
}

static const struct field runbooks_fields[] = {
	{"signed_by", FIELD_TEXT, AT(runbooks_conf, signed_by),
		"only signed runbooks run: file of SSH keys (ssh-keygen(1), ALLOWED SIGNERS)"},
};
static const struct schema runbooks_schema = {.name = "the runbooks",
	.size = sizeof(struct runbooks_conf),
	.fields = runbooks_fields,
	.count = ARRAY_LEN(runbooks_fields),
	.check = runbooks_check};

static const struct field site_fields[] = {
	{"site", FIELD_ID, AT(site, name), "name of the site", .required = true},
	{"title", FIELD_TEXT, AT(site, title), "for people"},
	{"locations", FIELD_MAP, AT(site, locations), "where backups live", .required = true,
		.sub = &location_schema},
	{"targets", FIELD_MAP, AT(site, targets), "where a restore may go", .sub = &target_schema},
	{"assets", FIELD_MAP, AT(site, assets), "what must be recoverable", .required = true,
		.sub = &asset_schema},
	{"operators", FIELD_OBJECT, AT(site, operators), "who may approve",
		.sub = &operators_schema},
	{"catalog", FIELD_OBJECT, AT(site, catalog), "how the inventory is kept",
		.sub = &catalog_schema},
	{"audit", FIELD_OBJECT, AT(site, audit), "what vouches for the audit log",
		.sub = &audit_schema},
	{"runbooks", FIELD_OBJECT, AT(site, runbooks), "what may run", .sub = &runbooks_schema},
};
const struct schema site_schema = SCHEMA("the site file", site, site_fields);

#include "unit/testing.h"

#include "conf/site.h"

static struct arena arena = ARENA_INIT;
static struct problems problems;

static const char good[] =
	"site: aragora\n"
	"title: The site\n"
	"locations:\n"
	"  local: {directory: /backup, timeout: 5s}\n"
	"  offsite: {s3: {bucket: b, prefix: production/, region: us-east-1, path_style: true}}\n"
	"  cluster: {kubernetes: {context: prod, namespace: velero}}\n"
	"targets:\n"
	"  prod-db: {postgresql: service=aragora, environment: production,\n"
	"            expect: {database: aragora}}\n"
	"  scratch: {sandbox: postgresql}\n"
	"  files: {directory: /restore, environment: staging}\n"
	"assets:\n"
	"  aragora-db:\n"
	"    title: Database\n"
	"    tier: critical\n"
	"    sets:\n"
	"      daily-dump:\n"
	"        type: pg_dump\n"
	"        location: local\n"
	"        path: postgresql/daily/aragora_{time:%Y%m%d_%H%M%S}.dump\n"
	"        schedule: \"0 2 * * *\"\n"
	"        rpo: 24h\n"
	"        rto: 4h\n"
	"        keep: {daily: 7, weekly: 4, hold: [a.dump]}\n"
	"        minimum_size: 10MiB\n"
	"        copies: [{location: offsite, path: postgresql/daily/, within: 2h}]\n"
	"        prove: {level: restored, every: 24h, with: postgres/verify-dump}\n"
	"        checks:\n"
	"          - {table: users, at_least: 1, compare: prod-db, tolerance: 5}\n"
	"          - {migration: alembic_version.version_num}\n"
	"          - {sql: SELECT count(*) FROM users, expect: '>= 1'}\n"
	"          - {amcheck: true}\n"
	"      wal: {type: wal, location: local, rpo: 5m}\n"
	"operators: {approvers: [ops-lead, dba], group: ops}\n";

static struct site *
read_site(const char *text)
{
	struct node *root;

	arena_done(&arena);
	problems_init(&problems, &arena, "site.yaml");
	root = node_parse(text, strlen(text), &problems);
	return root != NULL ? site_read(root, &problems) : NULL;
}

static const char *
said(void)
{
	struct str out = STR_INIT(MIB);
	const char *text;

	problems_text(&problems, &out);
	text = arena_strdup(&arena, str_text(&out));
	str_done(&out);
	return text;
}

static void
test_good(void **state)
{
	struct site *s = read_site(good);
	const struct set *set;

	if (s == NULL)
		fail_msg("%s", said());
	assert_string_equal(s->name, "aragora");
	assert_string_equal(s->file, "site.yaml");
	assert_int_equal(site_location(s, "local")->timeout_s, 5);
	assert_int_equal(site_location(s, "offsite")->timeout_s, 30);
	assert_string_equal(site_location(s, "offsite")->s3->bucket, "b");
	assert_string_equal(site_location(s, "cluster")->kubernetes->context, "prod");
	assert_null(site_location(s, "elsewhere"));
	assert_int_equal(site_target(s, "prod-db")->environment, ENV_PRODUCTION);
	assert_string_equal(site_target(s, "prod-db")->expect->database, "aragora");
	assert_int_equal(site_target(s, "scratch")->environment, ENV_SANDBOX);
	assert_int_equal(site_target(s, "scratch")->sandbox, 0);
	assert_string_equal(target_kind(site_target(s, "prod-db")), "postgresql");
	assert_string_equal(target_kind(site_target(s, "scratch")), "postgresql");
	assert_string_equal(target_kind(site_target(s, "files")), "directory");
	assert_string_equal(site_asset(s, "aragora-db")->title, "Database");
	set = site_set(s, "aragora-db/daily-dump");
	assert_non_null(set);
	assert_ptr_equal(set->asset, site_asset(s, "aragora-db"));
	assert_int_equal(set->type, SET_PG_DUMP);
	assert_string_equal(set_type_names[set->type], "pg_dump");
	assert_int_equal(set->rpo_s, 86400);
	assert_int_equal(set->minimum_size, 10 * MIB);
	assert_int_equal(set->keep->daily, 7);
	assert_string_equal(set->keep->hold.v[0], "a.dump");
	assert_int_equal(set->prove->level, LEVEL_RESTORED);
	assert_string_equal(level_names[set->prove->level], "restored");
	assert_int_equal(set->copies.n, 1);
	assert_int_equal(set->checks.n, 4);
	assert_ptr_equal(site_set(s, "aragora-db/wal"), asset_set(set->asset, "wal"));
	assert_null(site_set(s, "aragora-db"));
	assert_null(site_set(s, "aragora-db/none"));
	assert_null(site_set(s, "aragora/daily-dump"));
	assert_null(site_set(s, "none/daily-dump"));
	assert_string_equal(environment_names[ENV_SANDBOX], "sandbox");
}

/* One line of the good site replaced makes one fault. */
static void
test_faults(void **state)
{
	static const struct {
		const char *line, *instead, *want;
	} cases[] = {
		{"site: aragora\n", "", "\"site\" is missing in the site file"},
		{"  local: {directory: /backup, timeout: 5s}\n", "  local: {directory: backup}\n",
			"\"backup\" must start with a slash"},
		{"  local: {directory: /backup, timeout: 5s}\n", "  local: {title: x}\n",
			"needs one of directory, s3 and kubernetes"},
		{"  local: {directory: /backup, timeout: 5s}\n",
			"  local: {directory: /b, s3: {bucket: x}}\n", "can be only one of"},
		{"  local: {directory: /backup, timeout: 5s}\n", "  local: {s3: {prefix: x}}\n",
			"\"bucket\" is missing in an S3 location"},
		{"  scratch: {sandbox: postgresql}\n",
			"  scratch: {sandbox: postgresql, environment: production}\n",
			"A sandbox can't be production"},
		{"  scratch: {sandbox: postgresql}\n",
			"  scratch: {sandbox: postgresql, directory: /x}\n", "exactly one of"},
		{"  scratch: {sandbox: postgresql}\n", "  scratch: {postgresql: service=x}\n",
			"drills rely on it"},
		{"  scratch: {sandbox: postgresql}\n",
			"  scratch: {postgresql: 'host=h password=x', environment: staging}\n",
			"A password does not belong in the site file"},
		{"  scratch: {sandbox: postgresql}\n",
			"  scratch: {postgresql: 'postgresql://u:pw@h/d', environment: staging}\n",
			"A password does not belong"},
		{"  scratch: {sandbox: postgresql}\n",
			"  scratch: {postgresql: 'postgresql://h/d?password=x', environment: "
			"staging}\n",
			"A password does not belong"},
		{"        location: local\n", "        location: locl\n",
			"There is no location \"locl\".\n    Did you mean \"local\"?"},
		{"        location: local\n", "        location: nowhere-near\n",
			"There is no location \"nowhere-near\".\n"},
		{"        copies: [{location: offsite, path: postgresql/daily/, within: 2h}]\n",
			"        copies: [{location: ofsite}]\n", "Did you mean \"offsite\"?"},
		{"        type: pg_dump\n", "        type: pg_dum\n", "Allowed: pg_dump, "},
		{"        rpo: 24h\n", "        rpo: 0s\n", "out of range"},
		{"          - {amcheck: true}\n", "          - {amcheck: true, table: x}\n",
			"exactly one of table, migration, sql and amcheck"},
		{"          - {amcheck: true}\n", "          - {sql: SELECT 1}\n",
			"needs \"expect\""},
		{"          - {amcheck: true}\n", "          - {sql: SELECT 1, expect: '> x'}\n",
			"must compare with a number"},
		{"          - {amcheck: true}\n", "          - {amcheck: true, at_least: 1}\n",
			"at_least and compare go with table"},
		{"          - {amcheck: true}\n", "          - {table: x, compare: nobody}\n",
			"There is no target \"nobody\""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *at = strstr(good, cases[i].line);
		struct str text = STR_INIT(MIB);

		assert_non_null(at);
		str_addn(&text, good, (size_t)(at - good));
		str_add(&text, cases[i].instead);
		str_add(&text, at + strlen(cases[i].line));
		if (read_site(str_text(&text)) != NULL)
			fail_msg("accepted: %s", cases[i].instead);
		if (problems.errors != 1)
			fail_msg("%s:\n%s", cases[i].instead, said());
		assert_holds(said(), cases[i].want);
		str_done(&text);
	}
}

static void
test_passwords_and_their_like(void **state)
{
	static const char *const fine[] = {"service=x", "host=h passfile=/x", "postgresql://u@h/d",
		"postgresql://h:5432/d", "postgresql://u@h:5432/d", "sslpassword=x"};

	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		struct str text = STR_INIT(MIB);

		str_fmt(&text,
			"site: s\nlocations: {l: {directory: /x}}\nassets: {a: {sets: {s: "
			"{type: wal, location: l, rpo: 1h}}}}\ntargets: {t: {environment: staging, "
			"postgresql: '%s'}}\n",
			fine[i]);
		if (read_site(str_text(&text)) == NULL)
			fail_msg("%s: %s", fine[i], said());
		str_done(&text);
	}
}

static void
test_asset_without_sets(void **state)
{
	assert_null(read_site("site: s\nlocations: {}\nassets: {a: {sets: {}}}\n"));
	assert_holds(said(), "The asset \"a\" has no sets.");
	assert_null(read_site("[]"));
	assert_null(read_site("site: s\nlocations: {}\nassets: {a: {}}\n"));
	assert_holds(said(), "\"sets\" is missing");
}

static void
test_find_and_load(void **state)
{
	struct problems p;

	arena_done(&arena);
	problems_init(&p, &arena, "f");
	assert_string_equal(site_find(&arena, "/given"), "/given");
	setenv("LIFEBOAT_SITE", "/from/env", 1);
	assert_string_equal(site_find(&arena, NULL), "/from/env");
	setenv("LIFEBOAT_SITE", "", 1);
	setenv("HOME", test_dir(), 1);
	if (!file_exists("/etc/lifeboat/site.yaml"))
		assert_null(site_find(&arena, NULL));
	assert_int_equal(mkdir(test_path(".config"), 0700), 0);
	assert_int_equal(mkdir(test_path(".config/lifeboat"), 0700), 0);
	test_text_file(".config/lifeboat/site.yaml", good);
	assert_string_equal(site_find(&arena, NULL), test_path(".config/lifeboat/site.yaml"));
	assert_non_null(site_load(site_find(&arena, NULL), &p));
	assert_null(site_load("/nonexistent", &p));
	assert_int_equal(p.errors, 1);
}

static void
test_checks_file(void **state)
{
	struct problems p;
	struct items checks;

	arena_done(&arena);
	problems_init(&p, &arena, "f");
	assert_true(checks_load(
		test_text_file("c", "checks: [{table: users, at_least: 1}]\n"), &checks, &p));
	assert_int_equal(checks.n, 1);
	assert_string_equal(item_at(&checks, struct check, 0)->table, "users");
	assert_false(checks_load(test_text_file("d", "checks: [{}]\n"), &checks, &p));
	assert_false(checks_load(test_text_file("e", "- x\n"), &checks, &p));
	assert_false(checks_load(test_path("none"), &checks, &p));
	arena_done(&arena);
}

TESTS(T(test_good), T(test_faults), T(test_passwords_and_their_like), T(test_asset_without_sets),
	T(test_find_and_load), T(test_checks_file))

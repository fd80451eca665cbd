/* What base backups and repositories say about themselves: small texts from strangers. */
#include "unit/testing.h"

#include "base/clock.h"
#include "wal/barman.h"
#include "wal/manifest.h"
#include "wal/pgbackrest.h"

static const char head[] = "{ \"PostgreSQL-Backup-Manifest-Version\": 2,\n\"System-Identifier\": "
			   "7710508264448248393,\n\"Files\": [\n";
static const char tail[] =
	"],\n\"WAL-Ranges\": [\n{ \"Timeline\": 3, \"Start-LSN\": \"1/2000028\", \"End-LSN\": "
	"\"1/3000000\" },\n{ \"Timeline\": 4, \"Start-LSN\": \"1/3000000\", \"End-LSN\": "
	"\"1/3000100\" }\n],\n\"Manifest-Checksum\": \"ab\"}\n";

static bool
manifest(const char *tail_text, struct manifest_wal *w, struct err *err)
{
	return manifest_wal(head, strlen(head), tail_text, strlen(tail_text), w, err);
}

static void
test_manifest(void **state)
{
	static const struct {
		const char *tail, *why;
	} bad[] = {
		{"\"WAL-Ranges\": [{}]", "cut short"},
		{"\"Manifest-Checksum\": \"x\"}", "names no WAL"},
		{"\"WAL-Ranges\": [],\"Manifest-Checksum\"", "damaged list"},
		{"\"WAL-Ranges\": [{}],\"Manifest-Checksum\"", "damaged list"},
		{"\"WAL-Ranges\": [ {\"Timeline\": 1, \"Start-LSN\": \"x\", \"End-LSN\": \"1/2\"}],"
		 "\"Manifest-Checksum\"",
			"damaged list"},
		{"\"WAL-Ranges\": [ {\"Timeline\": 1, \"Start-LSN\": \"1/3\", \"End-LSN\": "
		 "\"1/2\"}],"
		 "\"Manifest-Checksum\"",
			"damaged list"},
		{"\"WAL-Ranges\": [ {\"Timeline\": 0, \"Start-LSN\": \"1/1\", \"End-LSN\": "
		 "\"1/2\"}],"
		 "\"Manifest-Checksum\"",
			"damaged list"},
		{"\"WAL-Ranges\": \"Manifest-Checksum\"", "damaged list"},
	};
	struct manifest_wal w;
	struct err err = ERR_INIT;

	assert_true(manifest(tail, &w, &err));
	assert_int_equal(w.tli, 3);
	assert_int_equal(w.start, 0x102000028);
	assert_int_equal(w.stop, 0x103000100);
	assert_true(w.system_identifier == 7710508264448248393ULL);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(manifest(bad[i].tail, &w, &err));
		assert_err(&err, ERR_DAMAGED, bad[i].why);
	}
	assert_false(manifest_wal("{}", 2, tail, strlen(tail), &w, &err));
	assert_err(&err, ERR_DAMAGED, "does not begin like one");
}

#define BACKUP(label, id, rest)                                                                \
	label "={\"backup-archive-start\":\"000000020000000000000004\",\"backup-lsn-start\":"  \
	      "\"0/4000028\",\"backup-lsn-stop\":\"0/5000050\",\"backup-timestamp-start\":10," \
	      "\"backup-timestamp-stop\":20,\"db-id\":" id rest "}\n"

static const char info[] = "[backup:current]\n" BACKUP("20261121-063004F", "2", "") BACKUP(
	"20200101-000000F", "1", "") BACKUP("20261121-063004F_20261122-063004I", "2",
	",\"backup-prior\":\"x\"") "20261123-000000F={\"backup-timestamp-stop\":30,\"db-id\":2}\n"
				   "\n[db]\ndb-id=2\ndb-system-id=7710508264448248393\ndb-version="
				   "\"9.6\"\n"
				   "[db:history]\n1={\"db-id\":1}\n";

static void
test_pgbackrest(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct basebackups found = {.arena = &a};
	struct err err = ERR_INIT;
	const char *archive;

	assert_true(pgbackrest_parse(info, strlen(info), &found, &archive, &err));
	assert_string_equal(archive, "9.6-2/");
	assert_int_equal(found.list.n, 3);
	assert_string_equal(found.list.v[1].name, "20261121-063004F_20261122-063004I");
	assert_int_equal(found.list.v[0].tli, 2);
	assert_int_equal(found.list.v[0].start, 0x4000028);
	assert_int_equal(found.list.v[0].stop, 0x5000050);
	assert_int_equal(found.list.v[0].finished_at, 20);
	assert_true(found.list.v[0].system_identifier == 7710508264448248393ULL);
	assert_holds(found.list.v[2].why, "server down");
}

static void
test_pgbackrest_bad(void **state)
{
	static const struct {
		const char *text, *why;
		enum err_code code;
	} bad[] = {
		{"", "which database", ERR_DAMAGED},
		{"[backup:current]\nx={\n", "The backup x", ERR_SYNTAX},
		{"[backup:current]\nx={\"backup-archive-start\":\"y\",\"backup-lsn-start\":\"0/1\","
		 "\"backup-lsn-stop\":\"0/1\"}\n",
			"no WAL positions", ERR_DAMAGED},
		{"Salted__xxxxxxx", "encrypted", ERR_UNSUPPORTED},
		{"[db]\ndb-id=1\ndb-version=\"15\"\n", "which database", ERR_DAMAGED},
	};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct basebackups found = {.arena = &a};
	struct err err = ERR_INIT;
	const char *archive;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(
			pgbackrest_parse(bad[i].text, strlen(bad[i].text), &found, &archive, &err));
		assert_err(&err, bad[i].code, bad[i].why);
	}
}

static void
test_barman(void **state)
{
	static const char good[] = "begin_time=2026-11-21 07:23:15.600780+00:00\n"
				   "begin_xlog=0/2000028\nend_xlog=0/3000000\n"
				   "end_time=2026-11-21 08:23:23.908936+01:00\nstatus=DONE\n"
				   "systemid=7710521953738016100\ntimeline=1\ntablespaces=None\n";
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct basebackup b;
	int64_t want;

	assert_true(barman_parse(&a, good, strlen(good), &b, &err));
	assert_int_equal(b.start, 0x2000028);
	assert_int_equal(b.stop, 0x3000000);
	assert_int_equal(b.tli, 1);
	assert_null(b.why);
	assert_true(clock_parse("2026-11-21T07:23:23Z", &want));
	assert_int_equal(b.finished_at, want);
	assert_true(b.system_identifier == 7710521953738016100ULL);
	assert_true(barman_parse(&a, "status=EMPTY\n", 13, &b, &err));
	assert_holds(b.why, "EMPTY");
	assert_false(barman_parse(&a, "status=DONE\n", 12, &b, &err));
	assert_err(&err, ERR_DAMAGED, "no WAL positions");
	assert_false(barman_parse(&a, "begin_xlog=x\n", 13, &b, &err));
	assert_err(&err, ERR_DAMAGED, "no position");
	assert_false(barman_parse(&a, "", 0, &b, &err));
	assert_err(&err, ERR_DAMAGED, "no status");
}

TESTS(T(test_manifest), T(test_pgbackrest), T(test_pgbackrest_bad), T(test_barman))

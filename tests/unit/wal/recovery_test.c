#include "unit/testing.h"

#include "wal/recovery.h"
#include "wal/recovery_log.h"

#define AT 1795962727123456LL

static void
test_settings(void **state)
{
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);
	struct recovery_target t = {
		.kind = RECOVERY_TO_TIME, .at_us = AT, .inclusive = true, .tli = 3};
	struct err err = ERR_INIT;

	assert_true(recovery_settings(&t, "cp '/a b/%f' \"%p\" \\", &out, &err));
	assert_string_equal(str_text(&out),
		"restore_command = 'cp ''/a b/%f'' \"%p\" \\\\'\n"
		"recovery_target = ''\n"
		"recovery_target_name = ''\n"
		"recovery_target_xid = ''\n"
		"recovery_target_lsn = ''\n"
		"recovery_target_time = '2026-11-29 14:32:07.123456+00'\n"
		"recovery_target_inclusive = on\n"
		"recovery_target_timeline = '3'\n"
		"recovery_target_action = 'pause'\n"
		"hot_standby = on\n"
		"archive_cleanup_command = ''\n"
		"recovery_end_command = ''\n"
		"recovery_min_apply_delay = 0\n"
		"primary_conninfo = ''\n"
		"primary_slot_name = ''\n"
		"archive_mode = off\n");
	/* Production archives from its promotion on, as its own configuration says. */
	str_cut(&out, 0);
	t.archives = true;
	assert_true(recovery_settings(&t, "cp", &out, &err));
	assert_null(strstr(str_text(&out), "archive_mode"));
}

static void
test_kinds(void **state)
{
	static const struct {
		struct recovery_target t;
		const char *line, *text, *json;
	} kinds[] = {
		{{.kind = RECOVERY_NONE, .tli = 1}, "recovery_target_inclusive = on\n",
			"no target: the end of the WAL, recovery_target_timeline = '1'",
			"{\"recovery_target_timeline\":\"1\"}"},
		{{.kind = RECOVERY_IMMEDIATE, .tli = 1}, "recovery_target = 'immediate'\n",
			"recovery_target = 'immediate', recovery_target_timeline = '1'",
			"{\"recovery_target\":\"immediate\",\"recovery_target_timeline\":\"1\"}"},
		{{.kind = RECOVERY_TO_XID, .xid = 4294967295, .tli = 2},
			"recovery_target_xid = '4294967295'\nrecovery_target_inclusive = off\n",
			"recovery_target_xid = '4294967295', recovery_target_inclusive = off, "
			"recovery_target_timeline = '2'",
			"{\"recovery_target_xid\":\"4294967295\",\"recovery_target_inclusive\":"
			"false,\"recovery_target_timeline\":\"2\"}"},
		{{.kind = RECOVERY_TO_LSN, .lsn = 0x1a2b003c28, .inclusive = true, .tli = 2},
			"recovery_target_lsn = '1A/2B003C28'\nrecovery_target_inclusive = on\n",
			"recovery_target_lsn = '1A/2B003C28', recovery_target_timeline = '2'",
			"{\"recovery_target_lsn\":\"1A/2B003C28\",\"recovery_target_inclusive\":"
			"true,\"recovery_target_timeline\":\"2\"}"},
		{{.kind = RECOVERY_TO_NAME, .name = "it's", .tli = 2},
			"recovery_target_name = 'it''s'\nrecovery_target_inclusive = on\n",
			"recovery_target_name = 'it's', recovery_target_timeline = '2'",
			"{\"recovery_target_name\":\"it's\",\"recovery_target_timeline\":\"2\"}"},
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		CLEANUP(str_done)
		struct str conf = STR_INIT(64 * KIB), text = STR_INIT(KIB), out = STR_INIT(KIB);
		struct json j = json_new(&out);

		assert_true(recovery_settings(&kinds[i].t, "cp", &conf, &err));
		assert_holds(str_text(&conf), kinds[i].line);
		recovery_text(&text, &kinds[i].t);
		assert_string_equal(str_text(&text), kinds[i].text);
		recovery_json(&j, NULL, &kinds[i].t);
		assert_string_equal(str_text(&out), kinds[i].json);
	}
}

static void
test_refused(void **state)
{
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);
	struct recovery_target t = {.kind = RECOVERY_TO_NAME, .name = "", .tli = 1};
	struct err err = ERR_INIT;

	assert_false(recovery_settings(&t, "cp", &out, &err));
	assert_err(&err, ERR_USAGE, "1 to 63 bytes");
	t.name = "a\nb";
	assert_false(recovery_settings(&t, "cp", &out, &err));
	assert_err(&err, ERR_USAGE, "two lines");
	t.kind = RECOVERY_NONE;
	t.name = NULL;
	assert_false(recovery_settings(&t, "", &out, &err));
	assert_err(&err, ERR_USAGE, "empty");
	assert_false(recovery_settings(&t, "cp\nrm", &out, &err));
	assert_err(&err, ERR_USAGE, "two lines");
}

static const char *
explain(struct arena *a, const char *log)
{
	struct recovery_fault f;

	return recovery_explain(a, log, strlen(log), &f) ? f.code : "-";
}

/* Real logs, each row of the table, are in tests/live/test_recovery_table.py. */
static void
test_explain(void **state)
{
	static const char start[] = "LOG:  starting PostgreSQL 15.18\nLOG:  starting point-in-time "
				    "recovery to XID 5\nLOG:  starting backup recovery with redo\n";
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct recovery_fault f;
	const char *log;

	assert_string_equal(explain(&a, ""), "-");
	assert_string_equal(explain(&a, start), "-");
	assert_string_equal(
		explain(&a, "LOG:  database system is ready to accept connections\n"), "no-signal");
	assert_string_equal(explain(&a, "LOG:  starting PostgreSQL 15.1\nLOG:  starting "
					"point-in-time recovery to 5\n"),
		"no-label");
	/* Version 14 says nothing of a backup either way. */
	assert_string_equal(explain(&a, "LOG:  starting PostgreSQL 14.1\nLOG:  starting "
					"point-in-time recovery to 5\n"),
		"-");
	log = arena_fmt(&a,
		"%sFATAL:  requested timeline 3 is not a child of this server's history\n"
		"LOG:  shutting down\n",
		start);
	assert_true(recovery_explain(&a, log, strlen(log), &f));
	assert_string_equal(f.code, "wrong-timeline");
	assert_string_equal(
		f.line, "FATAL:  requested timeline 3 is not a child of this server's history");
	/* The cause counts, not what comes of it. */
	log = arena_fmt(&a,
		"%sFATAL:  archive file \"x\" has wrong size: 5 instead of 9\n"
		"FATAL:  recovery ended before configured recovery target was reached",
		start);
	assert_string_equal(explain(&a, log), "short-wal");
}

TESTS(T(test_settings), T(test_kinds), T(test_refused), T(test_explain))

#include "unit/testing.h"

#include "base/str.h"
#include "wal/aim.h"

static struct arena arena;

static struct aim
aimed(const char *text)
{
	struct err err = ERR_INIT;
	struct aim aim;

	if (!aim_parse(&arena, text, &aim, &err))
		fail_msg("%s: %s", text, err.msg);
	return aim;
}

static void
test_what_people_write(void **state)
{
	assert_int_equal(aimed("2026-11-20T14:32:07Z").kind, AIM_TIME);
	assert_int_equal(
		aimed("2026-11-20T14:32:07Z").at_us, aimed("2026-11-20 15:32:07+01:00").at_us);
	assert_int_equal(aimed("2026-11-20T14:32:07.123456Z").at_us % 1000000, 123456);
	assert_int_equal(aimed("lsn:1/3A21F8").kind, AIM_LSN);
	assert_int_equal(aimed("lsn:1/3A21F8").lsn, 0x1003A21F8);
	assert_int_equal(aimed("xid:742").kind, AIM_XID);
	assert_int_equal(aimed("xid:4294967295").xid, UINT32_MAX);
	assert_int_equal(aimed("name:before the upgrade").kind, AIM_NAME);
	assert_string_equal(aimed("name:before the upgrade").name, "before the upgrade");
	assert_int_equal(aimed("end").kind, AIM_END);
	arena_done(&arena);
}

static void
test_what_is_refused(void **state)
{
	static const char long_name[] =
		"name:1234567890123456789012345678901234567890123456789012345678901234";
	static const char *const wrong[] = {"", "now", "half past two", "2026-11-20T14:32:07",
		"2026-11-20", "lsn:", "lsn:0/0", "lsn:1", "lsn:1/2 ", "xid:", "xid:2",
		"xid:4294967296", "xid:-3", "xid:7x", "name:", long_name, "end ", "0/3A21F8"};

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		CLEANUP(err_done) struct err err = ERR_INIT;
		struct aim aim;

		if (aim_parse(&arena, wrong[i], &aim, &err))
			fail_msg("taken: %s", wrong[i]);
		assert_int_equal(err.code, ERR_USAGE);
		assert_non_null(strstr(err.hint, "lifeboat moment"));
	}
	arena_done(&arena);
}

static void
test_text_and_back(void **state)
{
	static const struct recovery_target targets[] = {
		{.kind = RECOVERY_TO_TIME, .at_us = 1795962727123456LL},
		{.kind = RECOVERY_TO_LSN, .lsn = 0x1003A21F8},
		{.kind = RECOVERY_TO_XID, .xid = 742},
		{.kind = RECOVERY_TO_NAME, .name = "point"},
		{.kind = RECOVERY_IMMEDIATE},
	};
	static const char *const texts[] = {
		"2026-11-29T14:32:07.123456Z", "lsn:1/3A21F8", "xid:742", "name:point", "end"};

	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		CLEANUP(str_done) struct str out = STR_INIT(KIB);

		aim_text(&targets[i], &out);
		assert_string_equal(str_text(&out), texts[i]);
		assert_int_equal(aimed(texts[i]).kind, (enum aim_kind)i);
	}
	arena_done(&arena);
}

TESTS(T(test_what_people_write), T(test_what_is_refused), T(test_text_and_back))

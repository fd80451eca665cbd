#include "unit/testing.h"

static void
test_set(void **state)
{
	struct err err = ERR_INIT;

	assert_false(err_set(&err, ERR_CONFIG, "The %s is wrong.", "key"));
	assert_string_equal(err.msg, "The key is wrong.");
	assert_int_equal(err.code, ERR_CONFIG);
	assert_int_equal(err.sys_errno, 0);
	assert_false(err_hint(&err, "Try %d.", 3));
	assert_string_equal(err.hint, "Try 3.");
	assert_false(err_hint(&err, "Or 4."));
	assert_string_equal(err.hint, "Or 4.");
	/* A new error replaces message and hint; the old message may be an argument of it. */
	assert_false(err_set(&err, ERR_IO, "Again: %s", err.msg));
	assert_string_equal(err.msg, "Again: The key is wrong.");
	assert_null(err.hint);
	err_done(&err);
	assert_int_equal(err.code, ERR_NONE);
	assert_null(err.msg);
}

static void
test_sys(void **state)
{
	struct err err = ERR_INIT;

	assert_false(err_sys(&err, ERR_IO, ENOSPC, "Cannot write %s", "/x"));
	assert_int_equal(err.sys_errno, ENOSPC);
	assert_string_equal(err.msg, "Cannot write /x: No space left on device");
	assert_false(err_sys(&err, ERR_IO, EIO, "%s", err.msg));
	assert_string_equal(
		err.msg, "Cannot write /x: No space left on device: Input/output error");
	err_done(&err);
}

static void
test_prefix(void **state)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_IO, "inner");
	err_hint(&err, "hint");
	assert_false(err_prefix(&err, "outer %d", 1));
	assert_string_equal(err.msg, "outer 1: inner");
	assert_string_equal(err.hint, "hint");
	assert_int_equal(err.code, ERR_IO);
	err_done(&err);
	assert_false(err_prefix(&err, "outer"));
	assert_string_equal(err.msg, "outer: unknown error");
	err_done(&err);
}

static void
test_move(void **state)
{
	struct err a = ERR_INIT, b = ERR_INIT;

	err_set(&a, ERR_IO, "a");
	err_set(&b, ERR_AUDIT, "b");
	err_hint(&b, "h");
	assert_false(err_move(&a, &b));
	assert_string_equal(a.msg, "b");
	assert_string_equal(a.hint, "h");
	assert_int_equal(b.code, ERR_NONE);
	assert_null(b.msg);
	err_done(&b);
	err_done(&a);
}

/* DESIGN.md promise 9: the whole table, so that no status moves unnoticed. */
static void
test_statuses(void **state)
{
	static const struct {
		enum err_code code;
		int status;
		const char *name;
	} want[] = {{ERR_NONE, 0, "none"}, {ERR_CHECK_FAILED, 1, "check-failed"},
		{ERR_DAMAGED, 1, "damaged"}, {ERR_USAGE, 2, "usage"},
		{ERR_CONFIG, 2, "configuration"}, {ERR_SYNTAX, 2, "syntax"},
		{ERR_LIMIT, 2, "limit"}, {ERR_IO, 2, "io"}, {ERR_NOT_FOUND, 2, "not-found"},
		{ERR_UNREACHABLE, 2, "unreachable"}, {ERR_AUTH, 2, "authentication"},
		{ERR_TIMEOUT, 2, "timeout"}, {ERR_TOOL_MISSING, 2, "tool-missing"},
		{ERR_UNSUPPORTED, 2, "unsupported"}, {ERR_UNKNOWN, 2, "unknown"},
		{ERR_LOCK_HELD, 3, "lock-held"}, {ERR_READ_ONLY, 3, "read-only"},
		{ERR_REFUSED, 3, "refused"}, {ERR_UNSAFE, 3, "unsafe-permissions"},
		{ERR_AUDIT, 3, "audit"}, {ERR_STOPPED, 4, "stopped"}};

	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		assert_int_equal(err_exit_status(want[i].code), want[i].status);
		assert_string_equal(err_name(want[i].code), want[i].name);
		assert_int_equal(err_by_name(want[i].name), want[i].code);
	}
	assert_int_equal(err_by_name("no such name"), ERR_UNKNOWN);
}

TESTS(T(test_set), T(test_sys), T(test_prefix), T(test_move), T(test_statuses))

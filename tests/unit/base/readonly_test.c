#include "unit/testing.h"

#include "base/readonly.h"

/* F57: what the environment says holds, and what was said once can't be taken back. */
static void
test_f57_read_only(void **state)
{
	struct err err = ERR_INIT;

	unsetenv("LIFEBOAT_READ_ONLY");
	assert_false(readonly_is_set());
	assert_true(readonly_check(&err));
	setenv("LIFEBOAT_READ_ONLY", "", 1);
	assert_false(readonly_is_set());
	readonly_set();
	assert_true(readonly_is_set());
	assert_false(readonly_check(&err));
	assert_hint(&err, "without --read-only");
	assert_err(&err, ERR_READ_ONLY, "This is a read-only lifeboat");
	assert_string_equal(getenv("LIFEBOAT_READ_ONLY"), "1");
}

TESTS(T(test_f57_read_only))

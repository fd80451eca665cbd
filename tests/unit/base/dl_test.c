#include "unit/testing.h"

#include "base/dl.h"

struct z {
	const char *(*version)(void);
	unsigned long (*bound)(unsigned long);
};

static void
found(void **state)
{
	static const char *const names[] = {"zlibVersion", "compressBound"};
	struct z z;
	struct dl dl = DL("libz.so.1", "zlib1g", names, &z);
	struct err err = ERR_INIT;

	assert_true(dl_need(&dl, &err));
	assert_true(z.version()[0] == '1');
	assert_true(z.bound(1000) >= 1000);
	assert_true(dl_have(&dl));
}

static void
no_library(void **state)
{
	static const char *const names[] = {"f"};
	void *functions[1];
	struct dl dl = DL("liblifeboat-none.so.1", "liblifeboat-none1", names, functions);
	struct err err = ERR_INIT;

	assert_false(dl_have(&dl));
	assert_false(dl_need(&dl, &err));
	assert_hint(&err, "apt-get install liblifeboat-none1");
	assert_err(&err, ERR_TOOL_MISSING, "liblifeboat-none.so.1 is not installed");
}

static void
too_old(void **state)
{
	static const char *const names[] = {"zlibVersion", "zlib_of_the_future"};
	struct z z;
	struct dl dl = DL("libz.so.1", "zlib1g", names, &z);
	struct err err = ERR_INIT;

	assert_false(dl_need(&dl, &err));
	assert_err(&err, ERR_TOOL_MISSING, "libz.so.1 has no function zlib_of_the_future");
	assert_false(dl_have(&dl));
}

TESTS(T(found), T(no_library), T(too_old))

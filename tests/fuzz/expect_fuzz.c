/* expect: an expectation and a value behind a newline. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "conf/expect.h"

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *end = memchr(data, '\n', len);
	size_t n = end != NULL ? (size_t)(end - data) : len;
	const char *expectation = arena_strndup(&a, data, n);
	const char *value = end != NULL ? arena_strndup(&a, end + 1, len - n - 1) : "";
	bool met = expect_met(expectation, value);

	if (!expect_check(expectation, &err))
		FUZZ_HOLDS(!met);
}

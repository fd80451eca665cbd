#include "unit/testing.h"

#include "base/util.h"

static void
alloc_too_much(void *arg)
{
	(void)arg;
	free(util_alloc(PTRDIFF_MAX - 4096));
}

static void
realloc_overflow(void *arg)
{
	(void)arg;
	free(util_realloc(NULL, SIZE_MAX / 2, 3));
}

static void
realloc_too_much(void *arg)
{
	(void)arg;
	free(util_realloc(NULL, 1, PTRDIFF_MAX - 4096));
}

static void
test_alloc(void **state)
{
	unsigned char *p = util_alloc(100);

	for (size_t i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	p = util_realloc(p, 20, 10);
	p[199] = 1;
	free(p);
	free(util_alloc(0));
	free(util_realloc(NULL, 0, 8));
	assert_bug(alloc_too_much, NULL, "out of memory");
	assert_bug(realloc_overflow, NULL, "overflows");
	assert_bug(realloc_too_much, NULL, "out of memory");
}

static void
test_dup(void **state)
{
	CLEANUP(util_free) char *a = util_strdup("text"), *b = util_strndup("text", 2);

	assert_string_equal(a, "text");
	assert_string_equal(b, "te");
}

static void
test_cleanup_keeps_errno(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), none = -1;
	char *p = util_strdup("x");

	errno = ENOSPC;
	util_close(&fd);
	assert_int_equal(fd, -1);
	util_close(&none);
	util_free(&p);
	assert_null(p);
	assert_int_equal(errno, ENOSPC);
}

static void
test_strings(void **state)
{
	assert_true(util_streq("a", "a"));
	assert_false(util_streq("a", "b"));
	assert_false(util_streq("a", NULL));
	assert_false(util_streq(NULL, "a"));
	assert_true(util_streq(NULL, NULL));
	assert_true(util_starts("abc", "ab"));
	assert_true(util_starts("abc", ""));
	assert_false(util_starts("a", "ab"));
	assert_true(util_ends("abc", "bc"));
	assert_true(util_ends("abc", ""));
	assert_false(util_ends("c", "bc"));
}

static void
test_numbers(void **state)
{
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "1x", "0x10", "--1", "1e3",
		"18446744073709551616", "99999999999999999999999"};
	uint64_t u = 7;
	int64_t i = 7;

	for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
		assert_false(util_parse_u64(bad[k], &u));
		assert_false(util_parse_i64(bad[k], &i));
	}
	assert_int_equal(u, 7);
	assert_int_equal(i, 7);
	assert_true(util_parse_u64("18446744073709551615", &u));
	assert_true(u == UINT64_MAX);
	assert_true(util_parse_u64("007", &u));
	assert_int_equal(u, 7);
	assert_false(util_parse_u64("-1", &u));
	assert_true(util_parse_i64("-42", &i));
	assert_int_equal(i, -42);
	assert_true(util_parse_i64("9223372036854775807", &i));
	assert_true(i == INT64_MAX);
	assert_false(util_parse_i64("9223372036854775808", &i));
	/* INT64_MIN stands for "absent" in several places; it can't be written. */
	assert_false(util_parse_i64("-9223372036854775808", &i));
	assert_true(i == INT64_MAX);
}

TESTS(T(test_alloc), T(test_dup), T(test_cleanup_keeps_errno), T(test_strings), T(test_numbers))

#include "unit/testing.h"

#include "base/str.h"

static void
test_grows(void **state)
{
	CLEANUP(str_done) struct str s = STR_INIT(MIB);

	assert_string_equal(str_text(&s), "");
	str_add(&s, "abc");
	str_addc(&s, 'd');
	str_addn(&s, "e\0f", 3);
	assert_int_equal(s.len, 7);
	assert_memory_equal(s.buf, "abcde\0f", 8);
	for (int i = 0; i < 10000; i++)
		str_add(&s, "0123456789");
	assert_int_equal(s.len, 100007);
	assert_int_equal(s.buf[s.len], 0);
	assert_false(s.full);
}

static void
test_bound(void **state)
{
	CLEANUP(str_done) struct str s = STR_INIT(5);

	str_add(&s, "abc");
	assert_false(s.full);
	str_add(&s, "defg");
	assert_true(s.full);
	assert_string_equal(s.buf, "abcde");
	str_addc(&s, 'x');
	str_fmt(&s, "%d", 5);
	assert_string_equal(s.buf, "abcde");
	str_pad(&s, 100);
	assert_int_equal(s.len, 5);
}

static void
test_fmt(void **state)
{
	CLEANUP(str_done) struct str s = STR_INIT(10 * KIB);

	str_fmt(&s, "%s=%d;", "a", 1);
	assert_string_equal(s.buf, "a=1;");
	str_fmt(&s, "%0300d", 0); /* longer than the buffer on the stack */
	assert_int_equal(s.len, 304);
	str_cut(&s, 400);
	assert_int_equal(s.len, 304);
	str_cut(&s, 4);
	assert_string_equal(s.buf, "a=1;");
	str_pad(&s, 6);
	assert_string_equal(s.buf, "a=1;  ");
	str_pad(&s, 3);
	assert_string_equal(s.buf, "a=1;  ");
}

static void
test_drop(void **state)
{
	CLEANUP(str_done) struct str s = STR_INIT(KIB);

	str_drop(&s, 3);
	str_add(&s, "abcdef");
	str_drop(&s, 0);
	str_drop(&s, 2);
	assert_string_equal(s.buf, "cdef");
	str_drop(&s, 99);
	assert_string_equal(s.buf, "");
	assert_int_equal(s.len, 0);
}

static void
test_take(void **state)
{
	struct str s = STR_INIT(KIB);
	char *text;

	str_add(&s, "mine");
	text = str_take(&s);
	assert_string_equal(text, "mine");
	free(text);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.max, KIB);
	text = str_take(&s);
	assert_string_equal(text, "");
	free(text);
}

static void
test_wipe(void **state)
{
	struct str s = STR_INIT(KIB);

	str_wipe(&s);
	str_add(&s, "secret");
	str_wipe(&s);
	assert_null(s.buf);
	str_add(&s, "new");
	assert_string_equal(s.buf, "new");
	str_done(&s);
	str_done(&s);
}

static void
no_bound(void *arg)
{
	struct str s = {.buf = NULL};

	(void)arg;
	str_add(&s, "x");
}

static void
test_needs_bound(void **state)
{
	assert_bug(no_bound, NULL, "without a bound");
}

TESTS(T(test_grows), T(test_bound), T(test_fmt), T(test_drop), T(test_take), T(test_wipe),
	T(test_needs_bound))

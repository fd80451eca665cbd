#include "unit/testing.h"

#include "base/arena.h"

#include <stdalign.h>

static void
test_alloc(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	unsigned char *last = NULL;

	/* Aligned, zeroed, apart; across blocks, beyond a block's size, of no size at all. */
	for (size_t size = 0; size < 70 * KIB; size = size * 2 + 1) {
		unsigned char *p = arena_alloc(&a, size);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xff, size);
		if (size > 1) /* nothing at all may share its place */
			assert_ptr_not_equal(p, last);
		last = p;
	}
	assert_true(a.used > 70 * KIB);
	arena_done(&a);
	assert_int_equal(a.used, 0);
	assert_string_equal(arena_strdup(&a, "usable again"), "usable again");
}

static void
test_strings(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	assert_null(arena_strdup(&a, NULL));
	assert_string_equal(arena_strndup(&a, "abc", 2), "ab");
	assert_string_equal(arena_strndup(&a, "", 0), "");
	assert_string_equal(arena_fmt(&a, "%s-%d", "x", 7), "x-7");
	assert_int_equal(strlen(arena_fmt(&a, "%05000d", 1)), 5000);
}

static void
test_vec(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	VEC(int) v = {0};
	int *it, sum = 0;

	vec_each (&v, it)
		fail();
	for (int i = 0; i < 1000; i++)
		*vec_push(&a, &v) = i;
	assert_int_equal(v.n, 1000);
	vec_each (&v, it)
		sum += *it;
	assert_int_equal(sum, 499500);
}

static void
array_overflow(void *arg)
{
	arena_array(arg, SIZE_MAX / 4, 5);
}

static void
alloc_overflow(void *arg)
{
	arena_alloc(arg, SIZE_MAX - 8);
}

static void
test_overflow(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	assert_bug(array_overflow, &a, "overflows");
	assert_bug(alloc_overflow, &a, "overflows");
}

TESTS(T(test_alloc), T(test_strings), T(test_vec), T(test_overflow))

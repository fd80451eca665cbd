#include "unit/testing.h"

#include "wal/history.h"
#include "wal/segment.h"

static bool
parse(struct arena *a, uint32_t tli, const char *text, struct history *h, struct err *err)
{
	return history_parse(a, tli, text, strlen(text), h, err);
}

/* The TLI is decimal inside; comments, blank lines and a missing last newline are fine. */
static void
test_good(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct history h;

	assert_true(parse(&a, 12,
		"# a comment\n\n1\t0/3000000\tno recovery target specified\n"
		"  10\t0/5000158\tbefore 2026-11-20 14:32:07.123456+00\r\n"
		"11 0/5000158",
		&h, &err));
	assert_int_equal(h.n, 4);
	assert_int_equal(h.tli, 12);
	assert_int_equal(h.steps[1].tli, 10);
	assert_int_equal(h.steps[0].begin, 0);
	assert_int_equal(h.steps[0].end, 0x3000000);
	assert_int_equal(h.steps[1].begin, 0x3000000);
	assert_holds(h.steps[1].reason, "before 2026-11-20");
	assert_int_equal(h.steps[3].tli, 12);
	assert_int_equal(h.steps[3].begin, 0x5000158);
	assert_true(h.steps[3].end == UINT64_MAX);
	assert_null(history_find(&h, 9));
	assert_int_equal(history_find(&h, 11)->end, 0x5000158);
}

static void
test_bad(void **state)
{
	static const struct {
		const char *text, *why;
	} bad[] = {
		{"", "none of them names a parent"},
		{"# nothing\n", "none of them names a parent"},
		{"x\t0/1\n", "Line 1 of the history of timeline 5 does not begin with a timeline"},
		{"0\t0/1\n", "does not begin with a timeline"},
		{"4294967296\t0/1\n", "does not begin with a timeline"},
		{"99999999999999999999\t0/1\n", "does not begin with a timeline"},
		{"1 nowhere\n", "has no LSN"},
		{"1\t0/0\treason\n", "goes back"},
		{"2\t0/2\n1\t0/3\n", "Line 2 of the history of timeline 5 names a timeline out"},
		{"5\t0/2\n", "out of order"},
		{"1\t0/3\n2\t0/2\n", "goes back"},
	};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct history h;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(parse(&a, 5, bad[i].text, &h, &err));
		assert_err(&err, ERR_DAMAGED, bad[i].why);
	}
	assert_false(history_parse(&a, 2, "1\t0/1\0x", 7, &h, &err));
	assert_err(&err, ERR_DAMAGED, "NUL");
}

/* Which file recovery reads: the new timeline's first one repeats the old one up to the fork. */
static void
test_way(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct history h;

	assert_true(parse(&a, 4, "1\t0/3500000\tx\n2\t0/5000000\ty\n3\t0/5000000\tz\n", &h, &err));
	assert_int_equal(history_at(&h, 2, 16 * MIB), 1);
	assert_int_equal(history_at(&h, 3, 16 * MIB), 2); /* forked in the middle of it */
	assert_int_equal(history_at(&h, 4, 16 * MIB), 2);
	assert_int_equal(history_at(&h, 5, 16 * MIB), 4); /* at its very beginning, two at once */
	assert_int_equal(history_at(&h, 0x35, MIB), 2);
	assert_int_equal(history_at(&h, 0x34, MIB), 1);
	history_alone(&a, 7, &h);
	assert_int_equal(history_at(&h, 0, MIB), 7);
	assert_int_equal(h.n, 1);
}

TESTS(T(test_good), T(test_bad), T(test_way))

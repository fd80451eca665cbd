#include "unit/testing.h"

#include "base/clock.h"
#include "wal/label.h"

static const char archived[] = "START WAL LOCATION: 1/9000028 (file 000000020000000100000009)\n"
			       "STOP WAL LOCATION: 1/9000138 (file 000000020000000100000009)\n"
			       "CHECKPOINT LOCATION: 1/9000060\n"
			       "BACKUP METHOD: streamed\n"
			       "BACKUP FROM: primary\n"
			       "START TIME: 2026-11-20 14:32:07 CET\n"
			       "LABEL: nightly: one\n"
			       "START TIMELINE: 2\n"
			       "STOP TIME: 2026-11-20 14:40:00 CET\n"
			       "STOP TIMELINE: 2\n";

static int64_t
utc(const char *text)
{
	int64_t t;

	assert_true(clock_parse(text, &t));
	return t;
}

static void
test_archived(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct label l;

	assert_true(label_parse(&a, archived, strlen(archived), &l, &err));
	assert_int_equal(l.start, 0x109000028);
	assert_int_equal(l.stop, 0x109000138);
	assert_int_equal(l.checkpoint, 0x109000060);
	assert_string_equal(l.segment, "000000020000000100000009");
	assert_int_equal(l.tli, 2);
	assert_int_equal(l.stop_tli, 2);
	assert_string_equal(l.name, "nightly: one");
	assert_false(l.standby || l.incremental);
}

static void
test_kinds(void **state)
{
	static const char text[] = "START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n"
				   "BACKUP FROM: standby\nINCREMENTAL FROM LSN: 0/1000028\n";
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct label l;

	assert_true(label_parse(&a, text, strlen(text), &l, &err));
	assert_true(l.standby && l.incremental);
	assert_int_equal(l.stop, 0);
	assert_null(l.stop_time);
}

static void
test_bad(void **state)
{
	static const char *const bad[] = {"", "LABEL: x\n", "START WAL LOCATION: nowhere\n",
		"START WAL LOCATION: 0/0 (file 000000010000000000000002)\n",
		"START WAL LOCATION: 0/2000028 (file 00000001)\n",
		"START WAL LOCATION: 0/2000028 (file 000000010000000000000002\n"};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct label l;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(label_parse(&a, bad[i], strlen(bad[i]), &l, &err));
		assert_err(&err, ERR_DAMAGED, "backup label");
	}
	assert_false(label_parse(&a, "x\0y", 3, &l, &err));
	assert_err(&err, ERR_DAMAGED, "NUL");
}

static void
times(const char *start, const char *stop, int64_t near, int64_t *got_start, int64_t *got_stop)
{
	struct label l = {.start_time = start, .stop_time = stop};

	label_times(&l, near, got_start, got_stop);
}

static void
test_times(void **state)
{
	int64_t start, stop;

	times("2026-11-20 14:32:07 UTC", "2026-11-20 14:40:00 GMT", CLOCK_NONE, &start, &stop);
	assert_int_equal(start, utc("2026-11-20T14:32:07Z"));
	assert_int_equal(stop, utc("2026-11-20T14:40:00Z"));
	times("2026-11-20 14:32:07 +0530", "2026-11-20 14:40:00 -03", CLOCK_NONE, &start, &stop);
	assert_int_equal(start, utc("2026-11-20T14:32:07+05:30"));
	assert_int_equal(stop, utc("2026-11-20T14:40:00-03:00"));
	/* An abbreviation tells nothing by itself; the time of the checkpoint does. */
	times("2026-11-20 14:32:07 IST", "2026-11-20 14:40:00 IST", CLOCK_NONE, &start, &stop);
	assert_true(start == CLOCK_NONE && stop == CLOCK_NONE);
	times("2026-11-20 14:32:07 IST", "2026-11-20 14:40:00 IST",
		utc("2026-11-20T14:31:00+05:30"), &start, &stop);
	assert_int_equal(start, utc("2026-11-20T14:32:07+05:30"));
	assert_int_equal(stop, utc("2026-11-20T14:40:00+05:30"));
	times("2026-11-20 14:32:07 EST", NULL, utc("2026-11-20T14:31:00-05:00"), &start, &stop);
	assert_int_equal(start, utc("2026-11-20T14:32:07-05:00"));
	assert_int_equal(stop, CLOCK_NONE);
	/* The clocks were changed meanwhile: two abbreviations. */
	times("2026-10-25 02:59:00 CEST", "2026-10-25 02:10:00 CET",
		utc("2026-10-25T02:59:00+02:00"), &start, &stop);
	assert_int_equal(start, utc("2026-10-25T02:59:00+02:00"));
	assert_int_equal(stop, CLOCK_NONE);
	times("yesterday", NULL, 0, &start, &stop);
	assert_int_equal(start, CLOCK_NONE);
	times("2026-11-20 14:32:07 QQQ", NULL, utc("2026-01-01T00:00:00Z"), &start, &stop);
	assert_int_equal(start, CLOCK_NONE);
}

TESTS(T(test_archived), T(test_kinds), T(test_bad), T(test_times))

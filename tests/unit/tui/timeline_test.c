#include "base/banned.h"
#include "sketch.h"
#include "base/clock.h"
#include "base/text.h"
#include "tui/draw/bar.h"
#include "tui/draw/chart.h"
#include "tui/draw/line.h"
#include "tui/draw/timeline.h"

#define T0 1795132800LL /* 2026-11-20T00:00:00Z */

static const struct timeline_span spans[] = {
	{T0, T0 + 3600, '=', ROLE_OK},
	{T0 + 1800, T0 + 1801, 'x', ROLE_BREACH}, /* one second of an hour */
	{T0 + 3600, T0 + 3600, 'B', ROLE_ACCENT},
};
static const struct timeline_lane lanes[] = {{"wal", spans, ARRAY_LEN(spans)}};

static unsigned
press(struct timeline *t, const char *name)
{
	struct event ev = sketch_key(name, 0);

	return timeline_event(t, &ev);
}

static void
redraw(struct timeline *t, struct canvas *c)
{
	canvas_clear(c);
	timeline_draw(t, canvas_area(c), true);
}

static void
test_whole(void **state)
{
	struct canvas *c = canvas_new(73, 5, true);
	struct timeline t;

	timeline_init(&t, lanes, 1, 0, 0);
	assert_int_equal(t.first, T0);
	assert_int_equal(t.last, T0 + 3600);
	redraw(&t, c);
	assert_int_equal(t.step, 61);
	/* A gap of a second is seen at any zoom. */
	assert_string_equal(sketch_row(c, 2),
		" wal        =============================x=============================B");
	assert_int_equal(sketch_style(c, 12 + 29, 2), ROLE_BREACH);
	assert_true(util_starts(sketch_row(c, 0) + 12, "11-20"));
	assert_non_null(strstr(sketch_row(c, 0), "00:20"));
	assert_true(util_ends(sketch_row(c, 3), "2026-11-20T01:00:00Z ^"));
	canvas_free(c);
}

static void
test_moving(void **state)
{
	struct canvas *c = canvas_new(73, 5, true);
	struct timeline t;
	int64_t at;

	timeline_init(&t, lanes, 1, 0, 0);
	redraw(&t, c);
	assert_int_equal(press(&t, "l"), ANSWER_HANDLED); /* at the end already */
	press(&t, "h");
	assert_int_equal(t.cursor, T0 + 3600 - 61);
	press(&t, "g");
	assert_int_equal(t.cursor, T0);
	press(&t, "]");
	assert_int_equal(t.cursor, T0 + 1800);
	press(&t, "]");
	assert_int_equal(t.cursor, T0 + 1801);
	press(&t, "[");
	assert_int_equal(t.cursor, T0 + 1800);
	/* Zooming keeps the moment under the cursor in its column. */
	at = (t.cursor - t.from) / t.step;
	press(&t, "+");
	assert_int_equal(t.step, 30);
	assert_int_equal(t.cursor, T0 + 1800);
	assert_int_equal((t.cursor - t.from) / t.step, at);
	for (int i = 0; i < 10; i++)
		press(&t, "+");
	assert_int_equal(t.step, 1);
	redraw(&t, c);
	assert_int_equal(t.cursor, T0 + 1800);
	assert_non_null(strchr(sketch_row(c, 2), 'x'));
	assert_non_null(strstr(sketch_row(c, 3), "2026-11-20T00:30:00Z"));
	press(&t, "PgDn");
	assert_int_equal(t.cursor, T0 + 1830);
	press(&t, "G");
	redraw(&t, c);
	assert_true(t.from + t.step * t.width > T0 + 3600);
	for (int i = 0; i < 20; i++)
		press(&t, "-");
	redraw(&t, c);
	assert_int_equal(t.from, T0); /* all of it again */
	press(&t, "+");
	press(&t, "0");
	redraw(&t, c);
	assert_int_equal(t.step, 61);
	assert_true(press(&t, "Enter") & ANSWER_CHOSEN);
	assert_int_equal(press(&t, "q"), ANSWER_IGNORED);
	canvas_free(c);
}

static void
test_any_size(void **state)
{
	static const int64_t lengths[] = {0, 1, 100, 86400, 400 * 86400LL, 4000000000LL};

	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		for (int w = 1; w < 200; w += 9) {
			struct canvas *c = canvas_new(w, 1 + w % 7, false);
			struct timeline t;

			timeline_init(&t, lanes, 1, T0, T0 + lengths[i]);
			for (int k = 0; k < 12; k++) {
				redraw(&t, c);
				assert_true(t.cursor >= t.first && t.cursor <= t.last);
				assert_true(
					t.cursor >= t.from && t.cursor < t.from + t.step * t.width);
				press(&t, k % 5 == 4 ? "-" : k % 3 == 2 ? "h" : "+");
			}
			canvas_free(c);
		}
	}
	/* No spans at all */
	{
		struct timeline t;

		timeline_init(&t, NULL, 0, 0, 0);
		press(&t, "]");
		assert_true(t.last > t.first);
	}
}

static void
test_bars(void **state)
{
	static const struct {
		int64_t part, whole;
		const char *row;
	} rows[] = {
		{0, 10, "[          ]"},
		{1, 1000, "[#         ]"},
		{5, 10, "[#####     ]"},
		{999, 1000, "[######### ]"},
		{10, 10, "[##########]"},
		{INT64_MAX, 1, "[##########]"},
		{-1, 10, "[          ]"},
		{5, 0, "[#         ]"},
	};
	struct canvas *c = canvas_new(30, 1, false);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		canvas_clear(c);
		bar_draw(canvas_area(c), 0, 0, 12, ROLE_OK, rows[i].part, rows[i].whole);
		assert_string_equal(sketch_row(c, 0), rows[i].row);
	}
	canvas_clear(c);
	bar_draw_age(canvas_area(c), ROLE_LATE, 20 * 60, 5 * 60, "unknown");
	assert_string_equal(sketch_row(c, 0), "[############] 20m / 5m");
	canvas_clear(c);
	bar_draw_age(canvas_area(c), ROLE_UNKNOWN, -1, 86400, "unknown");
	assert_string_equal(sketch_row(c, 0), "[            ] unknown / 24h00");
	canvas_resize(c, 16, 1);
	bar_draw_age(canvas_area(c), ROLE_OK, 3600, 86400, "unknown");
	assert_string_equal(sketch_row(c, 0), "60m / 24h00");
	canvas_free(c);
}

static int64_t
heights(void *arg, size_t i)
{
	static const int64_t values[] = {100, 50, 0, -1, 25, 100, 1};

	return values[i % ARRAY_LEN(values)];
}

static void
plain(struct str *out, int64_t value)
{
	str_fmt(out, "%lld", (long long)value);
}

static void
test_chart(void **state)
{
	struct chart chart = {.n = 7, .value = heights, .label = plain};
	struct canvas *c = canvas_new(7, 4, false);

	chart_draw(canvas_area(c), &chart);
	assert_string_equal(sketch_row(c, 0), "#    #");
	assert_string_equal(sketch_row(c, 1), "#    #");
	assert_string_equal(sketch_row(c, 2), "##   #");
	assert_string_equal(sketch_row(c, 3), "##_.###");
	/* More than fit: the newest */
	chart.n = 700;
	canvas_clear(c);
	chart_draw(canvas_area(c), &chart);
	assert_string_equal(sketch_row(c, 3), "##_.###");
	canvas_resize(c, 60, 4);
	chart_draw(canvas_area(c), &chart);
	assert_true(util_starts(sketch_row(c, 0), "100 │"));
	chart.n = 0;
	canvas_clear(c);
	chart_draw(canvas_area(c), &chart);
	for (int w = 1; w < 80; w++) {
		canvas_resize(c, w, 1 + w % 5);
		chart.n = (size_t)w * 7 % 50;
		chart_draw(canvas_area(c), &chart);
	}
	canvas_free(c);
}

static void
test_line(void **state)
{
	struct line_part parts[] = {
		{"lifeboat", ROLE_TITLE, 0, false},
		{"aragora", ROLE_TEXT, 1, false},
		{NULL, ROLE_TEXT, 1, false},
		{"14:32:07Z", ROLE_TEXT, 0, true},
		{"ops\033", ROLE_TEXT, 3, true},
		{"READ-ONLY", ROLE_ACCENT, 1, true},
	};
	struct canvas *c = canvas_new(60, 1, false);

	line_draw(canvas_area(c), ROLE_HEADER, parts, ARRAY_LEN(parts));
	assert_string_equal(
		sketch_row(c, 0), " lifeboat  aragora            14:32:07Z  ops\\x1b  READ-ONLY");
	assert_int_equal(sketch_style(c, 59, 0), ROLE_HEADER);
	canvas_resize(c, 42, 1);
	line_draw(canvas_area(c), ROLE_HEADER, parts, ARRAY_LEN(parts));
	assert_string_equal(sketch_row(c, 0), " lifeboat  aragora   14:32:07Z  READ-ONLY");
	canvas_resize(c, 30, 1);
	line_draw(canvas_area(c), ROLE_HEADER, parts, ARRAY_LEN(parts));
	assert_string_equal(sketch_row(c, 0), " lifeboat  aragora  14:32:07Z");
	canvas_resize(c, 12, 1);
	line_draw(canvas_area(c), ROLE_HEADER, parts, ARRAY_LEN(parts));
	for (int w = 1; w < 70; w++) {
		canvas_resize(c, w, 1);
		line_draw(canvas_area(c), ROLE_HEADER, parts, ARRAY_LEN(parts));
	}
	canvas_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_moving),
		cmocka_unit_test(test_any_size),
		cmocka_unit_test(test_bars),
		cmocka_unit_test(test_chart),
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

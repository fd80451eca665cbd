#include "base/banned.h"
#include "sketch.h"

#define BEI "\xe5\x82\x99" /* two columns */

/* Draws one text into a field of w columns at column 2 of a row of 12. */
static const char *
field(int w, const char *text, unsigned flags, int *ret_used)
{
	static struct canvas *c;

	canvas_free(c);
	c = canvas_new(12, 1, false);
	*ret_used = draw_field(canvas_area(c), 2, 0, w, ROLE_TEXT, text, strlen(text), flags);
	return sketch_row(c, 0);
}

static void
test_fields(void **state)
{
	static const struct {
		int w;
		const char *text;
		unsigned flags;
		const char *row;
		int used;
	} rows[] = {
		{6, "abc", 0, "  abc", 3},
		{6, "abcdef", 0, "  abcdef", 6},
		{6, "abcdefg", 0, "  abcde>", 6},
		{6, "abc", DRAW_RIGHT, "     abc", 3},
		{6, "abcdefg", DRAW_RIGHT, "  abcde>", 6},
		{6, "abcdefg", DRAW_TAIL, "  <cdefg", 6},
		{6, "abcdef", DRAW_TAIL, "  abcdef", 6},
		{6, BEI BEI BEI, 0, "  " BEI BEI BEI, 6},
		{6, BEI BEI BEI "x", 0, "  " BEI BEI " >", 6},
		{6, "x" BEI BEI BEI, DRAW_TAIL, "  < " BEI BEI, 6},
		{-1, "abcdefghijkl", 0, "  abcdefghi>", 10},
		{99, "abc", 0, "  abc", 3},
		{1, "abc", 0, "  >", 1},
		{1, BEI, 0, "  >", 1},
		{0, "abc", 0, "", 0},
		{6, "\033[m", 0, "  \\x1b[m", 6},
		{6, "", 0, "", 0},
	};
	int used;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_string_equal(
			field(rows[i].w, rows[i].text, rows[i].flags, &used), rows[i].row);
		assert_int_equal(used, rows[i].used);
	}
}

/* Drawing over half of a wide character leaves no other half. */
static void
test_wide_cut_in_two(void **state)
{
	struct canvas *c = canvas_new(6, 1, false);
	struct area a = canvas_area(c);

	draw_text(a, 0, 0, ROLE_TEXT, BEI BEI BEI);
	draw_text(a, 1, 0, ROLE_TEXT, "x");
	assert_string_equal(sketch_row(c, 0), " x" BEI BEI);
	draw_text(a, 2, 0, ROLE_TEXT, "y");
	assert_string_equal(sketch_row(c, 0), " xy " BEI);
	draw_text(a, 3, 0, ROLE_TEXT, BEI);
	assert_string_equal(sketch_row(c, 0), " xy" BEI);
	for (int x = 0; x < 6; x++)
		assert_true(c->cells[x].code != 0 || c->cells[x - 1].width == 2);
	canvas_free(c);
}

static void
test_clipping(void **state)
{
	struct canvas *c = canvas_new(10, 4, false);
	struct area a = area_cut(canvas_area(c), 3, 1, 4, 2);

	draw_fill(canvas_area(c), ROLE_TEXT);
	draw_text(a, 0, 0, ROLE_TEXT, "inside and beyond");
	draw_text(a, 0, -1, ROLE_TEXT, "above");
	draw_text(a, 0, 2, ROLE_TEXT, "below");
	draw_text(a, -2, 1, ROLE_TEXT, "left");
	draw_glyph(a, 4, 0, ROLE_TEXT, '!');
	draw_glyph(a, -1, 0, ROLE_TEXT, '!');
	draw_glyph(a, 0, -1, ROLE_TEXT, '!');
	draw_glyph(a, 0, 2, ROLE_TEXT, '!');
	draw_box(area_cut(a, 0, 0, 0, 0), ROLE_TEXT, "nowhere", ROLE_TITLE);
	draw_cursor(a, 4, 0);
	assert_false(c->cursor);
	assert_string_equal(sketch_row(c, 0), "");
	assert_string_equal(sketch_row(c, 1), "   ins>");
	assert_string_equal(sketch_row(c, 2), "");
	assert_string_equal(sketch_row(c, 3), "");
	/* Areas never leave the canvas, whatever is asked for. */
	for (int n = -5; n < 20; n++) {
		struct area cut = area_cut(a, n, n, n, n), rest = a;

		assert_true(cut.x >= 3 && cut.x + cut.w <= 7 && cut.w >= 0);
		assert_true(cut.y >= 1 && cut.y + cut.h <= 3 && cut.h >= 0);
		cut = area_bottom(&rest, n);
		assert_int_equal(cut.h + rest.h, 2);
		cut = area_right(&rest, n);
		assert_int_equal(cut.w + rest.w, 4);
	}
	canvas_free(c);
}

static void
test_boxes(void **state)
{
	struct canvas *c = canvas_new(11, 3, false), *ascii = canvas_new(11, 3, true);
	struct area inside = draw_box(canvas_area(c), ROLE_BORDER, "Title", ROLE_TITLE);

	assert_string_equal(sketch_row(c, 0), "┌─ Title ─┐");
	assert_string_equal(sketch_row(c, 1), "│         │");
	assert_string_equal(sketch_row(c, 2), "└─────────┘");
	assert_int_equal(inside.w, 9);
	assert_int_equal(inside.h, 1);
	draw_box(canvas_area(ascii), ROLE_BORDER, "Longer than that", ROLE_TITLE);
	assert_string_equal(sketch_row(ascii, 0), "+- Long> -+");
	assert_string_equal(sketch_row(ascii, 2), "+---------+");
	draw_text(canvas_area(ascii), 1, 1, ROLE_TEXT, "caf\xc3\xa9");
	assert_string_equal(sketch_row(ascii, 1), "|caf\\xe9  |");
	canvas_free(c);
	canvas_free(ascii);
}

static void
test_wrapping(void **state)
{
	static const char text[] = "one two three\n\nabcdefghijklmnop end";
	struct canvas *c = canvas_new(8, 8, false);

	assert_int_equal(draw_wrapped(canvas_area(c), 0, ROLE_TEXT, text), 6);
	assert_string_equal(sketch_row(c, 0), "one two");
	assert_string_equal(sketch_row(c, 1), "three");
	assert_string_equal(sketch_row(c, 2), "");
	assert_string_equal(sketch_row(c, 3), "abcdefgh");
	assert_string_equal(sketch_row(c, 4), "ijklmnop");
	assert_string_equal(sketch_row(c, 5), "end");
	/* Too narrow for anything: it ends all the same. */
	assert_in_range(
		draw_wrapped(area_cut(canvas_area(c), 0, 0, 1, 8), 0, ROLE_TEXT, BEI "x\033"), 1,
		20);
	assert_int_equal(draw_wrapped(area_cut(canvas_area(c), 0, 0, 0, 8), 0, ROLE_TEXT, text), 0);
	canvas_free(c);
}

/* A real escape is told from a text that looks like one. */
static void
test_escapes_have_their_style(void **state)
{
	struct canvas *c = canvas_new(20, 1, false);

	draw_text(canvas_area(c), 0, 0, ROLE_TEXT, "\\x1b \033");
	assert_string_equal(sketch_row(c, 0), "\\x1b \\x1b");
	assert_int_equal(sketch_style(c, 0, 0), ROLE_TEXT);
	assert_int_equal(sketch_style(c, 5, 0), ROLE_ESCAPE);
	canvas_free(c);
}

static void
test_sizes(void **state)
{
	struct canvas *c = canvas_new(0, -3, false);

	assert_int_equal(c->w, 1);
	assert_int_equal(c->h, 1);
	canvas_resize(c, 100000, 100000);
	assert_int_equal(c->w, CANVAS_MAX);
	assert_int_equal(c->h, CANVAS_MAX);
	canvas_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_wide_cut_in_two),
		cmocka_unit_test(test_clipping),
		cmocka_unit_test(test_boxes),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_escapes_have_their_style),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

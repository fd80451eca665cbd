#include "base/banned.h"
#include "sketch.h"
#include "tui/draw/width.h"

/* All glyphs as text, escapes in braces. */
static const char *
spell(const char *bytes, size_t len, unsigned flags)
{
	static struct str out = STR_INIT(4 * KIB);
	struct glyphs g = glyphs_of(bytes, len, flags);
	struct glyph glyph;
	bool inside = false;
	size_t columns = 0;

	str_cut(&out, 0);
	while (glyphs_next(&g, &glyph)) {
		if (glyph.escaped != inside)
			str_addc(&out, glyph.escaped ? '{' : '}');
		inside = glyph.escaped;
		text_encode(&out, glyph.code);
		if (glyph.mark != 0)
			text_encode(&out, glyph.mark);
		columns += (size_t)glyph.width;
	}
	if (inside)
		str_addc(&out, '}');
	assert_int_equal(g.column, columns);
	assert_int_equal(width_text(bytes, len, flags, 1000), columns);
	return str_text(&out);
}

static void
test_spelling(void **state)
{
	static const struct {
		const char *bytes;
		unsigned flags;
		const char *expect;
	} rows[] = {
		{"plain text", 0, "plain text"},
		{"a\033[31mb", 0, "a{\\x1b}[31mb"},
		{"\a\b\r\n\177", 0, "{\\x07\\x08\\x0d\\x0a\\x7f}"},
		{"a\\x1bb", 0, "a\\x1bb"},
		{"\xc2\x9b"
		 "31m",
			0, "{\\x9b}31m"},
		{"\xff\xfe", 0, "{\\xff\\xfe}"},
		{"\xe2\x80\xae"
		 "txt",
			0, "{\\u202e}txt"},
		{"a\xe2\x80\x8b"
		 "b",
			0, "a{\\u200b}b"},
		{"\xf3\xa0\x80\x81", 0, "{\\U000e0001}"},
		{"caf\xc3\xa9", 0, "caf\xc3\xa9"},
		{"caf\xc3\xa9", TEXT_ASCII, "caf{\\xe9}"},
		{"e\xcc\x81x", 0, "e\xcc\x81x"},
		{"e\xcc\x81\xcc\x82x", 0, "e\xcc\x81{\\u0302}x"},
		{"\xcc\x81x", 0, "{\\u0301}x"},
		{"\xe5\x82\x99", 0, "\xe5\x82\x99"},
		{"a\tb", 0, "a{\\x09}b"},
		{"a\tb", TEXT_LINES, "a       b"},
		{"12345678\tb", TEXT_LINES, "12345678        b"},
		{"\xe5\x82", 0, "{\\xe5\\x82}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(
			spell(rows[i].bytes, strlen(rows[i].bytes), rows[i].flags), rows[i].expect);
	assert_string_equal(spell("a\0b", 3, 0), "a{\\x00}b");
}

static void
test_widths(void **state)
{
	assert_int_equal(width_code('a'), 1);
	assert_int_equal(width_code(0x5099), 2);
	assert_int_equal(width_code(0x301), 0);
	assert_int_equal(width_code(0x1b), -1);
	assert_int_equal(width_code(0x202e), -1);
	assert_int_equal(width_code(0x10ffff), -1);
}

/* Counting stops just behind the limit, so a text of any length costs no more than a row. */
static void
test_limit(void **state)
{
	size_t len = 10 * 1000 * 1000;
	char *text = util_alloc(len);

	memset(text, 'x', len);
	assert_int_equal(width_text(text, len, 0, 80), 81);
	free(text);
}

/* Nothing that a terminal acts on comes out of any bytes. */
static void
test_any_bytes(void **state)
{
	uint32_t seed = 7;

	for (int round = 0; round < 2000; round++) {
		char bytes[64];
		struct glyphs g;
		struct glyph glyph;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)sketch_random(&seed);
		g = glyphs_of(bytes, sizeof(bytes), round & 1 ? TEXT_ASCII : 0);
		while (glyphs_next(&g, &glyph)) {
			assert_false(text_is_unsafe(glyph.code));
			assert_in_range(glyph.width, 1, 2);
			assert_true(glyph.mark == 0 || width_code(glyph.mark) == 0);
			if (round & 1)
				assert_true(glyph.code < 0x80 && glyph.mark == 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

#include "unit/testing.h"

#include "base/arena.h"
#include "base/text.h"

static const char *
visible(struct arena *a, const char *bytes, size_t len, unsigned flags)
{
	struct str out = STR_INIT(MIB);
	const char *copy;

	text_visible(&out, bytes, len, flags);
	copy = arena_strndup(a, str_text(&out), out.len);
	str_done(&out);
	return copy;
}

#define assert_visible(bytes, flags, want) \
	assert_string_equal(visible(&a, bytes, sizeof(bytes) - 1, flags), want)

/* F31, F32: nothing that a terminal acts on or answers to gets through. */
static void
test_f31_controls(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	assert_visible("plain ~ text", 0, "plain ~ text");
	assert_visible("\x1b[31mred\x1b[0m", 0, "\\x1b[31mred\\x1b[0m");
	assert_visible("\x1b]52;c;ZXZpbA==\x07", 0, "\\x1b]52;c;ZXZpbA==\\x07");
	assert_visible("\x1bP1$r\x1b\\", 0, "\\x1bP1$r\\x1b\\");
	assert_visible("a\0b\x0e\x0f\b\r\x7f", 0, "a\\x00b\\x0e\\x0f\\x08\\x0d\\x7f");
	assert_visible("\x9b"
		       "31m",
		0, "\\x9b31m");
	assert_visible("\xc2\x9b"
		       "31m",
		0, "\\x9b31m");
	assert_visible("a\nb\tc", 0, "a\\x0ab\\x09c");
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		const char *out = visible(&a, &byte, 1, TEXT_LINES);

		for (; *out != '\0'; out++)
			assert_true((*out >= 0x20 && *out < 0x7f) || *out == '\n');
	}
}

static void
test_lines_and_tabs(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct str out = STR_INIT(100);

	assert_visible("ab\tc\n\td\r\n", TEXT_LINES, "ab      c\n        d\\x0d\n");
	assert_visible("12345678\tx", TEXT_LINES, "12345678        x");
	/* Tabs count from where the text begins, not from what stood in the buffer before. */
	str_add(&out, "head ");
	text_visible(&out, "a\tb", 3, TEXT_LINES);
	assert_string_equal(out.buf, "head a       b");
	str_done(&out);
}

/* F33: what hides or disguises is spelled out. */
static void
test_f33_bidi_and_invisible(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	assert_visible("a\xe2\x80\xae"
		       "b",
		0, "a\\u202eb");
	assert_visible("a\xe2\x80\x8b"
		       "b",
		0, "a\\u200bb");
	assert_visible("\xef\xbb\xbf", 0, "\\ufeff");
	assert_visible("\xee\x80\x80", 0, "\\ue000");
	assert_visible("\xf3\xa0\x81\x81", 0, "\\U000e0041");
	assert_visible("\xc2\xad", 0, "\\xad");
	assert_visible("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x9a\xa2", 0,
		"gr\xc3\xbc\xc3\x9f \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x9a\xa2");
	assert_visible("gr\xc3\xbc\xc3\x9f\xf0\x9f\x9a\xa2", TEXT_ASCII, "gr\\xfc\\xdf\\U0001f6a2");
	/* A name: Latin letters with their marks, and none that only look like Latin ones. */
	assert_visible("gr\xc3\xbc\xc3\x9f-db_1.\xc5\xa1\xc8\x99", TEXT_NAME,
		"gr\xc3\xbc\xc3\x9f-db_1.\xc5\xa1\xc8\x99");
	assert_visible("pr\xd0\xbe"
		       "d \xce\xbf\xd5\xa1\xef\xbd\x8f\xc2\xa0.",
		TEXT_NAME, "pr\\u043ed \\u03bf\\u0561\\uff4f\\xa0.");
	assert_visible(
		"\xc4\xb1\xc7\x80\xc7\x83o\xcc\x87", TEXT_NAME, "\\u0131\\u01c0\\u01c3o\\u0307");
	assert_string_equal(text_name(&a, "pr\xd0\xbe"
					  "d"),
		"pr\\u043ed");
	assert_true(text_is_unsafe(0x061c));
	assert_false(text_is_unsafe('a'));
	assert_false(text_is_unsafe(0xe4));
}

/* F34 */
static void
test_f34_invalid_utf8(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct str out = STR_INIT(10);

	assert_visible("\xff\xfe", 0, "\\xff\\xfe");
	assert_visible("\xc0\xaf", 0, "\\xc0\\xaf");                   /* overlong */
	assert_visible("\xe0\x80\xaf", 0, "\\xe0\\x80\\xaf");          /* overlong */
	assert_visible("\xed\xa0\x80", 0, "\\xed\\xa0\\x80");          /* surrogate */
	assert_visible("\xf4\x90\x80\x80", 0, "\\xf4\\x90\\x80\\x80"); /* above U+10FFFF */
	assert_visible("\xe6\x97", 0, "\\xe6\\x97");                   /* cut */
	assert_visible("\xe6"
		       "a",
		0,
		"\\xe6"
		"a");
	assert_visible("\xe6"
		       "abc",
		0,
		"\\xe6"
		"abc");
	assert_visible("\x80", 0, "\\x80");
	text_visible(&out, "0123456789abcdef\x1b", 17, 0);
	assert_string_equal(out.buf, "0123456789");
	assert_true(out.full);
	str_done(&out);
}

static void
test_decode_encode(void **state)
{
	uint32_t code = 7;

	assert_int_equal(text_decode("x", 0, &code), 0);
	assert_int_equal(text_decode("", 0, &code), 0);
	for (uint32_t c = 0; c <= 0x110000; c += c < 0x11000 ? 1 : 257) {
		struct str out = STR_INIT(8);
		size_t n;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		text_encode(&out, c);
		n = text_decode(out.buf, out.len, &code);
		if (c > 0x10ffff) {
			assert_int_equal(n, 0);
		} else {
			assert_int_equal(n, out.len);
			assert_int_equal(code, c);
		}
		/* Never beyond the end. */
		if (n > 1)
			assert_int_equal(text_decode(out.buf, n - 1, &code), 0);
		str_done(&out);
	}
}

static void
test_safe(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	assert_string_equal(text_safe(&a, "x\x1b[2J"), "x\\x1b[2J");
}

static void
test_quantities(void **state)
{
	static const struct {
		int64_t value;
		const char *want;
	} sizes[] = {{0, "0 B"}, {17, "17 B"}, {1023, "1023 B"}, {1024, "1.0 KiB"},
		{1536, "1.5 KiB"}, {102399, "100 KiB"}, {1048523, "1024 KiB"}, {1048576, "1.0 MiB"},
		{1503238553, "1.4 GiB"}, {INT64_MAX, "8.0 EiB"}},
	  durations[] = {{0, "0s"}, {42, "42s"}, {119, "119s"}, {120, "2m"}, {7199, "119m"},
		  {7200, "2h00"}, {43500, "12h05"}, {172799, "47h59"}, {172800, "2d0h"},
		  {277200, "3d5h"}, {8640000, "100d"}, {-90, "-90s"},
		  {INT64_MIN, "-106751991167300d"}, {INT64_MAX, "106751991167300d"}},
	  clocks[] = {{0, "00:00:00"}, {3725, "01:02:05"}, {360000, "100:00:00"}, {-5, "00:00:00"}};
	struct str out = STR_INIT(64);

#define EACH(table, call)                                             \
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {               \
		str_cut(&out, 0);                                     \
		call(&out, (table)[i].value);                         \
		assert_string_equal(str_text(&out), (table)[i].want); \
	}
	EACH(sizes, text_size)
	EACH(durations, text_duration)
	EACH(clocks, text_clock)
	str_done(&out);
}

static void
test_contains(void **state)
{
	assert_true(text_contains("Aragora-DB", "ora-d"));
	assert_true(text_contains("abc", ""));
	assert_true(text_contains("", ""));
	assert_false(text_contains("", "a"));
	assert_false(text_contains("abc", "abcd"));
}

static void
test_roff(void **state)
{
	struct str out = STR_INIT(KIB);

	text_roff(&out, ".x -y\n'z\n \\ see `lifeboat run --drill`.");
	assert_string_equal(
		out.buf, "\\&.x \\-y\n\\&'z\n \\e see \\fBlifeboat run \\-\\-drill\\fR.");
	str_done(&out);
}

static void
test_distance(void **state)
{
	char longer[80];

	memset(longer, 'a', sizeof(longer));
	longer[79] = '\0';
	assert_int_equal(text_distance("rpo", "rpo", 9), 0);
	assert_int_equal(text_distance("kitten", "sitting", 9), 3);
	assert_int_equal(text_distance("", "abc", 9), 3);
	assert_int_equal(text_distance("abc", "", 9), 3);
	assert_int_equal(text_distance("abcdef", "uvwxyz", 4), 4);
	assert_int_equal(text_distance("a", longer, 4), 4);
}

static void
test_valid(void **state)
{
	assert_true(text_valid("", 0));
	assert_true(text_valid("gr\xc3\xbc\xc3\x9f\x1b\n", 7));
	assert_false(text_valid("gr\xfc\xdf", 4));
	assert_false(text_valid("cut \xc3", 5));
	assert_false(text_valid("\xed\xa0\x80", 3));
}

/* The vectors that its authors publish. */
static void
test_hash(void **state)
{
	assert_int_equal(text_hash("", 0), 0xcbf29ce484222325u);
	assert_int_equal(text_hash("a", 1), 0xaf63dc4c8601ec8cu);
	assert_int_equal(text_hash("foobar", 6), 0x85944171f73967e8u);
	assert_int_equal(text_hash("foobarx", 6), 0x85944171f73967e8u);
}

TESTS(T(test_valid), T(test_f31_controls), T(test_lines_and_tabs), T(test_f33_bidi_and_invisible),
	T(test_f34_invalid_utf8), T(test_decode_encode), T(test_safe), T(test_quantities),
	T(test_contains), T(test_roff), T(test_distance), T(test_hash))

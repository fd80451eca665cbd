#include "unit/testing.h"

#include "run/protocol.h"

/* Feeds in pieces as a socket gives them, and takes out what is whole after each. */
static size_t
feed(struct wire *f, const char *bytes, size_t len, size_t piece, struct str *seen)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i += piece) {
		cJSON *j;

		wire_add(f, bytes + i, MIN(piece, len - i));
		while ((j = wire_next(f)) != NULL) {
			const char *op = json_get_text(j, "op");

			str_fmt(seen, "%.20s,", op != NULL ? op : "-");
			count++;
			cJSON_Delete(j);
		}
	}
	return count;
}

static void
test_split_everywhere(void **state)
{
	static const char stream[] = "{\"op\":\"hello\",\"protocol\":1}\n{\"op\":\"a\\nb\"}\n"
				     "{}\n  {\"op\" : \"c\"}  \n{\"op\":\"rest";

	for (size_t piece = 1; piece < sizeof(stream); piece++) {
		struct wire f = WIRE_INIT;
		struct str seen = STR_INIT(KIB);

		assert_int_equal(feed(&f, stream, sizeof(stream) - 1, piece, &seen), 4);
		assert_string_equal(str_text(&seen), "hello,a\nb,-,c,");
		assert_false(f.broken);
		str_done(&seen);
		wire_done(&f);
	}
}

static void
test_not_json(void **state)
{
	static const char *const bad[] = {"hello\n", "\n", "{\"op\":\n", "[1]\n", "1\n", "\"x\"\n",
		"null\n", "{} {}\n", "{}x\n", "{\"a\":\"\\u0000", "\xff\xfe\n",
		"GET / HTTP/1.1\r\n"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct wire f = WIRE_INIT;
		struct str seen = STR_INIT(KIB);
		size_t n = feed(&f, bad[i], strlen(bad[i]), 100, &seen);

		assert_int_equal(n, 0);
		assert_int_equal(f.broken, strchr(bad[i], '\n') != NULL);
		str_done(&seen);
		wire_done(&f);
	}
}

/* What comes behind rubbish is not looked at, however good it is. */
static void
test_broken_stays_broken(void **state)
{
	struct wire f = WIRE_INIT;
	struct str seen = STR_INIT(KIB);
	static const char text[] = "{\"op\":\"a\"}\nrubbish\n{\"op\":\"stop\"}\n";

	assert_int_equal(feed(&f, text, sizeof(text) - 1, 1000, &seen), 1);
	assert_true(f.broken);
	assert_int_equal(feed(&f, text, sizeof(text) - 1, 1000, &seen), 0);
	str_done(&seen);
	wire_done(&f);
}

static void
frame_of(struct str *out, size_t len)
{
	str_cut(out, 0);
	str_add(out, "{\"op\":\"");
	while (out->len + 2 < len)
		str_addc(out, 'x');
	str_add(out, "\"}");
}

/* A frame may be as long as it may be, and the next ones may stand right behind it. */
static void
test_longest(void **state)
{
	static const size_t pieces[] = {1, 100, 4096, WIRE_CHUNK};
	struct str text = STR_INIT(MIB);

	for (size_t i = TEST_ROUNDS(0, 1); i < ARRAY_LEN(pieces); i++) {
		struct wire f = WIRE_INIT;
		struct str seen = STR_INIT(MIB);

		frame_of(&text, PROTOCOL_MAX);
		assert_int_equal(text.len, PROTOCOL_MAX);
		str_addc(&text, '\n');
		for (int k = 0; k < 2000; k++)
			str_add(&text, "{\"op\":\"next\"}\n");
		assert_int_equal(feed(&f, text.buf, text.len, pieces[i], &seen), 2001);
		assert_false(f.broken);
		str_done(&seen);
		wire_done(&f);
	}
	str_done(&text);
}

static void
test_too_long(void **state)
{
	static const size_t pieces[] = {1, 100, WIRE_CHUNK};
	struct str text = STR_INIT(MIB);

	for (size_t i = TEST_ROUNDS(0, 1); i < ARRAY_LEN(pieces); i++) {
		struct wire f = WIRE_INIT;
		struct str seen = STR_INIT(MIB);

		frame_of(&text, PROTOCOL_MAX + 1);
		str_addc(&text, '\n');
		assert_int_equal(feed(&f, text.buf, text.len, pieces[i], &seen), 0);
		assert_true(f.broken);
		str_done(&seen);
		wire_done(&f);
	}
	/* Without an end it is given up when it can't have one any more, in bounded memory. */
	{
		struct wire f = WIRE_INIT;
		struct str seen = STR_INIT(KIB);

		for (int k = 0; k < 1000; k++)
			feed(&f,
				"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
				"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
				128, 128, &seen);
		assert_true(f.broken);
		assert_true(f.buf.cap <= 4 * PROTOCOL_MAX);
		str_done(&seen);
		wire_done(&f);
	}
	str_done(&text);
}

/* Deeply nested: refused by the parser's own bound, no overflow of the stack. */
static void
test_f56_depth(void **state)
{
	struct wire f = WIRE_INIT;
	struct str text = STR_INIT(PROTOCOL_MAX), seen = STR_INIT(KIB);

	for (int i = 0; i < 60000; i++)
		str_addc(&text, '[');
	str_addc(&text, '\n');
	assert_int_equal(feed(&f, text.buf, text.len, WIRE_CHUNK, &seen), 0);
	assert_true(f.broken);
	str_done(&text);
	str_done(&seen);
	wire_done(&f);
}

TESTS(T(test_split_everywhere), T(test_not_json), T(test_broken_stays_broken), T(test_longest),
	T(test_too_long), T(test_f56_depth))

#include "unit/testing.h"

#include "base/clock.h"
#include "base/json.h"

#include <math.h>

static void
write_all(struct json *j)
{
	json_object(j, NULL);
	json_string(j, "text", "a\"b\\c\n\td");
	json_string(j, "none", NULL);
	json_fmt(j, "made", "%d-%s", 1, "x");
	json_array(j, "list");
	json_int(j, NULL, INT64_MIN);
	json_int(j, NULL, INT64_MAX);
	json_object(j, NULL);
	json_object_end(j);
	json_array(j, NULL);
	json_array_end(j);
	json_array_end(j);
	json_double(j, "half", 0.5);
	json_double(j, "nan", NAN);
	json_double(j, "inf", INFINITY);
	json_bool(j, "yes", true);
	json_bool(j, "no", false);
	json_null(j, "null");
	json_raw(j, "raw", "{\"a\":1}");
	json_time(j, "at", 1795962727);
	json_time(j, "never", CLOCK_NONE);
	json_count(j, "count", 3);
	json_count(j, "uncounted", -1);
	json_object_end(j);
}

static void
test_compact(void **state)
{
	CLEANUP(str_done) struct str out = STR_INIT(10 * KIB);
	struct json j = json_new(&out);

	write_all(&j);
	assert_string_equal(out.buf,
		"{\"text\":\"a\\\"b\\\\c\\n\\td\",\"none\":null,\"made\":\"1-x\","
		"\"list\":[-9223372036854775808,9223372036854775807,{},[]],"
		"\"half\":0.5,\"nan\":null,\"inf\":null,\"yes\":true,\"no\":false,\"null\":null,"
		"\"raw\":{\"a\":1},\"at\":\"2026-11-29T14:32:07Z\",\"never\":null,"
		"\"count\":3,\"uncounted\":null}");
}

static void
test_pretty(void **state)
{
	CLEANUP(str_done) struct str out = STR_INIT(10 * KIB);
	struct json j = json_new_pretty(&out);

	json_object(&j, NULL);
	json_array(&j, "a");
	json_int(&j, NULL, 1);
	json_int(&j, NULL, 2);
	json_array_end(&j);
	json_object(&j, "empty");
	json_object_end(&j);
	json_object_end(&j);
	assert_string_equal(out.buf, "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"empty\": {}\n}");
}

/* F36: one record stays one line, and JSON on a terminal is as harmless as text. */
static void
test_f36_escapes(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *want;
	} cases[] = {{"a\nb", 3, "\"a\\nb\""}, {"a\0b", 3, "\"a\\u0000b\""},
		{"\r\x1b\x7f", 3, "\"\\u000d\\u001b\\u007f\""}, {"\xc2\x9b", 2, "\"\\u009b\""},
		{"\xe2\x80\xae", 3, "\"\\u202e\""}, {"\xe2\x80\xa8", 3, "\"\\u2028\""},
		{"\xff", 1, "\"\\ufffd\""}, {"\xf3\xa0\x81\x81", 4, "\"\\udb40\\udc41\""},
		{"\xc3\xbc\xe6\x97\xa5", 5, "\"\xc3\xbc\xe6\x97\xa5\""}, {"", 0, "\"\""}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(str_done) struct str out = STR_INIT(KIB);

		json_quote(&out, cases[i].bytes, cases[i].len);
		assert_string_equal(out.buf, cases[i].want);
	}
}

static void
test_keys_and_lengths(void **state)
{
	CLEANUP(str_done) struct str out = STR_INIT(KIB);
	struct json j = json_new(&out);

	json_object(&j, NULL);
	json_stringn(&j, "k\"ey", "abcdef", 3);
	json_object_end(&j);
	assert_string_equal(out.buf, "{\"k\\\"ey\":\"abc\"}");
}

TESTS(T(test_compact), T(test_pretty), T(test_f36_escapes), T(test_keys_and_lengths))

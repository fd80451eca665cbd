#include "unit/testing.h"

#include "base/clock.h"
#include "conf/json_read.h"

static cJSON *
parse(const char *text)
{
	struct err err = ERR_INIT;
	cJSON *j = json_parse(text, strlen(text), &err);

	if (j == NULL)
		fail_msg("%s: %s", text, err.msg);
	return j;
}

static void
test_getters(void **state)
{
	CLEANUP(json_free)
	cJSON *j = parse(
		" {\"t\":\"x\",\"i\":-5,\"big\":9007199254740993,\"huge\":1e300,\"half\":0.5,"
		"\"b\":true,\"at\":\"2026-11-29T14:32:07Z\",\"bad\":\"never\",\"z\":-0.0} \r\n");

	assert_string_equal(json_get_text(j, "t"), "x");
	assert_null(json_get_text(j, "i"));
	assert_null(json_get_text(j, "T"));
	assert_null(json_get(j, "none"));
	assert_int_equal(json_get_int(j, "i", 7), -5);
	assert_int_equal(json_get_int(j, "t", 7), 7);
	assert_int_equal(json_get_int(j, "half", 7), 7);
	assert_int_equal(json_get_int(j, "huge", 7), 7);
	assert_int_equal(json_get_int(j, "none", 7), 7);
	assert_int_equal(json_get_int(j, "z", 7), 0);
	assert_true(json_get_bool(j, "b", false));
	assert_true(json_get_bool(j, "t", true));
	assert_int_equal(json_get_time(j, "at"), 1795962727);
	assert_true(json_get_time(j, "bad") == CLOCK_NONE);
	assert_true(json_get_time(j, "none") == CLOCK_NONE);
	assert_null(json_get(NULL, "x"));
}

static void
test_refuses(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} bad[] = {{"", 0}, {"{", 1}, {"{} x", 4}, {"{}{}", 4}, {"{}\0", 3}, {"nul", 3},
		{"{'a':1}", 7}, {"[1,]", 4}, {"\"a", 2}, {"{\"a\" 1}", 7}};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		if (json_parse(bad[i].text, bad[i].len, &err) != NULL)
			fail_msg("%s was accepted", bad[i].text);
		assert_err(&err, ERR_SYNTAX, "JSON");
	}
}

/* F56: nesting is bounded. */
static void
test_f56_deep(void **state)
{
	struct str s = STR_INIT(MIB);
	struct err err = ERR_INIT;

	for (int i = 0; i < 100000; i++)
		str_addc(&s, '[');
	assert_null(json_parse(s.buf, s.len, &err));
	err_done(&err);
	str_done(&s);
}

static void
test_load(void **state)
{
	struct err err = ERR_INIT;
	cJSON *j = json_load(test_text_file("a", "[1]"), 100, &err);

	assert_non_null(j);
	json_free(&j);
	assert_null(j);
	assert_null(json_load(test_path("a"), 2, &err));
	assert_err(&err, ERR_LIMIT, "larger than");
	assert_null(json_load(test_text_file("b", "{"), 100, &err));
	assert_err(&err, ERR_SYNTAX, "/b: This is not JSON");
	assert_null(json_load(test_path("none"), 100, &err));
	assert_err(&err, ERR_NOT_FOUND, "Cannot open");
}

static void
test_print(void **state)
{
	CLEANUP(json_free)
	cJSON *j = parse("{ \"a\" : [ 1 , 0.5, 0.1, 124356789.0789214, 0.30000000000000004, "
			 "1e17, 1e999, true, false, null, \"\\u001b\" ], \"o\": {} }");
	CLEANUP(str_done) struct str out = STR_INIT(KIB);

	json_print(&out, j);
	assert_string_equal(out.buf, "{\"a\":[1,0.5,0.1,124356789.07892139,0.30000000000000004,"
				     "1e+17,null,true,false,null,\"\\u001b\"],\"o\":{}}");
}

TESTS(T(test_getters), T(test_refuses), T(test_f56_deep), T(test_load), T(test_print))

#include "unit/testing.h"

#include "conf/expect.h"

static void
test_met(void **state)
{
	static const struct {
		const char *expectation, *value;
		bool met;
	} cases[] = {
		{">= 1", "1", true},
		{">= 1", "0", false},
		{">=1", "1.5", true},
		{"> 1", "1", false},
		{"> -1", "0", true},
		{"< 10", "9", true},
		{"< 10", "10", false},
		{"<= 10", "10", true},
		{"<= 10", "11", false},
		{"= 5", "5.0", true},
		{"== 5", "5", true},
		{"5", "5.00", true},
		{"!= 5", "6", true},
		{"!= 5", "5", false},
		{"dump", "dump", true},
		{"dump", "dumps", false},
		{"!= dump", "x", true},
		{"= a b", "a b", true},
		{"", "", true},
		{"", "x", false},
		{"~ ^ok", "ok then", true},
		{"~ ^ok", "not ok", false},
		{"!~ error", "fine", true},
		{"!~ error", "an error", false},
		{"~ (a|b)+$", "xab", true},
		/* Numbers only where both sides are: nothing is above text. */
		{">= 1", "many", false},
		{"< 5", "", false},
		{"> 1", "1e999", false},
		{"5", "five", false},
		{"> 9", "10", true},
		{"1e3", "1000", true},
		{"0x10", "16", false},
		{"> 1", "nan", false},
		{"inf", "inf", true},
		/* A malformed expectation is never met. */
		{"~ (", "(", false},
		{"!~ (", "x", false},
		{"> x", "y", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (expect_met(cases[i].expectation, cases[i].value) != cases[i].met)
			fail_msg("\"%s\" of \"%s\"", cases[i].expectation, cases[i].value);
}

static void
test_check(void **state)
{
	static const char *const good[] = {"dump", "= x", "!= x", ">= 1", "< -2.5e3", "~ ^a", ""};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(expect_check(good[i], &err));
	assert_false(expect_check("~ [", &err));
	assert_err(&err, ERR_CONFIG, "\"[\" is not a regular expression");
	assert_false(expect_check("!~ a{3,1}", &err));
	assert_err(&err, ERR_CONFIG, "is not a regular expression");
	assert_false(expect_check(">= many", &err));
	assert_hint(&err, ">= 1");
	assert_err(&err, ERR_CONFIG, "must compare with a number");
	assert_false(expect_check(">", &err));
	assert_err(&err, ERR_CONFIG, "must compare with a number");
}

TESTS(T(test_met), T(test_check))

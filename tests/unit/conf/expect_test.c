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
	static const char *const good[] = {"dump", "= x", "!= x", ">= 1", "< -2.5e3", "~ ^a", "",
		"~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9:]{5,8})?$", "~ [^]a]+[]b]*(c|d){1,100}\\.",
		"~ ([a-z]+,)*[a-z]+"};
	/* F56: what glibc would need gigabytes or years for. */
	static const char *const bombs[] = {"~ a++++++++++++++++++++", "~ (((a{99}){99}){99}){99}",
		"~ ((((((((((((((((a+)+)+)+)+)+)+)+)+)+)+)+)+)+)+)+", "~ (a*)*\\1", "!~ a{30000}",
		"~ ((((((((((((((((((((((a))))))))))))))))))))))", "~ x{999999999999999999999}",
		"~ (a{,200}){200}", "~ [a]{300}{300}", "~ \\+++*++++*^/?+++++\\+",
		"~ ((((a*)*)*)*)*", "~ a**"};
	char longest[504];
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(expect_check(good[i], &err));
	assert_false(expect_check("~ [", &err));
	assert_err(&err, ERR_CONFIG, "\"[\" is not a regular expression");
	assert_false(expect_check("!~ a{3,1}", &err));
	assert_err(&err, ERR_CONFIG, "is not a regular expression");
	for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
		assert_false(expect_check(bombs[i], &err));
		assert_hint(&err, "no repeated repetitions");
		assert_err(&err, ERR_CONFIG, "too complex");
	}
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '~';
	longest[sizeof(longest) - 1] = '\0';
	assert_false(expect_check(longest, &err));
	assert_err(&err, ERR_CONFIG, "too complex");
	longest[sizeof(longest) - 3] = '\0';
	assert_true(expect_check(longest, &err));
	assert_false(expect_check(">= many", &err));
	assert_hint(&err, ">= 1");
	assert_err(&err, ERR_CONFIG, "must compare with a number");
	assert_false(expect_check(">", &err));
	assert_err(&err, ERR_CONFIG, "must compare with a number");
}

TESTS(T(test_met), T(test_check))

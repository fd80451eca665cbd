#include "base/banned.h"
#include "conf/expect.h"

#include <math.h>
#include <regex.h>

enum op { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_MATCH, OP_NO_MATCH };

static const struct {
	const char *text;
	enum op op;
} ops[] = {{"==", OP_EQ}, {"!=", OP_NE}, {"<=", OP_LE}, {">=", OP_GE}, {"!~", OP_NO_MATCH},
	{"=", OP_EQ}, {"<", OP_LT}, {">", OP_GT}, {"~", OP_MATCH}};

static enum op
split(const char *expectation, const char **operand)
{
	enum op op = OP_EQ;

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (util_starts(expectation, ops[i].text)) {
			op = ops[i].op;
			expectation += strlen(ops[i].text);
			expectation += strspn(expectation, " ");
			break;
		}
	}
	*operand = expectation;
	return op;
}

static bool
number(const char *text, double *ret)
{
	char *end;

	if (*text == '\0' || strspn(text, "+-.0123456789eE") != strlen(text))
		return false;
	*ret = strtod(text, &end);
	return *end == '\0' && isfinite(*ret);
}

bool
expect_check(const char *expectation, struct err *err)
{
	const char *operand;
	enum op op = split(expectation, &operand);
	double value;
	regex_t re;

	if (op == OP_MATCH || op == OP_NO_MATCH) {
		char why[200];
		int rc = regcomp(&re, operand, REG_EXTENDED | REG_NOSUB);

		if (rc == 0) {
			regfree(&re);
			return true;
		}
		regerror(rc, &re, why, sizeof(why));
		return err_set(
			err, ERR_CONFIG, "\"%s\" is not a regular expression: %s.", operand, why);
	}
	if (op != OP_EQ && op != OP_NE && !number(operand, &value)) {
		err_set(err, ERR_CONFIG, "\"%s\" must compare with a number.", expectation);
		return err_hint(err, "For example \">= 1\".");
	}
	return true;
}

static bool
matches(const char *pattern, const char *value)
{
	regex_t re;
	bool met;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	met = regexec(&re, value, 0, NULL, 0) == 0;
	regfree(&re);
	return met;
}

bool
expect_met(const char *expectation, const char *value)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *operand;
	enum op op = split(expectation, &operand);
	double have, want;
	int order;

	if (!expect_check(expectation, &err))
		return false;
	if (op == OP_MATCH)
		return matches(operand, value);
	if (op == OP_NO_MATCH)
		return !matches(operand, value);
	if (number(value, &have) && number(operand, &want))
		order = have < want ? -1 : have > want;
	else if (op == OP_EQ || op == OP_NE)
		order = strcmp(value, operand);
	else
		return false;
	switch (op) {
	case OP_EQ: return order == 0;
	case OP_NE: return order != 0;
	case OP_LT: return order < 0;
	case OP_LE: return order <= 0;
	case OP_GT: return order > 0;
	default: return order >= 0;
	}
}

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

/*
 * glibc writes every + and {n,m} out when it compiles: nested, they grow beyond any memory, or take
 * hours to be closed over, and references back may match for ever. All are refused; so are a
 * repetition right behind another, which POSIX gives no meaning, and patterns that nobody can read.
 */
#define PATTERN_MAX      500
#define PATTERN_COST_MAX 2000
#define PATTERN_DEPTH    20
#define PATTERN_NESTED   3 /* repetitions within repetitions */

struct part {
	uint64_t cost;
	unsigned nested;
};

struct pattern {
	struct part total[PATTERN_DEPTH + 1]; /* of each open group */
	struct part last;                     /* what a repetition would repeat */
	size_t depth;
	bool repeated; /* it is repeated already */
};

/* {n}, {n,} or {n,m}: how often at most, at least 2; *p moves on to the closing brace. */
static uint64_t
repetitions(const char **p)
{
	uint64_t most = 0, n = 0;

	for (; (*p)[1] != '\0' && **p != '}'; (*p)++) {
		if (**p >= '0' && **p <= '9')
			n = MIN(n * 10 + (uint64_t)(**p - '0'), 2 * PATTERN_COST_MAX);
		else
			n = 0;
		most = MAX(most, n);
	}
	return MAX(most, 2);
}

static bool
repeat(struct pattern *s, uint64_t times)
{
	struct part *total = &s->total[s->depth];

	if (s->repeated)
		return false;
	s->repeated = true;
	total->cost += s->last.cost * (times - 1);
	s->last.cost *= times;
	s->last.nested++;
	total->nested = MAX(total->nested, s->last.nested);
	return total->cost <= PATTERN_COST_MAX && total->nested <= PATTERN_NESTED;
}

static void
add_atom(struct pattern *s, struct part atom)
{
	struct part *total = &s->total[s->depth];

	s->last = atom;
	s->repeated = false;
	total->cost += atom.cost;
	total->nested = MAX(total->nested, atom.nested);
}

static bool
pattern_bounded(const char *p)
{
	const struct part letter = {.cost = 1};
	struct pattern s = {.last = letter};

	if (strlen(p) > PATTERN_MAX)
		return false;
	for (; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0') {
			if (*++p >= '1' && *p <= '9')
				return false;
			add_atom(&s, letter);
		} else if (*p == '[') {
			p += 1 + (p[1] == '^');
			p += *p == ']';
			p += strcspn(p, "]");
			if (*p == '\0')
				return true; /* regcomp says what is wrong */
			add_atom(&s, letter);
		} else if (*p == '(') {
			if (++s.depth > PATTERN_DEPTH)
				return false;
			s.total[s.depth] = (struct part){.cost = 1};
			s.repeated = false;
		} else if (*p == ')' && s.depth > 0) {
			struct part group = s.total[s.depth--];

			add_atom(&s, group);
		} else if (*p == '{') {
			if (!repeat(&s, repetitions(&p)))
				return false;
		} else if (*p == '+' || *p == '*' || *p == '?') {
			if (!repeat(&s, 2))
				return false;
		} else {
			add_atom(&s, letter);
		}
	}
	return true;
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
		int rc;

		if (!pattern_bounded(operand)) {
			err_set(err, ERR_CONFIG, "\"%.60s\" is too complex a regular expression.",
				operand);
			return err_hint(
				err, "At most 500 characters, no repeated repetitions, no \\1.");
		}
		rc = regcomp(&re, operand, REG_EXTENDED | REG_NOSUB);
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

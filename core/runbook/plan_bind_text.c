/*
 * plan_bind_text: parameters that are texts, numbers, times or one of several choices: given ones
 * and defaults are checked against their types.
 */
#include "base/banned.h"
#include "runbook/plan_bind.h"
#include "base/clock.h"
#include "wal/aim.h"

#include <regex.h>

#define VALUE_MAX (16 * KIB)

static bool
wrong(struct binder *b, const struct parameter *q, const char *value, const char *wanted)
{
	return err_set(b->err, ERR_USAGE, "The parameter %s must be %s, but is \"%s\".",
		q->item.key, wanted, value);
}

static bool
whole_match(const char *pattern, const char *value)
{
	regmatch_t m;
	regex_t re;
	bool good;

	if (regcomp(&re, pattern, REG_EXTENDED) != 0)
		return false;
	good = regexec(&re, value, 1, &m, 0) == 0 && m.rm_so == 0 &&
	       (size_t)m.rm_eo == strlen(value);
	regfree(&re);
	return good;
}

static bool
within(const struct parameter *q, int64_t n)
{
	return (q->min == FIELD_ABSENT || n >= q->min) && (q->max == FIELD_ABSENT || n <= q->max);
}

static const char *
bounds(struct arena *a, const struct parameter *q)
{
	if (q->max == FIELD_ABSENT)
		return arena_fmt(a, "at least %lld", (long long)q->min);
	if (q->min == FIELD_ABSENT)
		return arena_fmt(a, "at most %lld", (long long)q->max);
	return arena_fmt(a, "from %lld to %lld", (long long)q->min, (long long)q->max);
}

static bool
choices_hint(struct binder *b, const struct parameter *q)
{
	CLEANUP(str_done) struct str all = STR_INIT(4 * KIB);

	for (size_t i = 0; i < q->choices.n; i++)
		str_fmt(&all, "%s%s", i > 0 ? ", " : "", q->choices.v[i]);
	return err_hint(b->err, "Choices: %s.", str_text(&all));
}

static bool
check_value(struct binder *b, const struct parameter *q, const char *value)
{
	int64_t number;
	struct aim aim;

	if (strlen(value) > VALUE_MAX)
		return err_set(
			b->err, ERR_LIMIT, "The parameter %s is longer than 16 KiB.", q->item.key);
	switch (q->type) {
	case PARAMETER_TEXT:
		return q->pattern == NULL || whole_match(q->pattern, value) ||
		       wrong(b, q, value, arena_fmt(b->plan->arena, "like %s", q->pattern));
	case PARAMETER_INT:
		if (!util_parse_i64(value, &number))
			return wrong(b, q, value, "a whole number");
		return within(q, number) || wrong(b, q, value, bounds(b->plan->arena, q));
	case PARAMETER_DURATION:
		return clock_parse_duration(value, &number) ||
		       wrong(b, q, value, "a duration, like 15m");
	case PARAMETER_TIME:
		return clock_parse(value, &number) ||
		       wrong(b, q, value, "a time with its zone, like 2026-11-20T14:32:07Z");
	case PARAMETER_MOMENT: return aim_parse(b->plan->arena, value, &aim, b->err);
	case PARAMETER_CHOICE:
		for (size_t i = 0; i < q->choices.n; i++)
			if (strcmp(q->choices.v[i], value) == 0)
				return true;
		wrong(b, q, value, "one of its choices");
		return choices_hint(b, q);
	default: return true;
	}
}

bool
bind_text(struct binder *b, const struct parameter *q)
{
	const char *value = bind_given(b, q->item.key);

	if (value == NULL)
		value = q->otherwise != NULL ? q->otherwise : q->optional == 1 ? "" : NULL;
	if (value == NULL)
		return bind_missing(b, q, parameter_type_names[q->type]);
	if (value[0] == '\0' && q->optional != 1)
		return err_set(b->err, ERR_USAGE, "The parameter %s is empty.", q->item.key);
	if (value[0] != '\0' && !check_value(b, q, value))
		return false;
	bind_variable(b, q->item.key, "", VAR_TEXT, value);
	bind_record(b, q, value);
	return true;
}

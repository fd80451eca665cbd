/*
 * choose: a person picks one of several answers, which becomes the step's value.
 */
#include "base/banned.h"
#include "step/kind.h"

struct choose {
	struct item item;
	const char *question, *otherwise;
	struct texts options;
};

static const struct field fields[] = {
	{"question", FIELD_TEMPLATE, offsetof(struct choose, question), "what is to be decided",
		.required = true},
	{"options", FIELD_TEXTS, offsetof(struct choose, options), "the answers", .required = true},
	{"default", FIELD_TEMPLATE, offsetof(struct choose, otherwise),
		"taken when the run is unattended; without it a person must choose"},
};
static const struct schema schema = {.name = "a choose step",
	.size = sizeof(struct choose),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	const struct choose *c = params;

	if (c->options.n < 2 && node_get(at, "options") != NULL)
		node_error(p, at, "A choice needs at least two options.");
	for (size_t i = 0; c->otherwise != NULL && i <= c->options.n; i++) {
		if (i == c->options.n)
			node_error(
				p, node_get(at, "default"), "The default is none of the options.");
		else if (util_streq(c->otherwise, c->options.v[i]))
			break;
	}
}

static void
describe(struct str *out, const void *params)
{
	const struct choose *c = params;

	str_add(out, c->question);
	for (size_t i = 0; i < c->options.n; i++)
		str_fmt(out, "\n  - %s%s", c->options.v[i],
			util_streq(c->options.v[i], c->otherwise) ? " (when unattended)" : "");
}

const struct step_kind step_kind_choose = {
	.name = "choose",
	.summary = "a person picks one of several answers",
	.params = &schema,
	.effect = EFFECT_READ,
	.person = true,
	.check = check,
	.describe = describe,
};

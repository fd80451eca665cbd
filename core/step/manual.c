/*
 * manual: a person does it and says so, recording what was done or a value.
 */
#include "base/banned.h"
#include "step/kind.h"

struct manual {
	struct item item;
	const char *instruction, *ask;
};

static const struct field fields[] = {
	{"instruction", FIELD_TEMPLATE, offsetof(struct manual, instruction),
		"what the person does", .required = true},
	{"ask", FIELD_TEMPLATE, offsetof(struct manual, ask),
		"what to write down when it is done; becomes the step's value"},
};
static const struct schema schema = {.name = "a manual step",
	.size = sizeof(struct manual),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
describe(struct str *out, const void *params)
{
	const struct manual *m = params;

	str_add(out, m->instruction);
	if (m->ask != NULL)
		str_fmt(out, "\nTo be written down: %s", m->ask);
}

const struct step_kind step_kind_manual = {
	.name = "manual",
	.summary = "a person does it and says so",
	.params = &schema,
	.effect = EFFECT_READ,
	.person = true,
	.describe = describe,
};

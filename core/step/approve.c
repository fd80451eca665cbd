/*
 * approve: waits for the consent of others, and does nothing else. What they consent to stands in
 * the step; who they may be, how many and how long they have stands in its "approve".
 */
#include "base/banned.h"
#include "step/kind.h"

struct approve_kind {
	struct item item;
	const char *statement;
};

static const struct field fields[] = {
	{"statement", FIELD_TEMPLATE, offsetof(struct approve_kind, statement),
		"what is consented to", .required = true},
};
static const struct schema schema = {.name = "an approve step",
	.size = sizeof(struct approve_kind),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	/* Nothing is executed: these would only look as if they did something. */
	static const char *const keys[] = {"confirm", "timeout", "retry", "expect", "env", "undo"};

	if (node_get(at, "approve") == NULL)
		node_error(p, at, "An approve step needs \"approve\".")->hint =
			"approve: {count: 1}, and from: [...] for who may.";
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (node_get(at, keys[i]) != NULL)
			node_error(p, node_get(at, keys[i]),
				"\"%s\" has no effect in an approve step.", keys[i]);
	if (effect != EFFECT_READ)
		node_error(p, node_get(at, "effect"), "An approve step changes nothing.");
}

static void
describe(struct str *out, const void *params)
{
	str_add(out, ((const struct approve_kind *)params)->statement);
}

const struct step_kind step_kind_approve = {
	.name = "approve",
	.summary = "wait for the consent of others",
	.params = &schema,
	.effect = EFFECT_READ,
	.check = check,
	.describe = describe,
};

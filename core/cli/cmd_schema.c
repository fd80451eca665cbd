/*
 * cmd_schema: `lifeboat schema`: JSON Schemas of our files, for editors, from the reader's tables.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "runbook/runbook.h"

#define DRAFT "https://json-schema.org/draft/2020-12/schema"

/* One schema a kind, told apart by `kind`; an editor then offers what goes with it. */
static void
steps_schema(struct json *j)
{
	json_object(j, "steps");
	json_string(j, "type", "array");
	json_int(j, "minItems", 1);
	json_int(j, "maxItems", RUNBOOK_STEPS_MAX);
	json_object(j, "items");
	json_array(j, "oneOf");
	for (size_t i = 0; step_kinds[i] != NULL; i++) {
		const struct schema *parts[] = {&step_schema, step_kinds[i]->params};

		json_object(j, NULL);
		json_string(j, "title", step_kinds[i]->summary);
		json_object(j, "properties");
		json_object(j, "kind");
		json_string(j, "const", step_kinds[i]->name);
		json_object_end(j);
		json_object_end(j);
		json_array(j, "allOf");
		schema_json(j, NULL, parts, ARRAY_LEN(parts));
		json_array_end(j);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
	json_object_end(j);
}

static int
run_schema(struct cli *cli)
{
	bool site = util_streq(cli->args[0], "site");
	const struct schema *top = site ? &site_schema : &runbook_schema;
	struct json j = json_new_pretty(&cli->out);
	struct err err = ERR_INIT;

	if (!site && !util_streq(cli->args[0], "runbook")) {
		err_set(&err, ERR_USAGE, "There is no schema \"%s\".", cli->args[0]);
		err_hint(&err, "site or runbook");
		return cli_fail(cli, &err);
	}
	json_object(&j, NULL);
	json_string(&j, "$schema", DRAFT);
	json_array(&j, "allOf");
	schema_json(&j, NULL, &top, 1);
	if (!site) {
		json_object(&j, NULL);
		json_object(&j, "properties");
		steps_schema(&j);
		json_object_end(&j);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_object_end(&j);
	cli_print(cli, "\n");
	return 0;
}

const struct cli_command cli_cmd_schema = {
	.name = "schema",
	.args = "site|runbook",
	.min_args = 1,
	.max_args = 1,
	.summary = "print the JSON Schema of site files or runbooks, for editors",
	.complete = "site runbook",
	.run = run_schema,
};

/*
 * cmd_plan: `lifeboat plan`: exactly what a run would do, without doing it.
 */
#include "base/banned.h"
#include "cli/run_common.h"

static int
run_plan(struct cli *cli)
{
	struct err err = ERR_INIT;
	const char *format;
	struct plan *p;

	if (!cli_format(cli, "text json", &format, &err) ||
		!cli_plan(cli, !cli_flag(cli, "unattended"), &p, &err))
		return cli_fail(cli, &err);
	if (util_streq(format, "json")) {
		struct json j = json_new_pretty(&cli->out);

		plan_json(p, &j);
		cli_print(cli, "\n");
	} else {
		plan_text(p, &cli->out);
	}
	return 0;
}

static const struct cli_option options[] = {
	{"set", 0, "NAME=VALUE", "a parameter; may be repeated", NULL},
	{"drill", 0, NULL, "as a drill: production can't be chosen", NULL},
	{"incident", 0, "TIME", "when it began: the recovery clock counts from there", NULL},
	{"unattended", 0, NULL, "as without a person", NULL},
	{"format", 0, "text|json", "how to print", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_plan = {
	.name = "plan",
	.args = "RUNBOOK",
	.min_args = 1,
	.max_args = 1,
	.summary = "print exactly what a runbook would run, where and as whom",
	.details = "Nothing is executed and nothing is connected to. What only a step can tell (a "
		   "sandbox's\naddress, a captured value) stands as {{name}}.",
	.options = options,
	.complete = "runbook",
	.run = run_plan,
};

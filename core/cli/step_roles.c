/*
 * step_roles: the roles of our own processes; the runner starts them, never a person.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "step/child.h"

static int
run_step(struct cli *cli)
{
	return step_child_main(cli->nargs > 0 && util_streq(cli->args[0], "cleanup"));
}

const struct cli_command cli_cmd_step = {
	.name = "__step",
	.args = "[cleanup]",
	.max_args = 1,
	.summary = "a step's own process",
	.run = run_step,
	.hidden = true,
};

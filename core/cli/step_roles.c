/*
 * step_roles: the roles of our own processes; the runner starts them, never a person.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "run/runner.h"
#include "step/child.h"

static int
run_step(struct cli *cli)
{
	const char *role = cli->nargs > 0 ? cli->args[0] : "";

	return step_child_main(util_streq(role, "cleanup")    ? STEP_CLEANUP
			       : util_streq(role, "probe")    ? STEP_PROBE
			       : util_streq(role, "approval") ? STEP_APPROVAL
							      : STEP_RUN);
}

static int
run_runner(struct cli *cli)
{
	return runner_main(cli->args[0]);
}

const struct cli_command cli_cmd_step = {
	.name = "__step",
	.args = "[cleanup|probe|approval]",
	.max_args = 1,
	.summary = "a step's own process",
	.run = run_step,
	.hidden = true,
};

const struct cli_command cli_cmd_runner = {
	.name = "__runner",
	.args = "DIR",
	.min_args = 1,
	.max_args = 1,
	.summary = "the process of a run",
	.run = run_runner,
	.hidden = true,
};

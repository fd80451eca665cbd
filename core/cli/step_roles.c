/*
 * step_roles: the roles of our own processes; the runner starts them, never a person.
 */
#include "base/banned.h"
#include "cli/trust.h"
#include "base/file.h"
#include "run/dir.h"
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
	const char *dir = cli->args[0];
	int status = runner_main(dir);

	/* The run is over and nobody waits for this: a dead anchor costs nobody anything. Where a
	 * log failed us it is left alone: what a sync lost is not to be sealed over (F03). */
	if (status != err_exit_status(ERR_AUDIT) && file_exists(run_dir_journal(cli->arena, dir)))
		trust_after_run(cli, dir);
	return status;
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

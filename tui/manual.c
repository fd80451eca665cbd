/*
 * manual: lifeboat.1 whole: the commands' part and the console's keys, each from its own table.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "tui/keys.h"

static int
run_man(struct cli *cli)
{
	cli_man(&cli->out);
	str_add(&cli->out, ".SH KEYS\nIn the console:\n");
	keys_man(&cli->out);
	return 0;
}

const struct cli_command cli_cmd_man = {
	.name = "__man",
	.args = "",
	.summary = "the manual page",
	.hidden = true,
	.run = run_man,
};

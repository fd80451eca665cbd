/*
 * help: --help, made from the command table.
 */
#include "base/banned.h"
#include "cli/cli.h"

static void
option_line(struct str *out, const struct cli_option *o)
{
	size_t start = out->len;

	str_add(out, "  ");
	if (o->letter != 0)
		str_fmt(out, "-%c, ", o->letter);
	str_fmt(out, "--%s%s%s", o->name, o->arg != NULL ? " " : "", o->arg != NULL ? o->arg : "");
	str_pad(out, start + 28);
	str_fmt(out, " %s\n", o->doc);
}

static void
overview(struct str *out)
{
	str_add(out, "lifeboat: runbook console for backup and disaster recovery\n\n"
		     "usage: lifeboat [COMMAND] [OPTION]...\n\n");
	for (size_t i = 0; cli_commands[i] != NULL; i++) {
		const struct cli_command *c = cli_commands[i];
		size_t start = out->len;

		if (c->hidden)
			continue;
		str_fmt(out, "  %s", c->name);
		str_pad(out, start + 14);
		str_fmt(out, " %s\n", c->summary);
	}
	str_add(out,
		"\n`lifeboat COMMAND --help` tells more. Exit status: 0 good, 1 a check failed "
		"or an\nobjective is breached, 2 it could not be found out, 3 refused, 4 stopped "
		"by the\noperator.\n");
}

void
cli_help(struct str *out, const struct cli_command *c)
{
	if (c == NULL) {
		overview(out);
		return;
	}
	str_fmt(out, "usage: lifeboat %s [OPTION]... %s\n\n%s\n", c->name, c->args, c->summary);
	if (c->details != NULL)
		str_fmt(out, "\n%s\n", c->details);
	str_add(out, "\nOptions:\n");
	for (const struct cli_option *o = c->options; o != NULL && o->name != NULL; o++)
		option_line(out, o);
	for (const struct cli_option *o = cli_common_options; o->name != NULL; o++)
		option_line(out, o);
}

static int
run_help(struct cli *cli)
{
	const struct cli_command *c = cli->nargs > 0 ? cli_find(cli->args[0]) : NULL;
	struct err err = ERR_INIT;

	if (cli->nargs > 0 && (c == NULL || c->hidden)) {
		err_set(&err, ERR_USAGE, "There is no command \"%s\".", cli->args[0]);
		err_hint(&err, "See `lifeboat help`.");
		return cli_fail(cli, &err);
	}
	cli_help(&cli->out, c);
	return 0;
}

static int
run_version(struct cli *cli)
{
	cli_print(cli, "lifeboat %s\n", LIFEBOAT_VERSION);
	return 0;
}

const struct cli_command cli_cmd_help = {
	.name = "help",
	.args = "[COMMAND]",
	.max_args = 1,
	.summary = "this overview, or the help of a command",
	.complete = "command",
	.run = run_help,
};

const struct cli_command cli_cmd_version = {
	.name = "version",
	.args = "",
	.summary = "print the version",
	.run = run_version,
};

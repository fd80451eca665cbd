/*
 * cmd_sign: `lifeboat sign RUNBOOK --key KEY`: the signature that a site with runbooks.signed_by
 * asks for.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "base/readonly.h"
#include "runbook/signature.h"

static int
run_sign(struct cli *cli)
{
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	const char *path, *key = cli_value(cli, "key");
	struct err err = ERR_INIT;
	struct problems p;
	struct runbook *r;

	if (!runbook_find(cli->arena, cli->args[0], &path, &err))
		return cli_fail(cli, &err);
	problems_init(&p, cli->arena, path);
	r = runbook_load(path, false, &p);
	if (r == NULL) {
		if (!problems_err(&p, &err))
			return cli_fail(cli, &err);
		return 2;
	}
	signature_text(r, &text);
	if (key != NULL && (!readonly_check(&err) || !signature_make(r, key, &err)))
		return cli_fail(cli, &err);
	cli_print(cli, "%s", str_text(&text));
	return 0;
}

static const struct cli_option options[] = {
	{"key", 0, "FILE", "private SSH key, or the public half of one in the agent", "file"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_sign = {
	.name = "sign",
	.args = "RUNBOOK",
	.min_args = 1,
	.max_args = 1,
	.summary = "sign a runbook, for sites that run only signed ones",
	.details = "Prints the text that is signed; with --key it writes RUNBOOK.yaml.sig beside "
		   "it. By hand:\n"
		   "lifeboat sign R.yaml | ssh-keygen -Y sign -f KEY -n lifeboat-runbook > "
		   "R.yaml.sig",
	.options = options,
	.complete = "runbook",
	.run = run_sign,
};

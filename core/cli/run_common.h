/*
 * run_common: what run, plan, attach and resume share.
 */
#ifndef CLI_RUN_COMMON_H
#define CLI_RUN_COMMON_H

#include "cli/cli.h"
#include "run/client.h"
#include "run/start.h"

/*
 * The plan of args[0] with --set, --drill and --site. Findings of lint go to standard error;
 * those that are no matter of style are an error.
 */
MUST_CHECK bool cli_plan(struct cli *cli, bool attended, struct plan **ret, struct err *err);

MUST_CHECK bool cli_state(struct cli *cli, bool create, const char **ret, struct err *err);
/* The directory of the run that args[0] names. */
MUST_CHECK bool cli_run_dir(
	struct cli *cli, const char **ret_id, const char **ret, struct err *err);

enum follow_flags {
	FOLLOW_JSONL = 1 << 0,  /* journal lines instead of text */
	FOLLOW_ASK = 1 << 1,    /* put questions to the terminal */
	FOLLOW_OUTPUT = 1 << 2, /* what the steps print, too */
	FOLLOW_STOP = 1 << 3,   /* an interrupt stops the run (else it only leaves it) */
};

/*
 * Follows a run line by line until it ends, the terminal goes or the person leaves: the mode
 * for screen readers, dumb terminals, cron. Returns the exit status.
 */
int cli_follow(struct cli *cli, const char *dir, unsigned flags);
/* Keeps SIGINT and SIGTERM for cli_follow, from before a run begins: an interrupt in between
 * would leave a run behind that nobody watches. */
void cli_hold_signals(void);

/* For start_options.prompt: asks the terminal without echo. */
bool cli_prompt_secret(const char *name, struct secret **ret, void *arg, struct err *err);

#endif

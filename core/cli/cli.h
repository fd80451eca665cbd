/*
 * cli: what every subcommand is made of. One file a subcommand, one row in cli/table.c.
 *
 * The row gives the options, --help, the man page and the shell completions. A subcommand
 * returns its exit status (DESIGN.md promise 9) and prints through cli_out, so that a full
 * disk or a closed pipe behind standard output is noticed.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/str.h"
#include "conf/site.h"

struct cli_option {
	const char *name; /* without the dashes */
	char letter;      /* short form, 0 for none */
	const char *arg;  /* what it takes, "TIME"; NULL for a flag */
	const char *doc;
	const char
		*complete; /* "file", "runbook", "run", "backup", "asset", or words: "text json" */
};

struct cli;

struct cli_command {
	const char *name;
	const char *args; /* "RUNBOOK"; "" for none */
	size_t min_args, max_args;
	const char *summary;              /* one line */
	const char *details;              /* paragraphs for --help and the man page; may be NULL */
	const struct cli_option *options; /* ends with a NULL name; may be NULL */
	int (*run)(struct cli *cli);
	const char *complete; /* what the arguments are; as in cli_option */
	bool hidden;          /* a role of our own processes, not for people */
};

struct cli {
	struct arena *arena;
	const struct cli_command *command;
	const char **args;
	size_t nargs;
	struct cli_value *values;
	size_t nvalues;
	struct str out; /* flushed by cli_flush and at the end */
	bool out_failed;
};

extern const struct cli_command *const cli_commands[]; /* ends with NULL */
const struct cli_command *cli_find(const char *name);

/* Options that every command has: --site, --help. */
extern const struct cli_option cli_common_options[];

bool cli_flag(const struct cli *cli, const char *name);
const char *cli_value(const struct cli *cli, const char *name); /* the last one; NULL if absent */
/* All values of a repeated option, in order. */
size_t cli_values(const struct cli *cli, const char *name, const char ***ret);
/* --format; `allowed` like "text json jsonl". Anything else is a usage error. */
MUST_CHECK bool cli_format(
	const struct cli *cli, const char *allowed, const char **ret, struct err *err);

void cli_print(struct cli *cli, const char *fmt, ...) PRINTF(2, 3);
void cli_flush(struct cli *cli);
/* "lifeboat: message" and the hint on standard error, made visible; returns the exit status. */
int cli_fail(struct cli *cli, struct err *err);

/*
 * The site file, loaded. *ret is NULL with success when there is none and it is not `required`.
 * All problems of a bad one are printed on standard error.
 */
MUST_CHECK bool cli_site(struct cli *cli, bool required, const struct site **ret, struct err *err);

/* Parses and runs; argv[0] is the program. The exit status. */
int cli_main(int argc, char **argv);

/* The texts made from the table. */
void cli_help(struct str *out, const struct cli_command *c); /* NULL: the overview */
void cli_man(struct str *out);                               /* roff, man(7) */
void cli_completion(struct str *out, const char *shell);     /* "bash", "zsh", "fish" */

#endif

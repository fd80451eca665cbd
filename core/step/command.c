/*
 * command: a program with its arguments, or a shell script where one is asked for.
 *
 * The child becomes the program (execve), so its exit status is the step's. `run` is argv and
 * never sees a shell; `sh` gets variables as environment only.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "base/path.h"

#include <errno.h>
#include <signal.h>

#define SHELL "/bin/bash"

extern char **environ;

struct command {
	struct item item;
	struct texts run;
	const char *sh, *dir;
};

static const struct field fields[] = {
	{"run", FIELD_TEXTS, offsetof(struct command, run), "the program and its arguments"},
	{"sh", FIELD_SCRIPT, offsetof(struct command, sh),
		"a script for bash -eu; variables come through env"},
	{"dir", FIELD_TEMPLATE, offsetof(struct command, dir), "working directory"},
};
static const struct schema schema = {.name = "a command step",
	.size = sizeof(struct command),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	const struct command *c = params;
	const struct node *run = node_get(at, "run");

	if ((c->sh != NULL) == (run != NULL))
		node_error(p, at, "A command step needs exactly one of run and sh.");
	if (run != NULL && run->type == NODE_LIST && run->count == 0)
		node_error(p, run, "\"run\" is empty: there is no program.");
	if (run != NULL && run->type == NODE_SCALAR && strchr(run->text, ' ') != NULL)
		node_error(p, run, "\"run\" is a list of arguments, not a command line.")->hint =
			"Write run: [program, argument, ...]; for a script use sh: |";
	if (c->sh != NULL && strstr(c->sh, "{{") != NULL)
		node_error(p, node_get(at, "sh"), "Variables are not spliced into a script.")
			->hint =
			"Hand them over: env: {NAME: \"{{variable}}\"}, and use \"$NAME\".";
}

static void
describe(struct str *out, const void *params)
{
	const struct command *c = params;

	if (c->sh != NULL)
		str_fmt(out, SHELL " -eu -c:\n%s", c->sh);
	else
		step_quote_argv(out, &c->run);
	if (c->dir != NULL)
		str_fmt(out, "\nin %s", c->dir);
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct command *cmd = params;
	const char *program;
	char **argv;
	size_t n = 0;

	if (cmd->sh == NULL && cmd->run.n == 0)
		return err_set(err, ERR_CONFIG, "There is no program to run.");
	/* First: a program that is named relatively is meant from there. */
	if (cmd->dir != NULL && chdir(cmd->dir) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot enter %s", cmd->dir);
	if (!path_tool(c->arena, cmd->sh != NULL ? SHELL : cmd->run.v[0], &program, err))
		return false;
	argv = arena_array(c->arena, cmd->run.n + 5, sizeof(*argv));
	if (cmd->sh != NULL) {
		argv[n++] = arena_strdup(c->arena, "bash");
		argv[n++] = arena_strdup(c->arena, "-eu");
		argv[n++] = arena_strdup(c->arena, "-c");
		argv[n++] = arena_strdup(c->arena, cmd->sh);
	}
	/* PostgreSQL's programs look for each other beside argv[0]. */
	for (size_t i = 0; i < cmd->run.n; i++)
		argv[n++] = arena_strdup(c->arena, i == 0 ? program : cmd->run.v[i]);
	/* What we ignore would stay ignored: yes | head must end by SIGPIPE. */
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	execve(program, argv, environ);
	signal(SIGPIPE, SIG_IGN);
	return err_sys(err, errno == ENOENT ? ERR_TOOL_MISSING : ERR_IO, errno, "Cannot execute %s",
		program);
}

const struct step_kind step_kind_command = {
	.name = "command",
	.summary = "run a program, or a script",
	.params = &schema,
	.effect = EFFECT_WRITE,
	.output = true,
	.check = check,
	.describe = describe,
	.run = run,
};

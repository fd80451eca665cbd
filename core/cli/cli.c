#include "base/banned.h"
#include "cli/cli.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "verify/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>

struct cli_value {
	const char *name, *value;
};

const struct cli_option cli_common_options[] = {
	{"site", 0, "FILE",
		"the site file (else $LIFEBOAT_SITE, ~/.config/lifeboat, /etc/lifeboat)", "file"},
	{"help", 'h', NULL, "print this help and exit", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command *
cli_find(const char *name)
{
	for (size_t i = 0; cli_commands[i] != NULL; i++)
		if (strcmp(cli_commands[i]->name, name) == 0)
			return cli_commands[i];
	return NULL;
}

bool
cli_flag(const struct cli *cli, const char *name)
{
	return cli_value(cli, name) != NULL;
}

const char *
cli_value(const struct cli *cli, const char *name)
{
	for (size_t i = cli->nvalues; i > 0; i--)
		if (strcmp(cli->values[i - 1].name, name) == 0)
			return cli->values[i - 1].value;
	return NULL;
}

size_t
cli_values(const struct cli *cli, const char *name, const char ***ret)
{
	size_t n = 0;

	*ret = arena_array(cli->arena, cli->nvalues + 1, sizeof(**ret));
	for (size_t i = 0; i < cli->nvalues; i++)
		if (strcmp(cli->values[i].name, name) == 0)
			(*ret)[n++] = cli->values[i].value;
	return n;
}

bool
cli_format(const struct cli *cli, const char *allowed, const char **ret, struct err *err)
{
	const char *format = cli_value(cli, "format");
	size_t n;

	if (format == NULL) {
		*ret = "text";
		return true;
	}
	for (const char *p = allowed; *p != '\0'; p += n + strspn(p + n, " ")) {
		n = strcspn(p, " ");
		if (strlen(format) == n && memcmp(p, format, n) == 0) {
			*ret = format;
			return true;
		}
	}
	err_set(err, ERR_USAGE, "There is no format \"%s\" for %s.", format, cli->command->name);
	return err_hint(err, "Formats: %s.", allowed);
}

void
cli_flush(struct cli *cli)
{
	if (cli->out.len > 0 && !cli->out_failed &&
		!file_write_all(STDOUT_FILENO, cli->out.buf, cli->out.len)) {
		cli->out_failed = true;
		/* A reader that has seen enough (head) is no failure worth a message. */
		if (errno != EPIPE)
			fprintf(stderr, "lifeboat: Cannot write to standard output: %s\n",
				strerror(errno));
	}
	str_cut(&cli->out, 0);
}

void
cli_print(struct cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(&cli->out, fmt, ap);
	va_end(ap);
	if (cli->out.len > 64 * KIB)
		cli_flush(cli);
}

static void
report(const char *msg, const char *hint)
{
	CLEANUP(str_done) struct str out = STR_INIT(256 * KIB);

	str_add(&out, "lifeboat: ");
	text_visible(&out, msg, strlen(msg), TEXT_LINES);
	str_addc(&out, '\n');
	if (hint != NULL) {
		str_add(&out, "  ");
		text_visible(&out, hint, strlen(hint), TEXT_LINES);
		str_addc(&out, '\n');
	}
	if (!file_write_all(STDERR_FILENO, out.buf, out.len))
		return;
}

int
cli_fail(struct cli *cli, struct err *err)
{
	int status = err_exit_status(err->code);

	cli_flush(cli);
	report(err->msg, err->hint);
	err_done(err);
	return status;
}

bool
cli_site(struct cli *cli, bool required, const struct site **ret, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(256 * KIB);
	const char *path = site_find(cli->arena, cli_value(cli, "site"));
	struct problems problems;

	*ret = NULL;
	if (path == NULL && !required)
		return true;
	if (path == NULL) {
		err_set(err, ERR_CONFIG, "There is no site file.");
		return err_hint(err, "Give one with --site FILE or $LIFEBOAT_SITE; `lifeboat demo` "
				     "makes one to look at.");
	}
	problems_init(&problems, cli->arena, path);
	*ret = site_load(path, &problems);
	if (*ret != NULL)
		return true;
	problems_text(&problems, &text);
	cli_flush(cli);
	if (!file_write_all(STDERR_FILENO, text.buf, text.len))
		return err_sys(err, ERR_IO, errno, "Cannot write to standard error");
	return err_set(err, ERR_CONFIG, "The site file %s is not usable.", path);
}

static const struct cli_option *
find_option(const struct cli_command *c, const char *name, size_t len, char letter)
{
	const struct cli_option *lists[] = {c->options, cli_common_options};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (const struct cli_option *o = lists[i]; o != NULL && o->name != NULL; o++) {
			if (name != NULL ? strlen(o->name) == len && memcmp(o->name, name, len) == 0
					 : o->letter == letter)
				return o;
		}
	}
	return NULL;
}

static bool
unknown_option(const struct cli_command *c, const char *given, struct err *err)
{
	err_set(err, ERR_USAGE, "%s has no option %s.", c->name, given);
	return err_hint(err, "See `lifeboat %s --help`.", c->name);
}

/* Takes one option at argv[*i]; *i moves on when its value is the next word. */
static bool
parse_option(struct cli *cli, char **argv, int argc, int *i, struct err *err)
{
	const char *given = argv[*i], *equals = strchr(given, '='), *value = "";
	bool is_long = given[1] == '-';
	size_t len =
		is_long ? (equals != NULL ? (size_t)(equals - given) - 2 : strlen(given) - 2) : 1;
	const struct cli_option *o =
		find_option(cli->command, is_long ? given + 2 : NULL, len, given[1]);

	if (o == NULL || (!is_long && given[2] != '\0' && o->arg == NULL))
		return unknown_option(cli->command, given, err);
	if (o->arg == NULL) {
		if (is_long && equals != NULL)
			return err_set(err, ERR_USAGE, "--%s takes no value.", o->name);
	} else if (is_long && equals != NULL) {
		value = equals + 1;
	} else if (!is_long && given[2] != '\0') {
		value = given + 2;
	} else if (*i + 1 < argc) {
		value = argv[++*i];
	} else {
		return err_set(err, ERR_USAGE, "--%s needs a value: %s.", o->name, o->arg);
	}
	cli->values[cli->nvalues++] = (struct cli_value){o->name, value};
	return true;
}

static bool
parse(struct cli *cli, int argc, char **argv, struct err *err)
{
	bool only_args = false;

	cli->args = arena_array(cli->arena, (size_t)argc + 1, sizeof(*cli->args));
	cli->values = arena_array(cli->arena, (size_t)argc + 1, sizeof(*cli->values));
	for (int i = 0; i < argc; i++) {
		if (!only_args && strcmp(argv[i], "--") == 0) {
			only_args = true;
		} else if (!only_args && argv[i][0] == '-' && argv[i][1] != '\0') {
			if (!parse_option(cli, argv, argc, &i, err))
				return false;
		} else {
			cli->args[cli->nargs++] = argv[i];
		}
	}
	if (cli_flag(cli, "help"))
		return true;
	if (cli->nargs < cli->command->min_args || cli->nargs > cli->command->max_args) {
		err_set(err, ERR_USAGE, "%s for `lifeboat %s`: it takes %s.",
			cli->nargs < cli->command->min_args ? "Too few arguments"
							    : "Too many arguments",
			cli->command->name,
			cli->command->args[0] != '\0' ? cli->command->args : "none");
		return err_hint(err, "See `lifeboat %s --help`.", cli->command->name);
	}
	return true;
}

static bool
find_command(int argc, char **argv, const struct cli_command **ret, struct err *err)
{
	const char *name = argc > 1 ? argv[1] : "console", *near = NULL;
	size_t best = 4;

	/* `lifeboat` and `lifeboat --kiosk` are the console. */
	if (name[0] == '-' && strcmp(name, "--help") != 0 && strcmp(name, "-h") != 0 &&
		strcmp(name, "--version") != 0)
		name = "console";
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	*ret = cli_find(name);
	if (*ret != NULL)
		return true;
	for (size_t i = 0; cli_commands[i] != NULL; i++) {
		size_t d = text_distance(name, cli_commands[i]->name, 4);

		if (!cli_commands[i]->hidden && d < best) {
			best = d;
			near = cli_commands[i]->name;
		}
	}
	err_set(err, ERR_USAGE, "There is no command \"%s\".", name);
	if (near != NULL)
		return err_hint(err, "Did you mean `lifeboat %s`? See also `lifeboat help`.", near);
	return err_hint(err, "See `lifeboat help`.");
}

/*
 * What killed processes left of their sandboxes goes before anything else is done. The console
 * must open at once (its collector is a command, too), and our own roles start too often.
 */
static void
sweep(const struct cli_command *c)
{
	static const char *const exempt[] = {"console", "help", "version"};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *state;
	size_t removed;

	for (size_t i = 0; i < ARRAY_LEN(exempt); i++)
		if (c->hidden || util_streq(c->name, exempt[i]))
			return;
	if (!path_state(&a, false, &state, &err) || !sandbox_sweep(state, &removed, &err))
		report(err.msg, err.hint);
}

int
cli_main(int argc, char **argv)
{
	CLEANUP(arena_done) struct arena arena = ARENA_INIT;
	struct cli cli = {.arena = &arena, .out = STR_INIT(64 * MIB)};
	struct err err = ERR_INIT;
	int status, skip;

	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write(2), not a death (F04) */
	if (!find_command(argc, argv, &cli.command, &err))
		return cli_fail(&cli, &err);
	skip = argc > 1 && (strcmp(argv[1], cli.command->name) == 0 ||
				   !util_streq(cli.command->name, "console"));
	if (!parse(&cli, argc - 1 - skip, argv + 1 + skip, &err)) {
		status = cli_fail(&cli, &err);
	} else if (cli_flag(&cli, "help")) {
		cli_help(&cli.out, cli.command);
		status = 0;
	} else {
		sweep(cli.command);
		status = cli.command->run(&cli);
	}
	cli_flush(&cli);
	if (cli.out_failed && status == 0)
		status = 2;
	str_done(&cli.out);
	return status;
}

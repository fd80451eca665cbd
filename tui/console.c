/*
 * console: `lifeboat` alone: the console, the status board, and the linear mode.
 */
#include "base/banned.h"
#include "cli/console.h"
#include "base/file.h"
#include "base/path.h"
#include "base/readonly.h"
#include "base/text.h"
#include "run/dir.h"
#include "run/start.h"
#include "run/state.h"
#include "tui/app.h"
#include "tui/plain.h"
#include "tui/view/screens.h"

#include <errno.h>

/* The site file or why there is none: the console opens without one, too. */
static void
load_site(struct cli *cli, struct app_options *o)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	struct problems problems;

	o->site_file = site_find(cli->arena, cli_value(cli, "site"));
	if (o->site_file == NULL) {
		o->site_problem =
			"There is no site file, so there is no board. It says what is protected "
			"and where the backups are: give one with --site FILE or $LIFEBOAT_SITE, "
			"or "
			"put it at ~/.config/lifeboat/site.yaml. `lifeboat demo` makes one to look "
			"at.";
		return;
	}
	problems_init(&problems, cli->arena, o->site_file);
	o->site = site_load(o->site_file, &problems);
	if (o->site != NULL)
		return;
	problems_text(&problems, &text);
	o->site_problem = arena_fmt(cli->arena,
		"The site file can't be used; mend it and start again. `lifeboat lint` says the "
		"same:\n%s",
		str_text(&text));
}

static bool
set_up(struct cli *cli, const struct console_start *start, struct app *app, struct theme *theme,
	struct err *err)
{
	struct app_options o = {.read_only = start->read_only || start->kiosk,
		.kiosk = start->kiosk,
		.no_clock = cli_flag(cli, "no-clock"),
		.leave_text = cli_value(cli, "leave-asks")};
	const char *name = cli_value(cli, "theme");

	if (name == NULL)
		name = getenv("LIFEBOAT_THEME");
	if (!theme_load(
		    cli->arena, name != NULL && name[0] != '\0' ? name : "default", theme, err) ||
		!path_state(cli->arena, false, &o.state, err))
		return false;
	if (o.read_only)
		readonly_set();
	load_site(cli, &o);
	app_init(app, &o);
	return true;
}

/* What is said behind the screen's end, where it stays to be read. */
static void
say_afterwards(struct cli *cli, struct app *app)
{
	cli_flush(cli);
	if (app->message.len > 0 &&
		!file_write_all(STDERR_FILENO, app->message.buf, app->message.len))
		app->exit = 2;
}

/* Of a run that was opened, as without a console. One that goes on is good so far; of one that
 * nobody does any more, or that can't be read, nothing is known. */
static int
exit_of_run(const char *dir)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	/* The runner first: one that ends in between has written its last record by then. */
	bool alive = run_dir_runner(dir) > 0;
	struct run_state s;

	run_state_init(&s, &a);
	if (!run_state_load(&s, run_dir_journal(&a, dir), &err))
		return err_exit_status(err.code);
	if (s.phase == RUN_FINISHED)
		return (int)s.exit;
	return alive ? 0 : 2;
}

bool
console_open(struct cli *cli, const struct console_start *start, int *ret_status)
{
	struct app *app = util_alloc(sizeof(*app));
	struct err err = ERR_INIT;
	enum stage_end end;
	struct theme theme;
	bool drawn = true;

	if (!set_up(cli, start, app, &theme, &err)) {
		free(app);
		*ret_status = cli_fail(cli, &err);
		return true;
	}
	if (start->run_dir != NULL) {
		app->home = SCREEN_RUN;
		run_show(app, path_base(start->run_dir));
	}
	if (app_run(app, &theme, &end, &err)) {
		if (end == STAGE_LEFT)
			say_afterwards(cli, app);
		*ret_status = end != STAGE_LEFT ? err_exit_status(ERR_STOPPED)
			      : app->exit == 0 && start->run_dir != NULL
				      ? exit_of_run(start->run_dir)
				      : app->exit;
	} else if (err.code == ERR_UNSUPPORTED) {
		err_done(&err);
		drawn = false;
	} else {
		*ret_status = cli_fail(cli, &err);
	}
	app_done(app);
	free(app);
	return drawn;
}

/* The linear mode. */
static int
run_plain(struct cli *cli, const struct console_start *start)
{
	struct app_options o = {.read_only = start->read_only || start->kiosk};
	struct err err = ERR_INIT;

	if (!path_state(cli->arena, false, &o.state, &err))
		return cli_fail(cli, &err);
	if (o.read_only)
		readonly_set();
	load_site(cli, &o);
	return plain_run(cli, &o);
}

static int
run_console(struct cli *cli)
{
	struct console_start start = {
		.read_only = cli_flag(cli, "read-only"), .kiosk = cli_flag(cli, "kiosk")};

	int status;

	if (cli_flag(cli, "plain") || !console_open(cli, &start, &status))
		return run_plain(cli, &start);
	return status;
}

static const struct cli_option options[] = {
	{"read-only", 0, NULL, "start and change nothing", NULL},
	{"kiosk", 0, NULL, "a status board that nobody attends: only scrolling keys", NULL},
	{"plain", 0, NULL, "line by line, for screen readers and plain terminals", NULL},
	{"theme", 0, "NAME", "the colours (else $LIFEBOAT_THEME)", NULL},
	{"leave-asks", 0, "TEXT", "ask before the console is left, with this text", NULL},
	{"no-clock", 0, NULL, "no clock in the header", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_console = {
	.name = "console",
	.args = "",
	.summary = "the console (also: `lifeboat` alone)",
	.details =
		"Opens from the cached catalog at once and refreshes it in the background. Seven\n"
		"screens: 1 Board, 2 Backups, 3 Timeline, 4 Runbooks, 5 Run, 6 History, 7 Audit; "
		"?\n"
		"shows the keys. Without a terminal, or on one that no screen can be drawn on, it\n"
		"prints the board as --plain does.",
	.options = options,
	.run = run_console,
};

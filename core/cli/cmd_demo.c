/*
 * lifeboat demo: the flight simulator. Real servers, real backups, a real accident; on a terminal
 * somebody restores it, without one Lifeboat does so itself and says whether the rows are back.
 */
#include "base/banned.h"
#include "cli/demo_play.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "conf/json_read.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#define KEEP_S      (24 * 3600LL)
#define ARCHIVED_MS 30000

static void
say(void *arg, const char *line)
{
	struct cli *cli = arg;

	cli_print(cli, "%s\n", line);
	cli_flush(cli);
}

static void
heading(struct play *p, const char *text)
{
	cli_print(p->cli, "\n== %s\n", text);
	cli_flush(p->cli);
}

/* The first transaction's moment, as runbooks take it. */
static bool
read_moment(struct play *p, const char *text, const char **ret, struct err *err)
{
	CLEANUP(json_free) cJSON *j = json_parse(text, strlen(text), err);
	const cJSON *first;

	if (j == NULL)
		return false;
	first = cJSON_GetArrayItem(json_get(j, "transactions"), 0);
	*ret = arena_strdup(p->cli->arena, json_get_text(first, "moment"));
	return *ret != NULL ||
	       err_set(err, ERR_CHECK_FAILED, "The accident can't be found in the WAL.");
}

/* Status 2: a location could not be read, which is so in this site. */
static bool
collect(struct play *p, struct err *err)
{
	int status;

	if (!play_self(p, SHOW_NOTHING, (const char *const[]){"collect", NULL}, &status, err))
		return false;
	return status == 0 || status == 2 ||
	       err_set(err, ERR_CHECK_FAILED, "The catalog can't be made (exit status %d).",
		       status);
}

static bool
board(struct play *p, struct err *err)
{
	int status;

	return collect(p, err) &&
	       play_self(p, SHOW_OUTPUT, (const char *const[]){"board", NULL}, &status, err);
}

/* Last night's verification, so that the newest dump is a proven one. */
static bool
prove(struct play *p, struct err *err)
{
	heading(p, "Proving the newest dump, as every night");
	return collect(p, err) &&
	       play_must(p, p->alone ? SHOW_OUTPUT : SHOW_ERRORS,
		       (const char *const[]){"run", "postgres/verify-dump", "--unattended", "--set",
			       arena_fmt(p->cli->arena, "backup=aragora-db/daily-dump/%s",
				       p->demo.newest),
			       NULL},
		       "The newest dump could not be proven", err);
}

static bool
stock(struct play *p, const char *when, struct demo_stock *ret, struct err *err)
{
	if (!demo_take_stock(&p->demo, ret, err))
		return false;
	cli_print(
		p->cli, "%s: %s\n        digest of all rows %.16s\n", when, ret->text, ret->digest);
	return true;
}

static bool
accident(struct play *p, struct demo_stock *before, struct err *err)
{
	struct demo_stock after;

	heading(p, "The accident");
	if (!stock(p, "before", before, err) || !demo_accident(&p->demo, p->disaster, err))
		return false;
	clock_format(clock_now(), p->accident_at);
	cli_print(p->cli, "%s\n", disaster_story(p->disaster));
	if (!stock(p, "after ", &after, err))
		return false;
	return !util_streq(before->digest, after.digest) ||
	       err_set(err, ERR_CHECK_FAILED, "The accident did no harm.");
}

static bool
restore(struct play *p, struct err *err)
{
	heading(p, "The restore");
	return play_must(p, SHOW_OUTPUT,
		(const char *const[]){"run", "postgres/restore-dump", "--unattended", "--set",
			"target=app-db", "--set", "backup=aragora-db/daily-dump", "--confirm",
			"stop-writes=nobody writes to a demo", "--confirm", "restore=app-db",
			"--confirm", "resume-writes=nobody writes to a demo", NULL},
		"The restore did not succeed", err);
}

/* What `lifeboat moment` proposes for the table; waits until the accident has been archived. */
static bool
find_moment(struct play *p, const char **ret, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(MIB);
	const char *const args[] = {"moment", "aragora-db", "--around", p->accident_at, "--table",
		"content_jobs", "--format", "json", NULL};
	int64_t deadline = clock_mono_ms() + ARCHIVED_MS;
	int status = -1;

	/* The segment with it ends, so that it is archived. */
	demo_beat(&p->demo);
	while (status != 0) {
		struct timespec nap = {0, 100000000};

		str_cut(&text, 0);
		if (!play_self_out(p, args, &text, &status, err))
			return false;
		if (status != 0 && clock_mono_ms() > deadline)
			return err_set(
				err, ERR_CHECK_FAILED, "The accident can't be found in the WAL.");
		if (status != 0)
			nanosleep(&nap, NULL);
	}
	return read_moment(p, str_text(&text), ret, err);
}

/* One table out of the moment before: everything that was written since stays. */
static bool
bring_back(struct play *p, struct err *err)
{
	const char *moment = NULL;
	int status;

	heading(p, "Which transaction did it");
	if (!find_moment(p, &moment, err) ||
		!play_self(p, SHOW_OUTPUT,
			(const char *const[]){"moment", "aragora-db", "--around", p->accident_at,
				"--table", "content_jobs", NULL},
			&status, err))
		return false;
	heading(p, "The restore: the table as it was just before, and nothing else");
	return play_must(p, SHOW_OUTPUT,
		(const char *const[]){"run", "postgres/extract-table", "--unattended", "--set",
			arena_fmt(p->cli->arena, "moment=%s", moment), "--set", "database=aragora",
			"--set", "table=content_jobs", "--set", "target=app-db", "--confirm",
			"copy=app-db", NULL},
		"The table did not come back", err);
}

/* Without a terminal: all of it, and true only if the rows are back. */
static bool
play_alone(struct play *p, struct err *err)
{
	struct demo_stock before, after;

	heading(p, "The board before");
	if (!board(p, err) || !accident(p, &before, err) ||
		!(p->disaster == DISASTER_DROP_TABLE ? bring_back(p, err) : restore(p, err)))
		return false;
	heading(p, "The board after");
	if (!board(p, err) || !stock(p, "now   ", &after, err))
		return false;
	if (!util_streq(before.digest, after.digest))
		return err_set(err, ERR_CHECK_FAILED, "The rows are not back as they were.");
	cli_print(p->cli, "\nEvery row is back.\n");
	return true;
}

/* What became of it, before everything goes. */
static bool
farewell(struct play *p, const struct demo_stock *before, struct err *err)
{
	struct demo_stock now;

	if (!demo_take_stock(&p->demo, &now, err))
		return false;
	cli_print(p->cli, "%s\n",
		util_streq(before->digest, now.digest)
			? "Every row is back as it was before the accident."
			: "The rows are not back as they were before the accident.");
	return true;
}

/* Until Enter; false when asked to end. */
static bool
wait_for_enter(struct play *p)
{
	struct pollfd polled[] = {{p->stop_fd, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
	char line[256];

	while (poll(polled, 2, DEMO_BEAT_MS / 4) <= 0)
		play_beat(p);
	if (polled[0].revents != 0)
		return false;
	/* The terminal hands over a line at a time. */
	return read(STDIN_FILENO, line, sizeof(line)) > 0;
}

/* On a terminal: somebody else's turn, in the console. */
static bool
play_with(struct play *p, struct err *err)
{
	struct demo_stock before;
	int status;

	if (!accident(p, &before, err))
		return false;
	/* The segment with it ends, so that it is archived, and can be found. */
	demo_beat(&p->demo);
	cli_print(p->cli,
		"\nNow it is your turn: bring the rows back. In the console, `r` on the board's\n"
		"row of daily-dump offers the restore of last night's dump and `?` explains the\n"
		"keys; leaving it ends the demo and removes everything.\n");
	if (p->disaster == DISASTER_DROP_TABLE)
		cli_print(p->cli,
			"\nTo lose nothing of today: the Timeline (3) shows which moments can be\n"
			"reached, and `t` there which transaction did it. Enter on it offers to\n"
			"look at the database just before (postgres/restore-pitr), and to bring\n"
			"the one table back from there (postgres/extract-table).\n");
	cli_print(p->cli,
		"\nShould this terminal get lost, the demo stays for a day. In another one:\n"
		"export LIFEBOAT_STATE=%s\n"
		"export LIFEBOAT_SITE=%s\n"
		"\nPress Enter to open the console. ",
		p->demo.state, p->demo.site);
	cli_flush(p->cli);
	if (!wait_for_enter(p))
		return err_set(err, ERR_STOPPED, "The demo was stopped.");
	return play_self(p, SHOW_SCREEN,
		       (const char *const[]){"console", "--leave-asks",
			       "The demo ends, and its server, backups and records are removed.",
			       NULL},
		       &status, err) &&
	       farewell(p, &before, err);
}

static bool
play(struct play *p, struct demo_spec *spec, struct err *err)
{
	CLEANUP(err_done) struct err later = ERR_INIT;
	bool good;

	if (!demo_make(spec, p->cli->arena, &p->demo, err))
		return false;
	p->beat_ms = clock_mono_ms();
	good = prove(p, err) && (p->alone ? play_alone(p, err) : play_with(p, err));
	/* A run may be going on, and whoever lost his terminal comes back to it. */
	if (p->keep || (!p->alone && play_hung_up(p))) {
		cli_print(p->cli,
			"\nKept for a day: LIFEBOAT_STATE=%s LIFEBOAT_SITE=%s\n"
			"`lifeboat demo --remove %s` removes it.\n",
			p->demo.state, p->demo.site, p->demo.directory);
		return good;
	}
	if (!demo_end(&p->demo, &later))
		return good ? err_move(err, &later) : false;
	cli_print(p->cli, "Everything was removed.\n");
	return good;
}

/* It is on record with the state that it was started under, whatever the environment says now. */
static bool
remove_kept(const char *directory, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str id = STR_INIT(256), state = STR_INIT(PATH_MAX);
	struct sandbox s;

	if (!file_read(path_join(&a, directory, "lifeboat-sandbox"), 200, &id, err) ||
		!file_read(path_join(&a, directory, DEMO_OWNER), PATH_MAX - 1, &state, err))
		return err_hint(err, "Name the directory of a demo that was kept (--keep).");
	str_cut(&id, strcspn(str_text(&id), "\n"));
	return sandbox_find(str_text(&state), str_text(&id), &a, &s, err) &&
	       sandbox_stop(str_text(&state), s.id, err);
}

static bool
parse_disaster(const struct cli *cli, enum disaster *ret, struct err *err)
{
	const char *name = cli_value(cli, "disaster");

	*ret = DISASTER_DROP_TABLE;
	if (name == NULL)
		return true;
	for (size_t i = 0; disaster_names[i] != NULL; i++) {
		if (strcmp(disaster_names[i], name) == 0) {
			*ret = (enum disaster)i;
			return true;
		}
	}
	err_set(err, ERR_USAGE, "There is no disaster \"%s\".", name);
	return err_hint(err, "Disasters: drop-table, wrong-delete.");
}

static int
run(struct cli *cli)
{
	struct play p = {.cli = cli, .keep = cli_flag(cli, "keep")};
	struct demo_spec spec = {.directory = cli_value(cli, "directory"), .say = say, .arg = cli};
	struct err err = ERR_INIT;
	sigset_t ours;

	if (cli_value(cli, "remove") != NULL)
		return remove_kept(cli_value(cli, "remove"), &err) ? 0 : cli_fail(cli, &err);
	if (!parse_disaster(cli, &p.disaster, &err) ||
		!path_state(cli->arena, true, &spec.state, &err))
		return cli_fail(cli, &err);
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	sigprocmask(SIG_BLOCK, &ours, NULL);
	p.stop_fd = spec.interrupt_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (p.stop_fd < 0) {
		err_sys(&err, ERR_IO, errno, "Cannot take signals");
		return cli_fail(cli, &err);
	}
	p.alone = cli_flag(cli, "unattended") || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO);
	if (p.keep || !p.alone)
		spec.keep_s = KEEP_S;
	return play(&p, &spec, &err) ? 0 : cli_fail(cli, &err);
}

static const struct cli_option options[] = {
	{"disaster", 0, "NAME", "drop-table (default) or wrong-delete", "drop-table wrong-delete"},
	{"keep", 0, NULL, "leave everything for a day instead of removing it at the end", NULL},
	{"directory", 0, "DIR", "where to put it; must not exist yet, or be empty", "file"},
	{"remove", 0, "DIR", "remove what --keep or a lost terminal left", "file"},
	{"unattended", 0, NULL, "play it through without a person, on a terminal too", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_demo = {
	.name = "demo",
	.args = "",
	.summary = "the flight simulator: real servers, real backups, a real accident",
	.details = "On a terminal the console opens after the accident, and you restore the "
		   "database.\n"
		   "Without one Lifeboat restores it itself: exit status 0 only if every row is "
		   "back.\n"
		   "Everything is removed at the end. A demo whose terminal got lost stays for a "
		   "day, so\n"
		   "that a run goes on and can be attached to; what a killed one left goes with "
		   "the next\n"
		   "lifeboat command after that.",
	.options = options,
	.run = run,
};

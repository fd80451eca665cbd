/*
 * cmd_report: `lifeboat report` and `lifeboat replay`.
 */
#include "base/banned.h"
#include "cli/run_common.h"
#include "cli/audit_cmd.h"
#include "base/path.h"
#include "run/dir.h"
#include "run/replay.h"
#include "run/report.h"
#include "run/score.h"

static int
run_report(struct cli *cli)
{
	struct err err = ERR_INIT;
	const char *format, *id, *dir;
	struct run_report r;
	struct run_score score;

	if (!cli_format(cli, "md text json html", &format, &err) ||
		!cli_run_dir(cli, &id, &dir, &err) || !run_report_load(cli->arena, dir, &r, &err))
		return cli_fail(cli, &err);
	run_score(&r, &score);
	run_score_compare(&r, path_dir(cli->arena, path_dir(cli->arena, dir)), &score);
	r.score = &score;
	if (util_streq(format, "json")) {
		struct json j = json_new_pretty(&cli->out);

		run_report_json(&r, &j);
		cli_print(cli, "\n");
	} else if (util_streq(format, "html")) {
		run_report_html(&r, &cli->out);
	} else {
		run_report_markdown(&r, &cli->out);
	}
	return audit_cmd_read(cli, run_dir_journal(cli->arena, dir));
}

static const struct cli_option report_options[] = {
	{"format", 0, "md|json|html", "how to write it (md)", "md json html"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_report = {
	.name = "report",
	.args = "[RUN]",
	.max_args = 1,
	.summary = "the after-action report of a run",
	.details = "Timeline, who, what ran exactly, outputs with their digests, deviations, RTO "
		   "and RPO.",
	.options = report_options,
	.complete = "run",
	.run = run_report,
};

static int
run_replay(struct cli *cli)
{
	struct err err = ERR_INIT;
	const char *format, *id, *dir, *speed = cli_value(cli, "speed");
	struct replay_options o = {.speed = 1, .idle_s = 2};
	int64_t value;

	if (!cli_format(cli, "text asciicast", &format, &err) || !cli_run_dir(cli, &id, &dir, &err))
		return cli_fail(cli, &err);
	if (speed != NULL && (!util_parse_i64(speed, &value) || value < 1 || value > 1000)) {
		err_set(&err, ERR_USAGE, "--speed takes 1 to 1000, not \"%s\".", speed);
		return cli_fail(cli, &err);
	}
	if (speed != NULL)
		o.speed = (double)value;
	o.asciicast = util_streq(format, "asciicast");
	cli_flush(cli);
	if (!replay_run(cli->arena, dir, &o, STDOUT_FILENO, &err))
		return cli_fail(cli, &err);
	return audit_cmd_read(cli, run_dir_journal(cli->arena, dir));
}

static const struct cli_option replay_options[] = {
	{"speed", 0, "N", "so many times faster (1)", NULL},
	{"format", 0, "text|asciicast", "asciicast: a file for players of asciicast v2",
		"text asciicast"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_replay = {
	.name = "replay",
	.args = "[RUN]",
	.max_args = 1,
	.summary = "play what a run's steps printed, as it came",
	.details = "Pauses longer than two seconds are shortened to two. What was printed is made "
		   "visible:\n"
		   "no escape sequence of a step reaches the terminal.",
	.options = replay_options,
	.complete = "run",
	.run = run_replay,
};

/*
 * window: to which moments an asset can be recovered.
 */
#include "base/banned.h"
#include "cli/wal_args.h"
#include "base/clock.h"
#include "wal/window_json.h"
#include "wal/window_text.h"

static const struct cli_option options[] = {
	{"at", 0, "TIME", "whether this moment can be reached (2026-11-20T14:30:00Z)", NULL},
	{"rate", 0, "SIZE", "WAL replayed a second, for the forecast (32MiB)", NULL},
	{"deep", 0, NULL, "look at the size and header of every segment", NULL},
	WAL_ARGS_OPTIONS,
	{"format", 0, "FORMAT", "text or json", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

static bool
parse_options(struct cli *cli, struct window_report *r, struct err *err)
{
	const char *at = cli_value(cli, "at"), *rate = cli_value(cli, "rate");

	r->options =
		(struct walset_options){.now = clock_now(), .inspect_all = cli_flag(cli, "deep")};
	r->asked = at != NULL;
	r->rate = WINDOW_REPORT_RATE;
	if ((at != NULL && !wal_args_time(at, &r->at_us, err)) ||
		!wal_args_timeline(cli, &r->tli, err))
		return false;
	r->rate_given = rate != NULL;
	if (rate != NULL && (!clock_parse_size(rate, &r->rate) || r->rate <= 0))
		return err_set(err, ERR_USAGE, "\"%s\" is no size.", rate);
	return true;
}

static int
run_window(struct cli *cli)
{
	CLEANUP(holdings_done) struct holdings h = {.arena = cli->arena};
	CLEANUP(window_report_done) struct window_report r = {.arena = cli->arena};
	struct err err = ERR_INIT;
	const char *format;

	if (!cli_format(cli, "text json", &format, &err) || !parse_options(cli, &r, &err) ||
		!wal_args_holdings(cli, &r.asset, &h, &err) || !window_report_make(&r, &h, &err))
		return cli_fail(cli, &err);
	if (strcmp(format, "json") == 0)
		window_json(&r, &cli->out);
	else
		window_text(&r, &cli->out);
	return window_report_status(&r);
}

const struct cli_command cli_cmd_window = {
	.name = "window",
	.args = "[ASSET]",
	.max_args = 1,
	.summary = "to which moments can we recover",
	.details =
		"Reads the WAL archive and the base backups of the asset where they are, and says "
		"for each\ntimeline and base backup from when to when every moment can be "
		"reached, what is missing\nor damaged, and with --at whether one moment can be "
		"reached, from which backup, with how\nmuch WAL to replay, or else which moments "
		"near it can. Only the segments that matter\nare read.\n\nExit status: 0 whole, or "
		"the moment can be reached; 1 something is missing, or it can't;\n2 it could not "
		"be found out.",
	.options = options,
	.run = run_window,
	.complete = "asset",
};

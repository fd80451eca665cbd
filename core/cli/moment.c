/*
 * moment: which transaction did the damage, and the recovery target just before it.
 */
#include "base/banned.h"
#include "cli/wal_args.h"
#include "base/clock.h"
#include "wal/moment_json.h"
#include "wal/moment_text.h"

#define WITHIN_S 900

static const struct cli_option options[] = {
	{"around", 0, "TIME", "about when it happened (2026-11-20T14:30:00Z)", NULL},
	{"within", 0, "DURATION", "how far to look to both sides (15m)", NULL},
	{"table", 0, "NAME", "[schema.]table that it is about", NULL},
	{"rows", 0, "N", "deletions of at least so many rows (100; with --table 1)", NULL},
	WAL_ARGS_OPTIONS,
	{"format", 0, "FORMAT", "text or json", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

static bool
parse_options(struct cli *cli, struct moment_options *o, struct err *err)
{
	const char *around = cli_value(cli, "around"), *within = cli_value(cli, "within"),
		   *rows = cli_value(cli, "rows");
	int64_t at_us, within_s = WITHIN_S;

	if (around == NULL) {
		err_set(err, ERR_USAGE, "Say about when it happened.");
		return err_hint(err, "lifeboat moment ASSET --around 2026-11-20T14:30:00Z");
	}
	if (!wal_args_time(around, &at_us, err) || !wal_args_timeline(cli, &o->tli, err))
		return false;
	if (within != NULL && !clock_parse_duration(within, &within_s))
		return err_set(err, ERR_USAGE, "\"%s\" is no duration; 15m is one.", within);
	o->from_us = at_us - within_s * 1000000;
	o->to_us = at_us + within_s * 1000000;
	o->filter.table = cli_value(cli, "table");
	o->filter.least = MOMENT_ROWS;
	if (rows != NULL && (!util_parse_u64(rows, &o->filter.least) || o->filter.least == 0))
		return err_set(err, ERR_USAGE, "\"%s\" is no number of rows.", rows);
	o->set.now = clock_now();
	return true;
}

static int
run_moment(struct cli *cli)
{
	CLEANUP(holdings_done) struct holdings h = {.arena = cli->arena};
	struct moment_options o = {.tli = 0};
	struct err err = ERR_INIT;
	const char *format, *asset;
	struct moment m;
	int status;

	if (!cli_format(cli, "text json", &format, &err) || !parse_options(cli, &o, &err) ||
		!wal_args_holdings(cli, &asset, &h, &err) || !moment_find(&h, &o, &m, &err))
		return cli_fail(cli, &err);
	if (strcmp(format, "json") == 0)
		moment_json(&m, &o, asset, &cli->out);
	else
		moment_text(&m, &o, &cli->out);
	/* What was not searched may hold it. */
	status = m.list.n > 0 ? 0 : m.gaps.n > 0 || m.broken.file != NULL ? 2 : 1;
	moment_done(&m);
	return status;
}

const struct cli_command cli_cmd_moment = {
	.name = "moment",
	.args = "[ASSET]",
	.max_args = 1,
	.summary = "find the transaction that did the damage",
	.details =
		"Reads the WAL near a time and lists the transactions that dropped, truncated or "
		"deleted in\nbulk, with what they did to which table, when they committed, and "
		"the recovery target that\nstops just before. Names come from the WAL itself and "
		"from the base backup before it; what\nhas no name there is given by number.\n\n"
		"Exit status: 0 something was found; 1 nothing; 2 it could not be found out, or "
		"nothing was\nfound and part of the WAL of that time is missing.",
	.options = options,
	.run = run_moment,
	.complete = "asset",
};

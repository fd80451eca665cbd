/*
 * window: to which moments an asset can be recovered.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "base/clock.h"
#include "base/text.h"
#include "wal/holdings.h"
#include "wal/window_json.h"
#include "wal/window_text.h"

static const struct cli_option options[] = {
	{"at", 0, "TIME", "whether this moment can be reached (2026-11-20T14:30:00Z)", NULL},
	{"timeline", 0, "N", "on this timeline (else the newest that reaches it)", NULL},
	{"rate", 0, "SIZE", "WAL replayed a second, for the forecast (32MiB)", NULL},
	{"deep", 0, NULL, "look at the size and header of every segment", NULL},
	{"wal", 0, "PATH", "an archive that is in no site file: path or URI", "file"},
	{"base", 0, "PATH", "base backups that go with --wal; may be repeated", "file"},
	{"format", 0, "FORMAT", "text or json", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

static bool
parse_at(const char *text, int64_t *ret, struct err *err)
{
	if (clock_parse_us(text, ret))
		return true;
	err_set(err, ERR_USAGE, "\"%s\" is not a time with a zone.", text);
	return err_hint(err, "For example 2026-11-20T14:30:00Z or \"2026-11-20 15:30:00+01:00\"; "
			     "times without a zone are a classic mistake of restores.");
}

static bool
parse_options(struct cli *cli, struct window_report *r, struct err *err)
{
	const char *at = cli_value(cli, "at"), *timeline = cli_value(cli, "timeline"),
		   *rate = cli_value(cli, "rate");
	uint64_t n;

	r->options =
		(struct walset_options){.now = clock_now(), .inspect_all = cli_flag(cli, "deep")};
	r->asked = at != NULL;
	r->rate = WINDOW_REPORT_RATE;
	if (at != NULL && !parse_at(at, &r->at_us, err))
		return false;
	if (timeline != NULL) {
		if (!util_parse_u64(timeline, &n) || n == 0 || n > UINT32_MAX)
			return err_set(err, ERR_USAGE, "\"%s\" is no timeline.", timeline);
		r->tli = (uint32_t)n;
	}
	r->rate_given = rate != NULL;
	if (rate != NULL && (!clock_parse_size(rate, &r->rate) || r->rate <= 0))
		return err_set(err, ERR_USAGE, "\"%s\" is no size.", rate);
	return true;
}

static bool
find_holdings(struct cli *cli, struct window_report *r, struct holdings *h, struct err *err)
{
	const char *wal = cli_value(cli, "wal"), **bases;
	size_t nbases = cli_values(cli, "base", &bases);
	const struct asset *asset;
	const struct site *site;

	if ((wal != NULL) == (cli->nargs > 0)) {
		err_set(err, ERR_USAGE, "Say either which asset is meant, or where its WAL is.");
		return err_hint(err, "`lifeboat window ASSET`, or `lifeboat window --wal PATH "
				     "[--base PATH]`.");
	}
	if (wal != NULL)
		return holdings_of_paths(cli->arena, wal, bases, nbases, h, err);
	if (!cli_site(cli, true, &site, err))
		return false;
	asset = site_asset(site, cli->args[0]);
	if (asset == NULL)
		return err_set(err, ERR_USAGE, "There is no asset \"%s\" in %s.", cli->args[0],
			site->file);
	r->asset = asset->item.key;
	return holdings_of_asset(cli->arena, site, asset, h, err);
}

static int
run_window(struct cli *cli)
{
	CLEANUP(holdings_done) struct holdings h = {.arena = cli->arena};
	CLEANUP(window_report_done) struct window_report r = {.arena = cli->arena};
	struct err err = ERR_INIT;
	const char *format;

	if (!cli_format(cli, "text json", &format, &err) || !parse_options(cli, &r, &err) ||
		!find_holdings(cli, &r, &h, &err) || !window_report_make(&r, &h, &err))
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

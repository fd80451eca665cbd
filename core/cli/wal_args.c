#include "base/banned.h"
#include "cli/wal_args.h"
#include "base/clock.h"

bool
wal_args_time(const char *text, int64_t *ret_us, struct err *err)
{
	if (clock_parse_us(text, ret_us))
		return true;
	err_set(err, ERR_USAGE, "\"%s\" is not a time with a zone.", text);
	return err_hint(err, "For example 2026-11-20T14:30:00Z or \"2026-11-20 15:30:00+01:00\"; "
			     "times without a zone are a classic mistake of restores.");
}

bool
wal_args_timeline(struct cli *cli, uint32_t *ret, struct err *err)
{
	const char *text = cli_value(cli, "timeline");
	uint64_t n;

	*ret = 0;
	if (text == NULL)
		return true;
	if (!util_parse_u64(text, &n) || n == 0 || n > UINT32_MAX)
		return err_set(err, ERR_USAGE, "\"%s\" is no timeline: they count from 1.", text);
	*ret = (uint32_t)n;
	return true;
}

bool
wal_args_holdings(struct cli *cli, const char **ret_asset, struct holdings *ret, struct err *err)
{
	const char *wal = cli_value(cli, "wal"), **bases;
	size_t nbases = cli_values(cli, "base", &bases);
	const struct asset *asset;
	const struct site *site;

	*ret_asset = NULL;
	if ((wal != NULL) == (cli->nargs > 0)) {
		err_set(err, ERR_USAGE, "Say either which asset is meant, or where its WAL is.");
		return err_hint(err,
			"`lifeboat %s ASSET`, or `lifeboat %s --wal PATH [--base PATH]`.",
			cli->command->name, cli->command->name);
	}
	if (wal != NULL)
		return holdings_of_paths(cli->arena, wal, bases, nbases, ret, err);
	if (!cli_site(cli, true, &site, err))
		return false;
	asset = site_asset(site, cli->args[0]);
	if (asset == NULL)
		return err_set(err, ERR_USAGE, "There is no asset \"%s\" in %s.", cli->args[0],
			site->file);
	*ret_asset = asset->item.key;
	return holdings_of_asset(cli->arena, site, asset, ret, err);
}

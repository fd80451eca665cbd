#include "base/banned.h"
#include "cli/inventory.h"
#include "catalog/collect.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

const char *
inventory_verdict_text(enum verdict v)
{
	static const char *const words[VERDICTS] = {"ok", "LATE", "UNKNOWN", "BREACH"};

	return words[v];
}

bool
inventory_open(struct cli *cli, struct catalog **ret, struct err *err)
{
	const struct site *site;
	const char *state, *notice;

	if (!cli_site(cli, false, &site, err) || !path_state(cli->arena, false, &state, err) ||
		!collect_open(cli->arena, site, state, cli_flag(cli, "refresh"), ret, &notice, err))
		return false;
	if (notice != NULL)
		fprintf(stderr, "lifeboat: %s\n", text_safe(cli->arena, notice));
	return true;
}

/*
 * inventory: what board, backups, show and metrics share.
 */
#ifndef CLI_INVENTORY_H
#define CLI_INVENTORY_H

#include "catalog/board.h"
#include "cli/cli.h"

/*
 * The catalog of --site and $LIFEBOAT_STATE, collected first when there is none or with
 * --refresh. Without a site file the cache alone answers.
 */
MUST_CHECK bool inventory_open(struct cli *cli, struct catalog **ret, struct err *err);

/* "BREACH", "LATE", "UNKNOWN", "ok": what is wrong stands out without colour. */
const char *inventory_verdict_text(enum verdict v);

#endif

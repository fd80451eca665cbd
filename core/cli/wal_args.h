/*
 * wal_args: what the commands that read WAL archives share: which archive is meant, and times.
 */
#ifndef CLI_WAL_ARGS_H
#define CLI_WAL_ARGS_H

#include "cli/cli.h"
#include "wal/holdings.h"

/* Rows for the table of options. */
#define WAL_ARGS_OPTIONS                                                                         \
	{"wal", 0, "PATH", "an archive that is in no site file: path or URI", "file"},           \
		{"base", 0, "PATH", "base backups that go with --wal; may be repeated", "file"}, \
	{                                                                                        \
		"timeline", 0, "N", "on this timeline (else the newest)", NULL                   \
	}

/* The ASSET argument or --wal and --base. *ret_asset is NULL for paths. */
MUST_CHECK bool wal_args_holdings(
	struct cli *cli, const char **ret_asset, struct holdings *ret, struct err *err);
/* A time with a zone, as microseconds since 1970. */
MUST_CHECK bool wal_args_time(const char *text, int64_t *ret_us, struct err *err);
/* --timeline; 0 when it is not given. */
MUST_CHECK bool wal_args_timeline(struct cli *cli, uint32_t *ret, struct err *err);

#endif

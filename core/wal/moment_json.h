/*
 * moment_json: what was found around a moment, as JSON.
 *
 * {asset, from, to, timeline, table, system_identifier,
 *  transactions: [{xid, lsn, committed_at, partial, base_backup, stop_lsn, commits_between,
 *    actions: [{action: "drop"|"truncate"|"delete"|"drop_database", database, schema, table, oid,
 *      file, rows, rows_are, bytes, bytes_are}],
 *    target: settings to propose, targets: {xid, lsn, time: settings each}}],
 *  target: the first transaction's, or null,
 *  gaps, damaged, read: {...}}
 */
#ifndef WAL_MOMENT_JSON_H
#define WAL_MOMENT_JSON_H

#include "base/str.h"
#include "wal/moment.h"

void moment_json(
	const struct moment *m, const struct moment_options *o, const char *asset, struct str *out);

/* "drop", "counted": as in the JSON, for text too */
const char *moment_kind_name(enum damage_kind kind);
const char *moment_count_name(enum damage_count count);

#endif

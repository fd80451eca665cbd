/*
 * demands: what the WAL that is to be replayed asks of the server that replays it.
 *
 * Found by reading all of it beforehand, which takes a fraction of what replaying it does:
 *
 * - Tablespaces that it creates (XLOG_TBLSPC_CREATE, xl_tblspc_create_rec). The server makes them
 *   at the very path that they had where the WAL was written, and works there: on that host, in the
 *   files of production. PostgreSQL before 15 even empties the directory first
 *   (create_tablespace_directories() in commands/tablespace.c).
 * - Settings that were raised (XLOG_PARAMETER_CHANGE, xl_parameter_change, version 12 and later).
 *   Where one of them is smaller, a recovery with hot_standby pauses for good.
 */
#ifndef WAL_DEMANDS_H
#define WAL_DEMANDS_H

#include "wal/window.h"

enum demands_size {
	DEMANDS_CONNECTIONS,
	DEMANDS_WORKERS,
	DEMANDS_WAL_SENDERS,
	DEMANDS_PREPARED,
	DEMANDS_LOCKS,
	DEMANDS_SIZES,
};

struct demands_space {
	uint32_t oid;
	uint64_t lsn;
	const char *location; /* never "", which is a tablespace inside the data directory */
};

struct demands {
	VEC(struct demands_space) spaces;
	uint32_t sizes[DEMANDS_SIZES]; /* the largest of each; 0: it was not changed */
};

/* Reads the window's WAL from LSN `from` to `to`; texts are the arena's. */
MUST_CHECK bool demands_read(struct arena *a, struct walset *set, const struct window *w,
	uint64_t from, uint64_t to, struct demands *ret, struct err *err);

#endif

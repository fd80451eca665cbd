/*
 * basecatalog: what relations are called, from the catalogs in a base backup's files: plain, or
 * out of a tar as far as it is read. pgBackRest's store is left to its own tool.
 */
#ifndef WAL_BASECATALOG_H
#define WAL_BASECATALOG_H

#include "wal/basebackup.h"
#include "wal/names.h"

#define BASECATALOG_FILE_MAX (GIB)     /* of one pg_class */
#define BASECATALOG_LOOK     (4 * GIB) /* how much of an unpacked tar is read at most */

/*
 * Learns what is there. *ret_whole is false when the backup was not read to its end or is of a
 * form that is not read here; that is no error.
 */
MUST_CHECK bool basecatalog_learn(
	const struct basebackup *b, struct names *names, bool *ret_whole, struct err *err);

#endif

/*
 * barman: the backups of a Barman server from their backup.info files (FACTS.md section 6); its
 * WAL lies beside them in wals/. Barman itself is not needed.
 */
#ifndef WAL_BARMAN_H
#define WAL_BARMAN_H

#include "wal/basebackup.h"

/*
 * Adds the backups below `prefix`: a server's directory, which holds base/ and wals/, or Barman's
 * home with `server` (NULL: its only one). *ret_archive is the prefix of the WAL.
 */
MUST_CHECK bool barman_read(struct source *s, const char *prefix, const char *server,
	struct basebackups *ret, const char **ret_archive, struct err *err);

/* One backup.info: fills everything but name and path. */
MUST_CHECK bool barman_parse(
	struct arena *a, const char *text, size_t len, struct basebackup *ret, struct err *err);

#endif

/*
 * pgbackrest: the backups of a pgBackRest repository from its backup.info, and where its WAL is
 * (FACTS.md section 6). The file is INI with JSON values; pgBackRest itself is not needed.
 */
#ifndef WAL_PGBACKREST_H
#define WAL_PGBACKREST_H

#include "wal/basebackup.h"

/*
 * Adds the backups of the stanza's present database (an upgraded server's older ones need its
 * older WAL). `stanza` NULL: the repository's only one. *ret_archive is the prefix of the WAL.
 */
MUST_CHECK bool pgbackrest_read(struct source *s, const char *prefix, const char *stanza,
	struct basebackups *ret, const char **ret_archive, struct err *err);

/* The same from the text of a backup.info; *ret_archive is "<version>-<id>/". */
MUST_CHECK bool pgbackrest_parse(const char *text, size_t len, struct basebackups *ret,
	const char **ret_archive, struct err *err);

#endif

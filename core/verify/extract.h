/*
 * extract: the files of a base backup below a directory, ready for a server's recovery.
 */
#ifndef VERIFY_EXTRACT_H
#define VERIFY_EXTRACT_H

#include "net/source.h"

struct flow_meter;

/*
 * `name` is the directory of the backup (ending with a slash, or "") or its one tar. Every file
 * is compared with its checksum where the backup has a manifest: ERR_DAMAGED. `superuser` becomes
 * the name that its cluster was made by, "" when that was not found.
 */
MUST_CHECK bool extract_base(struct arena *a, struct source *s, const char *name, const char *to,
	struct flow_meter *meter, char superuser[64], struct err *err);

#endif

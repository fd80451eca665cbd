/*
 * copies: which backups of a set are in another location, too: matched by name and size, and by
 * ETag where both locations have one that is a checksum. WAL is matched by its last segment.
 */
#ifndef CATALOG_COPIES_H
#define CATALOG_COPIES_H

#include "catalog/summary.h"

/* So many of the newest are looked for. */
#define COPIES_LOOKED 1000

/*
 * Compares the listings of both places and fills copy->match. Where one of them was never seen,
 * or its listing can't be read, the match stays as it was.
 */
void copies_match(
	struct arena *a, const char *directory, const struct set_facts *f, struct copy_facts *copy);

#endif

/*
 * pgdump_data: the data blocks of pg_dump's custom format, decoded to their ends.
 *
 * A block is a type (1 data, 3 large objects), the entry's number, and chunks of a length and
 * bytes each up to a length of 0. Large objects are an object id and chunks each, up to an
 * object id of 0. Each run of chunks is one compressed stream.
 */
#ifndef VERIFY_PGDUMP_DATA_H
#define VERIFY_PGDUMP_DATA_H

#include "verify/pgdump.h"

struct pgdump_totals {
	uint64_t blocks, objects; /* objects: large ones */
	uint64_t bytes;           /* decompressed */
	bool unsealed;            /* some stream has no checksum */
};

/* From behind the table of contents to the end. Marks the entries whose data were seen. */
MUST_CHECK bool pgdump_read_blocks(
	struct scan *s, struct pgdump *d, struct pgdump_totals *totals, struct err *err);

#endif

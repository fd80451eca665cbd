/*
 * listing_format: the bytes that listing.c reads and listing_writer.c writes.
 */
#ifndef CATALOG_LISTING_FORMAT_H
#define CATALOG_LISTING_FORMAT_H

#include "base/digest.h"

#define LISTING_MAGIC   "LBLIST1\n"
#define LISTING_VERSION 1
#define LISTING_ORDER   0x01020304u /* reads otherwise on a machine of another byte order */

struct listing_header {
	char magic[8];
	uint32_t version, order;
	uint32_t header_size, row_size;
	uint64_t file_size;
	uint64_t texts_at, texts_size;
	uint64_t rows_at, rows;
	unsigned char digest[DIGEST_SIZE]; /* of the fields before it */
};

enum { LISTING_NAME, LISTING_PATH, LISTING_ETAG, LISTING_NOTE, LISTING_DETAIL, LISTING_TEXTS };

struct listing_row {
	int64_t finished_at, mtime, size;
	uint64_t texts_at; /* from the start of the file */
	uint16_t length[LISTING_TEXTS];
	uint8_t time_from, state, directory, unused[3];
};

_Static_assert(sizeof(struct listing_row) == 48, "rows are packed by hand");

#endif

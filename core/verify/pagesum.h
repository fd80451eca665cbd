/*
 * pagesum: the checksums of PostgreSQL's data pages (src/include/storage/checksum_impl.h): a
 * 32-bit FNV-1a in 32 lanes over the page with its checksum field taken as 0, folded, mixed
 * with the block number and reduced to 16 bits.
 */
#ifndef VERIFY_PAGESUM_H
#define VERIFY_PAGESUM_H

#include "base/util.h"

#define PAGESUM_PAGE 8192

/* Of one page of a relation's block `number`; the page is written to for a moment. */
uint16_t pagesum(unsigned char page[PAGESUM_PAGE], uint32_t number);

/* Checks a relation's pages as they come by. */
struct pagesum_file {
	unsigned char page[PAGESUM_PAGE];
	size_t have;
	uint32_t block;
	uint64_t backup_start; /* LSN; pages that are newer may be torn, the WAL mends them */
	uint64_t pages, bad;
	uint32_t first_bad;
};

/* Whether the path names a file of relation pages; *ret_block is its first one's number. */
MUST_CHECK bool pagesum_wanted(const char *path, uint32_t *ret_block);
void pagesum_begin(struct pagesum_file *f, uint32_t block, uint64_t backup_start);
void pagesum_add(struct pagesum_file *f, const unsigned char *p, size_t len);

#endif

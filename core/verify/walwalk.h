/*
 * walwalk: walks through WAL segments, page by page and record by record, and compares every
 * record's CRC (PostgreSQL 9.5 and later; src/include/access/xlog_internal.h, xlogrecord.h).
 *
 * Segments given in order are walked as one: a record that crosses from one into the next is
 * checked whole. Page headers are 24 bytes (40 on the first page of a segment): magic, info,
 * timeline, address, remaining length; the long one adds system identifier, segment size, page
 * size. Records: length, xid, address of the previous one, info, resource manager, CRC-32C over
 * what follows the header and then the header's first 20 bytes; each begins at a multiple of 8.
 */
#ifndef VERIFY_WALWALK_H
#define VERIFY_WALWALK_H

#include "verify/scan.h"

#define WAL_NAME   24 /* letters of a segment's name */
#define WAL_LSN    20 /* room for "FFFFFFFF/FFFFFFFF" */
#define WAL_HEADER 40

/* "16/B374D848"; returns text, of WAL_LSN bytes. */
const char *wal_lsn_text(uint64_t lsn, char *text);
MUST_CHECK bool wal_lsn_parse(const char *text, uint64_t *ret);

/* What the long header at the start of a segment says. */
struct wal_header {
	unsigned magic;
	uint32_t timeline;
	uint64_t lsn;
	uint64_t system_identifier;
	uint32_t segment_bytes, page_bytes;
};
/* False when these are not the first bytes of a segment. */
MUST_CHECK bool wal_header_read(const unsigned char *p, size_t len, struct wal_header *ret);
/* "15" for 0xd110; NULL for a magic that is not known here. */
const char *wal_version(unsigned magic);

/* "000000010000000A000000FF", given the size of segments; false when name is none. Letters
 * behind the 24 are not looked at. */
MUST_CHECK bool wal_name_parse(
	const char *name, uint32_t *ret_timeline, uint32_t *ret_high, uint32_t *ret_low);
void wal_name_format(
	uint32_t timeline, uint64_t lsn, uint32_t segment_bytes, char ret[WAL_NAME + 1]);

struct wal_walk {
	struct wal_header header; /* of the segment that was begun last */
	uint64_t lsn;             /* of the next byte */
	uint64_t segment_start;
	uint64_t segments;
	/* Of the present run, that is since the last gap: */
	uint64_t runs, records;
	uint64_t first_record; /* where the first whole record began; 0: none yet */
	uint64_t valid_until;  /* behind the last whole record, or where it is padded to */
	uint64_t unchecked;    /* bytes of records that began before the walk did */
	uint64_t stop_at;      /* nothing behind this address matters; 0: all does */
	bool ended;            /* zeros without a segment switch: nothing follows in this segment */
	/* inside of a record */
	unsigned char head[24];
	size_t have;
	uint64_t start, prev, left, skip;
	uint32_t crc, timeline;
	bool switched, known_prev;
	unsigned char *page;
};

void wal_walk_init(struct wal_walk *w);
void wal_walk_done(struct wal_walk *w);

/*
 * Walks one segment to its end. A segment that does not follow the one before starts anew: what
 * crosses the gap stays unchecked. ERR_DAMAGED says where and why. With `partial`, it may end
 * early.
 */
MUST_CHECK bool wal_walk_segment(struct wal_walk *w, struct scan *s, bool partial, struct err *err);
/* How many bytes of a record are still owed by the next segment. */
uint64_t wal_walk_owed(const struct wal_walk *w);

#endif

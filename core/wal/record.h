/*
 * record: one WAL record taken apart (PostgreSQL's xlogrecord.h, versions 12 to 17).
 */
#ifndef WAL_RECORD_H
#define WAL_RECORD_H

#include "base/util.h"

#define RECORD_HEADER     24 /* bytes of XLogRecord */
#define RECORD_BLOCKS_MAX 33 /* block ids 0 to 32 */
#define RECORD_PAGE       8192

/* Resource managers that we look into; the numbers are the same since version 9.5. */
enum rmgr {
	RMGR_XLOG = 0,
	RMGR_XACT = 1,
	RMGR_SMGR = 2,
	RMGR_DBASE = 4,
	RMGR_TBLSPC = 5,
	RMGR_RELMAP = 7,
	RMGR_STANDBY = 8,
	RMGR_HEAP2 = 9,
	RMGR_HEAP = 10,
	RMGR_COUNT = 22, /* built in; extensions have 128 to 255 */
};

struct record {
	uint64_t lsn; /* where it begins */
	uint64_t end; /* behind it */
	uint64_t prev;
	uint32_t xid, length;
	uint8_t info, rmgr;
	int version;               /* major version of PostgreSQL that wrote it */
	const unsigned char *data; /* all of it, `length` bytes from its header on */
};

/* A relation's file: tablespace, database, number. Database 0 is shared by all. */
struct rel_file {
	uint32_t space, database, file;
};

struct record_block {
	uint8_t id, fork, flags;
	struct rel_file rel;
	uint32_t block;
	bool has_image;
	const unsigned char *image; /* NULL without one */
	uint16_t image_len, hole_at, hole_len;
	uint8_t image_info;
	const unsigned char *data;
	uint16_t len;
};

struct record_parts {
	struct record_block blocks[RECORD_BLOCKS_MAX];
	size_t n;
	const unsigned char *data; /* the main data */
	size_t len;
	uint32_t top_xid; /* of the transaction above this subtransaction; 0 if not given */
};

/* False when the lengths inside do not add up. Points into the record. */
MUST_CHECK bool record_parse(const struct record *r, struct record_parts *ret);

/*
 * The page that a block's image shows, into `page`, hole and compression undone. False when
 * there is none, it makes no sense, or its compression is of no use here.
 */
MUST_CHECK bool record_image(
	const struct record *r, const struct record_block *b, unsigned char page[RECORD_PAGE]);

#endif

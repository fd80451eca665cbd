/*
 * heap: tables' pages and rows as they lie in data files and in the page images of WAL
 * (PostgreSQL's bufpage.h, htup_details.h and heapam_xlog.h, versions 12 to 17).
 */
#ifndef WAL_HEAP_H
#define WAL_HEAP_H

#include "wal/record.h"

#define HEAP_SLOTS_MAX 2048 /* line pointers that a page can hold, with room */

/* xl_info & HEAP_OP of RMGR_HEAP */
#define HEAP_OP 0x70
enum heap_op {
	HEAP_INSERT = 0x00,
	HEAP_DELETE = 0x10,
	HEAP_UPDATE = 0x20,
	HEAP_TRUNCATE = 0x30,
	HEAP_HOT_UPDATE = 0x40,
	HEAP_INPLACE = 0x70,
};

/* A row: its columns, without the header of the tuple. */
struct heap_row {
	const unsigned char *data;
	size_t len;
};

/* How many line pointers a page has; 0 when it is no page of a table. */
unsigned heap_slots(const unsigned char page[RECORD_PAGE]);
/* Row number slot (from 1); false when there is none or its transaction was aborted. */
MUST_CHECK bool heap_row_at(
	const unsigned char page[RECORD_PAGE], unsigned slot, struct heap_row *ret);
/* The bytes of the tuple in this slot, header included; 0 when there is none. */
unsigned heap_tuple_len(const unsigned char page[RECORD_PAGE], unsigned slot);

/* A change of one row as a record of RMGR_HEAP says it. */
struct heap_change {
	enum heap_op op;
	struct rel_file rel;
	uint32_t block; /* of the new row; of the old one for a delete */
	unsigned slot;
	uint32_t old_block; /* updates */
	unsigned old_slot;
	bool no_delete; /* a delete that takes nothing away: a row moved, an insert undone */
	const struct record_block *image; /* a block that carries a page image; NULL */
	/* The row's columns, from byte `prefix` on: what comes before is as in the old row.
	 * data is NULL when only the image has it. */
	const unsigned char *data;
	size_t len, prefix;
};

/* False for other records and where the lengths make no sense. Points into parts. */
MUST_CHECK bool heap_parse(
	const struct record *r, const struct record_parts *parts, struct heap_change *ret);

/* The relation of the first block, without taking the whole record apart. */
MUST_CHECK bool heap_peek(const struct record *r, struct rel_file *ret);

#endif

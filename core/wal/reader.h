/*
 * reader: WAL pages in, records out, each with its checksum compared (PostgreSQL's xlogreader.c).
 *
 * Pages are fed in order, from the start of a segment on, as many at a time as one likes. What
 * the callback gets is valid during the call. Where the data stop making sense the reader stands
 * still and says why: zeros behind the last record are the normal end of what was written.
 */
#ifndef WAL_READER_H
#define WAL_READER_H

#include "base/str.h"
#include "wal/record.h"
#include "wal/segment.h"

#define READER_RECORD_MAX ((size_t)(64 * MIB)) /* longer ones are passed over unchecked */

/* Returns false to stop reading. */
typedef bool (*reader_cb)(const struct record *r, void *arg);

enum reader_state {
	READER_MORE,    /* wants the next page */
	READER_SWITCH,  /* the rest of this segment is unused; wants the next segment */
	READER_END,     /* zeros or an older segment's pages: nothing was written behind this */
	READER_DAMAGED, /* a bad page or record: see `why` */
	READER_STOPPED, /* by the callback */
};

struct reader {
	reader_cb cb;
	void *arg;
	uint64_t wanted;        /* rmgrs whose records go to the callback: 1 << rmgr */
	uint32_t segment, page; /* sizes */
	enum reader_state state;
	const char *why; /* of READER_DAMAGED; a sentence's end: "has a bad checksum" */

	uint64_t next;       /* LSN of the page that is expected */
	uint64_t last;       /* LSN of the last whole record; 0 before the first */
	uint64_t last_end;   /* behind it */
	uint64_t pending_at; /* LSN of a record that goes on on the next page; 0: none */
	uint64_t records;

	bool finish; /* set to read the pending record alone, and nothing behind it */

	/* private */
	int version;
	bool fresh;           /* nothing was parsed yet: the first page may begin mid-record */
	uint32_t left;        /* bytes of the pending record still to come */
	struct str pending;   /* those that came */
	bool pending_dropped; /* too long to keep */
};

/* `version` is that of the segment's header. `wanted` 0 means all. */
void reader_init(
	struct reader *r, const struct segment_header *h, uint64_t wanted, reader_cb cb, void *arg);
void reader_done(struct reader *r);
/* Begins anew at a page's start, usually that of a segment. */
void reader_seek(struct reader *r, uint64_t lsn);
/* Whole pages, the first of which lies at r->next. */
enum reader_state reader_feed(struct reader *r, const unsigned char *data, size_t len);

#endif

/*
 * wal_writer: WAL made by hand for the unit tests: segments of 1 MiB with pages of 8 KiB, records
 * with their checksums, laid over page and segment boundaries as PostgreSQL does it.
 */
#ifndef UNIT_WAL_WRITER_H
#define UNIT_WAL_WRITER_H

#include "base/crc32c.h"
#include "wal/reader.h"

#define WRITER_SEGMENT ((uint32_t)MIB)
#define WRITER_PAGE    8192u
#define WRITER_SYSTEM  0x6b001b3d9a2c5e0bULL
#define WRITER_2000_US 946684800000000LL

struct writer {
	unsigned char *data; /* from the LSN `base` on */
	size_t size;
	uint64_t base, at, prev;
	uint16_t magic;
	uint32_t tli;
};

UNUSED static void
writer_put(unsigned char *p, uint64_t value, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		p[i] = (unsigned char)(value >> 8 * i);
}

UNUSED static void
writer_init(struct writer *w, uint64_t segment, size_t segments)
{
	w->base = w->at = segment * WRITER_SEGMENT;
	w->size = segments * WRITER_SEGMENT;
	w->data = util_alloc(w->size);
	w->prev = 0;
	w->magic = 0xd110;
	w->tli = 1;
}

UNUSED static void
writer_done(struct writer *w)
{
	free(w->data);
}

/* The header of the page that begins at w->at; `left` bytes of a record go on in it. */
UNUSED static void
writer_page(struct writer *w, uint32_t left)
{
	unsigned char *p = w->data + (w->at - w->base);
	bool first = w->at % WRITER_SEGMENT == 0;

	writer_put(p, w->magic, 2);
	writer_put(p + 2, (first ? 2u : 0u) | (left > 0 ? 1u : 0u), 2);
	writer_put(p + 4, w->tli, 4);
	writer_put(p + 8, w->at, 8);
	writer_put(p + 16, left, 4);
	if (first) {
		writer_put(p + 24, WRITER_SYSTEM, 8);
		writer_put(p + 32, WRITER_SEGMENT, 4);
		writer_put(p + 36, WRITER_PAGE, 4);
	}
	w->at += first ? 40 : 24;
}

/* A record with these bytes behind its header; returns its LSN. */
UNUSED static uint64_t
writer_raw(struct writer *w, uint8_t rmgr, uint8_t info, uint32_t xid, const void *body, size_t len)
{
	size_t total = 24 + len, done = 0;
	unsigned char *r = util_alloc(total);
	uint64_t lsn;
	uint32_t crc;

	if (w->at % WRITER_PAGE == 0)
		writer_page(w, 0);
	lsn = w->at;
	writer_put(r, total, 4);
	writer_put(r + 4, xid, 4);
	writer_put(r + 8, w->prev, 8);
	r[16] = info;
	r[17] = rmgr;
	if (len > 0)
		memcpy(r + 24, body, len);
	crc = crc32c_add(CRC32C_START, r + 24, len);
	writer_put(r + 20, ~crc32c_add(crc, r, 20), 4);
	while (done < total) {
		size_t room = WRITER_PAGE - w->at % WRITER_PAGE, n = MIN(room, total - done);

		memcpy(w->data + (w->at - w->base), r + done, n);
		done += n;
		w->at += n;
		if (done < total)
			writer_page(w, (uint32_t)(total - done));
	}
	w->at = (w->at + 7) / 8 * 8;
	w->prev = lsn;
	free(r);
	return lsn;
}

/* A record with main data alone. */
UNUSED static uint64_t
writer_record(
	struct writer *w, uint8_t rmgr, uint8_t info, uint32_t xid, const void *data, size_t len)
{
	unsigned char *body = util_alloc(len + 5);
	uint64_t lsn;
	size_t head = len < 256 ? 2 : 5;

	body[0] = len < 256 ? 255 : 254;
	writer_put(body + 1, len, head - 1);
	if (len > 0)
		memcpy(body + head, data, len);
	lsn = writer_raw(w, rmgr, info, xid, body, head + len);
	free(body);
	return lsn;
}

UNUSED static uint64_t
writer_commit(struct writer *w, uint32_t xid, int64_t at_us)
{
	unsigned char data[8];

	writer_put(data, (uint64_t)(at_us - WRITER_2000_US), 8);
	return writer_record(w, RMGR_XACT, 0x00, xid, data, sizeof(data));
}

/* XLOG_SWITCH: the next record begins a new segment. */
UNUSED static uint64_t
writer_switch(struct writer *w)
{
	uint64_t lsn = writer_raw(w, RMGR_XLOG, 0x40, 0, NULL, 0);

	while (w->at % WRITER_SEGMENT != 0) {
		w->at = (w->at + WRITER_PAGE - 1) / WRITER_PAGE * WRITER_PAGE;
		if (w->at % WRITER_SEGMENT != 0)
			writer_page(w, 0);
	}
	return lsn;
}

#endif

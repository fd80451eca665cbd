#include "base/banned.h"
#include "wal/reader.h"
#include "base/bytes.h"
#include "base/crc32c.h"

#define SHORT_HEADER 24

/* xlp_info */
#define CONTINUES   0x0001 /* the page begins with the rest of a record */
#define LONG_HEADER 0x0002
#define OVERWRITTEN 0x0008 /* ... which was given up in a crash */

#define INFO_SWITCH 0x40         /* of RMGR_XLOG */
#define TOTAL_MAX   (1020 * MIB) /* XLogRecordMaxSize */
#define CRC_AT      20
#define CUSTOM_RMGR 128
#define ALIGN_UP(n) (((n) + 7) & ~(size_t)7)

void
reader_init(
	struct reader *r, const struct segment_header *h, uint64_t wanted, reader_cb cb, void *arg)
{
	*r = (struct reader){.cb = cb,
		.arg = arg,
		.wanted = wanted != 0 ? wanted : UINT64_MAX,
		.segment = h->bytes,
		.page = h->page,
		.version = h->version,
		.pending = STR_INIT(READER_RECORD_MAX),
		.fresh = true};
}

void
reader_done(struct reader *r)
{
	str_done(&r->pending);
}

static void
drop_pending(struct reader *r)
{
	str_cut(&r->pending, 0);
	r->pending_dropped = false;
	r->pending_at = 0;
	r->left = 0;
}

void
reader_seek(struct reader *r, uint64_t lsn)
{
	drop_pending(r);
	r->state = READER_MORE;
	r->why = NULL;
	r->next = lsn;
	r->last = r->last_end = 0;
	r->finish = false;
	r->fresh = true;
}

static void
damaged(struct reader *r, const char *why)
{
	r->state = READER_DAMAGED;
	r->why = why;
}

static bool
checksum_good(const unsigned char *data, size_t len)
{
	uint32_t crc = crc32c_add(CRC32C_START, data + RECORD_HEADER, len - RECORD_HEADER);

	return ~crc32c_add(crc, data, CRC_AT) == bytes_u32(data + CRC_AT);
}

static bool
is_wanted(const struct reader *r, uint8_t rmgr)
{
	return rmgr < 64 ? (r->wanted >> rmgr & 1) != 0 : r->wanted == UINT64_MAX;
}

/* A whole record. */
static void
deliver(struct reader *r, uint64_t lsn, const unsigned char *data, size_t len, uint64_t end)
{
	struct record rec = {.lsn = lsn,
		.end = end,
		.prev = bytes_u64(data + 8),
		.xid = bytes_u32(data + 4),
		.length = (uint32_t)len,
		.info = data[16],
		.rmgr = data[17],
		.version = r->version,
		.data = data};

	if (rec.rmgr >= RMGR_COUNT && rec.rmgr < CUSTOM_RMGR) {
		damaged(r, "holds a record of an unknown kind");
	} else if (r->last != 0 && rec.prev != r->last) {
		damaged(r, "holds a record that does not follow the one before it");
	} else if (!checksum_good(data, len)) {
		damaged(r, "holds a record with a wrong checksum");
	} else {
		r->last = lsn;
		r->last_end = end;
		r->records++;
		if (rec.rmgr == RMGR_XLOG && (rec.info & 0xf0) == INFO_SWITCH)
			r->state = READER_SWITCH;
		if (is_wanted(r, rec.rmgr) && !r->cb(&rec, r->arg))
			r->state = READER_STOPPED;
	}
}

static void
keep(struct reader *r, const unsigned char *data, size_t len)
{
	if (r->pending.len + len > READER_RECORD_MAX)
		r->pending_dropped = true;
	else if (!r->pending_dropped)
		str_addn(&r->pending, data, len);
}

/* Goes on with the pending record; returns the offset behind what the page holds of it. */
static size_t
resume(struct reader *r, const unsigned char *page, size_t at)
{
	size_t n = MIN((size_t)r->left, r->page - at);

	keep(r, page + at, n);
	r->left -= (uint32_t)n;
	at += n;
	if (r->left > 0)
		return r->page;
	at = ALIGN_UP(at);
	if (!r->pending_dropped) {
		deliver(r, r->pending_at, (const unsigned char *)r->pending.buf, r->pending.len,
			r->next + at);
	} else {
		r->last = r->pending_at;
		r->last_end = r->next + at;
	}
	drop_pending(r);
	return at;
}

/* Whatever the page begins with before its first own record; the offset of that. */
static size_t
page_start(struct reader *r, const unsigned char *page, size_t at)
{
	uint16_t info = bytes_u16(page + 2);
	uint32_t rest = bytes_u32(page + 16);

	if (r->left > 0) {
		if ((info & CONTINUES) && rest == r->left)
			return resume(r, page, at);
		if ((info & OVERWRITTEN) == 0) {
			damaged(r, "does not go on with the record that the page before began");
			return r->page;
		}
		drop_pending(r);
	} else if (info & CONTINUES) {
		if (!r->fresh) {
			damaged(r, "goes on with a record that never began");
			return r->page;
		}
		/* The reader came in the middle of this record. */
		if (rest >= r->page - at)
			return r->page;
		at = ALIGN_UP(at + rest);
	}
	r->fresh = false;
	return at;
}

/* Of the header, before anything is taken from the page; false ends the reading. */
static bool
header_good(struct reader *r, const unsigned char *page)
{
	uint16_t magic = bytes_u16(page);
	uint64_t address = bytes_u64(page + 8);
	bool is_long = (bytes_u16(page + 2) & LONG_HEADER) != 0;

	if (magic == 0 && address == 0) {
		r->state = READER_END;
		return false;
	}
	if (segment_version(magic) != r->version || r->version == 0) {
		damaged(r, "holds a page without a valid header");
		return false;
	}
	if (address != r->next) {
		/* A file that was used before holds its old pages behind the new ones. */
		if (address < r->next)
			r->state = READER_END;
		else
			damaged(r, "holds a page of another position");
		return false;
	}
	if (is_long != (r->next % r->segment == 0)) {
		damaged(r, "holds a page with the wrong kind of header");
		return false;
	}
	return true;
}

static void
read_page(struct reader *r, const unsigned char *page)
{
	size_t at;

	if (!header_good(r, page))
		return;
	at = page_start(r, page, r->next % r->segment == 0 ? SEGMENT_HEADER : SHORT_HEADER);
	while (r->state == READER_MORE && !r->finish && at < r->page) {
		uint32_t total = bytes_u32(page + at);
		size_t room = r->page - at;

		if (total == 0) {
			r->state = READER_END;
		} else if (total < RECORD_HEADER || total > TOTAL_MAX) {
			damaged(r, "holds a record of an impossible length");
		} else if (total <= room) {
			deliver(r, r->next + at, page + at, total, r->next + ALIGN_UP(at + total));
			at = ALIGN_UP(at + total);
		} else {
			r->pending_at = r->next + at;
			keep(r, page + at, room);
			r->left = total - (uint32_t)room;
			at = r->page;
		}
	}
}

enum reader_state
reader_feed(struct reader *r, const unsigned char *data, size_t len)
{
	for (; len >= r->page; data += r->page, len -= r->page) {
		if (r->state == READER_SWITCH && r->next % r->segment == 0)
			r->state = READER_MORE;
		if (r->state == READER_MORE)
			read_page(r, data);
		if (r->state != READER_MORE && r->state != READER_SWITCH)
			break;
		r->next += r->page;
	}
	return r->state;
}

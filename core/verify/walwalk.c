#include "base/banned.h"
#include "verify/walwalk.h"
#include "base/bytes.h"
#include "base/crc32c.h"

#define RECORD_HEAD 24
#define RECORD_MAX  (1020 * MIB) /* XLogRecordMaxSize */
#define PAGE_MAX    65536

enum { FIRST_IS_CONTRECORD = 1, LONG_HEADER = 2, REMOVABLE = 4, OVERWRITE_CONTRECORD = 8 };

static const struct {
	unsigned magic;
	const char *version;
} versions[] = {
	{0xd087, "9.5"},
	{0xd093, "9.6"},
	{0xd097, "10"},
	{0xd098, "11"},
	{0xd101, "12"},
	{0xd106, "13"},
	{0xd10d, "14"},
	{0xd110, "15"},
	{0xd113, "16"},
	{0xd116, "17"},
	{0xd118, "18"},
};

const char *
wal_lsn_text(uint64_t lsn, char *text)
{
	snprintf(text, WAL_LSN, "%X/%X", (unsigned)(lsn >> 32), (unsigned)lsn);
	return text;
}

static bool
hex32(const char *p, size_t min, size_t max, uint32_t *ret, size_t *ret_len)
{
	size_t n = 0;
	uint32_t value = 0;

	for (; n < max; n++) {
		char c = p[n];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
						   : -1;

		if (digit < 0)
			break;
		value = value << 4 | (uint32_t)digit;
	}
	*ret = value;
	*ret_len = n;
	return n >= min;
}

bool
wal_lsn_parse(const char *text, uint64_t *ret)
{
	uint32_t high, low;
	size_t n, m;

	if (!hex32(text, 1, 8, &high, &n) || text[n] != '/' ||
		!hex32(text + n + 1, 1, 8, &low, &m) || text[n + 1 + m] != '\0')
		return false;
	*ret = (uint64_t)high << 32 | low;
	return true;
}

bool
wal_name_parse(const char *name, uint32_t *ret_timeline, uint32_t *ret_high, uint32_t *ret_low)
{
	size_t n;

	for (size_t i = 0; i < WAL_NAME; i++)
		if (name[i] == '\0' || strchr("0123456789ABCDEF", name[i]) == NULL)
			return false;
	return hex32(name, 8, 8, ret_timeline, &n) && hex32(name + 8, 8, 8, ret_high, &n) &&
	       hex32(name + 16, 8, 8, ret_low, &n);
}

void
wal_name_format(uint32_t timeline, uint64_t lsn, uint32_t segment_bytes, char ret[WAL_NAME + 1])
{
	uint64_t segment = lsn / segment_bytes, per_id = (1ULL << 32) / segment_bytes;

	snprintf(ret, WAL_NAME + 1, "%08X%08X%08X", timeline, (unsigned)(segment / per_id),
		(unsigned)(segment % per_id));
}

const char *
wal_version(unsigned magic)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (versions[i].magic == magic)
			return versions[i].version;
	return NULL;
}

static bool
power_of_two(uint32_t n, uint32_t min, uint32_t max)
{
	return n >= min && n <= max && (n & (n - 1)) == 0;
}

bool
wal_header_read(const unsigned char *p, size_t len, struct wal_header *ret)
{
	if (len < WAL_HEADER)
		return false;
	*ret = (struct wal_header){
		.magic = bytes_u16(p),
		.timeline = bytes_u32(p + 4),
		.lsn = bytes_u64(p + 8),
		.system_identifier = bytes_u64(p + 24),
		.segment_bytes = bytes_u32(p + 32),
		.page_bytes = bytes_u32(p + 36),
	};
	return ret->magic >> 12 == 0xd && (bytes_u16(p + 2) & ~15u) == 0 &&
	       (bytes_u16(p + 2) & LONG_HEADER) != 0 && ret->timeline > 0 &&
	       power_of_two(ret->segment_bytes, (uint32_t)MIB, (uint32_t)GIB) &&
	       power_of_two(ret->page_bytes, 1024, PAGE_MAX) && ret->lsn % ret->segment_bytes == 0;
}

void
wal_walk_init(struct wal_walk *w)
{
	*w = (struct wal_walk){.page = util_alloc(PAGE_MAX)};
}

void
wal_walk_done(struct wal_walk *w)
{
	free(w->page);
	w->page = NULL;
}

uint64_t
wal_walk_owed(const struct wal_walk *w)
{
	return w->have > 0 ? w->left : 0;
}

static bool
damaged(uint64_t lsn, const char *what, struct err *err)
{
	char text[WAL_LSN];

	return err_set(
		err, ERR_DAMAGED, "The WAL is damaged at %s: %s.", wal_lsn_text(lsn, text), what);
}

static bool
all_zero(const unsigned char *p, size_t len)
{
	return len == 0 || (p[0] == 0 && memcmp(p, p + 1, len - 1) == 0);
}

/* A record's header is complete. */
static bool
check_head(struct wal_walk *w, struct err *err)
{
	uint64_t prev = bytes_u64(w->head + 8);

	if (w->known_prev ? prev != w->prev : prev >= w->start)
		return damaged(w->start, "the record does not follow the one before it", err);
	w->crc = CRC32C_START;
	return true;
}

/* A record's last byte was taken. */
static bool
end_record(struct wal_walk *w, struct err *err)
{
	uint32_t crc = ~crc32c_add(w->crc, w->head, 20);

	if (crc != bytes_u32(w->head + 20))
		return damaged(w->start, "the record's CRC is wrong", err);
	if (w->first_record == 0)
		w->first_record = w->start;
	w->records++;
	w->prev = w->start;
	w->known_prev = true;
	w->have = 0;
	/* Resource manager 0 is XLOG, its 0x40 a segment switch: only zeros follow. */
	w->switched = w->head[17] == 0 && (w->head[16] & 0xf0) == 0x40;
	w->valid_until =
		w->switched ? w->segment_start + w->header.segment_bytes : (w->lsn + 7) & ~7ULL;
	return true;
}

/* Takes bytes of the record that is open; *p moves on. */
static bool
take_record(struct wal_walk *w, const unsigned char **p, size_t *len, struct err *err)
{
	size_t n;

	if (w->have < RECORD_HEAD) {
		n = MIN(RECORD_HEAD - w->have, *len);
		memcpy(w->head + w->have, *p, n);
		w->have += n;
		w->left -= n;
		*p += n;
		*len -= n;
		w->lsn += n;
		if (w->have < RECORD_HEAD)
			return true;
		if (!check_head(w, err))
			return false;
	}
	n = (size_t)MIN(w->left, (uint64_t)*len);
	w->crc = crc32c_add(w->crc, *p, n);
	w->left -= n;
	*p += n;
	*len -= n;
	w->lsn += n;
	return w->left > 0 || end_record(w, err);
}

static bool
begin_record(struct wal_walk *w, const unsigned char *p, struct err *err)
{
	uint32_t total = bytes_u32(p);

	if (total < RECORD_HEAD || total > RECORD_MAX)
		return damaged(w->lsn, "no record begins here", err);
	w->start = w->lsn;
	w->left = total;
	return true;
}

/* What stands on a page behind its header. */
static bool
walk_content(struct wal_walk *w, const unsigned char *p, size_t len, struct err *err)
{
	while (len > 0) {
		size_t pad = (size_t)(-w->lsn & 7);

		if (w->skip > 0) {
			pad = (size_t)MIN(w->skip, (uint64_t)len);
			w->skip -= pad;
		} else if (w->have > 0) {
			if (!take_record(w, &p, &len, err))
				return false;
			continue;
		}
		if (w->switched) {
			w->lsn += len;
			return all_zero(p, len) ||
			       damaged(w->lsn - len, "something follows a segment switch", err);
		}
		if (pad == 0) {
			if (bytes_u32(p) == 0) {
				w->ended = true;
				w->lsn += len;
				return all_zero(p, len) ||
				       damaged(w->lsn - len, "something follows the last record",
					       err);
			}
			if (!begin_record(w, p, err) || !take_record(w, &p, &len, err))
				return false;
			continue;
		}
		pad = MIN(pad, len);
		p += pad;
		len -= pad;
		w->lsn += pad;
	}
	return true;
}

static bool
check_continuation(struct wal_walk *w, unsigned info, uint32_t remaining, struct err *err)
{
	if (w->have > 0 && (info & OVERWRITE_CONTRECORD)) {
		w->have = 0; /* the server crashed here; the record was never finished */
		w->known_prev = false;
	}
	if (w->have > 0 || w->skip > 0) {
		uint64_t owed = w->have > 0 ? w->left : w->skip;

		return ((info & FIRST_IS_CONTRECORD) && remaining == owed) ||
		       damaged(w->lsn, "the page does not go on with the record before it", err);
	}
	if ((info & FIRST_IS_CONTRECORD) == 0)
		return remaining == 0 || damaged(w->lsn, "the page header makes no sense", err);
	/* Only where the walk began, in the middle of somebody's record. */
	if (w->lsn != w->segment_start || w->records > 0)
		return damaged(w->lsn, "the page continues a record that is not there", err);
	w->skip = remaining;
	w->unchecked += remaining;
	return true;
}

static bool
walk_page(struct wal_walk *w, const unsigned char *p, size_t len, struct err *err)
{
	bool first = w->lsn == w->segment_start;
	size_t head = first ? WAL_HEADER : 24;
	unsigned info = bytes_u16(p + 2);

	if ((w->switched || w->ended) && all_zero(p, len)) {
		w->lsn += len;
		return true;
	}
	if (w->ended)
		return damaged(w->lsn, "something follows the last record", err);
	if (all_zero(p, len) && w->have == 0) {
		w->ended = true;
		w->lsn += len;
		return true;
	}
	if (bytes_u16(p) != w->header.magic || (info & ~15u) != 0 || bytes_u64(p + 8) != w->lsn ||
		!!(info & LONG_HEADER) != first)
		return damaged(w->lsn,
			all_zero(p, len) ? "the page is empty" : "the page header makes no sense",
			err);
	/* Pages before a fork keep the older timeline. */
	if (bytes_u32(p + 4) > w->header.timeline || bytes_u32(p + 4) < w->timeline)
		return damaged(w->lsn, "the page belongs to another timeline", err);
	w->timeline = bytes_u32(p + 4);
	if (!check_continuation(w, info, bytes_u32(p + 16), err))
		return false;
	w->lsn += head;
	return walk_content(w, p + head, len - head, err);
}

/* Reads up to one page; *ret_len is less only at the end. */
static bool
read_page(struct wal_walk *w, struct scan *s, size_t size, size_t *ret_len, struct err *err)
{
	*ret_len = 0;
	while (*ret_len < size) {
		const unsigned char *p;
		ssize_t n = scan_view(s, &p, err);

		if (n < 0)
			return false;
		if (n == 0)
			break;
		n = (ssize_t)MIN((size_t)n, size - *ret_len);
		memcpy(w->page + *ret_len, p, (size_t)n);
		*ret_len += (size_t)n;
		scan_take(s, (size_t)n);
	}
	return true;
}

static bool
begin_segment(struct wal_walk *w, struct scan *s, struct wal_header *h, struct err *err)
{
	uint64_t expected = w->segment_start + w->header.segment_bytes;
	const unsigned char *p;
	ssize_t n = scan_view(s, &p, err);

	if (n < 0)
		return false;
	if (!wal_header_read(p, (size_t)n, h))
		return err_set(err, ERR_DAMAGED, "%s",
			n > 0 && all_zero(p, (size_t)n)
				? "It is filled with zeros: the segment was never written."
				: "It does not begin as a WAL segment begins.");
	if (w->segments > 0 && (h->system_identifier != w->header.system_identifier ||
				       h->segment_bytes != w->header.segment_bytes))
		return err_set(err, ERR_DAMAGED,
			"This segment belongs to another cluster (system identifier %llu, not "
			"%llu).",
			(unsigned long long)h->system_identifier,
			(unsigned long long)w->header.system_identifier);
	if (w->segments == 0 || h->lsn != expected || w->ended || h->magic != w->header.magic) {
		w->have = 0;
		w->skip = 0;
		w->known_prev = false;
		w->records = 0;
		w->first_record = w->valid_until = 0;
		w->runs++;
	}
	w->timeline = 0;
	w->switched = w->ended = false;
	w->header = *h;
	w->lsn = w->segment_start = h->lsn;
	w->segments++;
	return true;
}

bool
wal_walk_segment(struct wal_walk *w, struct scan *s, bool partial, struct err *err)
{
	struct wal_header h;
	uint64_t end;
	size_t len;

	if (!begin_segment(w, s, &h, err))
		return false;
	end = h.lsn + h.segment_bytes;
	while (w->lsn < end) {
		if (w->stop_at != 0 && w->lsn >= w->stop_at)
			return scan_drain(s, err);
		if (!read_page(w, s, h.page_bytes, &len, err))
			return false;
		if (len < h.page_bytes) {
			uint64_t missing = end - w->lsn - len;

			if (partial && len == 0)
				return true;
			return err_set(err, ERR_DAMAGED,
				"The segment is too short: %llu of its %u bytes are missing.",
				(unsigned long long)missing, h.segment_bytes);
		}
		if (!walk_page(w, w->page, len, err)) {
			if (err->code != ERR_DAMAGED || w->stop_at == 0 ||
				w->valid_until < w->stop_at)
				return false;
			/* Old bytes of a recycled segment, behind all that matters. */
			err_done(err);
			return scan_drain(s, err);
		}
	}
	return scan_at_end(s, err);
}

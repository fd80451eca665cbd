#include "base/banned.h"
#include "verify/rdb_value.h"
#include "base/bytes.h"
#include "verify/lzf.h"

enum type {
	TYPE_STRING = 0,
	TYPE_LIST = 1,
	TYPE_SET = 2,
	TYPE_ZSET = 3,
	TYPE_HASH = 4,
	TYPE_ZSET2 = 5,
	TYPE_MODULE2 = 7,
	TYPE_HASH_ZIPMAP = 9,
	TYPE_LIST_ZIPLIST = 10,
	TYPE_SET_INTSET = 11,
	TYPE_ZSET_ZIPLIST = 12,
	TYPE_HASH_ZIPLIST = 13,
	TYPE_QUICKLIST = 14,
	TYPE_STREAM = 15,
	TYPE_HASH_LISTPACK = 16,
	TYPE_ZSET_LISTPACK = 17,
	TYPE_QUICKLIST2 = 18,
	TYPE_STREAM2 = 19,
	TYPE_SET_LISTPACK = 20,
	TYPE_STREAM3 = 21,
	TYPE_HASH_TTL = 24,
	TYPE_HASH_LISTPACK_TTL = RDB_VALUE_LAST,
};

bool
rdb_nonsense(const struct rdb *r, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "The RDB makes no sense before byte %llu (%s).",
		(unsigned long long)r->scan.offset, what);
}

bool
rdb_length(struct rdb *r, uint64_t *ret, bool *ret_special, struct err *err)
{
	unsigned char b[8], first;

	*ret_special = false;
	if (!scan_byte(&r->scan, &first, err))
		return false;
	switch (first >> 6) {
	case 0: *ret = first & 63; return true;
	case 1:
		if (!scan_byte(&r->scan, b, err))
			return false;
		*ret = (uint64_t)(first & 63) << 8 | b[0];
		return true;
	case 2:
		if (first != 0x80 && first != 0x81)
			return rdb_nonsense(r, "a length of an unknown kind", err);
		if (!scan_read(&r->scan, b, first == 0x80 ? 4 : 8, err))
			return false;
		*ret = bytes_big(b, first == 0x80 ? 4 : 8);
		return true;
	default:
		*ret_special = true;
		*ret = first & 63;
		return true;
	}
}

static bool
length(struct rdb *r, uint64_t *ret, struct err *err)
{
	bool special;

	return rdb_length(r, ret, &special, err) &&
	       (!special || rdb_nonsense(r, "a length is missing", err));
}

bool
rdb_skip_lengths(struct rdb *r, int count, struct err *err)
{
	uint64_t value;

	for (int i = 0; i < count; i++)
		if (!length(r, &value, err))
			return false;
	return true;
}

static bool
packed_string(struct rdb *r, struct rdb_text *ret, struct err *err)
{
	uint64_t packed, plain;
	struct lzf *lzf;
	bool good;

	if (!length(r, &packed, err) || !length(r, &plain, err))
		return false;
	if (plain == 0 || packed == 0)
		return rdb_nonsense(r, "an empty compressed string", err);
	lzf = util_alloc(sizeof(*lzf));
	good = lzf_read(lzf, &r->scan, packed, plain, ret->head, sizeof(ret->head), err);
	ret->len = plain;
	ret->last = good ? lzf_last(lzf) : 0;
	free(lzf);
	return good;
}

bool
rdb_plain_string(struct rdb *r, uint64_t len, struct rdb_text *ret, struct err *err)
{
	size_t head = (size_t)MIN(len, sizeof(ret->head));

	ret->len = len;
	if (!scan_read(&r->scan, ret->head, head, err))
		return false;
	if (len > head && (!scan_read(&r->scan, NULL, len - head - 1, err) ||
				  !scan_byte(&r->scan, &ret->last, err)))
		return false;
	if (len == head)
		ret->last = head > 0 ? ret->head[head - 1] : 0;
	return true;
}

bool
rdb_string(struct rdb *r, struct rdb_text *ret, struct err *err)
{
	bool special;
	uint64_t len;

	if (!rdb_length(r, &len, &special, err))
		return false;
	if (!special)
		return rdb_plain_string(r, len, ret, err);
	ret->len = 0;
	ret->last = 0;
	switch (len) {
	case 0: return scan_read(&r->scan, NULL, 1, err); /* integers of 8, 16, 32 bits */
	case 1: return scan_read(&r->scan, NULL, 2, err);
	case 2: return scan_read(&r->scan, NULL, 4, err);
	case 3: return packed_string(r, ret, err);
	default: return rdb_nonsense(r, "a string of an unknown kind", err);
	}
}

bool
rdb_skip_strings(struct rdb *r, uint64_t count, struct err *err)
{
	struct rdb_text t;

	for (uint64_t i = 0; i < count; i++)
		if (!rdb_string(r, &t, err))
			return false;
	return true;
}

/* Compact encodings are strings with a frame of their own: their length and an end byte. */
static bool
blob(struct rdb *r, unsigned char type, struct err *err)
{
	struct rdb_text t;
	uint64_t width;

	if (!rdb_string(r, &t, err))
		return false;
	switch (type) {
	case TYPE_LIST_ZIPLIST:
	case TYPE_ZSET_ZIPLIST:
	case TYPE_HASH_ZIPLIST:
	case TYPE_HASH_LISTPACK:
	case TYPE_ZSET_LISTPACK:
	case TYPE_SET_LISTPACK:
	case TYPE_HASH_LISTPACK_TTL:
		return (t.len >= 7 && bytes_u32(t.head) == t.len && t.last == 0xff) ||
		       rdb_nonsense(r, "a packed list of the wrong length", err);
	case TYPE_SET_INTSET:
		width = bytes_u32(t.head);
		return (t.len >= 8 && (width == 2 || width == 4 || width == 8) &&
			       bytes_u32(t.head + 4) * width + 8 == t.len) ||
		       rdb_nonsense(r, "a packed set of the wrong length", err);
	default: return t.last == 0xff || rdb_nonsense(r, "a packed map without its end", err);
	}
}

/* How often `each` strings and, behind each of those, `raw` bytes follow. */
static bool
elements(struct rdb *r, uint64_t each, uint64_t raw, struct err *err)
{
	uint64_t count;

	if (!length(r, &count, err))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!rdb_skip_strings(r, each, err) || !scan_read(&r->scan, NULL, raw, err))
			return false;
	return true;
}

/* Scores as text: a length of 253 to 255 is not a number or infinite. */
static bool
old_zset(struct rdb *r, struct err *err)
{
	unsigned char len;
	uint64_t count;

	if (!length(r, &count, err))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!rdb_skip_strings(r, 1, err) || !scan_byte(&r->scan, &len, err) ||
			(len < 253 && !scan_read(&r->scan, NULL, len, err)))
			return false;
	return true;
}

/* Nodes of a list: 1 a single element, 2 a listpack. */
static bool
quicklist2(struct rdb *r, struct err *err)
{
	uint64_t count, container;

	if (!length(r, &count, err))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!length(r, &container, err))
			return false;
		if (container != 1 && container != 2)
			return rdb_nonsense(r, "a list of an unknown kind", err);
		if (!(container == 2 ? blob(r, TYPE_HASH_LISTPACK, err)
				     : rdb_skip_strings(r, 1, err)))
			return false;
	}
	return true;
}

static bool
quicklist(struct rdb *r, struct err *err)
{
	uint64_t count;

	if (!length(r, &count, err))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!blob(r, TYPE_LIST_ZIPLIST, err))
			return false;
	return true;
}

static bool
hash_with_ttls(struct rdb *r, struct err *err)
{
	uint64_t count, ttl;

	if (!scan_read(&r->scan, NULL, 8, err) || !length(r, &count, err))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!length(r, &ttl, err) || !rdb_skip_strings(r, 2, err))
			return false;
	return true;
}

static bool
stream_consumer(struct rdb *r, unsigned char type, struct err *err)
{
	uint64_t pending;

	/* name, seen time, since version 3 active time, the ids that it has pending */
	if (!rdb_skip_strings(r, 1, err) ||
		!scan_read(&r->scan, NULL, type == TYPE_STREAM3 ? 16 : 8, err) ||
		!length(r, &pending, err))
		return false;
	for (uint64_t i = 0; i < pending; i++)
		if (!scan_read(&r->scan, NULL, 16, err))
			return false;
	return true;
}

static bool
stream_group(struct rdb *r, unsigned char type, struct err *err)
{
	uint64_t pending, consumers;

	/* name, last id, since version 2 how many entries were read */
	if (!rdb_skip_strings(r, 1, err) ||
		!rdb_skip_lengths(r, type == TYPE_STREAM ? 2 : 3, err) || !length(r, &pending, err))
		return false;
	for (uint64_t i = 0; i < pending; i++) /* id, delivery time, delivery count */
		if (!scan_read(&r->scan, NULL, 24, err) || !rdb_skip_lengths(r, 1, err))
			return false;
	if (!length(r, &consumers, err))
		return false;
	for (uint64_t i = 0; i < consumers; i++)
		if (!stream_consumer(r, type, err))
			return false;
	return true;
}

static bool
stream(struct rdb *r, unsigned char type, struct err *err)
{
	uint64_t count, groups;
	struct rdb_text id;

	if (!length(r, &count, err))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!rdb_string(r, &id, err))
			return false;
		if (id.len != 16)
			return rdb_nonsense(r, "a stream's id of the wrong length", err);
		if (!blob(r, TYPE_HASH_LISTPACK, err))
			return false;
	}
	/* length, last id; since version 2 first id, largest deleted id, entries added */
	if (!rdb_skip_lengths(r, type == TYPE_STREAM ? 3 : 8, err) || !length(r, &groups, err))
		return false;
	for (uint64_t i = 0; i < groups; i++)
		if (!stream_group(r, type, err))
			return false;
	return true;
}

bool
rdb_module_values(struct rdb *r, struct err *err)
{
	uint64_t tag;

	for (;;) {
		if (!length(r, &tag, err))
			return false;
		switch (tag) {
		case 0: return true;
		case 1:
		case 2:
			if (!rdb_skip_lengths(r, 1, err))
				return false;
			break;
		case 3:
		case 4:
			if (!scan_read(&r->scan, NULL, tag == 3 ? 4 : 8, err))
				return false;
			break;
		case 5:
			if (!rdb_skip_strings(r, 1, err))
				return false;
			break;
		default: return rdb_nonsense(r, "a module's value of an unknown kind", err);
		}
	}
}

bool
rdb_unknown(const struct rdb *r, const char *what, unsigned char byte, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED,
		"At byte %llu stands a %s (%u) that is not known here; this is RDB version %d.",
		(unsigned long long)r->scan.offset - 1, what, byte, r->version);
}

bool
rdb_value(struct rdb *r, unsigned char type, struct err *err)
{
	switch (type) {
	case TYPE_STRING: return rdb_skip_strings(r, 1, err);
	case TYPE_LIST:
	case TYPE_SET: return elements(r, 1, 0, err);
	case TYPE_HASH: return elements(r, 2, 0, err);
	case TYPE_ZSET: return old_zset(r, err);
	case TYPE_ZSET2: return elements(r, 1, 8, err);
	case TYPE_MODULE2: return rdb_skip_lengths(r, 1, err) && rdb_module_values(r, err);
	case TYPE_QUICKLIST: return quicklist(r, err);
	case TYPE_QUICKLIST2: return quicklist2(r, err);
	case TYPE_STREAM:
	case TYPE_STREAM2:
	case TYPE_STREAM3: return stream(r, type, err);
	case TYPE_HASH_TTL: return hash_with_ttls(r, err);
	case TYPE_HASH_LISTPACK_TTL: return scan_read(&r->scan, NULL, 8, err) && blob(r, type, err);
	case TYPE_HASH_ZIPMAP:
	case TYPE_LIST_ZIPLIST:
	case TYPE_SET_INTSET:
	case TYPE_ZSET_ZIPLIST:
	case TYPE_HASH_ZIPLIST:
	case TYPE_HASH_LISTPACK:
	case TYPE_ZSET_LISTPACK:
	case TYPE_SET_LISTPACK: return blob(r, type, err);
	default: return rdb_unknown(r, "type of value", type, err);
	}
}

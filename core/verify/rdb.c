#include "base/banned.h"
#include "verify/rdb.h"
#include "base/bytes.h"
#include "verify/crc64.h"
#include "verify/lzf.h"

#define VERSION_MAX 12

enum opcode {
	OP_SLOT_INFO = 244,
	OP_FUNCTION2 = 245,
	OP_MODULE_AUX = 247,
	OP_IDLE = 248,
	OP_FREQ = 249,
	OP_AUX = 250,
	OP_RESIZEDB = 251,
	OP_EXPIRE_MS = 252,
	OP_EXPIRE = 253,
	OP_SELECTDB = 254,
	OP_EOF = 255,
};

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
	TYPE_HASH_LISTPACK_TTL = 25,
};

/* A string that went by: its length, its first bytes, its last one. */
struct text {
	uint64_t len;
	unsigned char head[RDB_TEXT];
	unsigned char last;
};

bool
rdb_is(const unsigned char *p, size_t len)
{
	if (len < 9 || memcmp(p, "REDIS", 5) != 0)
		return false;
	for (int i = 5; i < 9; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

/* Moves the chunk that was pulled last into the sum, all but the last 8 bytes of it all. */
static void
absorb(struct rdb *r)
{
	unsigned char joined[16];
	size_t len = r->chunk_len;

	if (len >= 8) {
		r->sum = crc64_add(r->sum, r->last, r->last_len);
		r->sum = crc64_add(r->sum, r->chunk, len - 8);
		memcpy(r->last, r->chunk + len - 8, 8);
		r->last_len = 8;
	} else {
		size_t all = r->last_len + len, keep = MIN(all, 8);

		memcpy(joined, r->last, r->last_len);
		memcpy(joined + r->last_len, r->chunk, len);
		r->sum = crc64_add(r->sum, joined, all - keep);
		memcpy(r->last, joined + all - keep, keep);
		r->last_len = keep;
	}
	r->chunk_len = 0;
}

static ssize_t
pull(void *arg, const unsigned char **ret, struct err *err)
{
	struct rdb *r = arg;
	ssize_t n;

	if (r->chunk_len > 0)
		absorb(r);
	n = scan_pull(r->from, &r->chunk, err);
	r->chunk_len = n > 0 ? (size_t)n : 0;
	*ret = r->chunk;
	return n;
}

/* Of everything that was taken. */
static uint64_t
sum_so_far(const struct rdb *r)
{
	uint64_t crc = crc64_add(r->sum, r->last, r->last_len);

	return crc64_add(crc, r->chunk, r->chunk_len - r->scan.len);
}

void
rdb_init(struct rdb *r, struct scan *from)
{
	*r = (struct rdb){.from = from};
	r->scan = scan_new(pull, r);
}

static bool
nonsense(const struct rdb *r, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "The RDB makes no sense before byte %llu (%s).",
		(unsigned long long)r->scan.offset, what);
}

/* *ret_special: not a length, but how a string is stored. */
static bool
read_length(struct rdb *r, uint64_t *ret, bool *ret_special, struct err *err)
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
			return nonsense(r, "a length of an unknown kind", err);
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

	return read_length(r, ret, &special, err) &&
	       (!special || nonsense(r, "a length is missing", err));
}

static bool
skip_lengths(struct rdb *r, int count, struct err *err)
{
	uint64_t value;

	for (int i = 0; i < count; i++)
		if (!length(r, &value, err))
			return false;
	return true;
}

static bool
packed_string(struct rdb *r, struct text *ret, struct err *err)
{
	uint64_t packed, plain;
	struct lzf *lzf;
	bool good;

	if (!length(r, &packed, err) || !length(r, &plain, err))
		return false;
	if (plain == 0 || packed == 0)
		return nonsense(r, "an empty compressed string", err);
	lzf = util_alloc(sizeof(*lzf));
	good = lzf_read(lzf, &r->scan, packed, plain, ret->head, sizeof(ret->head), err);
	ret->len = plain;
	ret->last = good ? lzf_last(lzf) : 0;
	free(lzf);
	return good;
}

static bool
plain_string(struct rdb *r, uint64_t len, struct text *ret, struct err *err)
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

static bool
string(struct rdb *r, struct text *ret, struct err *err)
{
	bool special;
	uint64_t len;

	if (!read_length(r, &len, &special, err))
		return false;
	if (!special)
		return plain_string(r, len, ret, err);
	ret->len = 0;
	ret->last = 0;
	switch (len) {
	case 0: return scan_read(&r->scan, NULL, 1, err); /* integers of 8, 16, 32 bits */
	case 1: return scan_read(&r->scan, NULL, 2, err);
	case 2: return scan_read(&r->scan, NULL, 4, err);
	case 3: return packed_string(r, ret, err);
	default: return nonsense(r, "a string of an unknown kind", err);
	}
}

static bool
skip_strings(struct rdb *r, uint64_t count, struct err *err)
{
	struct text t;

	for (uint64_t i = 0; i < count; i++)
		if (!string(r, &t, err))
			return false;
	return true;
}

/* Compact encodings are strings with a frame of their own: their length and an end byte. */
static bool
blob(struct rdb *r, unsigned char type, struct err *err)
{
	struct text t;
	uint64_t width;

	if (!string(r, &t, err))
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
		       nonsense(r, "a packed list of the wrong length", err);
	case TYPE_SET_INTSET:
		width = bytes_u32(t.head);
		return (t.len >= 8 && (width == 2 || width == 4 || width == 8) &&
			       bytes_u32(t.head + 4) * width + 8 == t.len) ||
		       nonsense(r, "a packed set of the wrong length", err);
	default: return t.last == 0xff || nonsense(r, "a packed map without its end", err);
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
		if (!skip_strings(r, each, err) || !scan_read(&r->scan, NULL, raw, err))
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
		if (!skip_strings(r, 1, err) || !scan_byte(&r->scan, &len, err) ||
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
			return nonsense(r, "a list of an unknown kind", err);
		if (!(container == 2 ? blob(r, TYPE_HASH_LISTPACK, err) : skip_strings(r, 1, err)))
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
		if (!length(r, &ttl, err) || !skip_strings(r, 2, err))
			return false;
	return true;
}

static bool
stream_consumer(struct rdb *r, unsigned char type, struct err *err)
{
	uint64_t pending;

	/* name, seen time, since version 3 active time, the ids that it has pending */
	if (!skip_strings(r, 1, err) ||
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
	if (!skip_strings(r, 1, err) || !skip_lengths(r, type == TYPE_STREAM ? 2 : 3, err) ||
		!length(r, &pending, err))
		return false;
	for (uint64_t i = 0; i < pending; i++) /* id, delivery time, delivery count */
		if (!scan_read(&r->scan, NULL, 24, err) || !skip_lengths(r, 1, err))
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
	struct text id;

	if (!length(r, &count, err))
		return false;
	for (uint64_t i = 0; i < count; i++) {
		if (!string(r, &id, err))
			return false;
		if (id.len != 16)
			return nonsense(r, "a stream's id of the wrong length", err);
		if (!blob(r, TYPE_HASH_LISTPACK, err))
			return false;
	}
	/* length, last id; since version 2 first id, largest deleted id, entries added */
	if (!skip_lengths(r, type == TYPE_STREAM ? 3 : 8, err) || !length(r, &groups, err))
		return false;
	for (uint64_t i = 0; i < groups; i++)
		if (!stream_group(r, type, err))
			return false;
	return true;
}

/* What a module wrote: tagged values up to a tag of 0. */
static bool
module_values(struct rdb *r, struct err *err)
{
	uint64_t tag;

	for (;;) {
		if (!length(r, &tag, err))
			return false;
		switch (tag) {
		case 0: return true;
		case 1:
		case 2:
			if (!skip_lengths(r, 1, err))
				return false;
			break;
		case 3:
		case 4:
			if (!scan_read(&r->scan, NULL, tag == 3 ? 4 : 8, err))
				return false;
			break;
		case 5:
			if (!skip_strings(r, 1, err))
				return false;
			break;
		default: return nonsense(r, "a module's value of an unknown kind", err);
		}
	}
}

static bool
unknown(const struct rdb *r, const char *what, unsigned char byte, struct err *err)
{
	return err_set(err, ERR_UNSUPPORTED,
		"At byte %llu stands a %s (%u) that is not known here; this is RDB version %d.",
		(unsigned long long)r->scan.offset - 1, what, byte, r->version);
}

static bool
value(struct rdb *r, unsigned char type, struct err *err)
{
	switch (type) {
	case TYPE_STRING: return skip_strings(r, 1, err);
	case TYPE_LIST:
	case TYPE_SET: return elements(r, 1, 0, err);
	case TYPE_HASH: return elements(r, 2, 0, err);
	case TYPE_ZSET: return old_zset(r, err);
	case TYPE_ZSET2: return elements(r, 1, 8, err);
	case TYPE_MODULE2: return skip_lengths(r, 1, err) && module_values(r, err);
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
	default: return unknown(r, "type of value", type, err);
	}
}

static bool
aux(struct rdb *r, struct err *err)
{
	struct text name, text;
	bool special;
	uint64_t len;
	unsigned char b[4];
	char *to;

	if (!string(r, &name, err))
		return false;
	if (name.len == 5 && memcmp(name.head, "ctime", 5) == 0) {
		/* a number, stored as 32 bits */
		if (!read_length(r, &len, &special, err))
			return false;
		if (!special)
			return plain_string(r, len, &text, err);
		if (len != 2)
			return nonsense(r, "a time of an unknown kind", err);
		if (!scan_read(&r->scan, b, 4, err))
			return false;
		snprintf(r->ctime, sizeof(r->ctime), "%llu", (unsigned long long)bytes_u32(b));
		return true;
	}
	if (!string(r, &text, err))
		return false;
	to = name.len == 9 && memcmp(name.head, "redis-ver", 9) == 0 ? r->redis_version : NULL;
	if (to != NULL)
		snprintf(to, RDB_TEXT, "%.*s", (int)MIN(text.len, RDB_TEXT - 1),
			(const char *)text.head);
	return true;
}

static bool
end(struct rdb *r, struct err *err)
{
	unsigned char b[8];

	r->crc = sum_so_far(r);
	if (r->version < 5) {
		r->stored_crc = 0;
		return true;
	}
	if (!scan_read(&r->scan, b, 8, err))
		return false;
	r->stored_crc = bytes_u64(b);
	return true;
}

/* One opcode, or one key with its value. */
static bool
item(struct rdb *r, unsigned char byte, struct err *err)
{
	switch (byte) {
	case OP_AUX: return aux(r, err);
	case OP_SELECTDB: r->databases++; return skip_lengths(r, 1, err);
	case OP_RESIZEDB: return skip_lengths(r, 2, err);
	case OP_SLOT_INFO: return skip_lengths(r, 3, err);
	case OP_EXPIRE: r->volatile_keys++; return scan_read(&r->scan, NULL, 4, err);
	case OP_EXPIRE_MS: r->volatile_keys++; return scan_read(&r->scan, NULL, 8, err);
	case OP_FREQ: return scan_read(&r->scan, NULL, 1, err);
	case OP_IDLE: return skip_lengths(r, 1, err);
	case OP_FUNCTION2: r->functions++; return skip_strings(r, 1, err);
	case OP_MODULE_AUX: return skip_lengths(r, 3, err) && module_values(r, err);
	default: break;
	}
	if (byte > TYPE_HASH_LISTPACK_TTL)
		return unknown(r, "mark", byte, err);
	r->keys++;
	return skip_strings(r, 1, err) && value(r, byte, err);
}

bool
rdb_read(struct rdb *r, struct err *err)
{
	unsigned char head[9], byte;

	if (!scan_read(&r->scan, head, sizeof(head), err))
		return false;
	if (!rdb_is(head, sizeof(head)))
		return nonsense(r, "it does not begin with REDIS and a version", err);
	for (int i = 5; i < 9; i++)
		r->version = 10 * r->version + head[i] - '0';
	if (r->version < 1 || r->version > VERSION_MAX)
		return err_set(err, ERR_UNSUPPORTED,
			"This is RDB version %d; 1 to %d are known here.", r->version, VERSION_MAX);
	for (;;) {
		if (!scan_byte(&r->scan, &byte, err))
			return false;
		if (byte == OP_EOF)
			return end(r, err);
		if (!item(r, byte, err))
			return false;
	}
}

bool
rdb_only_sum(struct rdb *r, bool *ret, struct err *err)
{
	if (!scan_drain(&r->scan, err))
		return false;
	r->crc = r->sum;
	r->stored_crc = bytes_u64(r->last);
	*ret = r->last_len == 8 && r->stored_crc != 0 && r->stored_crc == r->crc;
	return true;
}

#include "base/banned.h"
#include "verify/rdb.h"
#include "base/bytes.h"
#include "verify/crc64.h"
#include "verify/rdb_value.h"

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
aux(struct rdb *r, struct err *err)
{
	struct rdb_text name, text;
	bool special;
	uint64_t len;
	unsigned char b[4];
	char *to;

	if (!rdb_string(r, &name, err))
		return false;
	if (name.len == 5 && memcmp(name.head, "ctime", 5) == 0) {
		/* a number, stored as 32 bits */
		if (!rdb_length(r, &len, &special, err))
			return false;
		if (!special)
			return rdb_plain_string(r, len, &text, err);
		if (len != 2)
			return rdb_nonsense(r, "a time of an unknown kind", err);
		if (!scan_read(&r->scan, b, 4, err))
			return false;
		snprintf(r->ctime, sizeof(r->ctime), "%llu", (unsigned long long)bytes_u32(b));
		return true;
	}
	if (!rdb_string(r, &text, err))
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
	case OP_SELECTDB: r->databases++; return rdb_skip_lengths(r, 1, err);
	case OP_RESIZEDB: return rdb_skip_lengths(r, 2, err);
	case OP_SLOT_INFO: return rdb_skip_lengths(r, 3, err);
	case OP_EXPIRE: r->volatile_keys++; return scan_read(&r->scan, NULL, 4, err);
	case OP_EXPIRE_MS: r->volatile_keys++; return scan_read(&r->scan, NULL, 8, err);
	case OP_FREQ: return scan_read(&r->scan, NULL, 1, err);
	case OP_IDLE: return rdb_skip_lengths(r, 1, err);
	case OP_FUNCTION2: r->functions++; return rdb_skip_strings(r, 1, err);
	case OP_MODULE_AUX: return rdb_skip_lengths(r, 3, err) && rdb_module_values(r, err);
	default: break;
	}
	if (byte > RDB_VALUE_LAST)
		return rdb_unknown(r, "mark", byte, err);
	r->keys++;
	return rdb_skip_strings(r, 1, err) && rdb_value(r, byte, err);
}

bool
rdb_read(struct rdb *r, struct err *err)
{
	unsigned char head[9], byte;

	if (!scan_read(&r->scan, head, sizeof(head), err))
		return false;
	if (!rdb_is(head, sizeof(head)))
		return rdb_nonsense(r, "it does not begin with REDIS and a version", err);
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

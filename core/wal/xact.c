#include "base/banned.h"
#include "wal/xact.h"
#include "base/bytes.h"

/* xl_info of RMGR_XACT */
#define OP_MASK            0x70
#define OP_COMMIT          0x00
#define OP_ABORT           0x20
#define OP_COMMIT_PREPARED 0x30
#define OP_ABORT_PREPARED  0x40
#define HAS_INFO           0x80

/* xinfo */
#define HAS_DATABASE (1u << 0)
#define HAS_CHILDREN (1u << 1)
#define HAS_FILES    (1u << 2)
#define HAS_MESSAGES (1u << 3)
#define HAS_TWOPHASE (1u << 4)
#define HAS_STATS    (1u << 8)

/* xl_info of RMGR_XLOG, without the low bits */
#define CHECKPOINT_SHUTDOWN 0x00
#define CHECKPOINT_ONLINE   0x10
#define RESTORE_POINT       0x70
#define END_OF_RECOVERY     0x90

#define CHECKPOINT_TIME_AT 64 /* in struct CheckPoint, versions 12 to 17; seconds since 1970 */

#define FILE_SIZE    12
#define STATS_SIZE   12
#define MESSAGE_SIZE 16
#define RELCACHE     (-2) /* SHAREDINVALRELCACHE_ID */

struct cursor {
	const unsigned char *at;
	size_t left;
};

/* A TimestampTz of PostgreSQL (microseconds since 2000) as microseconds since 1970. */
static int64_t
unix_us(const unsigned char *p)
{
	return (int64_t)(bytes_u64(p) + 946684800000000u);
}

static const unsigned char *
take(struct cursor *c, size_t n)
{
	const unsigned char *p = c->at;

	if (c->left < n)
		return NULL;
	c->at += n;
	c->left -= n;
	return p;
}

/* A count and so many things of `size` bytes. */
static bool
take_list(struct cursor *c, size_t size, struct xact_list *ret)
{
	const unsigned char *p = take(c, 4);

	if (p == NULL)
		return false;
	ret->n = bytes_u32(p);
	if (ret->n > c->left / size)
		return false;
	ret->at = take(c, ret->n * size);
	return true;
}

/* From 1970 to 2200: whatever adds to a time of WAL can't overflow. */
static bool
plausible(int64_t us)
{
	return us >= 0 && us < 230LL * 366 * 86400 * 1000000;
}

/* What HAS_INFO announces, in its fixed order. */
static bool
parse_info(const struct record *r, struct cursor *c, struct xact *x)
{
	const unsigned char *p = take(c, 4);
	struct xact_list ignored;
	uint32_t has;

	if (p == NULL)
		return false;
	has = bytes_u32(p);
	if (has & HAS_DATABASE) {
		if ((p = take(c, 8)) == NULL)
			return false;
		x->database = bytes_u32(p);
	}
	if ((has & HAS_CHILDREN) && !take_list(c, 4, &x->children))
		return false;
	if ((has & HAS_FILES) && !take_list(c, FILE_SIZE, &x->removed))
		return false;
	if (r->version >= 15 && (has & HAS_STATS) && !take_list(c, STATS_SIZE, &ignored))
		return false;
	if ((has & HAS_MESSAGES) && !take_list(c, MESSAGE_SIZE, &x->messages))
		return false;
	if (has & HAS_TWOPHASE) {
		if ((p = take(c, 4)) == NULL)
			return false;
		x->xid = bytes_u32(p);
	}
	return true;
}

bool
xact_parse(const struct record *r, struct xact *ret)
{
	uint8_t op = r->info & OP_MASK;
	struct record_parts parts;
	const unsigned char *p;
	struct cursor c;

	if (r->rmgr != RMGR_XACT || (op != OP_COMMIT && op != OP_ABORT &&
					    op != OP_COMMIT_PREPARED && op != OP_ABORT_PREPARED))
		return false;
	if (!record_parse(r, &parts))
		return false;
	c = (struct cursor){parts.data, parts.len};
	*ret = (struct xact){.commit = op == OP_COMMIT || op == OP_COMMIT_PREPARED, .xid = r->xid};
	if ((p = take(&c, 8)) == NULL)
		return false;
	ret->at_us = unix_us(p);
	if (!plausible(ret->at_us))
		return false;
	return (r->info & HAS_INFO) == 0 || parse_info(r, &c, ret);
}

uint32_t
xact_child(const struct xact *x, uint32_t i)
{
	return bytes_u32(x->children.at + (size_t)4 * i);
}

struct rel_file
xact_removed(const struct xact *x, uint32_t i)
{
	const unsigned char *p = x->removed.at + (size_t)FILE_SIZE * i;

	return (struct rel_file){bytes_u32(p), bytes_u32(p + 4), bytes_u32(p + 8)};
}

bool
xact_invalidates(const struct xact *x, uint32_t i, uint32_t *ret_relation)
{
	const unsigned char *p = x->messages.at + (size_t)MESSAGE_SIZE * i;

	if ((int8_t)p[0] != RELCACHE)
		return false;
	*ret_relation = bytes_u32(p + 8);
	return true;
}

bool
xact_time(const struct record *r, int64_t *ret_us)
{
	uint8_t op = r->info & 0xf0;
	struct record_parts parts;
	struct xact x;

	if (r->rmgr == RMGR_XACT) {
		if (!xact_parse(r, &x))
			return false;
		*ret_us = x.at_us;
		return true;
	}
	if (r->rmgr != RMGR_XLOG || !record_parse(r, &parts))
		return false;
	if ((op == CHECKPOINT_SHUTDOWN || op == CHECKPOINT_ONLINE) &&
		parts.len >= CHECKPOINT_TIME_AT + 8) {
		*ret_us = (int64_t)(bytes_u64(parts.data + CHECKPOINT_TIME_AT) * 1000000);
		return plausible(*ret_us);
	}
	if ((op == RESTORE_POINT || op == END_OF_RECOVERY) && parts.len >= 8) {
		*ret_us = unix_us(parts.data);
		return plausible(*ret_us);
	}
	return false;
}

#include "base/banned.h"
#include "wal/heap.h"
#include "base/bytes.h"

#define PAGE_HEADER  24
#define TUPLE_HEADER 23 /* up to the null bitmap */

#define LP_NORMAL    1
#define XMIN_MASK    0x0300 /* t_infomask: committed and invalid together mean frozen */
#define XMIN_INVALID 0x0200

/* flags of xl_heap_delete and xl_heap_update */
#define DELETE_IS_SUPER (1 << 3)
#define DELETE_IS_MOVE  (1 << 4)
#define UPDATE_PREFIX   (1 << 5)
#define UPDATE_SUFFIX   (1 << 6)

/* flags of a block, as in record.c */
#define BLOCK_HAS_IMAGE 0x10
#define BLOCK_SAME_REL  0x80
#define IMAGE_HAS_HOLE  0x01

unsigned
heap_slots(const unsigned char page[RECORD_PAGE])
{
	unsigned lower = bytes_u16(page + 12), upper = bytes_u16(page + 14),
		 special = bytes_u16(page + 16);

	if ((bytes_u16(page + 18) & 0xff00) != RECORD_PAGE || lower < PAGE_HEADER ||
		lower > upper || upper > special || special > RECORD_PAGE)
		return 0;
	return (lower - PAGE_HEADER) / 4;
}

/* The tuple in a slot; NULL when there is none that fits the page. */
static const unsigned char *
tuple_at(const unsigned char page[RECORD_PAGE], unsigned slot, unsigned *ret_len)
{
	uint32_t pointer;
	unsigned offset;

	if (slot == 0 || slot > heap_slots(page))
		return NULL;
	pointer = bytes_u32(page + PAGE_HEADER + (size_t)4 * (slot - 1));
	offset = pointer & 0x7fff;
	*ret_len = pointer >> 17;
	if ((pointer >> 15 & 3) != LP_NORMAL || offset < PAGE_HEADER || *ret_len <= TUPLE_HEADER ||
		offset + *ret_len > RECORD_PAGE)
		return NULL;
	return page + offset;
}

bool
heap_row_at(const unsigned char page[RECORD_PAGE], unsigned slot, struct heap_row *ret)
{
	unsigned len;
	const unsigned char *tuple = tuple_at(page, slot, &len);

	if (tuple == NULL || (bytes_u16(tuple + 20) & XMIN_MASK) == XMIN_INVALID ||
		tuple[22] < TUPLE_HEADER || tuple[22] > len)
		return false;
	*ret = (struct heap_row){tuple + tuple[22], len - tuple[22]};
	return true;
}

unsigned
heap_tuple_len(const unsigned char page[RECORD_PAGE], unsigned slot)
{
	unsigned len;

	return tuple_at(page, slot, &len) != NULL ? len : 0;
}

/* xl_heap_header (5 bytes), then the tuple from its null bitmap on. */
static bool
take_tuple(const unsigned char *p, size_t len, struct heap_change *c)
{
	size_t bitmap;

	if (len < 5 || p[4] < TUPLE_HEADER)
		return false;
	bitmap = (size_t)p[4] - TUPLE_HEADER;
	if (len - 5 < bitmap)
		return false;
	c->data = p + 5 + bitmap;
	c->len = len - 5 - bitmap;
	return true;
}

static bool
parse_insert(const struct record_parts *parts, struct heap_change *c)
{
	const struct record_block *b = &parts->blocks[0];

	if (parts->len < 3)
		return false;
	c->slot = bytes_u16(parts->data);
	return b->len == 0 || take_tuple(b->data, b->len, c);
}

static bool
parse_delete(const struct record_parts *parts, struct heap_change *c)
{
	if (parts->len < 8)
		return false;
	c->slot = bytes_u16(parts->data + 4);
	c->no_delete = (parts->data[7] & (DELETE_IS_SUPER | DELETE_IS_MOVE)) != 0;
	return true;
}

static bool
parse_update(const struct record_parts *parts, struct heap_change *c)
{
	const struct record_block *b = &parts->blocks[0];
	const unsigned char *p = b->data;
	size_t len = b->len, skip = 0;
	uint8_t flags;

	if (parts->len < 14)
		return false;
	flags = parts->data[7];
	c->old_slot = bytes_u16(parts->data + 4);
	c->slot = bytes_u16(parts->data + 12);
	c->old_block = parts->n > 1 ? parts->blocks[1].block : c->block;
	if (len == 0)
		return true;
	skip = ((flags & UPDATE_PREFIX) != 0 ? 2u : 0u) + ((flags & UPDATE_SUFFIX) != 0 ? 2u : 0u);
	if (len < skip)
		return false;
	if (flags & UPDATE_PREFIX)
		c->prefix = bytes_u16(p);
	return take_tuple(p + skip, len - skip, c);
}

static bool
parse_inplace(const struct record_parts *parts, struct heap_change *c)
{
	const struct record_block *b = &parts->blocks[0];

	if (parts->len < 2)
		return false;
	c->slot = bytes_u16(parts->data);
	if (b->len > 0) {
		c->data = b->data;
		c->len = b->len;
	}
	return true;
}

bool
heap_parse(const struct record *r, const struct record_parts *parts, struct heap_change *ret)
{
	struct heap_change c = {.op = r->info & HEAP_OP};

	if (r->rmgr != RMGR_HEAP || parts->n == 0 || parts->blocks[0].fork != 0)
		return false;
	c.rel = parts->blocks[0].rel;
	c.block = parts->blocks[0].block;
	if (parts->blocks[0].image != NULL)
		c.image = &parts->blocks[0];
	*ret = c;
	switch (c.op) {
	case HEAP_INSERT: return parse_insert(parts, ret);
	case HEAP_DELETE: return parse_delete(parts, ret);
	case HEAP_UPDATE:
	case HEAP_HOT_UPDATE: return parse_update(parts, ret);
	case HEAP_INPLACE: return parse_inplace(parts, ret);
	default: return false;
	}
}

bool
heap_peek(const struct record *r, struct rel_file *ret)
{
	const unsigned char *p = r->data + RECORD_HEADER;
	size_t at = 4;

	/* The longest block header, with image and hole length, is shorter than this. */
	if (r->length < RECORD_HEADER + 23 || p[0] >= RECORD_BLOCKS_MAX ||
		(p[1] & BLOCK_SAME_REL) != 0)
		return false;
	if (p[1] & BLOCK_HAS_IMAGE) {
		bool packed = r->version < 15 ? (p[8] & 0x02) != 0 : (p[8] & 0x1c) != 0;

		at += 5 + ((p[8] & IMAGE_HAS_HOLE) != 0 && packed ? 2 : 0);
	}
	*ret = (struct rel_file){bytes_u32(p + at), bytes_u32(p + at + 4), bytes_u32(p + at + 8)};
	return true;
}

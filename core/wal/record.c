#include "base/banned.h"
#include "wal/record.h"
#include "base/bytes.h"
#include "wal/unpack.h"

/* fork_flags */
#define FORK_MASK 0x0f
#define HAS_IMAGE 0x10
#define HAS_DATA  0x20
#define SAME_REL  0x80

#define IMAGE_HAS_HOLE 0x01

enum {
	ID_DATA_SHORT = 255,
	ID_DATA_LONG = 254,
	ID_ORIGIN = 253,
	ID_TOP_XID = 252,
};

enum compression { COMPRESS_NONE, COMPRESS_PGLZ, COMPRESS_LZ4, COMPRESS_ZSTD };

struct cursor {
	const unsigned char *at, *end;
	struct rel_file rel; /* of the last block that named one */
	bool has_rel;
};

/* The next n bytes, NULL when there are fewer. */
static const unsigned char *
take(struct cursor *c, size_t n)
{
	const unsigned char *p = c->at;

	if ((size_t)(c->end - c->at) < n)
		return NULL;
	c->at += n;
	return p;
}

/* bimg_info changed in version 15, which brought lz4 and zstd. */
static enum compression
compression_of(const struct record *r, uint8_t info)
{
	if (r->version < 15)
		return info & 0x02 ? COMPRESS_PGLZ : COMPRESS_NONE;
	if (info & 0x04)
		return COMPRESS_PGLZ;
	if (info & 0x08)
		return COMPRESS_LZ4;
	return info & 0x10 ? COMPRESS_ZSTD : COMPRESS_NONE;
}

static bool
parse_image_header(const struct record *r, struct cursor *c, struct record_block *b)
{
	const unsigned char *p = take(c, 5);

	if (p == NULL)
		return false;
	b->has_image = true;
	b->image_len = bytes_u16(p);
	b->hole_at = bytes_u16(p + 2);
	b->image_info = p[4];
	if ((b->image_info & IMAGE_HAS_HOLE) == 0)
		return true;
	if (compression_of(r, b->image_info) == COMPRESS_NONE) {
		if (b->image_len > RECORD_PAGE)
			return false;
		b->hole_len = (uint16_t)(RECORD_PAGE - b->image_len);
		return true;
	}
	p = take(c, 2);
	if (p == NULL)
		return false;
	b->hole_len = bytes_u16(p);
	return true;
}

static bool
parse_block_header(const struct record *r, struct cursor *c, uint8_t id, struct record_parts *parts)
{
	const unsigned char *p = take(c, 3);
	struct record_block *b = &parts->blocks[parts->n];

	if (p == NULL || id >= RECORD_BLOCKS_MAX || parts->n == RECORD_BLOCKS_MAX ||
		(parts->n > 0 && id <= b[-1].id))
		return false;
	*b = (struct record_block){.id = id, .fork = p[0] & FORK_MASK, .flags = p[0]};
	b->len = bytes_u16(p + 1);
	if ((b->flags & HAS_IMAGE) && !parse_image_header(r, c, b))
		return false;
	if ((b->flags & HAS_DATA) == 0 && b->len > 0)
		return false;
	if ((b->flags & SAME_REL) == 0) {
		if ((p = take(c, 12)) == NULL)
			return false;
		c->rel = (struct rel_file){bytes_u32(p), bytes_u32(p + 4), bytes_u32(p + 8)};
		c->has_rel = true;
	}
	if (!c->has_rel || (p = take(c, 4)) == NULL)
		return false;
	b->rel = c->rel;
	b->block = bytes_u32(p);
	parts->n++;
	return true;
}

/* The headers, up to that of the main data, which comes last; `*ret` is all that they announce. */
static bool
parse_headers(const struct record *r, struct cursor *c, struct record_parts *parts, size_t *ret)
{
	const unsigned char *p;
	size_t announced = 0;

	while ((size_t)(c->end - c->at) > announced) {
		uint8_t id = *take(c, 1);

		switch (id) {
		case ID_DATA_SHORT:
			if ((p = take(c, 1)) == NULL)
				return false;
			parts->len = *p;
			*ret = announced + parts->len;
			return true;
		case ID_DATA_LONG:
			if ((p = take(c, 4)) == NULL)
				return false;
			parts->len = bytes_u32(p);
			*ret = announced + parts->len;
			return true;
		case ID_ORIGIN:
			if (take(c, 2) == NULL)
				return false;
			break;
		case ID_TOP_XID:
			if ((p = take(c, 4)) == NULL)
				return false;
			parts->top_xid = bytes_u32(p);
			break;
		default:
			if (!parse_block_header(r, c, id, parts))
				return false;
			announced += (size_t)parts->blocks[parts->n - 1].len +
				     parts->blocks[parts->n - 1].image_len;
		}
	}
	*ret = announced;
	return true;
}

bool
record_parse(const struct record *r, struct record_parts *ret)
{
	struct cursor c = {.at = r->data + RECORD_HEADER, .end = r->data + r->length};
	size_t announced;

	ret->n = 0;
	ret->len = 0;
	ret->top_xid = 0;
	if (!parse_headers(r, &c, ret, &announced) || (size_t)(c.end - c.at) != announced)
		return false;
	for (size_t i = 0; i < ret->n; i++) {
		struct record_block *b = &ret->blocks[i];

		if (b->has_image)
			b->image = take(&c, b->image_len);
		b->data = take(&c, b->len);
	}
	ret->data = take(&c, ret->len);
	return true;
}

bool
record_image(const struct record *r, const struct record_block *b, unsigned char page[RECORD_PAGE])
{
	size_t len = (size_t)RECORD_PAGE - b->hole_len;
	bool good;

	if (b->image == NULL || b->hole_len >= RECORD_PAGE || b->hole_at > len)
		return false;
	switch (compression_of(r, b->image_info)) {
	case COMPRESS_PGLZ: good = unpack_pglz(b->image, b->image_len, page, len); break;
	case COMPRESS_LZ4: good = unpack_lz4_block(b->image, b->image_len, page, len); break;
	case COMPRESS_ZSTD: good = unpack_zstd_block(b->image, b->image_len, page, len); break;
	default:
		good = b->image_len == len;
		if (good)
			memcpy(page, b->image, len);
	}
	if (!good)
		return false;
	memmove(page + b->hole_at + b->hole_len, page + b->hole_at, len - b->hole_at);
	memset(page + b->hole_at, 0, b->hole_len);
	return true;
}

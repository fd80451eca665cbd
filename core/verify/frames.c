#include "base/banned.h"
#include "verify/frames.h"
#include "base/bytes.h"

#define ZSTD_MAGIC       0xfd2fb528u
#define LZ4_MAGIC        0x184d2204u
#define LZ4_LEGACY_MAGIC 0x184c2102u
#define SKIPPABLE_MAGIC  0x184d2a50u /* the low four bits are free, in both formats */

enum state {
	AT_MAGIC,
	AT_SKIPPABLE_SIZE,
	AT_ZSTD_DESCRIPTOR,
	AT_ZSTD_HEADER,
	AT_ZSTD_BLOCK,
	AT_LZ4_FLAGS,
	AT_LZ4_HEADER,
	AT_LZ4_BLOCK,
	AT_LEGACY_BLOCK,
	AT_CONTENT_SUM,
};

static void
expect(struct frames *f, enum state state, size_t need)
{
	f->state = state;
	f->need = need;
	f->have = 0;
}

void
frames_init(struct frames *f, enum frames_kind kind)
{
	*f = (struct frames){.kind = kind};
	expect(f, AT_MAGIC, 4);
}

static bool
damaged(const struct frames *f, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "The compressed data are damaged before byte %llu (%s).",
		(unsigned long long)f->position, what);
}

static bool
at_magic(struct frames *f, struct err *err)
{
	uint32_t magic = bytes_u32(f->head);

	if ((magic & ~15u) == SKIPPABLE_MAGIC) {
		expect(f, AT_SKIPPABLE_SIZE, 4);
		return true;
	}
	if (f->kind == FRAMES_ZSTD && magic == ZSTD_MAGIC) {
		expect(f, AT_ZSTD_DESCRIPTOR, 1);
	} else if (f->kind == FRAMES_LZ4 && magic == LZ4_MAGIC) {
		expect(f, AT_LZ4_FLAGS, 2);
	} else if (f->kind == FRAMES_LZ4 && magic == LZ4_LEGACY_MAGIC) {
		f->unsealed = true;
		expect(f, AT_LEGACY_BLOCK, 4);
	} else {
		return damaged(f,
			f->count > 0 ? "something else follows the last frame"
				     : "no frame begins here",
			err);
	}
	f->count++;
	return true;
}

/* Frame_Header_Descriptor: content size 2 bits, single segment, unused, reserved, checksum,
 * dictionary id 2 bits. */
static bool
at_zstd_descriptor(struct frames *f, struct err *err)
{
	static const size_t id_size[] = {0, 1, 2, 4}, content_size[] = {0, 2, 4, 8};
	unsigned char d = f->head[0];
	bool single = d & 0x20;
	size_t need = id_size[d & 3] + content_size[d >> 6] + !single;

	if (d & 0x08)
		return damaged(f, "a reserved bit is set", err);
	if (d >> 6 == 0 && single)
		need++;
	f->content_sum = d & 0x04;
	f->unsealed |= !f->content_sum;
	if (need > 0)
		expect(f, AT_ZSTD_HEADER, need);
	else
		expect(f, AT_ZSTD_BLOCK, 3);
	return true;
}

static bool
at_zstd_block(struct frames *f, struct err *err)
{
	uint32_t h = (uint32_t)bytes_little(f->head, 3);
	unsigned type = h >> 1 & 3;

	if (type == 3)
		return damaged(f, "a block of a reserved type", err);
	f->skip = type == 1 ? 1 : h >> 3; /* run-length blocks hold one byte */
	if ((h & 1) == 0)
		expect(f, AT_ZSTD_BLOCK, 3);
	else if (f->content_sum)
		expect(f, AT_CONTENT_SUM, 4);
	else
		expect(f, AT_MAGIC, 4);
	return true;
}

/* FLG: version 2 bits, independent blocks, block checksums, content size, content checksum,
 * reserved, dictionary id; then BD. */
static bool
at_lz4_flags(struct frames *f, struct err *err)
{
	unsigned char flags = f->head[0];

	if (flags >> 6 != 1)
		return damaged(f, "an unknown version of LZ4 frames", err);
	f->block_sum = flags & 0x10;
	f->content_sum = flags & 0x04;
	f->unsealed |= !f->block_sum && !f->content_sum;
	expect(f, AT_LZ4_HEADER, (flags & 0x08 ? 8u : 0u) + (flags & 0x01 ? 4u : 0u) + 1);
	return true;
}

static void
at_lz4_block(struct frames *f)
{
	uint32_t size = bytes_u32(f->head) & 0x7fffffffu;

	if (bytes_u32(f->head) == 0) {
		expect(f, f->content_sum ? AT_CONTENT_SUM : AT_MAGIC, 4);
		return;
	}
	f->skip = (uint64_t)size + (f->block_sum ? 4 : 0);
	expect(f, AT_LZ4_BLOCK, 4);
}

/* Legacy frames have no end mark: a magic number ends them. */
static bool
at_legacy_block(struct frames *f, struct err *err)
{
	uint32_t size = bytes_u32(f->head);

	if (size == LZ4_MAGIC || size == LZ4_LEGACY_MAGIC || (size & ~15u) == SKIPPABLE_MAGIC)
		return at_magic(f, err);
	if (size > 9 * MIB)
		return damaged(f, "an impossible block size", err);
	f->skip = size;
	expect(f, AT_LEGACY_BLOCK, 4);
	return true;
}

/* The header that was waited for is complete. */
static bool
step(struct frames *f, struct err *err)
{
	switch ((enum state)f->state) {
	case AT_MAGIC: return at_magic(f, err);
	case AT_SKIPPABLE_SIZE:
		f->skip = bytes_u32(f->head);
		expect(f, AT_MAGIC, 4);
		return true;
	case AT_ZSTD_DESCRIPTOR: return at_zstd_descriptor(f, err);
	case AT_ZSTD_HEADER: expect(f, AT_ZSTD_BLOCK, 3); return true;
	case AT_ZSTD_BLOCK: return at_zstd_block(f, err);
	case AT_LZ4_FLAGS: return at_lz4_flags(f, err);
	case AT_LZ4_HEADER: expect(f, AT_LZ4_BLOCK, 4); return true;
	case AT_LZ4_BLOCK: at_lz4_block(f); return true;
	case AT_LEGACY_BLOCK: return at_legacy_block(f, err);
	case AT_CONTENT_SUM: expect(f, AT_MAGIC, 4); return true;
	}
	BUG("frames: state %d", f->state);
}

bool
frames_add(struct frames *f, const unsigned char *p, size_t len, struct err *err)
{
	while (len > 0) {
		size_t n;

		if (f->skip > 0) {
			n = (size_t)MIN(f->skip, (uint64_t)len);
			f->skip -= n;
		} else {
			n = MIN(f->need - f->have, len);
			memcpy(f->head + f->have, p, n);
			f->have += n;
		}
		p += n;
		len -= n;
		f->position += n;
		if (f->skip == 0 && f->have == f->need && !step(f, err))
			return false;
	}
	return true;
}

bool
frames_end(const struct frames *f, struct err *err)
{
	bool between = f->state == AT_MAGIC || f->state == AT_LEGACY_BLOCK;

	if (between && f->have == 0 && f->skip == 0 && f->count > 0)
		return true;
	return err_set(err, ERR_DAMAGED,
		"The compressed data end after %llu bytes, in the middle of a frame.",
		(unsigned long long)f->position);
}

bool
frames_sealed(const struct frames *f)
{
	return !f->unsealed;
}

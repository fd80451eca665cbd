#include "unit/testing.h"

#include "verify/frames.h"
#include "verify/lzf.h"
#include "verify/unpack.h"

/* "hello, hello, hello\n", by the tools of the formats */
static const unsigned char gzip[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03,
	0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7, 0x51, 0xc8, 0x40, 0xa2, 0xb8, 0x00, 0xe7, 0x42, 0x6e,
	0x52, 0x14, 0x00, 0x00, 0x00};
static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0x75, 0x00, 0x00, 0x40,
	0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x0a, 0x01, 0x00, 0xe2, 0x8a, 0x11, 0x21, 0x69,
	0x9d, 0x87};
static const unsigned char zstd_unchecked[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x75, 0x00, 0x00,
	0x40, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x0a, 0x01, 0x00, 0xe2, 0x8a, 0x11};
static const unsigned char lz4[] = {0x04, 0x22, 0x4d, 0x18, 0x64, 0x40, 0xa7, 0x10, 0x00, 0x00,
	0x00, 0x74, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x07, 0x00, 0x50, 0x65, 0x6c, 0x6c,
	0x6f, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x27, 0x7b, 0x7a, 0x9f};
static const unsigned char lz4_unchecked[] = {0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0x10, 0x00,
	0x00, 0x00, 0x74, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x07, 0x00, 0x50, 0x65, 0x6c,
	0x6c, 0x6f, 0x0a, 0x00, 0x00, 0x00, 0x00};
static const unsigned char bzip2[] = {0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59,
	0xcb, 0x52, 0xe5, 0x67, 0x00, 0x00, 0x05, 0x51, 0x00, 0x00, 0x10, 0x40, 0x04, 0x02, 0x44,
	0xa0, 0x00, 0x21, 0x24, 0x31, 0x08, 0x60, 0x2f, 0x18, 0x44, 0xc7, 0x15, 0x17, 0x8b, 0xb9,
	0x22, 0x9c, 0x28, 0x48, 0x65, 0xa9, 0x72, 0xb3, 0x80};
static const unsigned char xz[] = {0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x04, 0xe6, 0xd6, 0xb4,
	0x46, 0x02, 0x00, 0x21, 0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3, 0xe0, 0x00,
	0x13, 0x00, 0x0e, 0x5d, 0x00, 0x34, 0x19, 0x49, 0xee, 0x8d, 0xef, 0x8c, 0x87, 0x31, 0xf5,
	0x2f, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0xb0, 0x48, 0x85, 0x59, 0xd7, 0xa9, 0xae, 0x4b,
	0x00, 0x01, 0x2a, 0x14, 0x7e, 0xad, 0x37, 0x55, 0x1f, 0xb6, 0xf3, 0x7d, 0x01, 0x00, 0x00,
	0x00, 0x00, 0x04, 0x59, 0x5a};
static const unsigned char xz_unchecked[] = {0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 0x00, 0x00, 0xff,
	0x12, 0xd9, 0x41, 0x02, 0x00, 0x21, 0x01, 0x16, 0x00, 0x00, 0x00, 0x74, 0x2f, 0xe5, 0xa3,
	0xe0, 0x00, 0x13, 0x00, 0x0e, 0x5d, 0x00, 0x34, 0x19, 0x49, 0xee, 0x8d, 0xef, 0x8c, 0x87,
	0x31, 0xf5, 0x2f, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x22, 0x14, 0x76, 0x27,
	0xee, 0x9d, 0x06, 0x72, 0x9e, 0x7a, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x59, 0x5a};

#define PLAIN "hello, hello, hello\n"

static const struct {
	enum packing kind;
	const unsigned char *data;
	size_t len;
	bool sealed;
} rows[] = {
	{PACK_GZIP, gzip, sizeof(gzip), true},
	{PACK_ZSTD, zstd, sizeof(zstd), true},
	{PACK_ZSTD, zstd_unchecked, sizeof(zstd_unchecked), false},
	{PACK_LZ4, lz4, sizeof(lz4), true},
	{PACK_LZ4, lz4_unchecked, sizeof(lz4_unchecked), false},
	{PACK_BZIP2, bzip2, sizeof(bzip2), true},
	{PACK_XZ, xz, sizeof(xz), true},
	{PACK_XZ, xz_unchecked, sizeof(xz_unchecked), false},
};

/* Memory in pieces of a given size. */
struct pieces {
	const unsigned char *p;
	size_t len, piece;
};

static ssize_t
pull(void *arg, const unsigned char **ret, struct err *err)
{
	struct pieces *s = arg;
	size_t n = MIN(s->len, s->piece);

	*ret = s->p;
	s->p += n;
	s->len -= n;
	return (ssize_t)n;
}

/* What comes out into text (of 200 bytes); false with *err. */
static bool
unpack(enum packing kind, const void *data, size_t len, size_t piece, char *text, bool *sealed,
	struct err *err)
{
	struct pieces s = {data, len, piece};
	struct unpack *u;
	size_t have = 0;
	ssize_t n;

	if (!unpack_new(kind, pull, &s, &u, err))
		return false;
	while ((n = unpack_read(u, text + have, MIN(7, 199 - have), err)) > 0)
		have += (size_t)n;
	text[have] = '\0';
	*sealed = unpack_sealed(u);
	unpack_free(u);
	return n == 0;
}

static void
every_format_in_pieces(void **state)
{
	static const size_t piece[] = {1, 3, 16, 1000};
	struct err err = ERR_INIT;
	char text[200];
	bool sealed;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(packing_detect(rows[i].data, rows[i].len), rows[i].kind);
		for (size_t k = 0; k < ARRAY_LEN(piece); k++) {
			if (!unpack(rows[i].kind, rows[i].data, rows[i].len, piece[k], text,
				    &sealed, &err))
				fail_msg("row %zu, piece %zu: %s", i, piece[k], err.msg);
			assert_string_equal(text, PLAIN);
			assert_int_equal(sealed, rows[i].sealed);
		}
	}
}

static void
every_cut_is_seen(void **state)
{
	struct err err = ERR_INIT;
	char text[200];
	bool sealed;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t n = 0; n < rows[i].len; n++) {
			if (n == 0 && rows[i].kind != PACK_GZIP && rows[i].kind != PACK_ZSTD &&
				rows[i].kind != PACK_LZ4)
				continue; /* nothing at all is never unpacked */
			if (unpack(rows[i].kind, rows[i].data, n, 5, text, &sealed, &err))
				fail_msg("row %zu, cut at %zu, passed", i, n);
			assert_int_equal(err.code, ERR_DAMAGED);
			err_done(&err);
		}
	}
}

static void
what_stands_behind_is_seen(void **state)
{
	struct err err = ERR_INIT;
	char text[200];
	bool sealed;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		unsigned char more[256];
		size_t len = rows[i].len;

		memcpy(more, rows[i].data, len);
		memset(more + len, 'x', 3);
		assert_false(unpack(rows[i].kind, more, len + 3, 1000, text, &sealed, &err));
		assert_int_equal(err.code, ERR_DAMAGED);
		err_done(&err);
		assert_false(unpack(rows[i].kind, more, len + 1, 4, text, &sealed, &err));
		err_done(&err);
		/* but another stream of the same kind goes on */
		memcpy(more + len, rows[i].data, len);
		assert_true(unpack(rows[i].kind, more, 2 * len, 9, text, &sealed, &err));
		assert_string_equal(text, PLAIN PLAIN);
	}
}

/* Where a checksum covers everything, no single bit may change and pass with another content. */
static void
every_flip_is_seen(void **state)
{
	struct err err = ERR_INIT;
	char text[200];
	bool sealed;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (size_t bit = 0; rows[i].sealed && bit < 8 * rows[i].len; bit++) {
			unsigned char changed[200];

			memcpy(changed, rows[i].data, rows[i].len);
			changed[bit / 8] ^= (unsigned char)(1 << bit % 8);
			if (unpack(rows[i].kind, changed, rows[i].len, 1000, text, &sealed, &err) &&
				strcmp(text, PLAIN) != 0 && sealed)
				fail_msg("row %zu, bit %zu: \"%s\"", i, bit, text);
			err_done(&err);
		}
	}
}

static void
pull_fails(void **state)
{
	struct err err = ERR_INIT;
	unsigned char p[4] = {0};

	assert_int_equal(packing_detect(p, 4), PACK_NONE);
	assert_int_equal(packing_detect(p, 0), PACK_NONE);
	assert_int_equal(packing_detect((const unsigned char *)"BZh0", 4), PACK_NONE);
	assert_string_equal(packing_name(PACK_XZ), "xz");
	assert_int_equal(err.code, ERR_NONE);
}

static bool
walk(enum frames_kind kind, const void *data, size_t len, bool *sealed)
{
	struct err err = ERR_INIT;
	struct frames f;
	bool good;

	frames_init(&f, kind);
	good = frames_add(&f, data, len, &err) && frames_end(&f, &err);
	*sealed = frames_sealed(&f);
	err_done(&err);
	return good;
}

static void
frames_of_both_kinds(void **state)
{
	/* a skippable frame of 3 bytes in front, as pzstd writes; then one run-length block */
	static const char skippable[] = "\x50\x2a\x4d\x18\x03\x00\x00\x00xyz";
	/* flags: single segment, no checksum, content size 1 byte; block: last, RLE, 5 times 'a' */
	static const char rle[] = "\x28\xb5\x2f\xfd\x20\x05\x2b\x00\x00"
				  "a";
	static const char reserved_block[] = "\x28\xb5\x2f\xfd\x20\x05\x2f\x00\x00"
					     "a";
	static const char reserved_bit[] = "\x28\xb5\x2f\xfd\x28\x05\x2b\x00\x00"
					   "a";
	/* legacy LZ4: a block of 2 bytes, no end mark */
	static const char legacy[] = "\x02\x21\x4c\x18\x02\x00\x00\x00\x10"
				     "a";
	static const char huge[] = "\x02\x21\x4c\x18\xff\xff\xff\x7f";
	unsigned char both[100];
	bool sealed;

	assert_true(walk(FRAMES_ZSTD, rle, 10, &sealed) && !sealed);
	memcpy(both, skippable, 11);
	memcpy(both + 11, zstd, sizeof(zstd));
	assert_true(walk(FRAMES_ZSTD, both, 11 + sizeof(zstd), &sealed) && sealed);
	assert_false(walk(FRAMES_ZSTD, skippable, 11, &sealed)); /* and nothing else */
	assert_false(walk(FRAMES_ZSTD, reserved_block, 10, &sealed));
	assert_false(walk(FRAMES_ZSTD, reserved_bit, 10, &sealed));
	assert_false(walk(FRAMES_ZSTD, rle, 9, &sealed));
	assert_false(walk(FRAMES_ZSTD, "", 0, &sealed));
	assert_true(walk(FRAMES_LZ4, legacy, 10, &sealed) && !sealed);
	assert_false(walk(FRAMES_LZ4, huge, 8, &sealed));
	assert_false(walk(FRAMES_LZ4, zstd, sizeof(zstd), &sealed));
}

static void
lzf_strings(void **state)
{
	/* 3 literals "abc"; then 9 bytes from 3 back: length 7+2 is 7 << 5, more 0, distance - 1 */
	static const unsigned char packed[] = {2, 'a', 'b', 'c', 0xe0, 0, 2};
	struct lzf *z = util_alloc(sizeof(*z));
	struct err err = ERR_INIT;
	unsigned char head[12];
	struct scan s = scan_memory(packed, sizeof(packed));

	assert_true(lzf_read(z, &s, sizeof(packed), 12, head, sizeof(head), &err));
	assert_memory_equal(head, "abcabcabcabc", 12);
	assert_int_equal(lzf_last(z), 'c');
	for (uint64_t plain = 0; plain < 30; plain++) {
		s = scan_memory(packed, sizeof(packed));
		assert_int_equal(
			lzf_read(z, &s, sizeof(packed), plain, NULL, 0, &err), plain == 12);
		err_done(&err);
	}
	for (size_t n = 0; n < sizeof(packed); n++) {
		s = scan_memory(packed, sizeof(packed));
		assert_false(lzf_read(z, &s, n, 12, NULL, 0, &err));
		err_done(&err);
	}
	s = scan_memory("\x20\x05", 2); /* from before its beginning */
	assert_false(lzf_read(z, &s, 2, 3, NULL, 0, &err));
	assert_err(&err, ERR_DAMAGED, "compressed string");
	free(z);
}

TESTS(T(every_format_in_pieces), T(every_cut_is_seen), T(what_stands_behind_is_seen),
	T(every_flip_is_seen), T(pull_fails), T(frames_of_both_kinds), T(lzf_strings))

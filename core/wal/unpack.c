#include "base/banned.h"
#include "wal/unpack.h"
#include "base/dl.h"

#include <zlib.h>

#define CHUNK_MAX ((size_t)(512 * MIB)) /* below what the libraries count in int */

/* gzip */

static struct {
	__typeof__(inflateInit2_) *init;
	__typeof__(inflate) *step;
	__typeof__(inflateReset) *reset;
	__typeof__(inflateEnd) *end;
} zlib;
static const char *const zlib_names[] = {"inflateInit2_", "inflate", "inflateReset", "inflateEnd"};
static struct dl zlib_dl = DL("libz.so.1", "zlib1g", zlib_names, &zlib);

static bool
gzip_start(void **ret, struct err *err)
{
	z_stream *z;

	if (!dl_need(&zlib_dl, err))
		return false;
	z = util_alloc(sizeof(*z));
	/* Window bits: 15, and 16 more for gzip's wrapper. */
	if (zlib.init(z, 15 + 16, ZLIB_VERSION, (int)sizeof(*z)) != Z_OK) {
		free(z);
		return err_set(err, ERR_UNSUPPORTED, "zlib could not be started.");
	}
	*ret = z;
	return true;
}

static enum unpack_result
gzip_step(void *state, struct unpack_io *io)
{
	z_stream *z = state;
	int status;

	z->next_in = (Bytef *)(uintptr_t)io->in;
	z->avail_in = (uInt)MIN(io->in_len, CHUNK_MAX);
	z->next_out = io->out;
	z->avail_out = (uInt)MIN(io->out_len, CHUNK_MAX);
	status = zlib.step(z, Z_NO_FLUSH);
	io->in_used = (size_t)(z->next_in - io->in);
	io->out_used = (size_t)(z->next_out - io->out);
	if (status == Z_STREAM_END)
		return zlib.reset(z) == Z_OK ? UNPACK_END : UNPACK_BAD;
	return status == Z_OK || status == Z_BUF_ERROR ? UNPACK_MORE : UNPACK_BAD;
}

static void
gzip_stop(void *state)
{
	zlib.end(state);
	free(state);
}

/* bzip2: bz_stream of bzlib.h 1.0 */

struct bz_stream {
	char *next_in;
	unsigned avail_in, total_in_low, total_in_high;
	char *next_out;
	unsigned avail_out, total_out_low, total_out_high;
	void *state;
	void *(*alloc)(void *, int, int);
	void (*free)(void *, void *);
	void *opaque;
};

enum { BZ_OK = 0, BZ_STREAM_END = 4 };

static struct {
	int (*init)(struct bz_stream *bz, int verbosity, int small);
	int (*step)(struct bz_stream *bz);
	int (*end)(struct bz_stream *bz);
} bzip2;
static const char *const bzip2_names[] = {
	"BZ2_bzDecompressInit", "BZ2_bzDecompress", "BZ2_bzDecompressEnd"};
static struct dl bzip2_dl = DL("libbz2.so.1.0", "libbz2-1.0", bzip2_names, &bzip2);

static bool
bzip2_start(void **ret, struct err *err)
{
	struct bz_stream *bz;

	if (!dl_need(&bzip2_dl, err))
		return false;
	bz = util_alloc(sizeof(*bz));
	if (bzip2.init(bz, 0, 0) != BZ_OK) {
		free(bz);
		return err_set(err, ERR_UNSUPPORTED, "bzip2 could not be started.");
	}
	*ret = bz;
	return true;
}

static enum unpack_result
bzip2_step(void *state, struct unpack_io *io)
{
	struct bz_stream *bz = state;
	int status;

	bz->next_in = (char *)(uintptr_t)io->in;
	bz->avail_in = (unsigned)MIN(io->in_len, CHUNK_MAX);
	bz->next_out = (char *)io->out;
	bz->avail_out = (unsigned)MIN(io->out_len, CHUNK_MAX);
	status = bzip2.step(bz);
	io->in_used = (size_t)((const unsigned char *)bz->next_in - io->in);
	io->out_used = (size_t)((unsigned char *)bz->next_out - io->out);
	if (status != BZ_STREAM_END)
		return status == BZ_OK ? UNPACK_MORE : UNPACK_BAD;
	bzip2.end(bz);
	memset(bz, 0, sizeof(*bz));
	return bzip2.init(bz, 0, 0) == BZ_OK ? UNPACK_END : UNPACK_BAD;
}

static void
bzip2_stop(void *state)
{
	bzip2.end(state);
	free(state);
}

/* lz4: lz4frame.h and lz4.h 1.x */

#define LZ4F_VERSION 100

static struct {
	size_t (*create)(void **ret, unsigned version);
	size_t (*step)(void *state, void *out, size_t *out_len, const void *in, size_t *in_len,
		const void *options);
	unsigned (*is_error)(size_t code);
	size_t (*end)(void *state);
	int (*block)(const char *in, char *out, int in_len, int out_len);
} lz4;
static const char *const lz4_names[] = {"LZ4F_createDecompressionContext", "LZ4F_decompress",
	"LZ4F_isError", "LZ4F_freeDecompressionContext", "LZ4_decompress_safe"};
static struct dl lz4_dl = DL("liblz4.so.1", "liblz4-1", lz4_names, &lz4);

static bool
lz4_start(void **ret, struct err *err)
{
	if (!dl_need(&lz4_dl, err))
		return false;
	if (lz4.is_error(lz4.create(ret, LZ4F_VERSION)))
		return err_set(err, ERR_UNSUPPORTED, "lz4 could not be started.");
	return true;
}

static enum unpack_result
lz4_step(void *state, struct unpack_io *io)
{
	size_t left;

	io->in_used = io->in_len;
	io->out_used = io->out_len;
	left = lz4.step(state, io->out, &io->out_used, io->in, &io->in_used, NULL);
	if (lz4.is_error(left))
		return UNPACK_BAD;
	return left == 0 ? UNPACK_END : UNPACK_MORE;
}

static void
lz4_stop(void *state)
{
	lz4.end(state);
}

bool
unpack_lz4_block(const unsigned char *in, size_t in_len, unsigned char *out, size_t out_len)
{
	return dl_have(&lz4_dl) && in_len <= CHUNK_MAX && out_len <= CHUNK_MAX &&
	       lz4.block((const char *)in, (char *)out, (int)in_len, (int)out_len) == (int)out_len;
}

/* zstd: zstd.h 1.x */

struct zstd_buffer {
	const void *data;
	size_t size, at;
};

static struct {
	void *(*create)(void);
	size_t (*step)(void *state, struct zstd_buffer *out, struct zstd_buffer *in);
	unsigned (*is_error)(size_t code);
	size_t (*end)(void *state);
	size_t (*block)(void *out, size_t out_len, const void *in, size_t in_len);
} zstd;
static const char *const zstd_names[] = {"ZSTD_createDStream", "ZSTD_decompressStream",
	"ZSTD_isError", "ZSTD_freeDStream", "ZSTD_decompress"};
static struct dl zstd_dl = DL("libzstd.so.1", "libzstd1", zstd_names, &zstd);

static bool
zstd_start(void **ret, struct err *err)
{
	if (!dl_need(&zstd_dl, err))
		return false;
	*ret = zstd.create();
	return *ret != NULL || err_set(err, ERR_UNSUPPORTED, "zstd could not be started.");
}

static enum unpack_result
zstd_step(void *state, struct unpack_io *io)
{
	struct zstd_buffer in = {io->in, io->in_len, 0}, out = {io->out, io->out_len, 0};
	size_t left = zstd.step(state, &out, &in);

	io->in_used = in.at;
	io->out_used = out.at;
	if (zstd.is_error(left))
		return UNPACK_BAD;
	return left == 0 ? UNPACK_END : UNPACK_MORE;
}

static void
zstd_stop(void *state)
{
	zstd.end(state);
}

bool
unpack_zstd_block(const unsigned char *in, size_t in_len, unsigned char *out, size_t out_len)
{
	return dl_have(&zstd_dl) && zstd.block(out, out_len, in, in_len) == out_len;
}

static const struct unpacker unpackers[] = {
	{"gzip", "\x1f\x8b\x08", 3, gzip_start, gzip_step, gzip_stop},
	{"bzip2", "BZh", 3, bzip2_start, bzip2_step, bzip2_stop},
	{"lz4", "\x04\x22\x4d\x18", 4, lz4_start, lz4_step, lz4_stop},
	{"zstd", "\x28\xb5\x2f\xfd", 4, zstd_start, zstd_step, zstd_stop},
};

const struct unpacker *
unpack_find(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(unpackers); i++)
		if (len >= unpackers[i].magic_len &&
			memcmp(data, unpackers[i].magic, unpackers[i].magic_len) == 0)
			return &unpackers[i];
	return NULL;
}

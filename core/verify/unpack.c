#include "base/banned.h"
#include "verify/unpack.h"
#include "verify/frames.h"
#include "verify/inflate.h"
#include "verify/lib_archive.h"

#include <errno.h>

struct unpack {
	enum packing kind;
	pull_fn pull;
	void *arg;
	uint64_t pulled;
	bool input_end, end;
	/* gzip, zlib */
	struct inflate *inflate;
	const unsigned char *in;
	size_t in_len;
	bool in_stream; /* the current stream has begun and not ended */
	uint64_t streams;
	/* the others */
	const struct lib_archive *lib;
	struct archive *archive;
	struct frames frames;
	bool framed, sealed, opened;
	struct err err; /* what the pull failed with, behind libarchive's back */
};

static const char *const names[] = {"none", "gzip", "zlib", "zstd", "lz4", "bzip2", "xz"};

enum packing
packing_detect(const unsigned char *p, size_t len)
{
	/* The low nibble of 0x184d2a5? is free: skippable frames, which pzstd begins with. */
	if (len >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8)
		return PACK_GZIP;
	if (len >= 4 && memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0)
		return PACK_ZSTD;
	if (len >= 4 && (p[0] & 0xf0) == 0x50 && memcmp(p + 1, "\x2a\x4d\x18", 3) == 0)
		return PACK_ZSTD;
	if (len >= 4 &&
		(memcmp(p, "\x04\x22\x4d\x18", 4) == 0 || memcmp(p, "\x02\x21\x4c\x18", 4) == 0))
		return PACK_LZ4;
	if (len >= 4 && memcmp(p, "BZh", 3) == 0 && p[3] >= '1' && p[3] <= '9')
		return PACK_BZIP2;
	if (len >= 6 && memcmp(p,
				"\xfd"
				"7zXZ\0",
				6) == 0)
		return PACK_XZ;
	return PACK_NONE;
}

const char *
packing_name(enum packing p)
{
	return names[p];
}

/* Everything that is pulled passes here. */
static ssize_t
pull(struct unpack *u, const unsigned char **ret, struct err *err)
{
	ssize_t n;

	if (u->input_end)
		return 0;
	n = u->pull(u->arg, ret, err);
	u->input_end = n == 0;
	if (n <= 0)
		return n;
	/* xz: the second byte of the stream flags names the check; 0 is none. */
	if (u->kind == PACK_XZ && u->pulled < 8 && u->pulled + (uint64_t)n >= 8)
		u->sealed = ((*ret)[7 - u->pulled] & 15) != 0;
	if (u->framed && !frames_add(&u->frames, *ret, (size_t)n, err))
		return -1;
	u->pulled += (uint64_t)n;
	return n;
}

static la_ssize_t
feed_archive(struct archive *a, void *arg, const void **ret)
{
	struct unpack *u = arg;
	const unsigned char *p = NULL;
	ssize_t n = pull(u, &p, &u->err);

	*ret = p;
	if (n < 0)
		u->lib->archive_set_error(a, EIO, "input");
	return n < 0 ? ARCHIVE_FATAL : n;
}

static bool
open_archive(struct unpack *u, struct err *err)
{
	u->lib = lib_archive(err);
	if (u->lib == NULL)
		return false;
	u->archive = u->lib->archive_read_new();
	if (u->archive == NULL)
		BUG("out of memory (libarchive)");
	switch (u->kind) {
	case PACK_ZSTD: u->lib->archive_read_support_filter_zstd(u->archive); break;
	case PACK_LZ4: u->lib->archive_read_support_filter_lz4(u->archive); break;
	case PACK_BZIP2: u->lib->archive_read_support_filter_bzip2(u->archive); break;
	default: u->lib->archive_read_support_filter_xz(u->archive); break;
	}
	u->lib->archive_read_support_format_raw(u->archive);
	u->lib->archive_read_support_format_empty(u->archive);
	return true;
}

bool
unpack_new(enum packing kind, pull_fn fn, void *arg, struct unpack **ret, struct err *err)
{
	struct unpack *u = util_alloc(sizeof(*u));
	bool good;

	u->kind = kind;
	u->pull = fn;
	u->arg = arg;
	u->sealed = true;
	if (kind == PACK_GZIP || kind == PACK_ZLIB)
		good = inflate_new(
			kind == PACK_GZIP ? INFLATE_GZIP : INFLATE_ZLIB, &u->inflate, err);
	else
		good = open_archive(u, err);
	if (kind == PACK_ZSTD || kind == PACK_LZ4) {
		u->framed = true;
		frames_init(&u->frames, kind == PACK_ZSTD ? FRAMES_ZSTD : FRAMES_LZ4);
	}
	if (!good) {
		unpack_free(u);
		return false;
	}
	*ret = u;
	return true;
}

static bool
trailing(struct unpack *u, uint64_t position, struct err *err)
{
	return err_set(err, ERR_DAMAGED,
		"Something stands behind the end of the %s data (from byte %llu).", names[u->kind],
		(unsigned long long)position);
}

static bool
truncated(struct unpack *u, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "The %s data are cut off after %llu bytes.",
		names[u->kind], (unsigned long long)u->pulled);
}

/* Between two streams: at the end of the input, or where another one begins. */
static bool
next_stream(struct unpack *u, struct err *err)
{
	ssize_t n;

	if (u->in_len == 0) {
		n = pull(u, &u->in, err);
		if (n < 0)
			return false;
		u->in_len = (size_t)n;
	}
	if (u->in_len == 0) {
		u->end = u->streams > 0;
		return u->end || truncated(u, err);
	}
	if (u->streams > 0 && (u->kind == PACK_ZLIB || u->in[0] != 0x1f))
		return trailing(u, u->pulled - u->in_len, err);
	if (u->streams > 0)
		inflate_reset(u->inflate);
	u->in_stream = true;
	return true;
}

static ssize_t
read_inflate(struct unpack *u, unsigned char *buf, size_t len, struct err *err)
{
	struct inflate_io io = {.out = buf, .out_len = len};

	while (io.out_len == len && !u->end) {
		bool stream_end = false;

		if (!u->in_stream) {
			if (!next_stream(u, err))
				return -1;
			continue;
		}
		if (u->in_len == 0) {
			ssize_t n = pull(u, &u->in, err);

			if (n < 0)
				return -1;
			u->in_len = (size_t)n;
		}
		io.in = u->in;
		io.in_len = u->in_len;
		if (!inflate_step(u->inflate, &io, &stream_end, err))
			return -1;
		if (!stream_end && u->input_end && io.in_len == u->in_len && io.out_len == len) {
			truncated(u, err);
			return -1;
		}
		u->in = io.in;
		u->in_len = io.in_len;
		if (stream_end) {
			u->in_stream = false;
			u->streams++;
		}
	}
	return (ssize_t)(len - io.out_len);
}

static ssize_t
archive_failed(struct unpack *u, struct err *err)
{
	const char *why = u->lib->archive_error_string(u->archive);

	if (u->err.code != ERR_NONE)
		err_move(err, &u->err);
	else if (why != NULL && strstr(why, "too much memory") != NULL)
		err_set(err, ERR_LIMIT, "The %s data want a larger window than is given here.",
			names[u->kind]);
	else
		err_set(err, ERR_DAMAGED, "The %s data are damaged or cut off (%s).",
			names[u->kind], why != NULL ? why : "no reason given");
	return -1;
}

/* libarchive stops at the end of what it knows without a word about the rest. */
static bool
archive_ended(struct unpack *u, struct err *err)
{
	const unsigned char *rest;
	uint64_t used = (uint64_t)u->lib->archive_filter_bytes(u->archive, -1);
	ssize_t n;

	if (!u->framed && used < u->pulled)
		return trailing(u, used, err);
	while ((n = pull(u, &rest, err)) > 0)
		if (!u->framed)
			return trailing(u, u->pulled - (uint64_t)n, err);
	if (n < 0 || (u->framed && !frames_end(&u->frames, err)))
		return false;
	if (u->framed)
		u->sealed = frames_sealed(&u->frames);
	u->end = true;
	return true;
}

/* Where libarchive doesn't recognize a stream it hands the bytes through as they are. */
static bool
recognized(const struct unpack *u)
{
	static const int codes[] = {[PACK_ZSTD] = ARCHIVE_FILTER_ZSTD,
		[PACK_LZ4] = ARCHIVE_FILTER_LZ4,
		[PACK_BZIP2] = ARCHIVE_FILTER_BZIP2,
		[PACK_XZ] = ARCHIVE_FILTER_XZ};

	return u->lib->archive_filter_code(u->archive, 0) == codes[u->kind];
}

static ssize_t
read_archive(struct unpack *u, void *buf, size_t len, struct err *err)
{
	struct archive_entry *entry;
	la_ssize_t n = 0;
	int status = ARCHIVE_OK;

	if (!u->opened) {
		u->opened = true;
		status = u->lib->archive_read_open2(u->archive, u, NULL, feed_archive, NULL, NULL);
		if (status == ARCHIVE_OK)
			status = u->lib->archive_read_next_header(u->archive, &entry);
		if (status == ARCHIVE_OK && !recognized(u)) {
			err_set(err, ERR_DAMAGED, "The header of the %s data is damaged.",
				names[u->kind]);
			return -1;
		}
	}
	if (status == ARCHIVE_OK)
		n = u->lib->archive_read_data(u->archive, buf, len);
	if ((status != ARCHIVE_OK && status != ARCHIVE_EOF) || n < 0)
		return archive_failed(u, err);
	if (n == 0 && !archive_ended(u, err))
		return -1;
	return n;
}

ssize_t
unpack_read(struct unpack *u, void *buf, size_t len, struct err *err)
{
	if (u->end)
		return 0;
	if (u->inflate != NULL)
		return read_inflate(u, buf, len, err);
	return read_archive(u, buf, len, err);
}

bool
unpack_sealed(const struct unpack *u)
{
	return u->end && u->sealed;
}

void
unpack_free(struct unpack *u)
{
	if (u == NULL)
		return;
	inflate_free(u->inflate);
	if (u->archive != NULL)
		u->lib->archive_read_free(u->archive);
	err_done(&u->err);
	free(u);
}

#define UNPACKED_SIZE ((size_t)(128 * KIB))

static ssize_t
pull_unpacked(void *arg, const unsigned char **ret, struct err *err)
{
	struct unpacked *u = arg;

	*ret = u->buf;
	return unpack_read(u->unpack, u->buf, UNPACKED_SIZE, err);
}

bool
unpacked_init(struct unpacked *u, enum packing kind, struct scan *from, struct err *err)
{
	*u = (struct unpacked){.scan = scan_new(pull_unpacked, u)};
	if (!unpack_new(kind, scan_pull, from, &u->unpack, err))
		return false;
	u->buf = util_alloc(UNPACKED_SIZE);
	return true;
}

void
unpacked_done(struct unpacked *u)
{
	unpack_free(u->unpack);
	free(u->buf);
}

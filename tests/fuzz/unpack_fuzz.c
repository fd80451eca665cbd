/*
 * unpack: any bytes as compressed data of the kind that they begin as, in pieces of several sizes;
 * and the walk over zstd and LZ4 frames.
 */
#include "fuzz/fuzz.h"

#include "verify/frames.h"
#include "verify/unpack.h"

/* So much comes out of very little. */
#define OUT_MAX ((size_t)(4 * MIB))

struct pieces {
	const char *p;
	size_t len, piece;
};

static ssize_t
pull(void *arg, const unsigned char **ret, struct err *err)
{
	struct pieces *s = arg;
	size_t n = MIN(s->len, s->piece);

	*ret = (const unsigned char *)s->p;
	s->p += n;
	s->len -= n;
	return (ssize_t)n;
}

static void
unpack_all(enum packing kind, const char *data, size_t len, size_t piece)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct pieces s = {data, len, piece};
	struct unpack *u;
	size_t out = 0;
	char buf[5000];
	ssize_t n;

	if (!unpack_new(kind, pull, &s, &u, &err))
		return;
	while ((n = unpack_read(u, buf, sizeof(buf), &err)) > 0 && out < OUT_MAX) {
		FUZZ_HOLDS((size_t)n <= sizeof(buf));
		out += (size_t)n;
	}
	FUZZ_HOLDS(n >= 0 || err.code != ERR_NONE);
	unpack_free(u);
}

static void
frames(enum frames_kind kind, const char *data, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct frames f;

	frames_init(&f, kind);
	if (frames_add(&f, (const unsigned char *)data, len, &err) && frames_end(&f, &err))
		FUZZ_HOLDS(f.position == len && f.count > 0);
}

void
fuzz_one(const char *data, size_t len)
{
	enum packing kind = packing_detect((const unsigned char *)data, len);

	frames(FRAMES_ZSTD, data, len);
	frames(FRAMES_LZ4, data, len);
	if (kind == PACK_NONE)
		kind = PACK_ZLIB;
	unpack_all(kind, data, len, len + 1);
	unpack_all(kind, data, len, 3);
}

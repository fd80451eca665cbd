/*
 * inflate: gzip and zlib streams, by ISA-L where it is installed, else by zlib. Checksums and
 * lengths at the end of a stream are always compared (libarchive's gzip reader does not).
 */
#ifndef VERIFY_INFLATE_H
#define VERIFY_INFLATE_H

#include "base/err.h"

enum inflate_wrap { INFLATE_GZIP, INFLATE_ZLIB };

/* Both sides move on as bytes are taken and given. */
struct inflate_io {
	const unsigned char *in;
	size_t in_len;
	unsigned char *out;
	size_t out_len;
};

struct inflate;

/* ERR_TOOL_MISSING when neither library is installed. */
MUST_CHECK bool inflate_new(enum inflate_wrap wrap, struct inflate **ret, struct err *err);
/*
 * Goes on until the input is used up, the output is full or the stream ends (*ret_end). What
 * stands behind the end of the stream is left in io. ERR_DAMAGED says what is wrong.
 */
MUST_CHECK bool inflate_step(
	struct inflate *i, struct inflate_io *io, bool *ret_end, struct err *err);
void inflate_reset(struct inflate *i); /* for the next stream of the same kind */
void inflate_free(struct inflate *i);  /* NULL is a no-op */

#endif

/*
 * unpack: one row for each compression that WAL comes in, and the library behind it.
 *
 * The libraries are opened with dlopen. Of bzip2, lz4 and zstd not even the headers are needed:
 * the little that is used of their interfaces is declared here as their manuals give it; it is
 * part of what the version in their shared libraries' names promises.
 */
#ifndef WAL_UNPACK_H
#define WAL_UNPACK_H

#include "base/err.h"

struct unpack_io {
	const unsigned char *in;
	size_t in_len, in_used;
	unsigned char *out;
	size_t out_len, out_used;
};

enum unpack_result {
	UNPACK_MORE, /* goes on with more input or room */
	UNPACK_END,  /* a member is complete; the next one may follow */
	UNPACK_BAD,
};

struct unpacker {
	const char *name;
	const char *magic;
	size_t magic_len;
	bool (*start)(void **ret, struct err *err);
	enum unpack_result (*step)(void *state, struct unpack_io *io);
	void (*stop)(void *state);
};

/* By the first bytes; NULL when they are of none. */
const struct unpacker *unpack_find(const unsigned char *data, size_t len);

/*
 * One block as a server with wal_compression writes it into a page image: pglz, or a raw block
 * of lz4 or zstd. The result must be exactly out_len bytes; false otherwise, and when the
 * library is missing.
 */
MUST_CHECK bool unpack_pglz(
	const unsigned char *in, size_t in_len, unsigned char *out, size_t out_len);
MUST_CHECK bool unpack_lz4_block(
	const unsigned char *in, size_t in_len, unsigned char *out, size_t out_len);
MUST_CHECK bool unpack_zstd_block(
	const unsigned char *in, size_t in_len, unsigned char *out, size_t out_len);

#endif

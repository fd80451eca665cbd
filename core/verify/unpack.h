/*
 * unpack: decompression as a pulled stream, format by its first bytes. gzip and zlib by
 * inflate.h, the rest through libarchive.
 *
 * Every end is checked: a stream that is cut, or behind which something else stands, is
 * ERR_DAMAGED. Concatenated streams of one format are one stream, as their tools have it.
 */
#ifndef VERIFY_UNPACK_H
#define VERIFY_UNPACK_H

#include "verify/scan.h"

enum packing { PACK_NONE, PACK_GZIP, PACK_ZLIB, PACK_ZSTD, PACK_LZ4, PACK_BZIP2, PACK_XZ };

/* How many of the first bytes packing_detect wants to see. */
#define PACK_MAGIC 6
/* PACK_NONE for what is not compressed; zlib is never guessed, its header says too little. */
enum packing packing_detect(const unsigned char *p, size_t len);
const char *packing_name(enum packing p);

struct unpack;

/* ERR_TOOL_MISSING when the library for this format is not installed. */
MUST_CHECK bool unpack_new(
	enum packing kind, pull_fn pull, void *arg, struct unpack **ret, struct err *err);
/* Up to len decompressed bytes; 0 at the end, -1 with *err. */
ssize_t unpack_read(struct unpack *u, void *buf, size_t len, struct err *err);
/* At the end: whether a checksum covered every byte that came out. */
bool unpack_sealed(const struct unpack *u);
void unpack_free(struct unpack *u); /* NULL is a no-op */

/* Decompressed bytes as the source of a cursor. Must not move while it is used. */
struct unpacked {
	struct unpack *unpack;
	unsigned char *buf;
	struct scan scan;
};
MUST_CHECK bool unpacked_init(
	struct unpacked *u, enum packing kind, struct scan *from, struct err *err);
void unpacked_done(struct unpacked *u); /* also after a failed unpacked_init */

#endif

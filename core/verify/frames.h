/*
 * frames: walks the frames of zstd (RFC 8878) and LZ4 (lz4_Frame_format.md 1.6) streams without
 * decoding them. It knows what the decoder behind libarchive does not tell: whether a checksum
 * covers every frame, whether the stream ends where a frame ends, and what stands behind it.
 */
#ifndef VERIFY_FRAMES_H
#define VERIFY_FRAMES_H

#include "base/err.h"

enum frames_kind { FRAMES_ZSTD, FRAMES_LZ4 };

struct frames {
	enum frames_kind kind;
	int state;
	unsigned char head[32]; /* the header that is being collected */
	size_t have, need;
	uint64_t skip;     /* bytes of a block that don't matter here */
	uint64_t position; /* bytes seen */
	uint64_t count;    /* frames begun */
	bool last_block, content_sum, block_sum;
	bool unsealed; /* some frame has no checksum */
};

void frames_init(struct frames *f, enum frames_kind kind);
/* ERR_DAMAGED where something else than a frame begins or a header makes no sense. */
MUST_CHECK bool frames_add(struct frames *f, const unsigned char *p, size_t len, struct err *err);
/* ERR_DAMAGED when the end of the stream is not the end of a frame. */
MUST_CHECK bool frames_end(const struct frames *f, struct err *err);
/* Whether every byte that came out is covered by a checksum. */
bool frames_sealed(const struct frames *f);

#endif

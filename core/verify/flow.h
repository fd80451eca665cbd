/*
 * flow: the bytes of one object in one pass: read, digested, decompressed and handed to a
 * parser, each stage on a thread of its own with a few chunks between them. Memory does not
 * grow with the object, nothing touches a disk, and an S3 object flows as a file does.
 *
 * The parser's side is single-threaded and pulls. Errors: ERR_DAMAGED for what the bytes
 * themselves prove wrong (cut, garbled, trailing, changed while being read); everything else
 * says that they could not be had.
 */
#ifndef VERIFY_FLOW_H
#define VERIFY_FLOW_H

#include "net/source.h"
#include "verify/sum.h"
#include "verify/unpack.h"

struct flow;

/* How far a whole verification is, over all its objects. */
struct flow_meter {
	void (*tick)(struct flow_meter *m); /* called now and then from the parser's side */
	int64_t done;                       /* bytes read from sources */
	int64_t total;                      /* -1: not known */
	int64_t last_tick_ms;
};
void flow_meter_add(struct flow_meter *m, int64_t bytes);

struct flow_spec {
	struct source *source;
	const char *name;
	enum sum_kind digest;     /* of the bytes as stored; SUM_NONE spares the work */
	bool stored;              /* hand over the bytes as they are stored */
	struct flow_meter *meter; /* may be NULL */
};

MUST_CHECK bool flow_open(const struct flow_spec *spec, struct flow **ret, struct err *err);
/* Stops the stages where they are and waits for them. NULL is a no-op. */
void flow_free(struct flow *f);

/*
 * The bytes that come next, without taking them: at least one, 0 at the end, -1 with *err. The
 * first call gives the first RING_CHUNK bytes or the whole object, so it serves to look ahead.
 */
ssize_t flow_view(struct flow *f, const unsigned char **ret, struct err *err);
void flow_take(struct flow *f, size_t len); /* at most what flow_view gave */
/* Exactly len bytes; ERR_DAMAGED when they are not there. buf may be NULL to skip them. */
MUST_CHECK bool flow_read(struct flow *f, void *buf, uint64_t len, struct err *err);
/* Reads to the end. */
MUST_CHECK bool flow_drain(struct flow *f, struct err *err);
/* ERR_DAMAGED unless the parser has taken everything. */
MUST_CHECK bool flow_at_end(struct flow *f, struct err *err);

enum packing flow_packing(const struct flow *f);
uint64_t flow_offset(const struct flow *f); /* bytes taken, after decompression */
int64_t flow_stored(const struct flow *f);  /* bytes read from the source so far */
/* After the end. The digest of the stored bytes, and whether the compression's own checksums
 * cover everything (false for what is not compressed). */
size_t flow_digest(const struct flow *f, unsigned char ret[SUM_MAX]);
bool flow_sealed(const struct flow *f);

/*
 * Goes on with what the parser has not taken as a compressed stream of this kind (Neo4j puts a
 * magic of its own before zstd). Only before the first byte behind it was taken, and once.
 */
MUST_CHECK bool flow_unpack(struct flow *f, enum packing kind, struct err *err);

#endif

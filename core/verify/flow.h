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
 * The parser's cursor. Its first view is the first RING_CHUNK bytes or the whole object, so it
 * serves to look ahead.
 */
struct scan *flow_scan(struct flow *f);

enum packing flow_packing(const struct flow *f);
int64_t flow_stored(const struct flow *f); /* bytes read from the source so far */
/* After the end. The digest of the stored bytes, and whether the compression's own checksums
 * cover everything (false for what is not compressed). */
size_t flow_digest(const struct flow *f, unsigned char ret[SUM_MAX]);
bool flow_sealed(const struct flow *f);

#endif

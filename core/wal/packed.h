/*
 * packed: a stream that may be compressed, read plain. The content decides, not the name:
 * Barman gives its compressed WAL no suffix.
 *
 * gzip, lz4, zstd and bzip2; several members one behind the other are one stream. The libraries
 * are opened when first needed, so that a machine without one of them loses only that format.
 */
#ifndef WAL_PACKED_H
#define WAL_PACKED_H

#include "net/source.h"

struct packed;

/*
 * Takes over the stream, also when it fails; `name` is for messages. ERR_TOOL_MISSING names the
 * Debian package of an absent library, ERR_UNSUPPORTED an encrypted or unknown form.
 */
MUST_CHECK bool packed_open(
	struct stream *st, const char *name, struct packed **ret, struct err *err);
/* Fills buf as far as there is data; fewer bytes than len mean the end. -1 with *err. */
ssize_t packed_read(struct packed *p, void *buf, size_t len, struct err *err);
/* "gzip", ...; NULL when the stream is plain. */
const char *packed_format(const struct packed *p);
/* Whether data that begin like this are packed, readable for us or not. */
bool packed_magic(const unsigned char *data, size_t len);
void packed_free(struct packed *p); /* NULL is a no-op */

#endif

/*
 * sidecar: the checksum that was stored beside an object: x.dump.sha256, .sha512, .sha1 or .md5
 * with "<hex>  x.dump", as sha256sum writes it, the bare digits, or BSD's "SHA256 (x) = <hex>".
 */
#ifndef VERIFY_SIDECAR_H
#define VERIFY_SIDECAR_H

#include "net/source.h"
#include "verify/sum.h"

struct sidecar {
	enum sum_kind kind; /* SUM_NONE: there is no sidecar */
	unsigned char sum[SUM_MAX];
	const char *name; /* of the sidecar; in the arena */
};

/* Success with SUM_NONE when there is none; ERR_DAMAGED when it can't be understood. */
MUST_CHECK bool sidecar_find(struct source *s, struct arena *a, const char *object,
	struct sidecar *ret, struct err *err);
/* The text of one; `object` is the base name that it should speak of. */
MUST_CHECK bool sidecar_parse(
	const char *text, size_t len, const char *object, struct sidecar *ret);

#endif

/*
 * dl: the functions of a shared library that is opened when first needed, and stays open.
 *
 * Linked in, libcurl, libpq and libarchive would cost every start of every role milliseconds and
 * megabytes; and without ISA-L, bzip2, lz4 or zstd only what needs them is missing.
 */
#ifndef BASE_DL_H
#define BASE_DL_H

#include "base/err.h"

#include <stdatomic.h>

struct dl {
	const char *library;      /* with the version of its interface: "libpq.so.5" */
	const char *package;      /* Debian's, for the hint */
	const char *const *names; /* of its functions */
	size_t n;
	void *functions; /* to fill: a struct of nothing but n function pointers, in that order */
	atomic_bool open;
};

#define DL(library, package, names, functions)                              \
	{                                                                   \
		library, package, names, ARRAY_LEN(names), functions, false \
	}
/* For a table of names made by the same X macro as its struct. */
#define DL_NAME(name) #name,

/* From any thread, as often as liked. ERR_TOOL_MISSING when it, or one of them, is not there. */
MUST_CHECK bool dl_need(struct dl *d, struct err *err);
/* The same for a library that others can stand in for. */
MUST_CHECK bool dl_have(struct dl *d);

#endif

/*
 * manifest: backup_manifest of a base backup (PostgreSQL 13 and later; versions 1, and 2 with
 * the system identifier since 17; FACTS.md section 2), read as a stream. What is kept is one
 * small entry for each file, some 70 bytes.
 */
#ifndef VERIFY_MANIFEST_H
#define VERIFY_MANIFEST_H

#include "base/arena.h"
#include "verify/scan.h"
#include "verify/sum.h"

struct manifest_file {
	const char *path;         /* "base/5/2619", relative to the data directory */
	const unsigned char *sum; /* sum_size(kind) bytes */
	int64_t size;
	unsigned char kind; /* enum sum_kind */
	bool seen;
};

/* The WAL without which the backup can't be recovered. */
struct manifest_range {
	uint32_t timeline;
	uint64_t start, end; /* LSNs */
};

struct manifest {
	int version;
	uint64_t system_identifier; /* 0 before version 2 */
	VEC(struct manifest_file) files;
	VEC(struct manifest_range) ranges;
	uint32_t *index; /* open addressing by path; 0 is free, else 1 + position in files */
	size_t slots;
	int64_t bytes;     /* of all files */
	bool incremental;  /* some file is a part that needs the backup before it */
	bool has_unsummed; /* some file has no checksum */
};

/*
 * Everything lives in the arena. ERR_DAMAGED when it is none, is cut, or its own checksum is
 * wrong; ERR_UNSUPPORTED for a version that is not known here.
 */
MUST_CHECK bool manifest_read(
	struct scan *s, struct arena *a, struct manifest *ret, struct err *err);
struct manifest_file *manifest_find(const struct manifest *m, const char *path);

#endif

/*
 * manifest: the WAL that a backup_manifest asks for, without reading the list of files between
 * its beginning and its end, which may be hundreds of megabytes long (FACTS.md section 2).
 */
#ifndef WAL_MANIFEST_H
#define WAL_MANIFEST_H

#include "base/err.h"

#define MANIFEST_HEAD ((size_t)(4 * KIB))
#define MANIFEST_TAIL ((size_t)(64 * KIB))

struct manifest_wal {
	uint32_t tli;               /* of the first range */
	uint64_t start, stop;       /* LSNs, of the first and the last range */
	uint64_t system_identifier; /* 0 before version 2 of the format */
};

/* From the first MANIFEST_HEAD and the last MANIFEST_TAIL bytes (which may overlap). */
MUST_CHECK bool manifest_wal(const char *head, size_t head_len, const char *tail, size_t tail_len,
	struct manifest_wal *ret, struct err *err);

#endif

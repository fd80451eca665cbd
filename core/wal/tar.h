/*
 * tar: the members of a tar as they come by, packed or not, with nothing written to disk.
 *
 * pg_basebackup writes backup_label first, so that a few kilobytes tell where a backup of any
 * size starts.
 */
#ifndef WAL_TAR_H
#define WAL_TAR_H

#include "base/str.h"
#include "wal/packed.h"

struct tar_visitor {
	/* Whether the content of this member is wanted. `name` is valid during the call. */
	bool (*wants)(const char *name, uint64_t size, void *arg);
	/* A piece of it, in order; then the end. */
	void (*data)(const unsigned char *data, size_t len, void *arg);
	/* False: nothing more is wanted of the tar. */
	bool (*end)(void *arg);
	void *arg;
};

/*
 * Walks the members, looking at no more than the first `look` bytes of the unpacked tar.
 * *ret_whole tells whether its end was reached. ERR_DAMAGED when this is no tar.
 */
MUST_CHECK bool tar_walk(struct packed *p, uint64_t look, const struct tar_visitor *v,
	bool *ret_whole, struct err *err);

/* Appends the member `name`, in whatever directory of the tar. ERR_NOT_FOUND when it is not
 * among the first `look` bytes. */
MUST_CHECK bool tar_member(
	struct packed *p, const char *name, uint64_t look, struct str *out, struct err *err);

#endif

/*
 * trail: the newest records of the audit log, read backwards from its end and followed as it
 * grows. Bounded: older ones stay in the file.
 */
#ifndef TUI_MODEL_TRAIL_H
#define TUI_MODEL_TRAIL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define TRAIL_BYTES (2 * MIB)

struct trail {
	char *path;
	struct str bytes; /* whole lines of the file's end */
	size_t *lines;    /* where each begins in them; one more than there are */
	size_t n, cap;
	int64_t end; /* of the file that was read */
	int64_t inode;
	bool cut;       /* there are older records than those kept */
	struct err err; /* why it can't be read, or ERR_NONE */
};

void trail_init(struct trail *t, const char *path);
void trail_done(struct trail *t);
/* Reads what has come; true when there is something new. */
bool trail_poll(struct trail *t);

/* Record number i, 0 the newest, without its newline. */
const char *trail_line(const struct trail *t, size_t i, size_t *ret_len);
/* Its number in the log, for telling records apart. */
uint64_t trail_seq(const struct trail *t, size_t i);

#endif

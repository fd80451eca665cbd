/*
 * chain: an append-only file of chained records (record.h), durable before it returns.
 *
 * The journal of a run is owned: one process holds its lock for life. The audit log is shared:
 * the lock is held for one append. Locks are flock(2) on the descriptor, so they die with their
 * process and never need a human (FAULTS.md F14, F15).
 *
 * An append is all or nothing: a short or failed write is cut back. A failed fdatasync marks
 * the chain as failed for good, because the kernel may have dropped the pages (F03); everything
 * after it fails with ERR_AUDIT. A torn last record, left by a crash, is saved beside the file
 * and recorded when the chain is opened (F11); damage anywhere else is never repaired (F12).
 */
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H

#include "audit/record.h"
#include "base/arena.h"
#include "base/err.h"

struct chain;

#define CHAIN_ID 33 /* 32 digits and the end */

enum chain_mode {
	CHAIN_OWNED,  /* locked until chain_free; ERR_LOCK_HELD names the holder's pid */
	CHAIN_SHARED, /* locked for each append */
};

/*
 * Opens path, creating it (with its first record, chain.opened, and a synced directory) when it
 * is missing. `kind` ("journal", "audit") is written there and must agree. Refuses links, FIFOs,
 * devices and files with several names (F17). `run` (NULL outside of one)
 * and `actor` are for the records that it writes itself.
 */
MUST_CHECK bool chain_open(const char *path, enum chain_mode mode, const char *kind,
	const char *run, const char *actor, struct chain **ret, struct err *err);
void chain_free(struct chain *c);

/*
 * Appends and syncs. On return with true the record survives a power cut. Notices a file that
 * was replaced, renamed or unlinked meanwhile (F16), and follows one that was rotated. Every
 * failure is ERR_AUDIT.
 */
MUST_CHECK bool chain_append(struct chain *c, const struct record *r, struct err *err);
/*
 * The same for a record that speaks of the one before it: `make` fills it in while nobody else
 * can append. With false from it nothing is written.
 */
typedef bool (*chain_make)(const struct chain *c, struct record *ret, void *arg, struct err *err);
MUST_CHECK bool chain_append_made(struct chain *c, chain_make make, void *arg, struct err *err);

/*
 * rotate.c: closes the file and goes on in a new one of the same name; the closed one becomes
 * PATH.000001 and so on. The names always exist: the new file takes the old one's place in one
 * step, and whoever opens the log next finishes what a crash interrupted (F18). Other writers
 * follow. Only for shared chains, and for the owner of the file (ERR_PERMISSION).
 */
MUST_CHECK bool chain_rotate(struct chain *c, struct err *err);
/* The id that the first record of a file gives; false when it has none. */
bool chain_read_id(const char *path, char ret[CHAIN_ID]);
/* "PATH.000007" */
const char *chain_part_path(struct arena *a, const char *path, uint64_t part);

/* Has the file system put `bytes` aside behind the end, so that a result finds room (F02). */
MUST_CHECK bool chain_reserve(struct chain *c, size_t bytes, struct err *err);

/* Of the last record written or seen. */
const struct chain_head *chain_head(const struct chain *c);
/* The line last appended, without newline, until the next append; for streaming. */
const char *chain_last_line(const struct chain *c, size_t *ret_len);
const char *chain_path(const struct chain *c);
/* The id that all files of this log share, and which of them this is, from 1. */
const char *chain_file_id(const struct chain *c);
uint64_t chain_part(const struct chain *c);
bool chain_is_sealed(const struct chain *c); /* its last record is a seal */
int64_t chain_bytes(const struct chain *c);  /* of this file */
/* Whether opening it found and saved a torn record. */
bool chain_was_torn(const struct chain *c);

/* How long an append waits for the lock of a shared chain. */
#define CHAIN_LOCK_MS 10000

#endif

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
#include "base/err.h"

struct chain;

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
 * was replaced, renamed or unlinked meanwhile (F16). Every failure is ERR_AUDIT.
 */
MUST_CHECK bool chain_append(struct chain *c, const struct record *r, struct err *err);
/* Has the file system put `bytes` aside behind the end, so that a result finds room (F02). */
MUST_CHECK bool chain_reserve(struct chain *c, size_t bytes, struct err *err);

/* Of the last record written or seen. */
const struct chain_head *chain_head(const struct chain *c);
/* The line last appended, without newline, until the next append; for streaming. */
const char *chain_last_line(const struct chain *c, size_t *ret_len);
const char *chain_path(const struct chain *c);
/* Whether opening it found and saved a torn record. */
bool chain_was_torn(const struct chain *c);

/* How long an append waits for the lock of a shared chain. */
#define CHAIN_LOCK_MS 10000

#endif

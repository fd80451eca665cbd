/*
 * record: one line of the journal or the audit log, chained to the one before it.
 *
 *   {"seq":7,"at":"2026-11-20T14:32:07.123Z","mono_ns":42,"run":"...","step":"...",
 *    "event":"step.intent","actor":"ops@bastion-1","data":{...},"prev":"<hex>","hash":"<hex>"}
 *
 * `hash` is the SHA-256 of the line's bytes from its start up to and including the value of
 * prev with its quote; `prev` is the hash of the record before, 64 zeros for the first. So the
 * bytes themselves are what is proven; nobody has to agree on a canonical form of JSON.
 */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include "base/digest.h"
#include "base/str.h"

/* The longest line that is written or believed. */
#define RECORD_MAX (1 * MIB)

struct record {
	const char *run;   /* NULL outside of runs */
	const char *step;  /* NULL when no step is meant */
	const char *event; /* "step.intent" */
	const char *actor;
	const char *data; /* one JSON object in one line; NULL for {} */
};

/* Where a chain stands. */
struct chain_head {
	uint64_t seq; /* of the last record; 0 before the first */
	char hash[DIGEST_HEX];
};

#define CHAIN_ZERO "0000000000000000000000000000000000000000000000000000000000000000"

/* Appends the line, newline included, and moves *head on to it. Times are those of the call. */
void record_format(struct str *out, const struct record *r, struct chain_head *head);

/*
 * Checks one line (without its newline) against its own hash and takes apart what chains it.
 * False when it is not a record of this format or its hash is wrong.
 */
struct record_link {
	uint64_t seq;
	const char *prev; /* 64 digits inside the line */
	const char *hash;
};
MUST_CHECK bool record_check(const char *line, size_t len, struct record_link *ret);
/* The same with a digest of the caller's, for many. */
MUST_CHECK bool record_check_with(
	struct digest *d, const char *line, size_t len, struct record_link *ret);

/*
 * The event of a line that was checked, without its quotes; NULL when it has none. A look-alike
 * inside data is none.
 */
const char *record_event_name(const char *line, size_t len, size_t *ret_len);
/* Whether it is this one. */
bool record_is(const char *line, size_t len, const char *event);

#endif

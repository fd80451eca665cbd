/*
 * verify: reads a chained file from its start and says how far it can be believed.
 *
 * The verdicts stay apart (FAULTS.md, "what the audit log may claim"): a local chain proves
 * nothing about its own tail, nor against somebody who can rewrite all of it, so without an
 * anchor the best verdict is INTACT-UNANCHORED.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/record.h"
#include "base/err.h"

/* VERDICT(name, exit status, text) */
#define AUDIT_VERDICTS(VERDICT)                     \
	VERDICT(ANCHORED, 0, "OK-TO-ANCHOR")        \
	VERDICT(UNANCHORED, 0, "INTACT-UNANCHORED") \
	VERDICT(TORN, 1, "TORN-TAIL")               \
	VERDICT(GAP, 1, "GAP")                      \
	VERDICT(BROKEN, 1, "BROKEN")                \
	VERDICT(UNSUPPORTED, 2, "UNSUPPORTED")

enum audit_verdict {
#define VERDICT(name, status, text) AUDIT_##name,
	AUDIT_VERDICTS(VERDICT)
#undef VERDICT
};

struct audit_report {
	enum audit_verdict verdict;
	uint64_t records;      /* good ones, from the start */
	uint64_t at_seq;       /* where it goes wrong; 0 when nothing does */
	uint64_t recoveries;   /* torn records that were saved and recorded earlier */
	uint64_t anchored_seq; /* of the expected head; 0 when none was given or found */
	int64_t bytes;
	struct chain_head head; /* of the last good record */
	char file_id[33];       /* "" when the first record has none */
	char *why;              /* a sentence; freed by audit_report_done */
};

/*
 * `expect` is a head that was seen before, "SEQ:HASH" or only the hash; NULL for none.
 * Memory does not grow with the file. False (with err) only when it can't be read at all.
 */
MUST_CHECK bool audit_verify(
	const char *path, const char *expect, struct audit_report *ret, struct err *err);
void audit_report_done(struct audit_report *r);

const char *audit_verdict_name(enum audit_verdict v);
int audit_verdict_status(enum audit_verdict v);

#endif

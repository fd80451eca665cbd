/*
 * verify: reads a chained log from its start, all its files, and says how far it can be believed.
 *
 * The verdicts stay apart (FAULTS.md, "what the audit log may claim"): a local chain proves
 * nothing about its own tail, nor against somebody who can rewrite all of it, so without an
 * anchor the best verdict is INTACT-UNANCHORED.
 */
#ifndef AUDIT_VERIFY_H
#define AUDIT_VERIFY_H

#include "audit/chain.h"
#include "audit/key.h"
#include "base/err.h"

/* VERDICT(name, exit status, text) */
#define AUDIT_VERDICTS(VERDICT)                     \
	VERDICT(ANCHORED, 0, "OK-TO-ANCHOR")        \
	VERDICT(UNANCHORED, 0, "INTACT-UNANCHORED") \
	VERDICT(TORN, 1, "TORN-TAIL")               \
	VERDICT(GAP, 1, "GAP")                      \
	VERDICT(BROKEN, 1, "BROKEN")                \
	VERDICT(MISSING, 1, "MISSING")              \
	VERDICT(UNSUPPORTED, 2, "UNSUPPORTED")

enum audit_verdict {
#define VERDICT(name, status, text) AUDIT_##name,
	AUDIT_VERDICTS(VERDICT)
#undef VERDICT
};

/* A head that was kept elsewhere. */
struct audit_anchor {
	const char *file_id; /* NULL: of whatever log it is */
	uint64_t seq;        /* 0: any record with the hash */
	char hash[DIGEST_HEX];
	const char *from; /* "the anchor in /var/log/anchors", for messages */
};

/* What the log is measured by; all of it may be absent. */
struct audit_trust {
	const char *expect; /* "SEQ:HASH", "FILEID:SEQ:HASH" or only the hash */
	/*
	 * The first is the key that the log's first epoch must have; the later ones follow from it.
	 * None: seals must agree with the log's own keys, and nobody vouches for those.
	 */
	struct public_keys keys;
	bool key_given; /* then a log without a seal is BROKEN */
	const struct audit_anchor *anchors;
	size_t nanchors;
	bool anchors_given; /* then one of them must be of this log (F28) */
};

struct audit_report {
	enum audit_verdict verdict;
	uint64_t records;      /* good ones, from the start */
	uint64_t at_seq;       /* where it goes wrong; 0 when nothing does */
	uint64_t recoveries;   /* torn records that were saved and recorded earlier */
	uint64_t anchored_seq; /* the newest record that an anchor vouches for; 0: none */
	uint64_t parts;        /* files that were read */
	uint64_t seals;
	uint64_t sealed_seq;  /* the newest record that a seal vouches for; 0: none */
	uint64_t epoch;       /* of the newest key; 0: none */
	bool key_trusted;     /* the seals were checked from a key of audit_trust */
	uint64_t clock_jumps; /* how often the wall clock jumped (F19); no verdict */
	uint64_t clock_seq;   /* the first record behind a jump; 0: none */
	int64_t bytes;
	struct chain_head head;  /* of the last good record */
	char file_id[CHAIN_ID];  /* "" when the first record has none */
	char key_id[KEY_ID + 1]; /* of the newest key; "" */
	char *why;               /* a sentence; freed by audit_report_done */
};

/*
 * Memory does not grow with the log. `trust` may be NULL: nothing is known. False (with err) only
 * when it can't be read at all: ERR_NOT_FOUND when there is none and nothing says that there should
 * be one.
 */
MUST_CHECK bool audit_verify(const char *path, const struct audit_trust *trust,
	struct audit_report *ret, struct err *err);
void audit_report_done(struct audit_report *r);

/* "FILEID:SEQ:HASH", "SEQ:HASH" or "HASH"; what it points to lives in the arena. */
MUST_CHECK bool audit_anchor_parse(
	struct arena *a, const char *text, struct audit_anchor *ret, struct err *err);

const char *audit_verdict_name(enum audit_verdict v);
int audit_verdict_status(enum audit_verdict v);

#endif

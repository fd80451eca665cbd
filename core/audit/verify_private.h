/*
 * verify_private: what verify.c and verify_seal.c share.
 */
#ifndef AUDIT_VERIFY_PRIVATE_H
#define AUDIT_VERIFY_PRIVATE_H

#include "audit/verify.h"

struct verifier {
	struct audit_report *report;
	const struct audit_trust *trust;
	struct arena arena;
	struct digest *digest;
	struct audit_anchor *anchors; /* of this log, by seq */
	size_t nanchors, next_anchor; /* the next that has not been met */
	const char *wanted;           /* a hash that is to be met somewhere; NULL: none, or met */
	char wanted_hash[DIGEST_HEX];
	struct public_key key; /* of the present epoch */
	bool closed;           /* the last record is chain.rotated */
	bool first;            /* the next record is the first of its file */
	bool done;
	char at[sizeof("2026-11-20T14:32:07.123Z")]; /* the record's times */
	int64_t mono_ms;
	char boot[40]; /* the last that was named, and the times then */
	int64_t boot_ms, boot_mono_ms;
};

void verify_conclude(struct verifier *v, enum audit_verdict verdict, uint64_t seq, const char *fmt,
	...) PRINTF(4, 5);

/* verify_seal.c: a record audit.key or audit.sealed, whose chaining is good. */
void verify_key(struct verifier *v, const char *line, size_t len, const struct record_link *link);
void verify_seal(struct verifier *v, const char *line, size_t len, const struct record_link *link);

/* verify_clock.c: the times of a good record, and of one that names the boot behind that. */
void verify_clock_init(struct verifier *v);
void verify_clock(struct verifier *v, const char *line, size_t len);
void verify_boot(struct verifier *v, const char *line, size_t len);

#endif

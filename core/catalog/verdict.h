/*
 * verdict: from facts to ok, late, unknown or breach, with the reasons in words.
 *
 * Pure: the same facts at the same time give the same verdict; nothing is read. It is computed
 * when it is shown, because ages grow while a catalog lies there.
 *
 *   breach   an objective is certainly missed: the newest good backup is older than the RPO,
 *            there is none, its proof failed, a copy is further behind than the RPO
 *   unknown  it can't be said: the source failed or was never asked, the facts are stale, a
 *            clock is wrong
 *   late     a backup, a copy or a proof is due and has not come, or something is odd
 *   ok       none of these
 *
 * They are ordered so that the larger one is the worse: a certain breach is not hidden by what
 * is unknown, and a possible breach is worse than lateness.
 */
#ifndef CATALOG_VERDICT_H
#define CATALOG_VERDICT_H

#include "catalog/summary.h"

struct verdict_in {
	const struct set_facts *facts;
	const struct proofs *proofs;
	const struct backup *newest; /* that is no longer being written; NULL when there is none */
	const struct backup *good;   /* the newest good one; NULL when there is none */
	const char *newest_why;      /* why newest is not good; NULL when it is */
	int64_t now;
	int64_t stale_s; /* from the summary */
};

struct copy_verdict {
	const char *location;
	enum verdict verdict;
	int64_t lag_s; /* how far it is behind the set itself; negative when not known */
	const char *reason;
};

struct set_verdict {
	enum verdict verdict;
	VEC(const char *) reasons; /* sentences, worst first; never empty */
	int64_t age_s;             /* of the newest good backup; negative when there is none */
	int64_t next_due_at;       /* CLOCK_NONE without a schedule; in the past when overdue */
	int64_t missed;            /* scheduled runs that left no backup */
	struct copy_verdict *copies;
	size_t ncopies;
	const struct proof *proven;     /* what was proven last, as far as wanted; or NULL */
	const struct restore *restored; /* the last restore, or NULL */
};

void verdict_judge(struct arena *a, const struct verdict_in *in, struct set_verdict *ret);

/* Exit status of a board (DESIGN.md promise 9), and that of a Nagios plug-in. */
int verdict_status(enum verdict v);
int verdict_nagios(enum verdict v);

#endif

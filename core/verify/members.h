/*
 * members: whether the members of an archive could be unpacked without harm: no absolute names,
 * no "..", nothing that is written through a link which leads out, no devices; and how much
 * comes out of how little.
 */
#ifndef VERIFY_MEMBERS_H
#define VERIFY_MEMBERS_H

#include "verify/report.h"
#include "verify/tape.h"

struct members {
	struct arena *arena;
	bool strict; /* these archives hold no links at all, so one that leads out is a fault */
	uint64_t files, directories, links;
	uint64_t bytes;
	uint64_t outward;            /* links that lead out of the archive */
	const char *first_outward;   /* one of them */
	VEC(const char *) dangerous; /* their names */
	struct report_faults faults;
};

void members_init(struct members *m, struct report *r, bool strict);
/* Looks at one; its data are the caller's. ERR_LIMIT when there are too many links to remember. */
MUST_CHECK bool members_add(struct members *m, const struct tape_entry *e, struct err *err);
/* The name without "./" in front; points into it. */
const char *members_name(const struct tape_entry *e);
/* True when there was no fault; adds the check "members" either way. */
bool members_end(struct members *m);

#endif

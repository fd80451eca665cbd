/*
 * score: what a run teaches: recovery time and data loss against their objectives, who helped,
 * and what to do better, each point from a fact in the journal.
 */
#ifndef RUN_SCORE_H
#define RUN_SCORE_H

#include "run/report.h"

#define EARLIER_MAX 10

struct run_before {
	const char *id, *outcome;
	enum plan_mode mode;
	int64_t started_ms, recovery_s, loss_s; /* -1: not known */
};

struct run_score {
	int64_t recovery_s, rto_s; /* -1: not reached, no objective */
	int64_t newest_data;       /* time of the newest data that was found; CLOCK_NONE */
	int64_t loss_s, rpo_s;     /* from it to the incident; -1 */
	bool loss_is_bound;        /* no step looked: it is the age of the backup */
	int64_t waited_s;          /* for people, all together */
	size_t failures, retries, by_hand, skipped, simulated, over_budget;
	VEC(const char *) help, improve;
	VEC(struct run_before) earlier; /* of the same runbook, newest first */
};

void run_score(struct run_report *r, struct run_score *ret);
/* Earlier runs of the same runbook below this state directory, into ret->earlier. */
void run_score_compare(struct run_report *r, const char *state, struct run_score *ret);

/* score_write.c */
struct doc;
void run_score_document(struct doc *d, const struct run_report *r, const struct run_score *s);
void run_score_json(const struct run_report *r, const struct run_score *s, struct json *j);

/* From the newest data that a step found to the incident (else the start); false: not known. */
bool run_data_loss(const struct run_state *s, int64_t *ret_newest, int64_t *ret_loss_s);

#endif

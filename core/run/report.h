/*
 * report: the after-action report of a run, from its journal and outputs alone.
 *
 * Gathered once (run_report_load), then written as Markdown, as one HTML page without outside
 * parts, or as JSON. What a step printed is quoted made visible, its end only, with the digest
 * of the whole.
 */
#ifndef RUN_REPORT_H
#define RUN_REPORT_H

#include "run/state.h"

struct report_event {
	int64_t at_ms;
	const char *actor, *step; /* step NULL: the run as a whole */
	const char *text;         /* one line in words */
	bool deviation;           /* from the plan: skipped, by hand, retried, failed, ... */
};

struct report_try {
	const char *step;
	int64_t attempt;
	const char *describe, *live, *env;
	const char *outcome, *message; /* NULL while it was never seen to end */
	double seconds;
	int64_t output_bytes;
	const char *output_sha256;
	const char *output_end; /* the last lines, made visible */
};

struct run_score;

struct report_wait {
	const char *step; /* NULL: the run as a whole */
	int64_t ms;       /* that a question stood open */
};

struct run_report {
	struct arena *arena;
	struct run_state state;
	VEC(struct report_event) events;
	VEC(struct report_try) tries;
	VEC(struct report_wait) waits;
	const char *journal_head, *audit_head; /* "SEQ:HASH" */
	const char *backup_at;                 /* time of the backup that was used; NULL */
	const char *parent;                    /* "RUN, step STEP" of a run inside a run; NULL */
	size_t deviations;
	const struct run_score *score; /* score.h; NULL: no scorecard is wanted */
};

MUST_CHECK bool run_report_load(
	struct arena *a, const char *dir, struct run_report *ret, struct err *err);

void run_report_markdown(const struct run_report *r, struct str *out);
void run_report_html(const struct run_report *r, struct str *out);
void run_report_json(const struct run_report *r, struct json *j);

#endif

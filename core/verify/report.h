/*
 * report: what a verification found, as a list of named checks, for people and as JSON
 * (DESIGN.md 6). The worst check is the result: fail, then unknown, then pass.
 */
#ifndef VERIFY_REPORT_H
#define VERIFY_REPORT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/site.h"

struct report_check {
	const char *name;
	enum proof_result result;
	const char *detail;
};

/* Everything lives in the arena. Details may quote names from inside backups: untrusted. */
struct report {
	struct arena *arena;
	const char *target; /* as asked for */
	const char *format; /* name of the format; NULL while not recognized */
	enum level level;   /* asked for */
	VEC(struct report_check) checks;
	int64_t bytes; /* read from the source */
	double seconds;
	/* Of level restored: how long loading took (negative: it did not come to that), the id and
	 * connection string of a sandbox that was kept, and whether it was stopped by a signal. */
	double restore_seconds;
	const char *sandbox, *conninfo;
	bool stopped;
	const char *sha256; /* of a single object that was read to its end; NULL otherwise */
};

void report_init(struct report *r, struct arena *a, const char *target, enum level level);
void report_add(struct report *r, enum proof_result result, const char *name, const char *fmt, ...)
	PRINTF(4, 5);
/*
 * Adds what an err says: fail when the bytes are to blame (ERR_DAMAGED, ERR_CHECK_FAILED),
 * unknown when it could not be found out. Empties the err; returns false.
 */
bool report_err(struct report *r, const char *name, struct err *err);

enum proof_result report_result(const struct report *r);
/* 0, 1, 2 (DESIGN.md promise 9) */
int proof_result_status(enum proof_result result);

/* One line for the result, one for each check that did not pass; all checks when `verbose`. */
void report_text(const struct report *r, bool verbose, struct str *out);
void report_json(const struct report *r, const char *key, struct json *j);
/* The checks alone: an array of {name, result, detail}. */
void report_checks_json(const struct report *r, const char *key, struct json *j);

/*
 * Many faults of one kind as one check: the first few by name, the others counted. Add as many
 * as there are; `end` reports a failure if there was one.
 */
struct report_faults {
	struct report *report;
	const char *name;
	enum proof_result result;
	uint64_t count;
	struct str text;
};
void report_faults_init(struct report_faults *f, struct report *r, const char *name);
void report_faults_add(struct report_faults *f, const char *fmt, ...) PRINTF(2, 3);
/* True when there was none. */
bool report_faults_end(struct report_faults *f);

#endif

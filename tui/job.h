/*
 * job: a lifeboat command in the background. Whatever may take longer than a few milliseconds
 * (collecting, planning, verifying) is a process of its own; the console folds in what it says.
 */
#ifndef TUI_JOB_H
#define TUI_JOB_H

#include "base/loop.h"
#include "base/proc.h"

#define JOB_OUTPUT_MAX (32 * MIB)
#define JOB_ERRORS_MAX (64 * KIB)

struct jobs;
struct job;

struct job_ops {
	/* Standard output or error has grown. May be NULL. */
	void (*said)(struct job *j, void *arg);
	/* It has ended, and everything it said is there; freed behind this. */
	void (*ended)(struct job *j, struct proc_exit end, void *arg);
};

struct jobs *jobs_new(struct loop *l);
/* Ends all of them, without calling back. */
void jobs_free(struct jobs *all); /* NULL is a no-op */

/*
 * Starts `lifeboat ARGS`; args end with NULL. It dies with us. With `input` its standard input
 * stays open for job_send.
 */
MUST_CHECK bool job_start(struct jobs *all, const char *const *args, bool input,
	const struct job_ops *ops, void *arg, struct job **ret, struct err *err);
/* Ends it and never calls back again; NULL is a no-op. */
void job_cancel(struct job *j);
/* At most a pipe's buffer; false when it does not listen. Closes its standard input behind. */
MUST_CHECK bool job_send(struct job *j, const void *bytes, size_t len);

struct str *job_output(struct job *j);
struct str *job_errors(struct job *j);
int64_t job_started_ms(const struct job *j); /* monotonic */

#endif

/*
 * dir: the directory of a run, $STATE/runs/<id>/, and what is in it.
 *
 *   plan.json runbook.yaml site.yaml   what was decided and from what; never changed afterwards
 *   journal.jsonl                      the truth; locked by the runner while it lives
 *   output/STEP.N.out                  everything that try N of a step printed, raw
 *   output/STEP.N.times                "milliseconds bytes" a line: when it was printed
 *   socket                             where the runner listens
 */
#ifndef RUN_DIR_H
#define RUN_DIR_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/schema.h"

#include <sys/types.h>

#define RUN_ID_LEN 24 /* 20261121-143207-k3f9 and some room */

/* Makes a new directory with a new id ("20261121-143207-k3f9") below the state directory. */
MUST_CHECK bool run_dir_new(
	struct arena *a, const char *state, const char **ret_id, const char **ret, struct err *err);
/* By id, a prefix of one id, or "last". ERR_NOT_FOUND, or ERR_USAGE when several fit. */
MUST_CHECK bool run_dir_find(struct arena *a, const char *state, const char *name,
	const char **ret_id, const char **ret, struct err *err);
/* The ids, newest first. */
void run_dir_list(struct arena *a, const char *state, struct texts *ret);

/* The pid that holds the journal's lock: the runner; 0 when none lives. */
pid_t run_dir_runner(const char *dir);

const char *run_dir_journal(struct arena *a, const char *dir);
const char *run_dir_output(struct arena *a, const char *dir, const char *step, int64_t attempt);

/* A Unix socket may be deeper than the 107 bytes of its address: through /proc/self/fd. */
MUST_CHECK bool run_dir_listen(const char *dir, int *ret_fd, struct err *err);
MUST_CHECK bool run_dir_connect(const char *dir, int *ret_fd, struct err *err);

#endif

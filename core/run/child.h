/*
 * child: one step process under the runner's eyes: its events, its output, its end.
 *
 * The child has a session of its own (no terminal to open, to write to or to change: F49), gets
 * TERM at the end of its time, KILL after a grace (F44, F45), and whatever it leaves behind is
 * killed when it ends, except what it said to keep. Its output goes to disk through the mask;
 * memory stays bounded whatever it prints (F34, F35).
 */
#ifndef RUN_CHILD_H
#define RUN_CHILD_H

#include "base/digest.h"
#include "base/loop.h"
#include "base/path.h"
#include "base/proc.h"
#include "conf/json_read.h"
#include "run/mask.h"
#include "step/child.h"

#define CHILD_GRACE_MS 10000

struct child;

struct child_end {
	struct proc_exit exit;
	bool timed_out, stopped;
	double seconds;
	int64_t output_bytes;           /* kept on disk */
	bool output_lost;               /* the disk took only a part of it */
	char output_sha256[DIGEST_HEX]; /* of what was kept */
	struct str out;                 /* the first STEP_VALUE_MAX bytes of standard output */
	const cJSON *result;            /* the result event, or NULL; lives as long as the child */
	size_t strays;                  /* processes that it left behind and that were killed */
};

struct child_spec {
	const char *role; /* NULL: run the step; "cleanup", "probe", "approval" */
	const char *spec; /* JSON for descriptor 3 */
	char *const *envp;
	const char *output; /* file, made new; NULL: thrown away */
	const char *times;
	const struct mask *mask;
	int64_t timeout_ms;
	void (*on_event)(struct child *c, const cJSON *event, void *arg);
	void (*on_output)(struct child *c, int64_t size, void *arg);
	void (*on_end)(struct child *c, const struct child_end *end, void *arg);
	void *arg;
};

MUST_CHECK bool child_start(
	struct loop *l, const struct child_spec *spec, struct child **ret, struct err *err);
/* TERM now, KILL after the grace; a second call kills at once. on_end still comes. */
void child_stop(struct child *c);
/* The runner's SIGCHLD handler reports whom it reaped. */
void child_reaped(struct child *c, pid_t pid, int status);
void child_free(struct child *c); /* after on_end, or never started; NULL is a no-op */

/* Processes that earlier children said to keep; killed at the end of the run if still there. */
void child_keep(pid_t pid);
void child_kill_strays(bool kept_too, size_t *ret_count);

#endif

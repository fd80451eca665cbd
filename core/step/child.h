/*
 * child: a step in its own process, and how it talks to the runner.
 *
 * The runner starts `lifeboat __step` with the resolved step as JSON on descriptor 3 and a pipe
 * for events on descriptor 4; standard output and error are the step's output. Events are JSON
 * lines:
 *   {"event":"result","outcome":"ok|failed|unknown","message":..,"hint":..,"code":..,
 *    "value":..,"checks":[{"name","result","detail"}]}
 *   {"event":"set","name":"conninfo","value":..}   becomes {{STEP.conninfo}}
 *   {"event":"keep","pid":..}                      a process that outlives the step
 *   {"event":"leave","pid":..}                     ... and the run
 *   {"event":"progress","done":..,"total":..,"text":..}
 * A step that ends without a result is judged by its exit status.
 */
#ifndef STEP_CHILD_H
#define STEP_CHILD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "conf/node.h"

#include <sys/types.h>

#define STEP_SPEC_FD  3
#define STEP_EVENT_FD 4
#define STEP_SPEC_MAX (4 * MIB)
/* The longest value that a step can hand on. */
#define STEP_VALUE_MAX (64 * KIB)

enum outcome { OUTCOME_OK, OUTCOME_FAILED, OUTCOME_UNKNOWN };
extern const char *const outcome_names[];

struct step_child {
	struct arena *arena;
	const char *run, *id, *state; /* of the run, of the step, the state directory */
	/* The one backup that the step is about; id NULL when there is none, or several. */
	struct {
		const char *id, *path;
		int64_t size, mtime, finished_at;
	} backup;
	const char *site_file; /* NULL when the run has none */
	bool read_only;        /* effect: read; the step must not change anything */
	bool drill;
	int64_t timeout_ms;
	enum outcome outcome; /* set by a kind that can't tell (OUTCOME_UNKNOWN) */
	struct str value;     /* what {{capture}} becomes */
	struct str checks;    /* a JSON array, when the kind has checks */
	int64_t rows;         /* of a query; -1 when there is no such number */
};

void step_set(struct step_child *c, const char *name, const char *value);
void step_keep(struct step_child *c, pid_t pid);
void step_leave(struct step_child *c, pid_t pid);
void step_progress(struct step_child *c, int64_t done, int64_t total, const char *text);
/* A line of the step's output, made visible. */
void step_say(struct step_child *c, const char *fmt, ...) PRINTF(2, 3);

/* probe.c: the value becomes what the target says of itself; ERR_REFUSED when it is not the one
 * that the site file expects. */
MUST_CHECK bool step_probe(struct step_child *c, const struct node *target, struct err *err);

/* approval.c: {request, signature, identity, allowed_signers}; ERR_REFUSED when it is not good. */
#define STEP_SIGN_NAMESPACE "lifeboat-approval"
#define STEP_IDENTITY_MAX   256
MUST_CHECK bool step_check_signature(
	struct step_child *c, const struct node *spec, struct err *err);

/* The role `lifeboat __step [cleanup|probe|approval]`; the exit status. */
enum step_role { STEP_RUN, STEP_CLEANUP, STEP_PROBE, STEP_APPROVAL };
int step_child_main(enum step_role role);

#endif

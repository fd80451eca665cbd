/*
 * state: what a run is, folded from its journal. The runner, the console and the reports all
 * see a run through this, so they can't disagree.
 *
 * Pure: no clock, and no files but the journal that run_state_load reads. Strings live in the
 * state's arena. Unknown events are ignored: an older reader shows a newer journal.
 */
#ifndef RUN_STATE_H
#define RUN_STATE_H

#include "conf/json_read.h"
#include "runbook/plan.h"

/* STATUS(name, text, final): final ones need nothing more before the next step may start. */
#define STEP_STATUSES(STATUS)                                                     \
	STATUS(PENDING, "pending", false)                                         \
	STATUS(WAITING, "waiting", false) /* for a person */                      \
	STATUS(RUNNING, "running", false)                                         \
	STATUS(RETRYING, "retrying", false)                                       \
	STATUS(OK, "ok", true)                                                    \
	STATUS(FAILED, "failed", false)                                           \
	STATUS(IGNORED, "failed, ignored", true) /* on_fail: continue */          \
	STATUS(UNKNOWN, "unknown", false)        /* started, never seen to end */ \
	STATUS(SKIPPED, "skipped", true)                                          \
	STATUS(BY_HAND, "done by hand", true)                                     \
	STATUS(SIMULATED, "simulated", true)                                      \
	STATUS(UNDONE, "undone", false) /* taken back; stands to be done again */

enum step_status {
#define STATUS(name, text, final) STEP_##name,
	STEP_STATUSES(STATUS)
#undef STATUS
};

struct step_state {
	const char *id, *title, *kind, *effect;
	const char *group; /* of steps that run at once (parallel); NULL: it runs alone */
	bool implied;
	int64_t budget_s, timeout_s;
	enum step_status status;
	int64_t attempt;                    /* of the last intent; 0 before the first */
	int64_t started_ms;                 /* wall clock of the last intent; -1 */
	int64_t ended_ms;                   /* of its result; -1 */
	double seconds;                     /* measured by the runner; negative before the end */
	const char *describe;               /* what ran, or NULL */
	const char *live;                   /* the target as its connection named itself, or NULL */
	const char *message, *hint, *code;  /* of the last result that was not ok */
	const char *value;                  /* what it gave */
	struct texts set_names, set_values; /* what else it gave: {{STEP.name}} */
	const char *reason, *by;            /* of skipped and by hand */
	bool undoing;                       /* what takes it back was started and did not end */
	int64_t output_bytes;
	const char *output_sha256;
};

/* Consent of somebody other than the operator, to one request. */
struct approval {
	const char *by, *reason; /* the reason may be NULL */
	bool is_signed;          /* by an SSH key: `by` is its identity */
	int64_t login_uid;       /* of the login behind it; -1 */
};

/*
 * A question to the people at the run. Answers name its number, so none can be given twice.
 *
 * Kinds: go confirm manual choose failed unknown undo runbook-changed, and approve, which is not
 * for the operator: its choices are what he may do instead of waiting (skip, stop), while
 * others consent with run_client_approve, naming `digest` of the `request` that they have read.
 */
struct ask {
	int64_t number; /* 0: nothing is asked */
	const char *step, *kind;
	const char *text; /* the question */
	const char *show; /* what would run */
	const char *type; /* what must be typed, or NULL */
	const char *live, *environment, *irreversible;
	struct texts choices; /* "confirm", "skip", ... */
	struct texts options; /* of a choose step */
	/* Of an approval: the exact text that is consented to, fit for a terminal; its SHA-256;
	 * how many must. */
	const char *request, *digest;
	int64_t needed, expires_ms;
	bool stay;         /* who consents must not leave */
	struct texts from; /* who may; empty: anybody but the operator */
	VEC(struct approval) given;
	int64_t since_ms;
};

struct run_note {
	int64_t at_ms;
	const char *who, *text;
};

enum run_phase { RUN_NEW, RUN_GOING, RUN_CLEANING, RUN_FINISHED };

struct run_state {
	struct arena *arena;
	const char *id, *runbook, *title, *file, *sha256, *site, *operator;
	const char *parent_run, *parent_step; /* of kind runbook, that it is; NULL: its own */
	const char *started_by;               /* as whom it runs, whoever drives */
	int64_t operator_uid;                 /* -1 in journals that do not say */
	int64_t operator_login_uid;           /* of the login behind it (sudo); -1 */
	const char *wheel_offer;              /* the user it is offered to, "*" for anybody; NULL */
	enum plan_mode mode;
	bool attended, paused, stopping;
	enum run_phase phase;
	int64_t rto_s, rpo_s;
	const char *newest_data; /* the step whose value is the time of the newest data; NULL */
	int64_t started_ms, ended_ms; /* wall clock; -1 before */
	int64_t recovered_ms;         /* when done_when had passed; -1 */
	int64_t incident_ms;          /* when the recovery clock began, if before the run; -1 */
	int64_t halted_ms, halted_since_ms; /* a drill's clock stood still so long; since, or -1 */
	/* run.forecast, while the recovery clock runs: what was gone of it then and the rest
	 * (run_rest_s says what it is now), and whether the RTO will be missed. */
	int64_t forecast_ms, forecast_elapsed_s, forecast_s; /* -1: no forecast */
	bool forecast_late;
	const char *forecast_text; /* "1h of 4h are gone, the rest takes about 35m"; NULL */
	int64_t pid;
	const char *outcome; /* done failed stopped refused unknown; NULL before the end */
	int64_t exit;
	const char *message, *hint;
	struct step_state *steps;
	size_t nsteps;
	VEC(struct plan_target) targets; /* var, name, environment */
	VEC(struct parameter_value) parameters;
	VEC(struct run_note) notes;
	VEC(const char *) clients; /* who is attached */
	struct ask ask;
	uint64_t seq; /* of the last record folded */
	int64_t last_ms;
};

void run_state_init(struct run_state *s, struct arena *a);
/* state_fold.c: folds one record; false when it is not one (malformed, or not the next number). */
bool run_state_apply(struct run_state *s, const cJSON *record);
/* Folds one line of a journal. */
bool run_state_line(struct run_state *s, const char *line, size_t len);
/* A whole journal file; what a crash tore off its end is left out. */
MUST_CHECK bool run_state_load(struct run_state *s, const char *journal, struct err *err);

struct step_state *run_state_step(const struct run_state *s, const char *id);
/* Whether step i runs at once with the one before it: both are of the same group. */
bool run_state_at_once(const struct run_state *s, size_t i);
/* How many steps run now. Their ids are added to `ret_ids`, with commas between; NULL: not. */
size_t run_state_running(const struct run_state *s, struct str *ret_ids);
const char *step_status_name(enum step_status status);
bool step_status_final(enum step_status status);

/* From the incident (else the start) to the recovery, else to the end, else to now, without the
 * time that a drill's clock stood still; whole seconds, or ms. */
int64_t run_elapsed_s(const struct run_state *s, int64_t now_ms);
int64_t run_elapsed_ms(const struct run_state *s, int64_t now_ms);
/* What the last forecast leaves of it now, to the minute; -1 when there is none. */
int64_t run_rest_s(const struct run_state *s, int64_t now_ms);

#endif

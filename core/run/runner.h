/*
 * runner: the process of one run. `lifeboat __runner DIR`.
 *
 * It is a session of its own with its standard descriptors on /dev/null, ignores SIGHUP, and
 * calls no network or database library: the process that must not die does least. The journal
 * is the truth; the socket only says that it grew.
 */
#ifndef RUN_RUNNER_H
#define RUN_RUNNER_H

#include "run/child.h"
#include "run/ledger.h"
#include "run/lock.h"
#include "run/state.h"

/* From whoever started it, JSON: {"secrets":{..},"answers":{STEP:TEXT},"resume":bool} */
#define RUNNER_START_FD 3
/* To whoever started it: one line of JSON, {"ok":true} or {"message","hint","code"} */
#define RUNNER_READY_FD 4

int runner_main(const char *dir);

/* What follows is shared by the files of a runner only: see engine.h and server.h. */

struct client;

struct start_answer {
	const char *step, *text;
};

/* What a step gives beside its value, as a VEC: name, value. */
struct step_gives {
	struct start_answer *v;
	size_t n, cap;
};

/* Who consented to a step and must not leave before it is over: presence.c */
struct staying {
	const struct step *step;
	uid_t uid;
};

struct runner {
	struct arena arena; /* lives as long as the run */
	struct loop *loop;
	const char *dir, *id, *state_dir;
	const char *actor;
	struct plan *plan;
	struct run_state state;
	struct ledger *ledger;
	VEC(struct lock *) locks;
	struct mask *mask;
	VEC(const char *) unmasked;       /* secrets too short for it, to be told of */
	VEC(struct start_answer) answers; /* given with --confirm */
	int listen_fd;
	struct client *clients;

	/* The step at hand. */
	struct child *child;
	const struct step *step;
	struct resolved resolved;
	struct arena step_arena; /* wiped: its environment may hold secrets */
	bool probing, cleaning;
	bool granted;     /* the operator has said go, for this try of this step */
	const char *live; /* how the targets named themselves, for what was granted */
	size_t probed;    /* so many of resolved.targets were asked, or need not be */
	/* The runbook's digest as it is now, when the operator has said to follow the pinned copy.
	 */
	char changed_to[DIGEST_HEX], accepted[DIGEST_HEX];
	int64_t tries_left;
	struct step_gives sets;      /* what the step at hand has given so far */
	struct lane *lanes;          /* the other steps of its parallel group that run: lanes.c */
	const char *group;           /* being started, all of it, whatever becomes of the first */
	const struct step *asked_of; /* whose question is open */
	size_t cleanup_left;         /* counts down through the steps */
	char approved[DIGEST_HEX];   /* what was consented to: approval.c */
	VEC(struct staying) staying;
	bool undoing;               /* finished steps are being proposed for undo */
	size_t undo_below;          /* ... those before this place in the plan */
	const struct step *checked; /* the unknown step whose check was asked last */
	struct watcher *retry_timer, *kick, *over, *approval_timer, *forecast_timer;

	/* Of a drill: what its facilitator made go wrong. */
	int64_t asleep_until_ms;
	VEC(const char *) injected; /* steps whose next try fails, "" for sources that vanish */
	struct forecast *forecast;

	/* How the run ends, decided before the clean-up and recorded after it. */
	const char *outcome, *message, *hint;
	bool finished, terminated; /* by SIGTERM, that is by the system */
	int exit;
};

/* engine.c: what comes next. Safe to call at any time; does nothing while something is open. */
void engine_advance(struct runner *r);
void engine_answered(struct runner *r, const char *choice, const char *text, const char *actor);
void engine_stop(struct runner *r, const char *actor);
void engine_interrupt(struct runner *r, const char *actor);
/* Ends the run at once: nothing can be recorded any more. */
void engine_fail(struct runner *r, const struct err *err);

/* lanes.c */
#define LANES_MAX 16 /* steps of a group that run at once */
struct lane;
/* The step at hand has started and makes room for the next one. */
void lanes_add(struct runner *r);
/* The step that this process belongs to becomes the one at hand, until it is left again; NULL
 * when it is at hand already. */
struct lane *lanes_enter(struct runner *r, const struct child *c);
void lanes_leave(struct runner *r, struct lane *l);
void lanes_over(struct runner *r, struct lane *l);
void lanes_reap(struct runner *r); /* from the loop only */
void lanes_reaped(struct runner *r, pid_t pid, int status);
bool lanes_has(const struct runner *r, const struct step *s);
/* Whether it may run beside those that run. */
bool lanes_take(const struct runner *r, const struct step *s);
void lanes_stop(struct runner *r);
/* hangup: only those that do not outlive the operator's terminal. */
void lanes_interrupt(struct runner *r, const char *actor, bool hangup);

/* ask.c */
struct question {
	const char *kind, *text, *show, *type;
	const char *const *choices; /* ends with NULL */
	const struct texts *options;
	/* Of an approval. */
	const char *request;
	int64_t needed, expires;
	const struct texts *from;
	bool stay; /* who consents must not leave */
};
void ask_open(struct runner *r, const struct step *s, const struct question *q);
/* Checks an answer from a client or from --confirm; ERR_REFUSED says what is wrong with it. */
MUST_CHECK bool ask_answer(struct runner *r, int64_t number, const char *choice, const char *text,
	const char *actor, struct err *err);
const char *ask_given(const struct runner *r, const char *step);
/* What was given beforehand answers a question once: a run that goes back asks anew. */
void ask_used(struct runner *r, const char *step);

/* approval.c */
bool approval_wanted(const struct runner *r, const struct step *s);
void approval_ask(struct runner *r, const struct step *s);
/* Somebody's word on the request that stands. */
struct consent {
	int64_t ask;
	const char *digest, *reason;
	const char *identity, *signature; /* of an SSH key, for somebody who is not on the host */
	uid_t uid, login_uid;
	const char *actor, *origin;
};
MUST_CHECK bool approval_give(struct runner *r, const struct consent *c, struct err *err);
MUST_CHECK bool approval_deny(struct runner *r, const struct consent *c, struct err *err);
/* True when the signature is being checked; how that went shows in the journal. */
MUST_CHECK bool approval_signed(struct runner *r, const struct consent *c, struct err *err);

/* presence.c: he has consented to the step at hand; he is at the run no more. */
void presence_stays(struct runner *r, uid_t uid);
void presence_left(struct runner *r, uid_t uid, const char *actor);

/* wheel.c */
bool wheel_drives(const struct runner *r, uid_t uid);
MUST_CHECK bool wheel_offer(struct runner *r, const char *actor, const char *to, struct err *err);
MUST_CHECK bool wheel_withdraw(struct runner *r, const char *actor, struct err *err);
MUST_CHECK bool wheel_take(
	struct runner *r, uid_t uid, uid_t login_uid, const char *actor, struct err *err);

/* unknown.c: true when the step's check is being asked. */
bool unknown_check(struct runner *r, const struct step *s);

/* undo.c */
bool undo_possible(const struct runner *r);
void undo_begin(struct runner *r);
void undo_next(struct runner *r);
void undo_answered(struct runner *r, const char *choice, const char *text, const char *actor);

/* drill.c: what a facilitator may do to a drill; ERR_REFUSED in a live run. */
MUST_CHECK bool drill_inject(
	struct runner *r, const char *actor, const cJSON *frame, struct err *err);
MUST_CHECK bool drill_clock(struct runner *r, const char *actor, bool running, struct err *err);
/* Whether this was injected; once. */
bool drill_injected(struct runner *r, const char *step);

/* server.c */
void server_roles_changed(struct runner *r);
MUST_CHECK bool server_start(struct runner *r, struct err *err);
void server_stop(struct runner *r);
void server_journal_grew(struct runner *r);
void server_output_grew(struct runner *r, int64_t size);
void server_progress(struct runner *r, const cJSON *event);

/* runner.c: a secret's value, from the orders or from a client; masked from now on. */
void runner_secret(struct runner *r, struct var *v, const char *bytes, size_t len);
void runner_warn_unmasked(struct runner *r);

/* runner.c: who is behind this process: whoever started it. */
void runner_write_operator(struct json *j, const char *name);
/* resume.c: the records of a runner that takes over from a dead one, whose steps it ends. */
MUST_CHECK bool resume_record(struct runner *r, struct err *err);

/* runner.c: records, folded at once into r->state. A failure ends the run. */
bool runner_note(struct runner *r, const char *step, const char *event, const char *actor);
bool runner_end(struct runner *r, const char *step, const char *event, const char *actor);
MUST_CHECK bool runner_begin(
	struct runner *r, const char *step, const char *event, const char *actor, struct err *err);

#endif

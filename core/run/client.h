/*
 * client: a run seen from outside: its journal folded, its runner on the line while it lives.
 *
 * Works on a run whose runner is dead, too: then it only reads. Never blocks for longer than a
 * local read; meant to be driven from a poll loop by run_client_fd.
 */
#ifndef RUN_CLIENT_H
#define RUN_CLIENT_H

#include "run/state.h"

struct run_client;

struct run_progress {
	const char *step; /* NULL: none */
	int64_t done, total;
	const char *text;
};

/* Observers ask for less than operators; what is granted is run_client_operator, which changes
 * when the wheel is handed over. */
MUST_CHECK bool run_client_open(
	const char *dir, bool drive, struct run_client **ret, struct err *err);
void run_client_free(struct run_client *c); /* says bye; NULL is a no-op */

const struct run_state *run_client_state(const struct run_client *c);
const struct run_progress *run_client_progress(const struct run_client *c);
bool run_client_operator(const struct run_client *c);
/* The runner answers. Without it a run that is not finished was interrupted. */
bool run_client_alive(const struct run_client *c);
/* Poll it for reading; -1 when there is no runner (poll the journal by time then). */
int run_client_fd(const struct run_client *c);

/* Takes in what has come. True when anything changed. */
bool run_client_pump(struct run_client *c);
/* Waits up to ms for something to change. */
bool run_client_wait(struct run_client *c, int64_t ms);
/* The last refusal of the runner, or NULL; forgotten by the next order. */
const struct err *run_client_refusal(const struct run_client *c);
void run_client_forget_refusal(struct run_client *c);
/* The next journal line not yet given out, for streaming; NULL when there is none. Valid until
 * the next call. */
const char *run_client_line(struct run_client *c, size_t *ret_len);

/* Orders to the runner; how it took them shows in the journal or in run_client_refusal. */
MUST_CHECK bool run_client_answer(
	struct run_client *c, int64_t ask, const char *choice, const char *text, struct err *err);
/*
 * op: "stop", "interrupt", "pause", "continue", "withdraw" (the offer of the wheel) for who
 * drives; "take" (the wheel that is offered) and "note" with its text for everybody.
 */
MUST_CHECK bool run_client_order(
	struct run_client *c, const char *op, const char *text, struct err *err);
/* Offers the wheel to a user by name, "*" for anybody; state->wheel_offer until it is taken. */
MUST_CHECK bool run_client_handover(struct run_client *c, const char *to, struct err *err);

/*
 * For everybody but the operator, while state->ask.kind is "approve": consent to the request
 * with this digest (that of the text which was shown, so that nobody consents to another one),
 * or its refusal, which fails the step. The reason may be NULL. With `identity` and `signature`
 * (ssh-keygen -Y sign -n lifeboat-approval over the exact bytes of ask.request) it is the word
 * of whoever holds that key; whether the signature is good shows in the journal: approval.given
 * or approval.refused.
 */
struct run_consent {
	const char *digest, *reason;
	const char *identity, *signature; /* NULL: as the user who is connected */
	bool deny;
};
MUST_CHECK bool run_client_consent(
	struct run_client *c, const struct run_consent *consent, struct err *err);

/* Drills only, for everybody: what = "fail-step" with a step, "source-gone", "approver-asleep"
 * with seconds; and the drill's clock, which stands still while people talk. */
MUST_CHECK bool run_client_inject(
	struct run_client *c, const char *what, const char *step, int64_t seconds, struct err *err);
MUST_CHECK bool run_client_clock(struct run_client *c, bool running, struct err *err);

/* How it ended for the exit status of `lifeboat run`: the journal's, or what the runner said
 * when it could not write it any more; 2 when nobody knows. */
int run_client_exit(const struct run_client *c);
const char *run_client_message(const struct run_client *c);
const char *run_client_hint(const struct run_client *c);

#endif

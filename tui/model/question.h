/*
 * question: what a run waits for a person to say, as choices to offer. Made from the choices that
 * the runner gives, whatever they are: one that is not known here is offered by its name.
 */
#ifndef TUI_MODEL_QUESTION_H
#define TUI_MODEL_QUESTION_H

#include "run/state.h"

/* What must or may be said with a choice. */
enum question_wants {
	QUESTION_NOTHING,
	QUESTION_NAME,    /* the name that the question asks to be typed */
	QUESTION_REASON,  /* must be given */
	QUESTION_DONE,    /* what was done by hand; must be given */
	QUESTION_TEXT,    /* may be given */
	QUESTION_CONSENT, /* the request must be read, a reason may be given */
	QUESTION_DENIAL,  /* a reason must be given */
	QUESTION_WHEEL,   /* somebody else is to drive */
};

/* Who is asked: what this person may say depends on it. */
struct question_party {
	bool drives;
	int64_t uid;
	const char *user, *who; /* ops, ops@bastion-1 */
};

struct question_choice {
	const char *choice; /* for run_client_answer */
	const char *text;   /* for run_client_answer when nothing is wanted: the option; or NULL */
	const char *label;  /* "Skip this step, with a reason" */
	const char *action; /* "Skip": of a button */
	const char *about;  /* what then happens, a sentence */
	enum question_wants wants;
	bool primary; /* what the step is there for */
};

struct question {
	const struct ask *ask;
	const struct step_state *step; /* NULL: none */
	const char *title;             /* "Restore aragora.dump into prod-db" */
	bool failed;                   /* something went wrong: what is chosen mends it */
	bool production;               /* of a live run */
	bool consent;                  /* this person's consent is asked for */
	bool destroys;
	VEC(struct question_choice) choices;
};

/* False when the run asks nothing of this person. Texts live in the arena and in the state. */
bool question_make(struct arena *a, const struct run_state *s, const struct question_party *who,
	struct question *ret);
/* Whether the run waits for consent that this person may give. */
bool question_consents(const struct run_state *s, const struct question_party *who);
/* The choice that the question is there for; NULL when there is none. */
const struct question_choice *question_primary(const struct question *q);

#endif

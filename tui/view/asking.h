/*
 * asking: puts the question that a run waits with: as a dialog that shows exactly what would run
 * and where, or as a menu of what can be answered. Nothing is ever answered by Enter alone.
 */
#ifndef TUI_VIEW_ASKING_H
#define TUI_VIEW_ASKING_H

#include "run/client.h"
#include "tui/view/company.h"
#include "tui/model/question.h"
#include "tui/view.h"

struct asking {
	struct app *app;
	struct run_client *client;
	struct company *company; /* the owner's */
	struct arena arena;      /* of the question that is being put */
	struct question question;
	int64_t number;      /* of it; 0: none was put */
	int64_t driver_uid;  /* who drove when it was put */
	int64_t sent;        /* the number that was answered last */
	struct view *stands; /* what of it is on the screen; NULL */
};

void asking_init(struct asking *a, struct app *app, struct company *company);
void asking_done(struct asking *a);
/* Another run, or the same with another client. */
void asking_follow(struct asking *a, struct run_client *client);

/* Puts the question that is open; false when there is none, or it is on the screen already. */
bool asking_put(struct asking *a);
/* Takes away what was put once somebody else has answered, or drives; shows a refusal. */
void asking_changed(struct asking *a);
/* A question is open that this person may answer, and has not. */
bool asking_waits(const struct asking *a);

#endif

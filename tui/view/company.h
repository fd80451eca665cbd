/*
 * company: what several people at one run do with each other: offer and take the wheel, and in a
 * drill stop its clock and bring trouble into it.
 */
#ifndef TUI_VIEW_COMPANY_H
#define TUI_VIEW_COMPANY_H

#include "run/client.h"
#include "tui/model/question.h"

struct company {
	struct app *app;
	struct run_client *client; /* the owner's; NULL: no run */
	bool *ordered;             /* set when an order was given: a refusal is its answer */
};

/* Who this console is, to the run. */
struct question_party company_self(const struct company *c);
/* The wheel is offered, and may be taken here. */
bool company_offered(const struct company *c);

/* Offers the wheel, withdraws the offer, or takes what is offered: whichever makes sense. */
void company_wheel(struct company *c);
/* Stops a drill's clock, or lets it go on. */
void company_clock(struct company *c);
/* Asks what is to go wrong in a drill. */
void company_inject(struct company *c);

#endif

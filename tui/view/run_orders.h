/*
 * run_orders: what can be ordered of a run: each key with what it asks first, the requests that go
 * to the runner, and what the runner says to them. The run's own questions are among them
 * (asking.h), and what its people do with each other (company.h).
 */
#ifndef TUI_VIEW_RUN_ORDERS_H
#define TUI_VIEW_RUN_ORDERS_H

#include "run/client.h"
#include "tui/keys.h"
#include "tui/view/asking.h"
#include "tui/view/company.h"

struct run_orders {
	struct app *app;
	const char *id;            /* of the run; the owner's */
	struct run_client *client; /* the owner's; NULL: no run */
	struct company company;
	struct asking asking;
	int64_t put; /* the question that was put by itself last */
	bool given;  /* a refusal of the runner is the answer to our last order */
};

void run_orders_init(struct run_orders *o, struct app *app);
void run_orders_done(struct run_orders *o);
/* Another run, or none: what was asked about the one before is taken away. */
void run_orders_follow(struct run_orders *o, struct run_client *client, const char *id);

/* False: the action is no order. */
bool run_orders_act(struct run_orders *o, enum action action);
/* Whether an order makes sense now; true for what is none. */
bool run_orders_offers(const struct run_orders *o, enum action action);

/* The run went on: takes away questions that were answered, shows what the runner refused. */
void run_orders_changed(struct run_orders *o);
/* Puts a new question by itself, if it is for whoever sits here. Only where the run is shown. */
void run_orders_put(struct run_orders *o);

#endif

/*
 * server: the clients of a runner, as server.c and orders.c see them.
 */
#ifndef RUN_SERVER_H
#define RUN_SERVER_H

#include "run/protocol.h"
#include "run/runner.h"

struct client {
	struct client *next;
	struct runner *runner;
	int fd;
	struct watcher *watch, *hello_timer;
	struct wire frames;
	uid_t uid;       /* by the kernel */
	uid_t login_uid; /* of the login that it came from, or IDENT_NOBODY */
	char *actor;     /* ops@bastion-1: who the records name */
	char *label;     /* ops@bastion-1/4711: which of his terminals */
	char *origin;    /* "sudo from ops, ssh from 10.0.0.7", as it says itself; NULL */
	bool greeted, said_bye, dead;
	bool deaf;   /* takes nothing more; what it said before it went is still read */
	bool wants;  /* to drive, where that is allowed */
	bool drives; /* what is granted */
};

/* What it asks for; how the runner takes it shows in the journal, or in *err. */
MUST_CHECK bool orders_take(struct client *c, const char *op, const cJSON *frame, struct err *err);

#endif

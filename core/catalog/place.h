/*
 * place: one child that reads one place for the collector: started, listened to, ended.
 */
#ifndef CATALOG_PLACE_H
#define CATALOG_PLACE_H

#include "catalog/summary.h"

#include <poll.h>
#include <sys/types.h>

struct place_task {
	/* Set by the caller. */
	const char *site_file, *id; /* "asset/set" */
	int copy;                   /* index of the copy; -1: the set itself */
	const char *list, *before;  /* paths; before may be NULL */
	bool promises;              /* ask what the location promises */
	int64_t timeout_s;
	char *const *envp;
	struct place *place; /* filled when it is over */
	/* While it runs. */
	pid_t pid;
	int out, errors;
	struct str text, complaint;
	int64_t deadline, latest; /* monotonic ms */
	bool over, abandoned;     /* abandoned: it could not be killed */
};

MUST_CHECK bool place_start(struct place_task *t, struct err *err);
/* Where t wants to be woken: two entries. */
void place_poll(const struct place_task *t, struct pollfd *p);
/* Takes what came, and ends it when it is complete or its time is over; then t->over is set. */
void place_step(struct place_task *t, struct arena *a, const struct pollfd *p);

#endif

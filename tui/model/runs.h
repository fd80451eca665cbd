/*
 * runs: all runs on this machine, newest first, with what a list shows of each. Journals are
 * folded one at a time; those that may still change are looked at again when they have grown.
 */
#ifndef TUI_MODEL_RUNS_H
#define TUI_MODEL_RUNS_H

#include "run/dir.h"
#include "run/state.h"

#define RUNS_MAX 5000 /* runs that are shown */

enum runs_status {
	RUNS_UNREAD,
	RUNS_WAITING, /* for a person */
	RUNS_PAUSED,
	RUNS_RUNNING,
	RUNS_INTERRUPTED, /* its runner is gone */
	RUNS_DONE,
	RUNS_FAILED,
	RUNS_STOPPED,
	RUNS_REFUSED,
	RUNS_UNKNOWN,
	RUNS_DAMAGED, /* its journal can't be read */
};

struct run_row {
	char id[RUN_ID_LEN];
	enum runs_status status;
	bool drill;
	int64_t started_ms, ended_ms; /* -1: not yet */
	int64_t seconds; /* until recovered, else until the end, else until the last record */
	int64_t last_ms; /* of that record, while the clock runs; else -1 (runs_seconds) */
	int64_t rto_s;   /* negative: none */
	int64_t exit;
	bool recovered;
	char runbook[64], title[120], operator_name[80], target[80];
	char step[64]; /* that asks or runs */
	bool production;
	char parent[RUN_ID_LEN], parent_step[64]; /* of the step that it is; "": its own run */
	int64_t size, mtime_ns;                   /* of the journal when it was folded */
	bool stale;                               /* to be read again */
};

struct runs {
	const char *state;
	struct run_row *runs;
	size_t n;
	int64_t listed_ns; /* the directory's time when it was listed; 0: never */
	/* Runs that a runner holds, nested ones not counted; of them, those that wait for a person,
	 * and drills */
	size_t going, waiting, drills;
};

void runs_init(struct runs *h, const char *state);
void runs_done(struct runs *h);
/* New runs are listed, runs that grew are to be read again. True when there is work to do. */
bool runs_poll(struct runs *h);
/* Reads one journal; true while more are to be read. */
bool runs_work(struct runs *h);

const struct run_row *runs_find(const struct runs *h, const char *id);
/* The run that a step of a run is; NULL: there is none. */
const struct run_row *runs_nested(const struct runs *h, const char *id, const char *step);
/* How long it took, or has taken by now. */
int64_t runs_seconds(const struct run_row *r, int64_t now_ms);
/* The newest run that somebody should look at: one that waits, else runs, else was interrupted.
 * What is part of such a run is seen from there. */
const struct run_row *runs_current(const struct runs *h);
const char *runs_status_text(enum runs_status s); /* "waiting", "done", ... */
/* Whether a runner may still change it. */
bool runs_is_open(const struct run_row *r);

#endif

/*
 * replay: what the steps of a run printed, in the time that it took.
 *
 * The times are those of output/STEP.N.times. As asciicast v2 (docs.asciinema.org) other players
 * can show it. Bytes are made visible first; nothing that a step printed acts on a terminal.
 */
#ifndef RUN_REPLAY_H
#define RUN_REPLAY_H

#include "base/arena.h"
#include "base/err.h"

struct replay_options {
	double speed;   /* 2: twice as fast */
	int64_t idle_s; /* longer pauses are cut to this */
	bool asciicast; /* write a recording instead of playing */
};

MUST_CHECK bool replay_run(
	struct arena *a, const char *dir, const struct replay_options *o, int fd, struct err *err);

#endif

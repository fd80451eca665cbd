/*
 * demo_play: a demo while it goes on: its database goes on living, and this program's own commands
 * run on its site and state, until somebody wants it to end. For `lifeboat demo` only.
 */
#ifndef CLI_DEMO_PLAY_H
#define CLI_DEMO_PLAY_H

#include "cli/cli.h"
#include "base/clock.h"
#include "demo/demo.h"

struct play {
	struct cli *cli;
	struct demo demo;
	int stop_fd; /* readable once we are asked to end */
	enum disaster disaster;
	bool keep;
	bool alone;      /* nobody is there to restore it */
	int64_t beat_ms; /* when the database was last made to do something */
	char accident_at[CLOCK_TEXT];
};

/* Whether we were asked to end, waiting so many ms for it. */
bool play_stopping(const struct play *p, int64_t wait_ms);
/* Whether it is the terminal's end that ends us; to be asked once. */
bool play_hung_up(const struct play *p);
/* The database does something, where DEMO_BEAT_MS have passed since it did last. */
void play_beat(struct play *p);

enum show { SHOW_NOTHING, SHOW_ERRORS, SHOW_OUTPUT, SHOW_SCREEN };

/*
 * This program again, with as much of our terminal; `args` ends with NULL. *ret_status is what a
 * shell would say. ERR_STOPPED when we were asked to end.
 */
MUST_CHECK bool play_self(
	struct play *p, enum show show, const char *const *args, int *ret_status, struct err *err);
/* The same for what it prints. */
MUST_CHECK bool play_self_out(
	struct play *p, const char *const *args, struct str *out, int *ret_status, struct err *err);
/* One of our commands that must end with 0; else ERR_CHECK_FAILED says `what`. */
MUST_CHECK bool play_must(
	struct play *p, enum show show, const char *const *args, const char *what, struct err *err);

#endif

/*
 * output: bytes on their way to the terminal, without ever waiting for it. What it does not take
 * now stays here until it does, so a stalled connection holds up neither keys nor signals.
 *
 * The descriptor is one of our own: O_NONBLOCK on the shell's would outlive us there.
 */
#ifndef TUI_TERM_OUTPUT_H
#define TUI_TERM_OUTPUT_H

#include "base/str.h"

struct output {
	int fd;
	bool own; /* ours to close, and non-blocking */
	struct str pending;
	size_t sent; /* bytes of pending that are gone */
};

/* tty: the terminal as we got it; used itself when it can't be opened a second time. */
void output_init(struct output *o, int tty);
void output_done(struct output *o);
/* Puts bytes behind what waits; output_flush sends them. */
void output_add(struct output *o, const void *bytes, size_t len);
/* Sends what the terminal takes; true when nothing is left, also when the terminal is gone. */
bool output_flush(struct output *o);
/* The same, waiting for it up to ms. */
bool output_flush_for(struct output *o, int64_t ms);

#endif

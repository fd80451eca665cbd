/*
 * stage: the loop under every screen. It reads keys, follows the terminal's size, draws when
 * something is dirty, and ends within a second when the terminal goes (F46, F47).
 *
 * A screen draws in `draw` and nowhere else; events only change its state. Keys are drawn at
 * once, everything else at most 30 times a second, and nothing while the terminal does not read.
 */
#ifndef TUI_STAGE_H
#define TUI_STAGE_H

#include "base/loop.h"
#include "tui/draw/canvas.h"
#include "tui/draw/event.h"
#include "tui/term/term.h"

struct stage;

struct stage_ops {
	void (*draw)(void *arg, struct area whole); /* onto an empty canvas */
	void (*event)(void *arg, const struct event *ev);
	/* A slice of background work, about 10 ms; true while there is more. May be NULL. */
	bool (*work)(void *arg);
};

enum stage_end {
	STAGE_ON,     /* still running */
	STAGE_LEFT,   /* stage_leave */
	STAGE_GONE,   /* the terminal hung up */
	STAGE_KILLED, /* SIGTERM, SIGINT, SIGQUIT or SIGHUP */
};

/* Opens the terminal; fails as term_open does. */
MUST_CHECK bool stage_open(const struct theme *theme, const struct stage_ops *ops, void *arg,
	struct stage **ret, struct err *err);
/* Runs until one of the ends. */
enum stage_end stage_run(struct stage *s);
void stage_close(struct stage *s); /* gives the terminal back; NULL is a no-op */

void stage_leave(struct stage *s);
void stage_dirty(struct stage *s); /* draw soon */
void stage_work(struct stage *s);  /* there is work for ops.work */
struct loop *stage_loop(struct stage *s);
struct terminal *stage_term(struct stage *s);

#endif

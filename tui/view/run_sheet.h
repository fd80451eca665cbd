/*
 * run_sheet: a run in words: what happened, in order; and one step in detail.
 */
#ifndef TUI_VIEW_RUN_SHEET_H
#define TUI_VIEW_RUN_SHEET_H

#include "run/state.h"
#include "tui/model/happened.h"
#include "tui/model/runs.h"
#include "tui/view/sheet.h"

struct run_sheet {
	struct arena arena; /* of what happened */
	VEC(struct happened) list;
	const struct runs *runs;       /* all that there are: nested ones are among them */
	const struct run_state *state; /* NULL: no run */
	const struct step_state *shown;
	struct sheet events, step;
};

void run_sheet_init(struct run_sheet *s, const struct runs *runs);
void run_sheet_done(struct run_sheet *s);
/* Another run; what was taken of the one before is forgotten. */
void run_sheet_follow(struct run_sheet *s, const struct run_state *state);
/* A line of its journal. */
void run_sheet_take(struct run_sheet *s, const char *line, size_t len);
/* The run that a step is, of kind runbook; NULL: none, or it has not begun. */
const struct run_row *run_sheet_nested(const struct run_sheet *s, const struct step_state *st);
/* Which step `step` shows; NULL for none. */
void run_sheet_step(struct run_sheet *s, const struct step_state *st);

#endif

/*
 * run_pane: what stands beside the steps of a run: what the selected step printed, all that
 * happened, or the step in detail. What was printed is read from its file by offset, so that a
 * gigabyte costs what a page does.
 */
#ifndef TUI_VIEW_RUN_PANE_H
#define TUI_VIEW_RUN_PANE_H

#include "tui/view/run_sheet.h"

enum run_pane_kind { PANE_OUTPUT, PANE_EVENTS, PANE_STEP };

struct run_pane {
	enum run_pane_kind kind;
	const char *dir;               /* of the run; the owner's */
	const struct step_state *step; /* the selected one; NULL: none */
	struct pager output;
	bool has_output;
	const char *output_step; /* whose output is open */
	int64_t output_attempt;
	struct run_sheet sheets; /* the events, and one step in detail */
};

void run_pane_init(struct run_pane *p, const struct runs *runs);
void run_pane_done(struct run_pane *p);
/* Another run, by its directory; NULL, NULL: none. */
void run_pane_follow(struct run_pane *p, const char *dir, const struct run_state *s);
/* A line of its journal. */
void run_pane_take(struct run_pane *p, const char *line, size_t len);
/* Which step is selected; what it printed is opened, or opened again for its next try. */
void run_pane_select(struct run_pane *p, const struct step_state *st);
/* The run that the selected step is, of kind runbook; NULL: none, or it has not begun. */
const struct run_row *run_pane_nested(const struct run_pane *p);
/* Shows this kind, or where it is shown already the output again. */
void run_pane_turn(struct run_pane *p, enum run_pane_kind kind);
/* Time went on: what a step says of itself may be another. */
void run_pane_stale(struct run_pane *p);

void run_pane_draw(struct run_pane *p, struct area a, bool reading, bool focus);
unsigned run_pane_event(struct run_pane *p, const struct event *ev);
bool run_pane_typing(const struct run_pane *p);
bool run_pane_work(struct run_pane *p);

#endif

/*
 * start: from a runbook to a run: the form of its parameters, the plan to review, the start.
 */
#ifndef TUI_VIEW_START_H
#define TUI_VIEW_START_H

#include "runbook/runbook.h"
#include "tui/view.h"

/*
 * Opens the form; what is filled in goes to review_view. `sets` are "name=value" that are known
 * already. The runbook is only read from here.
 */
void start_form(struct app *app, const char *name, const struct runbook *r, const char *const *sets,
	size_t nsets);

/* The plan of a runbook with these parameters, made in the background; from it the run starts. */
struct view *review_view(
	struct app *app, const char *name, const char *const *sets, size_t nsets, bool drill);

/* Takes a run up again, in the background; then shows it. */
void start_resume(struct app *app, const char *run);

#endif

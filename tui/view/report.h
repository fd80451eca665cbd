/*
 * report: the after-action report of a run, as `lifeboat report` writes it, to read.
 */
#ifndef TUI_VIEW_REPORT_H
#define TUI_VIEW_REPORT_H

#include "tui/view.h"

void report_open(struct app *app, const char *run);

#endif

/*
 * recover: takes a moment to a runbook: those that want one are offered, and start with the moment
 * and the archive that it is a moment of filled in.
 */
#ifndef TUI_VIEW_RECOVER_H
#define TUI_VIEW_RECOVER_H

#include "conf/site.h"
#include "tui/view.h"

/* The moment as runbooks take it: a time, "xid:742". `about` says what it is; NULL: itself. */
void recover_to(struct app *app, const struct asset *asset, const char *moment, const char *about);

#endif

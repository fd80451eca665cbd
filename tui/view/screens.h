/*
 * screens: the seven screens of the console, and the views that lead deeper.
 */
#ifndef TUI_VIEW_SCREENS_H
#define TUI_VIEW_SCREENS_H

#include "tui/view.h"

struct view *board_view(struct app *app);
struct view *backups_view(struct app *app);
struct view *timeline_view(struct app *app);
struct view *runbooks_view(struct app *app);
struct view *run_view(struct app *app);
struct view *history_view(struct app *app);
struct view *audit_view(struct app *app);

/* One set: why this verdict, its history, what can be done. `id` is "asset/set". */
struct view *set_view(struct app *app, const char *id);
/* The backups of one set. */
struct view *backups_of_view(struct app *app, const char *set);
/* One record of the audit log, a line of it. */
struct view *record_view(struct app *app, const char *line, size_t len);
/* A runbook to read; `sets` are parameters that are filled in already, "name=value". */
struct view *runbook_view(struct app *app, const char *name, const char *const *sets, size_t nsets);
/* A run by its id, live or over. */
struct view *run_view_of(struct app *app, const char *id);
/* The Run screen on this run. */
void run_show(struct app *app, const char *id);

#endif

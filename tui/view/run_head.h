/*
 * run_head: the head of a run: what it does to what, how far it is, and whether it needs somebody;
 * and its steps as the rows of a list.
 */
#ifndef TUI_VIEW_RUN_HEAD_H
#define TUI_VIEW_RUN_HEAD_H

#include "run/client.h"
#include "tui/draw/list.h"
#include "tui/view/company.h"

/* Takes its rows off *a. */
void run_head_draw(struct area *a, const struct run_client *c, const struct company *company);

/* Whether any target of the run is production. */
bool run_head_production(const struct run_state *s);

#define RUN_STEP_COLUMNS 5
extern const struct list_column run_step_columns[RUN_STEP_COLUMNS];
unsigned run_step_cell(const struct run_client *c, size_t row, size_t column, struct str *out);

/* "07:12", "01:07:12", "0.4s" */
void run_seconds(struct str *out, double seconds);

#endif

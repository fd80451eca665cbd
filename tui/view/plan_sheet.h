/*
 * plan_sheet: the plan of a run in words: exactly what every step runs, where and as whom. A plan
 * is what `lifeboat __prepare` says (runbook/plan.h, plan_save).
 */
#ifndef TUI_VIEW_PLAN_SHEET_H
#define TUI_VIEW_PLAN_SHEET_H

#include "conf/json_read.h"
#include "tui/view/sheet.h"

/* `findings` is what lint says of the runbook; NULL: nothing. */
void plan_sheet_write(struct sheet *t, const cJSON *plan, const char *findings);

/* "prod = ops@db/app (PRODUCTION)": one of its targets. */
const char *plan_sheet_target(struct arena *a, const cJSON *target);
/* Whether any of its targets is production. */
bool plan_sheet_production(const cJSON *plan);
bool plan_sheet_drill(const cJSON *plan);

#endif

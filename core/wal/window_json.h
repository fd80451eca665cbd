/*
 * window_json: the windows as the JSON contract of DESIGN.md section 6 has them, and more fields.
 */
#ifndef WAL_WINDOW_JSON_H
#define WAL_WINDOW_JSON_H

#include "wal/window_report.h"

void window_json(const struct window_report *r, struct str *out);

#endif

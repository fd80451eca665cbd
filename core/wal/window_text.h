/*
 * window_text: the windows as text for people, in 80 columns where names allow it.
 */
#ifndef WAL_WINDOW_TEXT_H
#define WAL_WINDOW_TEXT_H

#include "wal/window_report.h"

void window_text(const struct window_report *r, struct str *out);

#endif

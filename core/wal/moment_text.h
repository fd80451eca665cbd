/*
 * moment_text: what was found around a moment, as text for people.
 */
#ifndef WAL_MOMENT_TEXT_H
#define WAL_MOMENT_TEXT_H

#include "base/str.h"
#include "wal/moment.h"

void moment_text(const struct moment *m, const struct moment_options *o, struct str *out);
/* One action: "DROP public.users (about 1200 rows, 96.0 KiB when last analyzed)" */
void moment_action_text(const struct moment *m, const struct damage_action *a, struct str *out);

#endif

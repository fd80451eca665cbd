/*
 * timeline_lanes: the lanes of the Timeline: base backups, transactions that did damage, and for
 * each timeline of the database what can be reached and what breaks it.
 */
#ifndef TUI_VIEW_TIMELINE_LANES_H
#define TUI_VIEW_TIMELINE_LANES_H

#include "tui/draw/timeline.h"
#include "tui/model/harm.h"
#include "tui/model/moments.h"

#define TIMELINES_MAX 8 /* of the database, that are drawn: the newest */

struct timeline_lanes {
	struct arena arena;
	struct timeline_lane lanes[TIMELINES_MAX + 2];
	size_t n;
};

/* What was made before is freed. */
void timeline_lanes_make(struct timeline_lanes *l, const struct moments *m, const struct harm *h);
void timeline_lanes_done(struct timeline_lanes *l);

#endif

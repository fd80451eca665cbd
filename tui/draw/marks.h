/*
 * marks: a set of row identities, for marked rows; open addressing, 8 bytes a slot.
 */
#ifndef TUI_DRAW_MARKS_H
#define TUI_DRAW_MARKS_H

#include "base/util.h"

struct marks {
	uint64_t *slots; /* 0: free */
	size_t n, cap;   /* cap is 0 or a power of two */
	bool zero;       /* the identity 0 is in the set */
};

bool marks_has(const struct marks *m, uint64_t id);
void marks_add(struct marks *m, uint64_t id);
void marks_remove(struct marks *m, uint64_t id);
size_t marks_count(const struct marks *m);
void marks_done(struct marks *m); /* empty again */

#endif

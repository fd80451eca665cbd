/*
 * columns: which columns of a table are shown at a width, and how wide each is.
 */
#ifndef TUI_DRAW_COLUMNS_H
#define TUI_DRAW_COLUMNS_H

#include "base/util.h"

#define COLUMNS_GAP 2 /* blanks between two */

struct list_column;

/*
 * Columns join in the order of their priority, then of the table, while they fit at their least
 * width; the first that does not fit ends it, so that a wider screen never loses one. What
 * is left over goes to those that may grow, left to right. ret_width[i] is 0 for a hidden one.
 */
void columns_layout(const struct list_column *columns, size_t n, int width, int *ret_width);

#endif

#include "base/banned.h"
#include "tui/draw/columns.h"
#include "tui/draw/list.h"

/* The next to join: the lowest priority above the last one's, the leftmost of equals. */
static bool
next_column(const struct list_column *columns, size_t n, const int *width, size_t *ret)
{
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		if (width[i] != 0 || (found && columns[i].priority >= columns[*ret].priority))
			continue;
		*ret = i;
		found = true;
	}
	return found;
}

void
columns_layout(const struct list_column *columns, size_t n, int width, int *ret_width)
{
	int left = width + COLUMNS_GAP;
	size_t i;

	for (i = 0; i < n; i++)
		ret_width[i] = 0;
	while (next_column(columns, n, ret_width, &i)) {
		int need = columns[i].width + COLUMNS_GAP;

		if (need > left && left < width + COLUMNS_GAP)
			break;
		/* The very first gets what there is. */
		ret_width[i] = MAX(MIN(columns[i].width, left - COLUMNS_GAP), 1);
		left -= MIN(need, left);
	}
	for (i = 0; i < n; i++) {
		int more = MIN(left, columns[i].most - ret_width[i]);

		if (ret_width[i] == 0 || more <= 0)
			continue;
		ret_width[i] += more;
		left -= more;
	}
}

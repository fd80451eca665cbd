#include "base/banned.h"
#include "tui/draw/list_rows.h"
#include "base/clock.h"
#include "base/text.h"

#define SLICE_NS    (8 * 1000000LL)
#define CLOCK_EVERY 64 /* rows between two looks at the clock */

size_t
list_rows_count(const struct list *l)
{
	if (l->applied != NULL)
		return l->nindex;
	return MIN(l->model->count(l->arg), UINT32_MAX);
}

size_t
list_rows_at(const struct list *l, size_t position)
{
	return l->applied != NULL ? l->index[position] : position;
}

bool
list_rows_scanning(const struct list *l)
{
	return l->applied != NULL && l->scanned < l->to_scan;
}

static void
start(struct list *l, bool narrowing)
{
	l->narrowing = narrowing;
	l->scanned = 0;
	l->to_scan = narrowing ? l->nindex : MIN(l->model->count(l->arg), UINT32_MAX);
	l->nindex = 0;
}

void
list_rows_restart(struct list *l)
{
	if (l->applied != NULL)
		start(l, false);
}

bool
list_rows_filter(struct list *l)
{
	const char *text = entry_text(&l->filter);
	bool narrowing;

	if (l->applied == NULL ? text[0] == '\0' : strcmp(l->applied, text) == 0)
		return false;
	narrowing = l->applied != NULL && !list_rows_scanning(l) && text_contains(text, l->applied);
	free(l->applied);
	l->applied = text[0] != '\0' ? util_strdup(text) : NULL;
	if (l->applied != NULL) {
		start(l, narrowing);
	} else {
		free(l->index);
		l->index = NULL;
		l->nindex = l->index_cap = 0;
	}
	return true;
}

static bool
passes(const struct list *l, size_t row, struct str *text)
{
	if (l->model->match != NULL)
		return l->model->match(l->arg, row, l->applied);
	for (size_t c = 0; c < l->model->ncolumns; c++) {
		str_cut(text, 0);
		l->model->cell(l->arg, row, c, text);
		if (text_contains(str_text(text), l->applied))
			return true;
	}
	return false;
}

static void
add(struct list *l, size_t row)
{
	if (l->nindex == l->index_cap) {
		l->index_cap = l->index_cap > 0 ? l->index_cap * 2 : 256;
		l->index = util_realloc(l->index, l->index_cap, sizeof(*l->index));
	}
	l->index[l->nindex++] = (uint32_t)row;
}

bool
list_rows_work(struct list *l, bool *ret_found, size_t *ret_id_at)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	int64_t until = clock_mono_ns() + SLICE_NS;

	*ret_found = false;
	while (list_rows_scanning(l)) {
		/* In a narrowing the index is read ahead of where it is written. */
		size_t row = l->narrowing ? l->index[l->scanned] : l->scanned;

		l->scanned++;
		if (passes(l, row, &text)) {
			add(l, row);
			if (l->model->id(l->arg, row) == l->id) {
				*ret_found = true;
				*ret_id_at = l->nindex - 1;
			}
		}
		if (l->scanned % CLOCK_EVERY == 0 && clock_mono_ns() >= until)
			break;
	}
	return list_rows_scanning(l);
}

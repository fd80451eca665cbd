/*
 * list_rows: which rows a list shows: all of them, or those that pass its filter. Of the list's
 * own use; screens include list.h.
 *
 * Filtering runs in slices, so a million rows never hold up a key. A filter that only got longer
 * looks at the rows that passed before it.
 */
#ifndef TUI_DRAW_LIST_ROWS_H
#define TUI_DRAW_LIST_ROWS_H

#include "tui/draw/list.h"

size_t list_rows_count(const struct list *l);
size_t list_rows_at(const struct list *l, size_t position); /* the model's row */
bool list_rows_scanning(const struct list *l);

/* Takes up what the filter's field says; false when that is in force already. */
bool list_rows_filter(struct list *l);
/* The rows changed: filter them anew. */
void list_rows_restart(struct list *l);
/* One slice; *ret_id_at is set when the row of l->id passed the filter in it. True: more. */
bool list_rows_work(struct list *l, bool *ret_found, size_t *ret_id_at);

#endif

/*
 * shelf: the catalog as the console holds it: opened from the cache, opened again when a newer one
 * lies there, its board made anew as time goes on. Touches no backup location.
 */
#ifndef TUI_MODEL_SHELF_H
#define TUI_MODEL_SHELF_H

#include "catalog/board.h"

struct shelf {
	const char *state;
	const struct site *site; /* NULL: all comes from the cache */
	struct catalog *catalog; /* NULL: there is none, see `why` */
	struct err why;          /* why the cache can't be used, or ERR_NONE */
	struct board board;      /* empty without a catalog */
	struct arena arena;      /* of the board */
	int64_t make_at_ms;      /* the next making may be then: a slow one is made less often */
};

void shelf_init(struct shelf *s, const char *state, const struct site *site);
void shelf_done(struct shelf *s);

/* Opens the catalog, whatever was open before, and makes the board. */
void shelf_open(struct shelf *s, int64_t now);
/* Whether a newer one was found and opened: everything taken out of the old one is void. */
bool shelf_poll(struct shelf *s, int64_t now);
/* The board of this moment; rows of the one before are void. */
void shelf_make(struct shelf *s, int64_t now);

/* The row of "asset/set"; NULL when there is none. */
const struct board_row *shelf_row(const struct shelf *s, const char *asset_and_set);
/* The soonest due of all sets, and whose; CLOCK_NONE: nothing is scheduled. */
int64_t shelf_next_due(const struct shelf *s, const struct board_row **ret);
/* How old the cached facts are; negative: there are none. */
int64_t shelf_age(const struct shelf *s, int64_t now);
/* How often somebody should look: the site's word, or the usual. */
int64_t shelf_refresh_s(const struct shelf *s);

#endif

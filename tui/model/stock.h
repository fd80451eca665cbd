/*
 * stock: the backups of a catalog as the rows of a list: of one set or of all, in the order of
 * the catalog or sorted, all of them or those that meet criteria. A million rows cost nothing as
 * they lie there; choosing and sorting run in slices.
 */
#ifndef TUI_MODEL_STOCK_H
#define TUI_MODEL_STOCK_H

#include "catalog/board.h"

enum stock_sort {
	STOCK_AS_IS, /* set by set, newest first */
	STOCK_BY_STATE,
	STOCK_BY_TIME,
	STOCK_BY_SIZE,
};

struct stock_criteria {
	char set[128];            /* asset/set holds this text; "" any */
	int verdict;              /* enum verdict; -1 any */
	int64_t newer_s, older_s; /* age at most, at least; -1 any */
	int64_t larger, smaller;  /* bytes at least, at most; -1 any */
};
#define STOCK_ANY                                                                        \
	{                                                                                \
		.verdict = -1, .newer_s = -1, .older_s = -1, .larger = -1, .smaller = -1 \
	}

struct stock_source {
	const struct set_facts *facts;
	uint64_t first, n; /* rows first to first + n - 1 */
};

struct stock {
	struct catalog *catalog; /* the owner's; NULL: nothing is known */
	struct stock_source *sources;
	size_t nsources;
	uint32_t total;
	int64_t now; /* for ages and verdicts, when it was chosen last */
	struct stock_criteria criteria;
	enum stock_sort sort;
	bool descending;
	uint32_t *rows; /* what is shown, in order; NULL: all of them as they are */
	size_t nrows;
	struct stock_work *work; /* under way; NULL: none */
};

void stock_init(struct stock *v);
void stock_done(struct stock *v);
/* Another catalog: everything of the one before is void. `only`: "asset/set", or NULL for all. */
void stock_open(struct stock *v, struct catalog *c, const char *only, int64_t now);

size_t stock_count(const struct stock *v);
/* Row i as it is shown. False when the catalog's file is damaged there. */
MUST_CHECK bool stock_get(
	const struct stock *v, size_t i, const struct set_facts **ret_set, struct backup *ret);

/* Chooses and sorts anew, with v->criteria, v->sort and v->descending. */
void stock_choose(struct stock *v, int64_t now);
/* A slice, about 8 ms; true while more remains. What is shown changes when the last is done. */
bool stock_step(struct stock *v);
int stock_percent(const struct stock *v);           /* of the work under way; -1: none */
bool stock_chooses(const struct stock_criteria *c); /* it leaves anything out */

#endif

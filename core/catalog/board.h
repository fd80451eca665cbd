/*
 * board: every set with its verdict, as the console draws it, the command prints it and the
 * metrics count it. Made from a catalog for one moment; cheap enough to be made every second.
 */
#ifndef CATALOG_BOARD_H
#define CATALOG_BOARD_H

#include "catalog/catalog.h"
#include "catalog/verdict.h"

struct board_row {
	const struct set_facts *facts;
	struct set_verdict v;
	bool has_newest;
	struct backup newest; /* the newest good one */
	const char *newest_id, *newest_uri;
};

struct board {
	const char *site, *title;
	int64_t generated_at;
	int64_t collected_at; /* when the catalog was written; CLOCK_NONE: never */
	enum verdict verdict; /* the worst */
	size_t counts[VERDICTS];
	struct board_row *rows; /* worst first, then by tier, then as in the site file */
	size_t n;
};

/* Strings live in the arena and in the catalog. Never fails: what can't be read is unknown. */
void board_make(struct arena *a, struct catalog *c, int64_t now, struct board *ret);

/* The verdict on one backup of a set and, for `why`, a sentence (NULL when ok). */
enum verdict board_backup_verdict(struct arena *a, struct catalog *c, const struct set_facts *f,
	const struct backup *b, int64_t now, const char **ret_why);

/* "sets": [...] of the object below. */
void board_json_sets(struct json *j, const struct board *b);
/* The JSON contract of DESIGN.md section 6. */
void board_json(struct json *j, const struct board *b);
void board_backup_json(struct json *j, struct arena *a, struct catalog *c,
	const struct set_facts *f, const struct backup *b, int64_t now);
/* {level, result, at, backup} or null */
void board_proof_json(struct json *j, const char *key, const struct proof *p);

#endif

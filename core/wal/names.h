/*
 * names: what relations are called, learnt from rows of pg_class, pg_namespace and pg_database
 * wherever they turn up: in a base backup's files, in the page images and changes of WAL.
 *
 * Rows are kept by where they lie as well, because a DROP in WAL says no more than which row of
 * pg_class it deleted. A row that was replaced stays known under its number: the past had it.
 */
#ifndef WAL_NAMES_H
#define WAL_NAMES_H

#include "base/arena.h"
#include "wal/heap.h"

#define NAMES_ROW     116 /* bytes of a pg_class row up to relkind; the same in versions 12 to 17 */
#define NAMES_MAX     2000000
#define NAMES_CLASS   1259 /* files, unless the table was rewritten */
#define NAMES_SCHEMAS 2615
#define NAMES_BASES   1262

struct names;

/* A row of pg_class. */
struct names_relation {
	uint32_t database, oid, schema, file, toast;
	char kind;        /* relkind: r table, p partitioned, m materialized view, i index, ... */
	char persistence; /* p permanent, u unlogged, t temporary */
	double rows;      /* as last analyzed; negative: never */
	int64_t bytes;    /* of its main file when last analyzed */
	const char *name; /* bytes from a stranger */

	/* private */
	uint32_t block;
	unsigned slot;
	unsigned char raw[NAMES_ROW];
	struct names_relation *next_at, *next_oid, *next_file;
};

struct names *names_new(struct arena *a);

/* The file that is pg_class of a database. */
uint32_t names_class_file(const struct names *n, uint32_t database);
/* Whether this file is pg_class of its database. Mapped anew by VACUUM FULL: names_map. */
bool names_is_class(const struct names *n, struct rel_file rel);
bool names_is_catalog(const struct names *n, struct rel_file rel); /* one of the three */
/* pg_filenode.map of a database (0: the shared one), from a file or a record of RMGR_RELMAP. */
void names_map(struct names *n, uint32_t database, const unsigned char *map, size_t len);

/* Takes in a page of one of the catalogs. */
void names_page(struct names *n, struct rel_file rel, uint32_t block,
	const unsigned char page[RECORD_PAGE]);
/*
 * Takes in a change of pg_class, pg_namespace or pg_database. `old` and `new` are the rows of
 * pg_class before and after it, NULL where there is none or it is not known.
 */
void names_change(struct names *n, const struct record *r, const struct heap_change *c,
	const struct names_relation **ret_old, const struct names_relation **ret_new);

/* The newest row that answers; NULL. Database 0 where the file is a shared one's. */
const struct names_relation *names_at(
	const struct names *n, uint32_t database, uint32_t block, unsigned slot);
const struct names_relation *names_by_oid(const struct names *n, uint32_t database, uint32_t oid);
const struct names_relation *names_by_file(const struct names *n, uint32_t database, uint32_t file);
/* NULL when they are not known. */
const char *names_schema(const struct names *n, uint32_t database, uint32_t oid);
const char *names_database(const struct names *n, uint32_t oid);

/* From elsewhere (a live server): a relation with these facts and no place of its own. */
void names_add(struct names *n, const struct names_relation *r);
void names_add_schema(struct names *n, uint32_t database, uint32_t oid, const char *name);
void names_add_database(struct names *n, uint32_t oid, const char *name);

#endif

/*
 * catalog: the observed inventory as it lies on disk ($STATE/catalog): opened without touching
 * any backup location, so it is there at once even when every source is down.
 *
 * The summary is read when the catalog is opened; a set's listing is mapped when somebody first
 * asks for its rows. Everything belongs to the catalog and lives until catalog_free. A catalog
 * is a snapshot: to see a newer one, open it anew (catalog_changed says when that is worth it).
 */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "catalog/listing.h"
#include "catalog/summary.h"

struct catalog;

/*
 * With a site, its sets are the catalog's sets and its objectives hold, whatever was cached:
 * what is no longer in the site file is dropped, what is new is there without facts. Without one
 * (a status board that may read nothing else) all comes from the cache.
 * ERR_NOT_FOUND: nothing was collected yet. ERR_DAMAGED: what lies there is damaged, of another
 * version or of another site. In both cases collect_run (collect.h) makes a new one.
 */
MUST_CHECK bool catalog_open(
	const char *state, const struct site *site, struct catalog **ret, struct err *err);
/* From the text of a summary alone, as a fleet publishes it; without listings. */
MUST_CHECK bool catalog_of_summary(
	const char *name, const char *text, size_t len, struct catalog **ret, struct err *err);
/* A site without facts, for the first frame before anything was collected. Never fails. */
struct catalog *catalog_empty(const char *state, const struct site *site);
void catalog_free(struct catalog *c); /* NULL is a no-op */
/* Whether a newer snapshot or newer proofs lie on disk. Two system calls a set. */
bool catalog_changed(const struct catalog *c);

const struct summary *catalog_summary(const struct catalog *c);
size_t catalog_sets(const struct catalog *c);
const struct set_facts *catalog_set(const struct catalog *c, size_t i);
/* By "asset/set"; NULL when there is none. */
const struct set_facts *catalog_find_set(const struct catalog *c, const char *asset_and_set);
/* Proofs on disk and those of the summary together. Never NULL. */
const struct proofs *catalog_proofs(struct catalog *c, const struct set_facts *f);

/* How many backups the set's listing holds; 0 when it was never observed. */
MUST_CHECK bool catalog_count(
	struct catalog *c, const struct set_facts *f, uint64_t *ret, struct err *err);
/* Number i, 0 the newest. */
MUST_CHECK bool catalog_backup(struct catalog *c, const struct set_facts *f, uint64_t i,
	struct backup *ret, struct err *err);
/* By its name in the set; ERR_NOT_FOUND says what there is. */
MUST_CHECK bool catalog_find(struct catalog *c, const struct set_facts *f, const char *name,
	struct backup *ret, struct err *err);
/* By id, "asset/set/name". */
MUST_CHECK bool catalog_find_id(struct catalog *c, const char *id, const struct set_facts **ret_set,
	struct backup *ret, struct err *err);

/*
 * Whether nothing is known against this backup: complete, not from the future, large enough,
 * its last proof not failed. With an arena, *ret_why is a sentence in it when it is not good.
 */
bool catalog_good(struct catalog *c, const struct set_facts *f, const struct backup *b, int64_t now,
	struct arena *a, const char **ret_why);
/* ERR_NOT_FOUND when the set has none. */
MUST_CHECK bool catalog_newest_good(struct catalog *c, const struct set_facts *f, int64_t now,
	struct backup *ret, struct err *err);
/* The newest good one that was proven to at least this level. */
MUST_CHECK bool catalog_newest_proven(struct catalog *c, const struct set_facts *f,
	enum level level, int64_t now, struct backup *ret, const struct proof **ret_proof,
	struct err *err);

/* "asset/set/name", and "/backup/x.dump" or "s3://bucket/prefix/x.dump". */
const char *catalog_id(struct arena *a, const struct set_facts *f, const struct backup *b);
const char *catalog_uri(struct arena *a, const struct set_facts *f, const struct backup *b);

/* The parts that collecting shares: where it lies, and a set as the site file wants it. */
const char *catalog_path(struct arena *a, const char *state, const char *name);
void catalog_wanted(
	struct arena *a, const struct site *site, const struct set *set, struct set_facts *ret);
/* Takes over the facts of `from` where they are about the same source. */
void catalog_carry(struct set_facts *to, const struct set_facts *from);

#endif

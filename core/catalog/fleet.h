/*
 * fleet: the boards of many sites, from the summaries that they publish to one place, a bucket
 * or a directory: SITE.lifeboat each, the same bytes as the site's own summary.
 */
#ifndef CATALOG_FLEET_H
#define CATALOG_FLEET_H

#include "catalog/board.h"
#include "net/source.h"

#define FLEET_SUFFIX    ".lifeboat"
#define FLEET_SITES_MAX 10000

/*
 * Opens "s3://bucket/prefix/" or a directory. With a site (may be NULL), a bucket that one of
 * its locations has is spoken to as that location says: its endpoint, region and credentials.
 */
MUST_CHECK bool fleet_open(struct arena *a, const struct site *site, const char *where,
	struct source **ret, struct err *err);

/* Writes the site's summary as it lies in the state directory. */
MUST_CHECK bool fleet_publish(struct arena *a, struct source *to, const struct site *site,
	const char *state, struct err *err);

struct fleet_site {
	const char *name;  /* of the site, or of the object where that can't be read */
	const char *title; /* or NULL */
	const char *error; /* why its summary can't be read; NULL */
	struct catalog *catalog;
	struct board board;
	enum verdict verdict; /* unknown where it can't be read */
};

struct fleet {
	struct fleet_site *sites; /* worst first, then by name */
	size_t n;
	enum verdict verdict;
	size_t counts[VERDICTS]; /* of sites */
};

MUST_CHECK bool fleet_read(
	struct arena *a, struct source *from, int64_t now, struct fleet *ret, struct err *err);
void fleet_done(struct fleet *f);

void fleet_json(struct json *j, const struct fleet *f, int64_t now);

#endif

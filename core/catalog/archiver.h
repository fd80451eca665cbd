/*
 * archiver: what the live server says of the archiving of its WAL, beside what the archive holds:
 * what it archived last, since when it fails, what waits, which replication slots hold WAL back,
 * and whether anything was committed that is not in the archive.
 *
 * Asked by the collector of a `wal` set whose site file names its `server`. PostgreSQL 12 and
 * later; any role may ask.
 */
#ifndef CATALOG_ARCHIVER_H
#define CATALOG_ARCHIVER_H

#include "catalog/collector.h"

struct archive;
struct continuity;

/*
 * Adds the facts and notices to what was seen. `archive` is NULL when it holds nothing;
 * `newest_at` is when the newest segment came, CLOCK_NONE when that is not known. A server that
 * does not answer is a notice, no failure.
 */
void archiver_ask(struct collecting *c, struct archive *archive, const struct continuity *k,
	int64_t newest_at);

#endif

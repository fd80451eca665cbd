/*
 * listing: all backups of one set in a file, newest first, opened in the same time whether they
 * are ten or a million.
 *
 * The file is a cache in the byte order and with the layout of this machine:
 *
 *     header (its own SHA-256 inside)
 *     texts of the rows, NUL-terminated: name path etag note detail
 *     rows of fixed size, newest first
 *
 * It is mapped, not read; every offset is checked when it is used. The writer keeps memory flat:
 * texts go straight out, rows are sorted in runs and merged. Of backups of equal time the one
 * that was modified last comes first; else they stay in the order in which they were added.
 */
#ifndef CATALOG_LISTING_H
#define CATALOG_LISTING_H

#include "catalog/backup.h"

/* More than this is ERR_LIMIT: nobody keeps so many backups of one thing. */
#define LISTING_MAX  20000000
#define LISTING_TEXT 65535 /* longest text of a row */

struct listing;

/* ERR_NOT_FOUND when there is none; ERR_DAMAGED for whatever is not a listing of this version. */
MUST_CHECK bool listing_open(const char *path, struct listing **ret, struct err *err);
void listing_free(struct listing *l); /* NULL is a no-op */
uint64_t listing_count(const struct listing *l);
/* Backup number i, 0 the newest; strings live as long as l. ERR_DAMAGED when the row is. */
MUST_CHECK bool listing_get(
	const struct listing *l, uint64_t i, struct backup *ret, struct err *err);
/* The first row whose time is not after `at`; listing_count when all are later. */
uint64_t listing_seek(const struct listing *l, int64_t at);

struct listing_writer;

MUST_CHECK bool listing_writer_new(const char *path, struct listing_writer **ret, struct err *err);
MUST_CHECK bool listing_add(struct listing_writer *w, const struct backup *b, struct err *err);
/* Sorts, completes the header and closes. */
MUST_CHECK bool listing_finish(struct listing_writer *w, struct err *err);
/* Removes the file unless it was finished. NULL is a no-op. */
void listing_writer_free(struct listing_writer *w);

#endif

/*
 * backup: one item of a set, as the catalog knows it.
 *
 * The strings belong to whoever gave the struct (a listing, an arena) and live as long as that.
 * They are bytes from strangers: names may hold anything but NUL and pass text_visible() before
 * a terminal.
 */
#ifndef CATALOG_BACKUP_H
#define CATALOG_BACKUP_H

#include "base/clock.h"
#include "conf/site.h"

/* Where the time of a backup comes from (DESIGN.md section 4). */
enum time_from {
	TIME_INSIDE, /* read in the backup itself: a manifest, an RDB's ctime, a dump's header */
	TIME_NAME,   /* its name, by the set's pattern */
	TIME_MTIME,  /* when the object was last modified */
};
extern const char *const time_from_names[];

enum backup_state {
	BACKUP_COMPLETE, /* nothing known against it; that is no proof (proof.h) */
	BACKUP_WRITING,  /* still being written, or abandoned half-way: not counted as newest */
	BACKUP_FAILED,   /* the tool that made it, or its own contents, say that it is no good */
};
extern const char *const backup_state_names[];

struct backup {
	const char *name; /* within its set; the last part of its id */
	const char *path; /* of the object or directory, relative to the set's location */
	const char *etag; /* "" where the location has none */
	const char *note; /* why it is not complete, or what is odd about it, a sentence; or "" */
	/* What is inside, as one JSON object ("" when nothing was read): database, versions,
	 * system_identifier, timeline, start_lsn, stop_lsn ... Keys as in collector_*.c. */
	const char *detail;
	int64_t finished_at; /* its time, by time_from; CLOCK_NONE when there is none */
	int64_t mtime;       /* of the object as its location says */
	int64_t size;        /* bytes; of all its files where it is a directory */
	enum time_from time_from;
	enum backup_state state;
	bool directory; /* path names a directory or common prefix and ends with a slash */
};

/* The copy shares nothing with b. */
void backup_copy(struct arena *a, struct backup *to, const struct backup *b);

/* Both are the same object, unchanged: what was found out about one holds for the other. */
bool backup_same(const struct backup *a, const struct backup *b);

#endif

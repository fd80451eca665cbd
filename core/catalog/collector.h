/*
 * collector: how the backups of one set type are found: one file a type (collector_*.c), one row
 * in the table. A collector runs in a child process of its own with a deadline (collect.h), so
 * it may block; what it finds goes through collecting_add.
 */
#ifndef CATALOG_COLLECTOR_H
#define CATALOG_COLLECTOR_H

#include "catalog/listing.h"
#include "catalog/summary.h"
#include "base/zone.h"
#include "conf/pattern.h"
#include "net/source.h"

struct collecting;

struct collector {
	enum set_type type;
	bool (*collect)(struct collecting *c, struct err *err);
	/*
	 * Looks into one backup: sets time and time_from, state and note, and always detail, which
	 * also remembers that it was looked into. Strings go into the arena. False only when it
	 * could not be read at all; what is not understood stays as it is. NULL where names and
	 * times say all.
	 */
	bool (*inspect)(struct collecting *c, struct backup *b, struct err *err);
};

const struct collector *collector_of(enum set_type type); /* NULL: none yet */

/* What a collector works with. */
struct collecting {
	struct arena *arena;
	const struct collector *collector;
	const struct site *site;
	const struct set *set;
	const struct location *location;
	const char *path; /* the set's, or that of a copy of it */
	struct source *source;
	struct pattern pattern;
	const struct zone *zone; /* of times in names, and inside where no zone is named */
	int64_t now;
	bool look_inside, is_copy;
	struct listing *before; /* what the last look found; NULL at first */
	int progress;           /* descriptor that is told of progress; -1 for none */
	/* The result, filled as it goes. */
	struct observation *seen;
	struct collecting_private *private;
};

/*
 * One backup found. The time of b may still be provisional: of the newest COLLECT_INSPECT ones
 * the inside is read at the end, unless the last look did so already and they are unchanged.
 */
MUST_CHECK bool collecting_add(struct collecting *c, const struct backup *b, struct err *err);
/* A sentence for the board about the set as a whole, whose verdict is at least this. */
void collecting_notice(struct collecting *c, enum verdict v, const char *fmt, ...) PRINTF(3, 4);
/* A row for an object: its name, times by pattern and mtime. False when it is no backup. */
bool collecting_row(struct collecting *c, const struct object *o, struct backup *ret);

/*
 * The usual collector: what lies directly below the set's directory and whose name the pattern
 * admits: objects, and directories. With a marker, only directories that hold a file of this
 * name count; it is what the tool writes last.
 */
enum collect_what { COLLECT_OBJECTS = 1, COLLECT_DIRECTORIES = 2 };
MUST_CHECK bool collecting_objects(
	struct collecting *c, unsigned what, const char *marker, struct err *err);

/* Reads up to len bytes from the start of an object; a short object gives fewer. */
MUST_CHECK bool collecting_head(struct collecting *c, const char *path, void *buf, size_t len,
	size_t *ret, struct err *err);

/*
 * For a head that is of no known format: a web page or a JSON document, which a failed download
 * leaves under the name of a backup, is no backup. Anything else may be one (encrypted, say), and
 * only gets the note.
 */
void collecting_unrecognised(
	struct backup *b, const unsigned char *head, size_t n, const char *note);

/* A whole small object. */
MUST_CHECK bool collecting_text(
	struct collecting *c, const char *path, size_t max, struct str *out, struct err *err);

/* How many of the newest are looked into in one go. */
#define COLLECT_INSPECT 32

/* All of it for one place; `list` is the file for the listing. */
struct collect_job {
	const struct site *site;
	const struct set *set;
	const char *location, *path; /* the set's own or those of a copy */
	const char *list;            /* path to write to */
	const char *before;          /* path of the last listing, or NULL */
	bool is_copy;                /* names and sizes are enough */
	bool promises;               /* ask what the location promises */
	int progress;
};
MUST_CHECK bool collecting_run(
	const struct collect_job *job, struct arena *a, struct observation *ret, struct err *err);

#endif

/*
 * basebackup: base backups as far as recovery windows need them: where their WAL begins and
 * ends, on which timeline, of which system.
 *
 * pg_basebackup's, plain or as tars (also one tar alone): from backup_manifest and from the
 * backup_label at the beginning of the tar, so that a backup costs a few small reads.
 */
#ifndef WAL_BASEBACKUP_H
#define WAL_BASEBACKUP_H

#include "base/arena.h"
#include "net/source.h"

enum basebackup_form {
	BASEBACKUP_PLAIN, /* a data directory */
	BASEBACKUP_TAR,   /* base.tar*, or one tar alone */
	BASEBACKUP_PGBACKREST,
	BASEBACKUP_BARMAN,
};

struct basebackup {
	const char *name;      /* within its set */
	const char *set;       /* its set's name, given by who listed it; NULL */
	struct source *source; /* where it is; not owned */
	const char *path;      /* of the directory, ending with a slash (or ""), or of the tar */
	const char *tar;       /* BASEBACKUP_TAR: the tar of the data directory; else NULL */
	enum basebackup_form form;
	uint32_t tli;
	uint64_t start;                  /* LSN from which WAL is needed */
	uint64_t stop;                   /* ... to which it is needed at least; 0: not known yet */
	uint64_t system_identifier;      /* 0: not known */
	int64_t started_at, finished_at; /* seconds since 1970; CLOCK_NONE: not known */
	const char *start_text;          /* ... as its label wrote it, in whatever zone; NULL */
	uint64_t checkpoint;             /* LSN of the checkpoint it starts with; 0: not known */
	const char *label;
	bool standby;
	const char *why; /* why it can't be used whatever the WAL says, a sentence; NULL */
	/* From pgBackRest and Barman alone. */
	int64_t size;       /* bytes in its store; 0: not known */
	const char *kind;   /* "full", "diff", "incr"; NULL: not known */
	const char *prior;  /* the backup it builds on; NULL: none */
	const char *status; /* as the tool has it; NULL: it has none */
	bool page_errors;   /* pages had wrong checksums when it was taken */
};

struct basebackups {
	struct arena *arena;
	VEC(struct basebackup) list;
	VEC(const char *) notes; /* what looked like a backup and could not be read, sentences */
};

#define BASEBACKUPS_MAX 100000

/*
 * Adds what is found below prefix (a directory: "" or ending with a slash): the prefix itself
 * where it is a backup, else its subdirectories, three deep, and tars.
 */
MUST_CHECK bool basebackup_list(
	struct source *s, const char *prefix, struct basebackups *ret, struct err *err);

#endif

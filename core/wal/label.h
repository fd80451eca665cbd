/*
 * label: backup_label files and the .backup files that an archive keeps beside its WAL.
 *
 * Both hold the same lines; a .backup file also says where and when the backup stopped. Times
 * are written in the server's log_timezone with an abbreviation, which only sometimes tells the
 * offset: label_times gives it where it does, or with the help of a time that is known.
 */
#ifndef WAL_LABEL_H
#define WAL_LABEL_H

#include "base/arena.h"
#include "base/err.h"

#define LABEL_SIZE_MAX (64 * KIB)

struct label {
	uint64_t start, stop; /* LSNs; stop is LSN_NONE in a backup_label */
	uint64_t checkpoint;
	uint32_t tli; /* START TIMELINE; 0 before version 11 */
	uint32_t stop_tli;
	char segment[25];                   /* file that holds the start, as the server named it */
	bool incremental;                   /* needs the backups before it (version 17) */
	bool standby;                       /* taken from a standby: no .backup file is archived */
	const char *start_time, *stop_time; /* as written; NULL when absent */
	const char *name;                   /* LABEL */
};

/* Parses the content; strings live in the arena. ERR_DAMAGED without a start LSN. */
MUST_CHECK bool label_parse(
	struct arena *a, const char *text, size_t len, struct label *ret, struct err *err);

/*
 * When the backup started and stopped, in seconds since 1970; CLOCK_NONE for what is absent or
 * can't be told. `near` is a time that is known to lie within seven minutes of the start (that of
 * the backup's checkpoint), or CLOCK_NONE; it decides where the abbreviation does not tell.
 */
void label_times(const struct label *l, int64_t near, int64_t *ret_start, int64_t *ret_stop);

#endif

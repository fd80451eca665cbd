/*
 * recovery: the exact settings of a point-in-time recovery, PostgreSQL 12 and later
 * (FACTS.md section 4).
 *
 * They go to the end of postgresql.auto.conf in the restored data directory, beside an empty
 * recovery.signal and without standby.signal and recovery.conf. The backup's own configuration
 * comes before them, so everything there that could turn a look at the past into an accident is
 * set here: other targets, archiving, and commands that clean up the archive.
 */
#ifndef WAL_RECOVERY_H
#define WAL_RECOVERY_H

#include "base/err.h"
#include "base/json.h"

#define RECOVERY_TIME 48 /* room for a time as PostgreSQL takes it */

enum recovery_kind {
	RECOVERY_NONE,      /* to the end of the WAL */
	RECOVERY_IMMEDIATE, /* as soon as the backup is consistent */
	RECOVERY_TO_TIME,
	RECOVERY_TO_XID,
	RECOVERY_TO_LSN,
	RECOVERY_TO_NAME, /* of a restore point */
};

struct recovery_target {
	enum recovery_kind kind;
	int64_t at_us; /* microseconds since 1970 */
	uint32_t xid;  /* 32 bits, as WAL has it */
	uint64_t lsn;  /* of a record */
	const char *name;
	bool inclusive; /* the transaction or record named is part of the result */
	uint32_t tli;   /* always explicit: "latest" may lead past the accident's timeline */
	/*
	 * Archiving is left as the server's own configuration has it, for one that is to take
	 * over: a timeline whose history is not archived at its promotion is lost to every later
	 * recovery. Else archive_mode is off.
	 */
	bool archives;
};

/* "2026-11-20 14:32:07.123456+00": never a Z, never a local zone. Returns text. */
const char *recovery_time(int64_t us, char text[RECOVERY_TIME]);

/*
 * Appends the lines. The recovery pauses at its target; promoting is a decision of its own.
 * restore_command is PostgreSQL's, with %f and %p. ERR_USAGE for a target that can't be written.
 */
MUST_CHECK bool recovery_settings(const struct recovery_target *t, const char *restore_command,
	struct str *out, struct err *err);

/* The target's own settings as one JSON object: what recovery_settings writes for it. */
void recovery_json(struct json *j, const char *key, const struct recovery_target *t);
/* "recovery_target_xid = '742', recovery_target_inclusive = off", for people. */
void recovery_text(struct str *out, const struct recovery_target *t);

#endif

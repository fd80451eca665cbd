/*
 * verify: proves a backup: seen (it is there and is what it should be), intact (every checksum,
 * structure and block), restored (into a sandbox, with checks).
 *
 * Only reads. Whatever is wrong with the backup is in the report, never an err.
 */
#ifndef VERIFY_VERIFY_H
#define VERIFY_VERIFY_H

#include "net/source.h"
#include "verify/flow.h"
#include "verify/report.h"

/* How long a sandbox that was asked to be kept stays. */
#define VERIFY_KEEP_S (4 * 3600)

struct verify_options {
	enum level level;
	const char *sha256; /* what the stored bytes must add up to, 64 digits; NULL */
	/* The same, as it was recorded earlier, and where: "its proof of 2026-11-20T02:00:00Z". For
	 * what has no checksum file beside it. NULL. */
	const char *recorded_sha256, *recorded_by;
	/* A WAL archive, for what base backups need: path or URI, else a directory of a location
	 * ("" or ending with a slash). NULL. */
	const char *wal;
	const struct location *wal_location;
	const char *wal_directory;
	bool pages; /* also check the data page checksums in base backups */
	/* Of level restored: */
	bool keep_sandbox;          /* leave it for a while, to be looked into */
	const char *state;          /* the state directory; NULL: the usual one */
	const char *run;            /* the run that owns the sandbox; NULL: this process */
	const char *database;       /* of several, the one that the checks look at; NULL */
	const struct items *checks; /* struct check; NULL: those that always apply */
	const struct site *site;    /* for checks that compare with live databases; NULL */

	struct flow_meter *meter; /* for progress; may be NULL */
};

/*
 * An object of a source that is open: its name, or a directory's with a slash behind it.
 * `target` is what the report calls it. The report lives in the arena.
 */
void verify_object(struct arena *a, struct source *s, const char *name, const char *target,
	const struct verify_options *o, struct report *ret);
/* A path or URI. */
void verify_uri(
	struct arena *a, const char *uri, const struct verify_options *o, struct report *ret);

/* Whether `hex` is what --sha256 takes. */
MUST_CHECK bool verify_sha256_valid(const char *hex);

#endif

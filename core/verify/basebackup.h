/*
 * basebackup: a base backup against its backup_manifest, file by file as they come by, and the
 * WAL that it needs. Whether the files lie in a directory or in tars is format_basebackup.c's.
 */
#ifndef VERIFY_BASEBACKUP_H
#define VERIFY_BASEBACKUP_H

#include "verify/format.h"
#include "verify/manifest.h"
#include "verify/pagesum.h"
#include "verify/pgcontrol.h"
#include "verify/walwalk.h"

#define ROLES_SIZE ((size_t)(256 * KIB))

struct basebackup {
	struct proving *proof;
	const char *dir; /* where it lies in the source; "" or ending with a slash */
	bool have_manifest, manifest_came_last;
	struct manifest manifest;
	struct sum *sum;
	enum sum_kind sum_kind;
	struct report_faults missing, extra, wrong;
	/* copies of what comes by */
	unsigned char control[PGCONTROL_SIZE];
	size_t control_len;
	char version[16]; /* PG_VERSION's line */
	uint64_t files;
	bool unsealed;        /* some tar's compression covers it with no checksum */
	const char *extract;  /* write the files below this directory; NULL */
	unsigned char *roles; /* pg_authid's file, of ROLES_SIZE; NULL while none went by */
	size_t roles_len;
	struct pagesum_file *pages; /* NULL unless asked for */
	struct str bad_pages;
	/* the WAL */
	struct wal_walk *walks; /* one for each of the manifest's ranges */
	uint64_t segments;      /* seen in the backup */
	struct report_faults wal;
};

void basebackup_init(struct basebackup *b, struct proving *p, const char *dir);
void basebackup_done(struct basebackup *b);

/* Reads dir/backup_manifest where there is one; a bad one is reported, and false. */
MUST_CHECK bool basebackup_manifest(struct basebackup *b, struct err *err);

/* One file: its path in the data directory, and the cursor over its bytes. */
MUST_CHECK bool basebackup_file(
	struct basebackup *b, const char *path, struct scan *s, struct err *err);
/* Whether a path is exempt, as pg_verifybackup has it. */
bool basebackup_exempt(const char *path);

/* The superuser that initdb made, out of pg_authid; false when it was not found. */
MUST_CHECK bool basebackup_superuser(const struct basebackup *b, char ret[64]);

/* basebackup_extract.c: where a file goes, opened; *ret is -1 for what a sandbox must not have
 * (signal files, the tablespaces' map). */
MUST_CHECK bool basebackup_create(
	struct basebackup *b, const char *path, int *ret, struct err *err);
/* Directories that listings and tars may leave out, before; links to tablespaces, after. */
MUST_CHECK bool basebackup_directories(const char *to, struct err *err);
MUST_CHECK bool basebackup_links(struct basebackup *b, struct err *err);
/* basebackup_wal.c: the WAL that the backup itself lacks, from an archive, where one is known. */
bool basebackup_has_archive(const struct basebackup *b);
MUST_CHECK bool basebackup_fetch(struct basebackup *b, struct err *err);
/*
 * format_basebackup.c: reads a whole backup, writing it; what is wrong with it goes to the
 * report. False without an err when the manifest can't be read.
 */
MUST_CHECK bool basebackup_unpack(struct proving *p, const char *to, struct err *err);
/* The same for one that was verified before: anything wrong now is an error. */
MUST_CHECK bool basebackup_extract(struct proving *p, const char *to, struct err *err);

/* When all files have gone by: what is missing, pg_control, pages; the checks of the report. */
void basebackup_finish(struct basebackup *b);

/* basebackup_wal.c: one segment of WAL; a damaged one is noted, not an err. */
MUST_CHECK bool basebackup_segment(
	struct basebackup *b, const char *name, struct scan *s, struct err *err);
/* Whether the ranges are covered, by the backup or by an archive that is known. */
MUST_CHECK bool basebackup_wal(struct basebackup *b, struct err *err);
void basebackup_wal_done(struct basebackup *b);

#endif

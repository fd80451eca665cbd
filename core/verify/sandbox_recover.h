/*
 * sandbox_recover: a cluster recovered to a moment, from a base backup and a WAL archive, paused
 * there: as a sandbox, or as a data directory for a server of somebody else.
 *
 * The WAL that it takes comes to lie beside the data, in data/lifeboat_wal/: links to segments
 * that are plain files which the server can read, copies of all others (compressed, or in a
 * bucket). So the server needs neither credentials nor libraries of ours, and a segment that is
 * not there is missing, never a broken connection taken for the end of the WAL. Beside them lie
 * the histories of all timelines, so that a promotion takes a number that no WAL of the archive
 * has, and postgresql.auto.conf as it was before the recovery's settings.
 */
#ifndef VERIFY_SANDBOX_RECOVER_H
#define VERIFY_SANDBOX_RECOVER_H

#include "verify/sandbox.h"

struct holdings;
struct flow_meter;

struct recover_spec {
	const char *state, *run; /* as of sandbox_spec */
	const struct holdings *holdings;
	const char *to;     /* wal/aim.h says how it is written */
	const char *backup; /* "NAME" or "SET/NAME"; NULL: the one with the least to replay */
	uint32_t tli;       /* 0: the newest timeline that gets there */
	const char *move;   /* id of a sandbox that is taken to another moment; NULL: a new one */
	const char *directory; /* a data directory to restore into, starting nothing; NULL */
	/* What a cluster that is in it is renamed to, if no server runs on it; NULL: refused. */
	const char *aside;
	bool archives;            /* its server archives as its configuration says, once promoted */
	int64_t timeout_ms;       /* until it is consistent */
	struct flow_meter *meter; /* of extracting the backup; may be NULL */
	void (*say)(void *arg, const char *line);
	void *arg;
};

struct recovered {
	struct sandbox sandbox; /* unless there is a directory */
	const char *data, *log; /* log: NULL with a directory */
	const char *backup;     /* "SET/NAME" */
	const char *aside;      /* where the old data directory is; NULL: there was none */
	const char *target;     /* the setting, for people */
	uint32_t tli;
	uint64_t replay_from, replay_to; /* LSNs */
	bool kept;                       /* the sandbox went on from where it was */
};

/*
 * Chooses the way (ERR_NOT_FOUND says why there is none, and which moments near it can be
 * reached), extracts, and starts the server; returns once it is consistent, which may be long
 * before its target. Failures of the recovery are explained.
 */
MUST_CHECK bool sandbox_recover(
	const struct recover_spec *spec, struct arena *a, struct recovered *ret, struct err *err);

#endif

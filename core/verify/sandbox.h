/*
 * sandbox: a throw-away PostgreSQL, Redis or S3 server, certain to go away again.
 *
 * Everything of it lives in one directory with a short name below $TMPDIR or /tmp: data/, run/
 * (its only socket, mode 0700; the S3 server listens on loopback) and server.log. Started by root,
 * the server runs as an unprivileged user, who owns data/ and run/ and nothing above them. No
 * syncs, no archiving.
 *
 * It is registered as $STATE/sandboxes/<id>.json before its directory is made, with its owner:
 * this process, a run, or nobody until a certain time. What a dead owner left is ended and
 * removed by sandbox_sweep, which every command calls when it starts. A process is only ever
 * signalled when its start time and working directory are the recorded ones, through a pidfd;
 * a directory is only removed when it is ours and holds the marker with the sandbox's id.
 * When the owner is a process, the kernel ends the server with it, too.
 * A state directory inside it, state/, goes with it: its runs are ended, its sandboxes removed.
 */
#ifndef VERIFY_SANDBOX_H
#define VERIFY_SANDBOX_H

#include "base/arena.h"
#include "base/err.h"

#include <sys/types.h>

enum sandbox_kind { SANDBOX_POSTGRESQL, SANDBOX_REDIS, SANDBOX_S3 };

/* Who the server's processes are; with `drop` we are root and must become them. */
struct sandbox_user {
	uid_t uid;
	gid_t gid;
	bool drop;
};

struct sandbox_spec {
	const char *state; /* the state directory */
	enum sandbox_kind kind;
	int major;       /* of PostgreSQL; 0: the newest that is installed */
	const char *run; /* owner: the run with this id; NULL: this process */
	int64_t keep_s;  /* > 0: nobody's, and kept for so long */
	/* Made for it and removed with it; must not exist yet, or be empty. NULL: a temporary one
	 */
	const char *directory;
	const char *const *settings; /* "name=value", ends with NULL; may be NULL */
	/*
	 * PostgreSQL: it stands for a server in production. WAL is complete, in segments of 1 MiB,
	 * may be streamed, and archived as `settings` say.
	 */
	bool primary;
	bool later; /* do not wait until it answers: sandbox_await does */
	/* PostgreSQL's superuser, or who it is in a backup that populates; NULL: postgres */
	const char *superuser;
	/*
	 * Fills the empty data directory from a backup instead of initdb; what it puts there is
	 * given to the server's user afterwards. May be NULL.
	 */
	bool (*populate)(const char *data, void *arg, struct err *err);
	void *populate_arg;
	/* Where populate leaves the superuser's name, when it finds one; may be NULL. */
	const char *found_superuser;
	int64_t timeout_ms; /* until it must answer; 0: SANDBOX_START_MS */
};

#define SANDBOX_START_MS 60000

struct sandbox {
	const char *id;
	enum sandbox_kind kind;
	const char *directory, *data;
	const char *socket_dir; /* PostgreSQL's PGHOST */
	const char *superuser;  /* PostgreSQL's */
	/* libpq's, as superuser; Redis: the socket's path; S3: its endpoint, once it answers (with
	 * data/credentials, as AWS's tools read them) */
	const char *conninfo;
	int major;       /* of PostgreSQL */
	const char *bin; /* the directory of programs of that version; PostgreSQL's; else NULL */
	struct sandbox_user user;
	pid_t pid;
	uint64_t start_time; /* of pid, proc_start_time */
};

/*
 * Starts one and waits until it answers. On failure nothing is left behind; the message ends
 * with the last lines of the server's log. ERR_TOOL_MISSING when that version is not installed.
 */
MUST_CHECK bool sandbox_start(
	const struct sandbox_spec *spec, struct arena *a, struct sandbox *ret, struct err *err);
/* Until one started with `later` answers. On failure it is still there. */
MUST_CHECK bool sandbox_await(
	const struct sandbox_spec *spec, struct arena *a, struct sandbox *s, struct err *err);
/* ERR_NOT_FOUND when there is none with this id, or it is another user's. */
MUST_CHECK bool sandbox_find(
	const char *state, const char *id, struct arena *a, struct sandbox *ret, struct err *err);
/*
 * Ends its server, lets spec->populate change the data directory (or empty and fill it anew) and
 * starts the server again, with a new log. On failure it stays on record without a server.
 */
MUST_CHECK bool sandbox_restart(const struct sandbox_spec *spec, const char *id, struct arena *a,
	struct sandbox *ret, struct err *err);
/* Ends the server and removes everything. One that is gone already is no error. */
MUST_CHECK bool sandbox_stop(const char *state, const char *id, struct err *err);
/* All that this run owns, for the end of the run. */
MUST_CHECK bool sandbox_stop_run(const char *state, const char *run, struct err *err);

/*
 * Removes what dead owners left; *ret_removed counts. Carries on after a failure and returns the
 * first one. Does nothing, at the price of one open(2), where there are no sandboxes; and nothing
 * while somebody else is sweeping. Owners:
 *   a process  alive as long as it is (pid, start time, boot)
 *   a run      alive while its journal is locked, and for an hour after its last record, so that
 *              an interrupted run can be resumed
 *   nobody     alive until its time is over
 * After a reboot all are dead. Those of another host (a shared home) are left alone.
 */
MUST_CHECK bool sandbox_sweep(const char *state, size_t *ret_removed, struct err *err);

/* The bin directory of PostgreSQL's server programs of this major version (0: the newest). */
const char *sandbox_postgresql_bin(struct arena *a, int major, int *ret_major);

#endif

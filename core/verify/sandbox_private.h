/*
 * sandbox_private: what the files of the sandbox share. For core/verify/sandbox*.c only.
 */
#ifndef VERIFY_SANDBOX_PRIVATE_H
#define VERIFY_SANDBOX_PRIVATE_H

#include "verify/sandbox.h"
#include "base/proc.h"

/* What is on record of a sandbox; everything but the id may be absent. */
struct sandbox_record {
	const char *id;
	int kind; /* enum sandbox_kind */
	int major;
	/* Exactly one owner: */
	pid_t owner_pid;
	uint64_t owner_start;
	const char *run;
	int64_t until; /* CLOCK_NONE: not this kind */
	const char *superuser;
	const char *boot, *host;
	int64_t created_at;
	const char *directory; /* as realpath(3) gives it */
	pid_t pid;             /* of the server; 0: not started yet, as far as is known */
	uint64_t start_time;
};

enum sandbox_owner { OWNER_ALIVE, OWNER_DEAD, OWNER_ELSEWHERE };

const char *sandbox_directory(struct arena *a, const char *state); /* of the records */
const char *sandbox_host(struct arena *a);

MUST_CHECK bool sandbox_record_write(
	const char *state, const struct sandbox_record *r, struct err *err);
/* ERR_NOT_FOUND, ERR_UNSAFE (another user's), ERR_DAMAGED */
MUST_CHECK bool sandbox_record_read(const char *state, const char *id, struct arena *a,
	struct sandbox_record *ret, struct err *err);
void sandbox_record_remove(const char *state, const char *id);
/* The ids on record, those of others included. */
size_t sandbox_record_list(const char *state, struct arena *a, const char ***ret);

enum sandbox_owner sandbox_owner_state(const char *state, const struct sandbox_record *r);

#define SANDBOX_MARKER "lifeboat-sandbox"

/* A directory with nothing in it, as far as we can see. */
bool sandbox_place_is_empty(const char *path);
/* ERR_REFUSED when there is something at that path that is not an empty directory of ours. */
MUST_CHECK bool sandbox_place_check(const char *path, struct err *err);
/* Makes the directory, unless it is there and empty, and puts the marker into it. */
MUST_CHECK bool sandbox_place_make(const char *path, const char *id, struct err *err);
/* Removes it if it is ours and bears this id; a missing one is fine, an empty one goes too. */
MUST_CHECK bool sandbox_place_remove(const char *path, const char *id, struct err *err);
/*
 * Renames a data directory that no server runs on, so that another can take its place; sets
 * *ret_moved. One that is not there, or empty, or the unfinished restore of this run, stays.
 * ERR_REFUSED, and nothing touched, for what is no data directory or in use.
 */
MUST_CHECK bool sandbox_place_aside(
	const char *path, const char *aside, const char *run, bool *ret_moved, struct err *err);
/*
 * Takes a directory for a restore by this run: makes it, or takes one that is empty, or empties
 * what an attempt of the same run that was cut short has left there, and marks it as unfinished.
 * ERR_REFUSED, and nothing touched, when there is anything else. A mount point stays one.
 */
MUST_CHECK bool sandbox_place_claim(const char *path, const char *run, struct err *err);
/* The restore is whole: the mark goes to `to`, below path. */
MUST_CHECK bool sandbox_place_release(const char *path, const char *to, struct err *err);
/* Gives a tree to the server's user, links themselves instead of what they point to. */
MUST_CHECK bool sandbox_place_give(
	const char *path, const struct sandbox_user *user, struct err *err);

/* Ends the server of this record, if one runs. ERR_TIMEOUT when it can't be ended. */
MUST_CHECK bool sandbox_server_end(const struct sandbox_record *r, struct err *err);
/*
 * A process that no reuse of its pid can turn into another: by a pidfd, or by its start time
 * where the kernel or a container's filter refuses that.
 */
struct sandbox_process {
	pid_t pid;
	uint64_t start_time;
	int fd; /* -1: go by the start time */
};
/* False when there is no such process. */
MUST_CHECK bool sandbox_process_open(struct sandbox_process *p, pid_t pid);
void sandbox_process_signal(const struct sandbox_process *p, int signal);
bool sandbox_process_ended(const struct sandbox_process *p, int64_t ms);
void sandbox_process_close(struct sandbox_process *p);
/* `signal` first; when that does not end it, KILL to it and all below it. */
MUST_CHECK bool sandbox_process_end(
	const struct sandbox_process *p, int signal, int64_t patience_ms);

/* Ends the runs at work in this state directory, and removes the sandboxes in it. */
MUST_CHECK bool sandbox_nested_end(const char *state, struct err *err);
/* Ends what is inside, ends the server, then removes directory and record. */
MUST_CHECK bool sandbox_remove(const char *state, const struct sandbox_record *r, struct err *err);

/* What a kind of server must be able to do; one file each. */
struct sandbox_ops {
	const char *program;      /* its executable's name */
	const char *exe;          /* how the file name behind /proc/PID/exe begins */
	const char *title;        /* for people */
	const char *const *users; /* candidates to run as, ends with NULL */
	const char *socket;       /* below run/, for the length of its path */
	int stop_signal;          /* ends it at once, without saving anything */
	/* Fills bin and major, or says what is missing. */
	bool (*find)(struct arena *a, int major, struct sandbox *s, struct err *err);
	/* Makes an empty data directory usable; NULL when it already is. */
	bool (*init)(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s,
		struct err *err);
	/* The same for one that was filled from a backup; NULL when nothing is needed. */
	bool (*adopt)(struct arena *a, const struct sandbox *s, struct err *err);
	/* argv and path of the server */
	void (*command)(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s,
		struct proc_spec *ret);
	bool (*ready)(struct arena *a, const struct sandbox *s);
	const char *(*conninfo)(struct arena *a, const struct sandbox *s);
};

extern const struct sandbox_ops sandbox_pg, sandbox_redis, sandbox_s3;
const struct sandbox_ops *sandbox_ops_of(int kind);
/* By its program's name, as on record; PostgreSQL for a name that is none. */
int sandbox_kind_of(const char *program);

/* Fills what follows from kind and directory. */
void sandbox_paths(struct arena *a, struct sandbox *s);
MUST_CHECK bool sandbox_choose_user(
	const struct sandbox_ops *ops, struct sandbox_user *ret, struct err *err);
/* Whether this user gets through every directory above and may read what is at the path. */
bool sandbox_user_reads(const struct sandbox_user *user, const char *path);
/* What the server and its tools may know of our environment: next to nothing. */
char *const *sandbox_env(struct arena *a, const struct sandbox *s);

#endif

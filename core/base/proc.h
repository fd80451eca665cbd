/*
 * proc: starting, waiting for and ending processes.
 *
 * A child gets exactly the descriptors it is given, an explicit environment, and never a shell.
 * That the program could not be executed comes back as an error of proc_spawn itself, through
 * a close-on-exec pipe.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

#define PROC_FDS 8

struct proc_spec {
	const char *path; /* absolute, or PATH_SELF */
	char *const *argv;
	char *const *envp;
	const char *dir;   /* working directory; NULL keeps ours */
	int fds[PROC_FDS]; /* child descriptor i is our fds[i]; -1 gives /dev/null */
	size_t nfds;       /* at least 3 */
	bool group;        /* a process group of its own */
	bool session;      /* a session of its own (implies the group) */
	int death_signal;  /* sent to the child when we die; 0: none */
	uid_t uid;         /* with `drop`: run as this user and its groups */
	gid_t gid;
	bool drop;
};

MUST_CHECK bool proc_spawn(const struct proc_spec *spec, pid_t *ret, struct err *err);

struct proc_exit {
	bool exited; /* normally; then `status` holds */
	int status;
	int signal;
};

struct proc_exit proc_exit_of(int wait_status);
/* Waits for this child alone. */
struct proc_exit proc_wait(pid_t pid);
/* "exit status 3", "killed by signal 9 (Killed)" */
void proc_exit_text(struct str *out, struct proc_exit e);

/*
 * Runs a program to its end and collects what it prints, for short helpers only. Standard
 * input is /dev/null unless `input` is given. After timeout_ms the group gets TERM, then KILL
 * (ERR_TIMEOUT). A bound of *out or *errors cuts the rest off; the child is drained all the same.
 */
struct proc_result {
	struct proc_exit exit;
	struct str out, errors;
};
#define PROC_RESULT_INIT(max)                                 \
	{                                                     \
		.out = STR_INIT(max), .errors = STR_INIT(max) \
	}
MUST_CHECK bool proc_run(const struct proc_spec *spec, const char *input, int64_t timeout_ms,
	struct proc_result *ret, struct err *err);
void proc_result_done(struct proc_result *r);
/* Moves what a child has printed, up to 16 KiB of it, from a readable descriptor to `into`. False
 * when nothing came: then *fd is closed and -1, unless there may be more later. */
bool proc_drain(int *fd, struct str *into);

/*
 * The environment of everything that we start: an allow-list out of ours (HOME, USER, LANG,
 * TZ, PG*, AWS*, ... but no PGPASSWORD-like secrets), PATH fixed, nothing that makes a loader,
 * shell or pager run code (F42). Grows in the arena; ends with NULL.
 */
struct arena;
struct proc_env {
	char **v;
	size_t n, cap;
};
void proc_env_init(struct proc_env *env, struct arena *a);
/* Also the keys of object stores: for our own code that reads locations, and nobody else. */
void proc_env_add_store_keys(struct proc_env *env, struct arena *a);
void proc_env_set(struct proc_env *env, struct arena *a, const char *name, const char *value);
void proc_env_unset(struct proc_env *env, const char *name);
char *const *proc_env_list(struct proc_env *env, struct arena *a);

/* Whether this very process still lives: start time (clock ticks since boot) tells reuse. */
pid_t proc_parent(pid_t pid);        /* 0 when there is no such process */
uint64_t proc_start_time(pid_t pid); /* 0 when there is no such process */
bool proc_alive(pid_t pid, uint64_t start_time);
/* Signals every process below `pid` (children and theirs), found through /proc, but none of the
 * `spared` ones nor what is below them. Returns how many. */
size_t proc_signal_tree(pid_t pid, int signal, const pid_t *spared, size_t nspared);
/* Signals every process but ourselves that was started with all of these "NAME=value" in its
 * environment, wherever in the tree of processes it went. Returns how many. */
size_t proc_signal_marked(const char *const *entries, size_t count, int signal);

#endif

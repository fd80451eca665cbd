/*
 * path: where things are: our state, our runbooks and themes, other people's programs.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/arena.h"
#include "base/err.h"

/* dir/name, one slash between them */
char *path_join(struct arena *a, const char *dir, const char *name);
const char *path_base(const char *path); /* behind the last slash; points into path */
char *path_dir(struct arena *a, const char *path);
/* "~/x" with the home directory in front; anything else as it is */
char *path_expand(struct arena *a, const char *path);
char *path_absolute(struct arena *a, const char *path);

/*
 * The state directory: $LIFEBOAT_STATE, else /var/lib/lifeboat where it exists and is ours to
 * use, else $XDG_STATE_HOME/lifeboat, else ~/.local/state/lifeboat. Created, mode 0750, when
 * `create` is set; otherwise it may be missing.
 */
MUST_CHECK bool path_state(struct arena *a, bool create, const char **ret, struct err *err);

/*
 * The directory that holds runbooks/ and themes/: the source tree when the program runs from
 * its build directory, else PREFIX/share/lifeboat beside PREFIX/bin. $LIFEBOAT_SHARE wins.
 */
const char *path_share(struct arena *a);

/* This very program, for starting our own roles: the inode that runs, whatever its name says. */
#define PATH_SELF "/proc/self/exe"

/*
 * Finds a program in the fixed search path (never $PATH, which may be hostile: F42) plus the
 * newest PostgreSQL's bin directory. A name with a slash must exist as it is.
 * ERR_TOOL_MISSING names the Debian package where we know it.
 */
MUST_CHECK bool path_tool(struct arena *a, const char *name, const char **ret, struct err *err);
/* The fixed search path itself, for the environment of steps. */
const char *path_search(struct arena *a);
/* The bin directory of PostgreSQL's server programs of this major version (0: the newest). */
const char *path_postgresql_bin(struct arena *a, int major);

#endif

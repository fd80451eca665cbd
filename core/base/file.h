/*
 * file: bounded reading, atomic writing, and whether a file may be trusted.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

/*
 * Appends the whole file to *out. Refuses what is not a regular file and what is larger than
 * max bytes, naming both (ERR_LIMIT); ERR_NOT_FOUND when there is none.
 */
MUST_CHECK bool file_read(const char *path, size_t max, struct str *out, struct err *err);
/* The same from an open descriptor; `name` is for messages. */
MUST_CHECK bool file_read_fd(
	int fd, const char *name, size_t max, struct str *out, struct err *err);

/* Writes all bytes through short writes and EINTR. On failure errno says why. */
MUST_CHECK bool file_write_all(int fd, const void *data, size_t len);
/* Reads up to len bytes at offset through short reads and EINTR; returns the count or -1. */
ssize_t file_pread(int fd, void *data, size_t len, off_t offset);

/* Replaces path by data: temporary file beside it, fsync, rename, fsync of the directory. */
MUST_CHECK bool file_replace(
	const char *path, const void *data, size_t len, mode_t mode, struct err *err);
MUST_CHECK bool file_sync_dir(const char *path, struct err *err);

/* Makes the directory and its missing parents with this mode. */
MUST_CHECK bool file_mkdirs(const char *path, mode_t mode, struct err *err);
/* The same, and the names of those that it made survive a power cut. */
MUST_CHECK bool file_mkdirs_durable(const char *path, mode_t mode, struct err *err);
/* Lets the group write a file of ours where it may write the directory, too: what one member of
 * a group that shares a state directory makes, the next one goes on with. */
MUST_CHECK bool file_share(int fd, const char *path, struct err *err);
bool file_exists(const char *path);
bool file_is_dir(const char *path);

/* Removes a directory and what is below it, never following a link; a missing one is fine. */
MUST_CHECK bool file_remove_tree(const char *path, struct err *err);

/*
 * Whether a file that decides what is executed may be trusted, by OpenSSH's safe_path rule: the
 * open descriptor is a regular file, it and every parent directory belong to root or to us, and
 * none of them can be written by group or others (sticky directories like /tmp excepted).
 * ERR_UNSAFE names the path that is at fault.
 */
MUST_CHECK bool file_trusted(int fd, const char *path, struct err *err);

#endif

/*
 * sandbox_place: the directory of a sandbox, made, marked, given away and removed.
 */
#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "base/file.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define DEPTH_MAX 64

static bool
is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (dir == NULL)
		return false;
	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(dir);
	return empty;
}

bool
sandbox_place_check(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return true;
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid() &&
		is_empty(path))
		return true;
	err_set(err, ERR_REFUSED, "%s is not an empty directory of yours.", path);
	return err_hint(err, "Name one that does not exist yet.");
}

bool
sandbox_place_make(const char *path, const char *id, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *text = arena_fmt(&a, "%s\n", id);

	if (!sandbox_place_check(path, err))
		return false;
	/* The server's user must get through to what is its own; it can list nothing. */
	if ((mkdir(path, 0711) < 0 && errno != EEXIST) || chmod(path, 0711) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make the directory %s", path);
	return file_replace(path_join(&a, path, SANDBOX_MARKER), text, strlen(text), 0644, err);
}

static bool
bears(const char *path, const char *id)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(256);
	CLEANUP(err_done) struct err why = ERR_INIT;
	CLEANUP(util_close) int fd = -1;
	struct stat st;

	fd = open(path_join(&a, path, SANDBOX_MARKER),
		O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != geteuid() ||
		!file_read_fd(fd, path, 200, &text, &why))
		return false;
	return util_streq(str_text(&text), arena_fmt(&a, "%s\n", id));
}

/* Killed while the marker was being written: its temporary file is all that is there. */
static void
remove_unfinished_marker(const char *path)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (util_starts(entry->d_name, SANDBOX_MARKER "."))
			unlink(path_join(&a, path, entry->d_name));
	if (dir != NULL)
		closedir(dir);
}

bool
sandbox_place_remove(const char *path, const char *id, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return true;
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return err_set(
			err, ERR_UNSAFE, "%s is not the sandbox's directory any more.", path);
	/* Killed before the marker was there: then nothing else is, either. */
	if (!bears(path, id)) {
		remove_unfinished_marker(path);
		if (rmdir(path) == 0)
			return true;
		err_set(err, ERR_UNSAFE, "%s does not bear the mark of sandbox %s.", path, id);
		return err_hint(err, "Look what it is; it was not touched.");
	}
	/* The marker goes last: whoever is killed here can still be swept up after. */
	return file_remove_tree(path_join(&a, path, "data"), err) &&
	       file_remove_tree(path_join(&a, path, "run"), err) && file_remove_tree(path, err);
}

static bool
give(int parent, const char *name, const struct sandbox_user *user, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	bool good = true;
	DIR *dir;

	if (fd < 0)
		return (errno == ENOTDIR || errno == ELOOP) &&
		       fchownat(parent, name, user->uid, user->gid, AT_SYMLINK_NOFOLLOW) == 0;
	if (depth > DEPTH_MAX || (dir = fdopendir(fd)) == NULL) {
		close(fd);
		errno = ELOOP;
		return false;
	}
	while (good && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			good = give(fd, entry->d_name, user, depth + 1);
	good = good && fchown(fd, user->uid, user->gid) == 0;
	closedir(dir);
	return good;
}

bool
sandbox_place_give(const char *path, const struct sandbox_user *user, struct err *err)
{
	if (user->drop && !give(AT_FDCWD, path, user, 0))
		return err_sys(err, ERR_IO, errno, "Cannot give %s to user id %u", path,
			(unsigned)user->uid);
	return true;
}

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
#include <signal.h>
#include <sys/stat.h>

#define DEPTH_MAX 64

/* In a data directory that is being restored; no server is to be started on it. */
#define CLAIM "lifeboat-unfinished-restore"

bool
sandbox_place_is_empty(const char *path)
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
		sandbox_place_is_empty(path))
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
bears(const char *path, const char *name, const char *id)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(256);
	CLEANUP(err_done) struct err why = ERR_INIT;
	CLEANUP(util_close) int fd = -1;
	struct stat st, dir;

	fd = open(path_join(&a, path, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || stat(path, &dir) < 0 ||
		(st.st_uid != geteuid() && st.st_uid != dir.st_uid) ||
		!file_read_fd(fd, path, 200, &text, &why))
		return false;
	return util_streq(str_text(&text), arena_fmt(&a, "%s\n", id));
}

/* Killed while the marker was being written: its temporary file is all that is there. */
static void
remove_unfinished_marker(const char *path, const char *beginning)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	DIR *dir = opendir(path);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (util_starts(entry->d_name, beginning))
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
	if (!bears(path, SANDBOX_MARKER, id)) {
		remove_unfinished_marker(path, SANDBOX_MARKER ".");
		if (rmdir(path) == 0)
			return true;
		err_set(err, ERR_UNSAFE, "%s does not bear the mark of sandbox %s.", path, id);
		return err_hint(err, "Look what it is; it was not touched.");
	}
	/* The marker goes last: whoever is killed here can still be swept up after. */
	return file_remove_tree(path_join(&a, path, "data"), err) &&
	       file_remove_tree(path_join(&a, path, "run"), err) && file_remove_tree(path, err);
}

/* Everything in it but the mark, which goes last. */
static bool
empty_out(const char *path, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool good = dir != NULL || err_sys(err, ERR_IO, errno, "Cannot read %s", path);

	while (good && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			strcmp(entry->d_name, CLAIM) != 0)
			good = file_remove_tree(path_join(&a, path, entry->d_name), err);
	if (dir != NULL)
		closedir(dir);
	return good;
}

static bool
refuse_to_claim(const char *path, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	if (!file_exists(path_join(&a, path, "PG_VERSION"))) {
		err_set(err, ERR_REFUSED, "%s is not an empty directory of yours.", path);
		return err_hint(err, "Name one that does not exist yet.");
	}
	err_set(err, ERR_REFUSED, "%s holds a PostgreSQL cluster; nothing is written over it.",
		path);
	return err_hint(err, "End its server and put it aside: mv %s %s.aside", path, path);
}

bool
sandbox_place_claim(const char *path, const char *run, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *text = arena_fmt(&a, "%s\n", run);
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT) {
		if (!file_mkdirs(path, 0700, err))
			return false;
	} else if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) ||
		   (st.st_uid != geteuid() && geteuid() != 0)) {
		return refuse_to_claim(path, err);
	}
	remove_unfinished_marker(path, CLAIM ".");
	if (!sandbox_place_is_empty(path)) {
		/* Somebody started a server on the half of it: that is looked at, not removed. */
		if (!bears(path, CLAIM, run) || file_exists(path_join(&a, path, "postmaster.pid")))
			return refuse_to_claim(path, err);
		if (!empty_out(path, err))
			return false;
	}
	if (chmod(path, 0700) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot use %s", path);
	return file_replace(path_join(&a, path, CLAIM), text, strlen(text), 0600, err);
}

bool
sandbox_place_release(const char *path, const char *to, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *mark = path_join(&a, path, CLAIM);

	return rename(mark, path_join(&a, path, to)) == 0 ||
	       err_sys(err, ERR_IO, errno, "Cannot rename %s", mark);
}

/* A postmaster works in its data directory, whatever the number in its file means by now. */
static bool
refuse_in_use(const char *path, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(8 * KIB);
	CLEANUP(err_done) struct err why = ERR_INIT;
	const char *file = path_join(&a, path, "postmaster.pid");
	struct stat data, cwd;
	uint64_t pid = 0;

	if (!file_read(file, 4 * KIB, &text, &why)) {
		if (why.code == ERR_NOT_FOUND)
			return true;
		return err_move(err, &why);
	}
	str_cut(&text, strcspn(str_text(&text), "\n"));
	if (util_parse_u64(str_text(&text), &pid) && pid > 0 && pid <= INT32_MAX) {
		if (kill((pid_t)pid, 0) < 0 && errno == ESRCH)
			return true;
		if (stat(path, &data) == 0 &&
			stat(arena_fmt(&a, "/proc/%llu/cwd", (unsigned long long)pid), &cwd) == 0 &&
			(cwd.st_dev != data.st_dev || cwd.st_ino != data.st_ino))
			return true;
	}
	err_set(err, ERR_REFUSED, "A server runs on %s (process %llu).", path,
		(unsigned long long)pid);
	return err_hint(
		err, "Stop it first, in the way of its host (systemctl stop, pg_ctl stop).");
}

bool
sandbox_place_aside(
	const char *path, const char *aside, const char *run, bool *ret_moved, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct stat st;

	*ret_moved = false;
	/* Nothing, or no cluster: the claim takes it, or says why not. */
	if (lstat(path, &st) < 0 || !S_ISDIR(st.st_mode) || bears(path, CLAIM, run) ||
		(!file_exists(path_join(&a, path, "PG_VERSION")) &&
			!file_exists(path_join(&a, path, CLAIM))))
		return true;
	if (!refuse_in_use(path, err))
		return false;
	if (lstat(aside, &st) == 0 || errno != ENOENT)
		return err_set(err, ERR_REFUSED, "%s is there already.", aside);
	if (rename(path, aside) < 0) {
		bool mounted = errno == EBUSY;

		err_sys(err, ERR_IO, errno, "Cannot rename %s to %s", path, aside);
		return mounted && err_hint(err, "It is a mount point: move what is in it to a "
						"directory beside, by hand.");
	}
	*ret_moved = true;
	return file_sync_dir(path_dir(&a, aside), err);
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

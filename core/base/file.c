#include "base/banned.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define TREE_DEPTH 64

bool
file_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		p += n;
		len -= (size_t)n;
	}
	return true;
}

ssize_t
file_pread(int fd, void *data, size_t len, off_t offset)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(fd, (char *)data + done, len - done, offset + (off_t)done);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -1;
		}
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

bool
file_read_fd(int fd, const char *name, size_t max, struct str *out, struct err *err)
{
	char chunk[16 * KIB];
	struct stat st;
	size_t total = 0;

	if (fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot examine %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE, "%s is not a regular file.", name);
	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, ERR_IO, errno, "Cannot read %s", name);
		if (n == 0)
			return true;
		total += (size_t)n;
		if (total > max) {
			err_set(err, ERR_LIMIT,
				"%s is larger than the %zu bytes that are allowed here.", name,
				max);
			return err_hint(err, "Is it really the file that you meant?");
		}
		str_addn(out, chunk, (size_t)n);
	}
}

bool
file_read(const char *path, size_t max, struct str *out, struct err *err)
{
	/* O_NONBLOCK: opening a FIFO that nobody writes must not hang. */
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open %s", path);
	return file_read_fd(fd, path, max, out, err);
}

bool
file_sync_dir(const char *path, struct err *err)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot sync the directory %s", path);
	return true;
}

static void
parent_of(struct str *out, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		str_add(out, ".");
	else if (slash == path)
		str_add(out, "/");
	else
		str_addn(out, path, (size_t)(slash - path));
}

static bool
sync_parent(const char *path, struct err *err)
{
	CLEANUP(str_done) struct str dir = STR_INIT(PATH_MAX);

	parent_of(&dir, path);
	return file_sync_dir(dir.buf, err);
}

bool
file_replace(const char *path, const void *data, size_t len, mode_t mode, struct err *err)
{
	CLEANUP(str_done) struct str temp = STR_INIT(PATH_MAX);
	CLEANUP(util_close) int fd = -1;

	str_fmt(&temp, "%s.XXXXXX", path);
	fd = mkostemp(temp.buf, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, ERR_IO, errno, "Cannot create %s", temp.buf);
	if (fchmod(fd, mode) < 0 || !file_write_all(fd, data, len) || fsync(fd) < 0 ||
		rename(temp.buf, path) < 0) {
		err_sys(err, ERR_IO, errno, "Cannot write %s", path);
		unlink(temp.buf);
		return false;
	}
	return sync_parent(path, err);
}

static bool
make_dirs(const char *path, mode_t mode, bool durable, struct err *err)
{
	CLEANUP(str_done) struct str part = STR_INIT(PATH_MAX);

	for (const char *p = path; *p != '\0';) {
		p += strspn(p, "/");
		p += strcspn(p, "/");
		str_cut(&part, 0);
		str_addn(&part, path, (size_t)(p - path));
		if (mkdir(str_text(&part), mode) == 0) {
			if (durable && !sync_parent(part.buf, err))
				return false;
		} else if (errno != EEXIST && errno != EISDIR)
			return err_sys(
				err, ERR_IO, errno, "Cannot make the directory %s", part.buf);
		while (*p == '/' && p[1] == '\0')
			p++;
	}
	if (!file_is_dir(path))
		return err_set(err, ERR_IO, "%s exists and is not a directory.", path);
	return true;
}

bool
file_mkdirs(const char *path, mode_t mode, struct err *err)
{
	return make_dirs(path, mode, false, err);
}

bool
file_mkdirs_durable(const char *path, mode_t mode, struct err *err)
{
	return make_dirs(path, mode, true, err);
}

bool
file_share(int fd, const char *path, struct err *err)
{
	CLEANUP(str_done) struct str dir = STR_INIT(PATH_MAX);
	struct stat st, parent;

	parent_of(&dir, path);
	if (stat(dir.buf, &parent) < 0 || fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot examine %s", path);
	if ((parent.st_mode & S_IWGRP) == 0 || st.st_gid != parent.st_gid ||
		st.st_uid != geteuid() || (st.st_mode & 0060) == 0060)
		return true;
	return fchmod(fd, (st.st_mode & 0777) | 0060) == 0 ||
	       err_sys(err, ERR_IO, errno, "Cannot share %s", path);
}

bool
file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool
file_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool
remove_below(int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct dirent *entry;
	bool good = true;
	DIR *dir;

	if (fd < 0)
		return (errno == ENOTDIR || errno == ELOOP) && unlinkat(parent, name, 0) == 0;
	if (depth > TREE_DEPTH || (dir = fdopendir(fd)) == NULL) {
		close(fd);
		return false;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (entry->d_type != DT_DIR && unlinkat(fd, entry->d_name, 0) == 0)
			continue;
		good = remove_below(fd, entry->d_name, depth + 1) && good;
	}
	closedir(dir);
	return unlinkat(parent, name, AT_REMOVEDIR) == 0 && good;
}

bool
file_remove_tree(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return true;
	if (!remove_below(AT_FDCWD, path, 0))
		return err_sys(err, ERR_IO, errno, "Cannot remove all of %s", path);
	return true;
}

static bool
trusted_mode(const struct stat *st, const char *path, struct err *err)
{
	if (st->st_uid != 0 && st->st_uid != geteuid()) {
		err_set(err, ERR_UNSAFE, "%s belongs to user id %u, neither root nor you.", path,
			(unsigned)st->st_uid);
		return err_hint(err, "Read it, then take it over: chown root %s", path);
	}
	if ((st->st_mode & 022) != 0 && !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))) {
		err_set(err, ERR_UNSAFE, "%s can be written by others (mode %04o).", path,
			(unsigned)(st->st_mode & 07777));
		return err_hint(err, "Read it for changes, then: chmod go-w %s", path);
	}
	return true;
}

bool
file_trusted(int fd, const char *path, struct err *err)
{
	char real[PATH_MAX];
	struct stat st, named;

	if (fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot examine %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE, "%s is not a regular file.", path);
	if (!trusted_mode(&st, path, err))
		return false;
	if (realpath(path, real) == NULL || stat(real, &named) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot resolve %s", path);
	if (named.st_ino != st.st_ino || named.st_dev != st.st_dev)
		return err_set(err, ERR_UNSAFE, "%s was replaced while it was being read.", path);
	for (;;) {
		char *slash = strrchr(real, '/');

		slash[slash == real] = '\0';
		if (stat(real, &st) < 0)
			return err_sys(err, ERR_IO, errno, "Cannot examine %s", real);
		if (!trusted_mode(&st, real, err))
			return false;
		if (slash == real)
			return true;
	}
}

/*
 * source_dir: a directory as a location.
 */
#include "base/banned.h"
#include "net/source.h"
#include "base/file.h"
#include "base/path.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define DEPTH_MAX 32

struct dir_source {
	struct source source;
	char *directory;
};

struct dir_stream {
	struct stream stream;
	int fd;
	off_t offset, end;
	struct stat was;
	char *path;
};

struct walk {
	bool recursive, names_only;
	source_cb cb;
	void *arg;
	struct str name; /* relative to the location */
};

static enum err_code
code_of(int errnum)
{
	if (errnum == ENOENT || errnum == ENOTDIR)
		return ERR_NOT_FOUND;
	if (errnum == EACCES || errnum == EPERM)
		return ERR_AUTH;
	return ERR_IO;
}

/* A name must stay below the directory: no "..", whoever made it up. */
static bool
contained(const char *name, struct err *err)
{
	for (const char *p = name; p != NULL; p = strchr(p, '/')) {
		p += *p == '/';
		if (strncmp(p, "..", 2) == 0 && (p[2] == '/' || p[2] == '\0'))
			return err_set(
				err, ERR_UNSAFE, "The name \"%s\" leaves its location.", name);
	}
	return true;
}

static bool walk(int fd, struct walk *w, int depth, struct err *err);

static bool
visit(int parent, const char *entry, int type, struct walk *w, int depth, struct err *err)
{
	size_t length = w->name.len;
	struct object o = {.size = 0};
	struct stat st;
	bool good;

	if (type != DT_REG && type != DT_DIR && type != DT_LNK && type != DT_UNKNOWN)
		return true;
	if (w->names_only && (type == DT_REG || type == DT_DIR)) {
		st.st_mode = type == DT_REG ? S_IFREG : S_IFDIR;
		st.st_size = -1;
		st.st_mtime = CLOCK_NONE;
	} else if (fstatat(parent, entry, &st, 0) < 0) {
		return true; /* it went away, or is a dangling link: no object */
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return true;
	str_add(&w->name, entry);
	o.mtime = st.st_mtime;
	if (S_ISREG(st.st_mode)) {
		o.size = st.st_size;
		o.name = str_text(&w->name);
		good = w->cb(&o, w->arg, err);
	} else {
		str_addc(&w->name, '/');
		o.directory = true;
		o.name = str_text(&w->name);
		if (!w->recursive) {
			good = w->cb(&o, w->arg, err);
		} else if (type == DT_LNK) {
			good = true; /* links to directories may form circles */
		} else {
			int fd = openat(parent, entry, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			good = fd >= 0 ? walk(fd, w, depth + 1, err)
				       : err_sys(err, code_of(errno), errno,
						 "Cannot open the directory %s", o.name);
		}
	}
	str_cut(&w->name, length);
	return good;
}

/* Takes over fd. */
static bool
walk(int fd, struct walk *w, int depth, struct err *err)
{
	struct dirent *entry;
	bool good = true;
	DIR *dir;

	if (depth > DEPTH_MAX || (dir = fdopendir(fd)) == NULL) {
		close(fd);
		return err_set(err, ERR_LIMIT, "%s is nested deeper than %d directories.",
			str_text(&w->name), DEPTH_MAX);
	}
	errno = 0;
	while (good && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			good = visit(fd, entry->d_name, entry->d_type, w, depth, err);
		errno = 0;
	}
	if (good && errno != 0)
		good = err_sys(err, ERR_IO, errno, "Cannot list %s", str_text(&w->name));
	closedir(dir);
	return good;
}

static bool
list(struct source *s, const char *prefix, struct walk w, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *path = path_join(&a, ((struct dir_source *)s)->directory, prefix);
	bool good;
	int fd;

	if (!contained(prefix, err))
		return false;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, code_of(errno), errno, "Cannot list the directory %s", path);
	w.name = (struct str)STR_INIT(PATH_MAX * 4);
	str_add(&w.name, prefix);
	if (w.name.len > 0 && w.name.buf[w.name.len - 1] != '/')
		str_addc(&w.name, '/');
	good = walk(fd, &w, 0, err);
	str_done(&w.name);
	return good;
}

static bool
dir_list(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg,
	struct err *err)
{
	return list(s, prefix, (struct walk){.recursive = recursive, .cb = cb, .arg = arg}, err);
}

static bool
dir_names(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg,
	struct err *err)
{
	struct walk w = {.recursive = recursive, .names_only = true, .cb = cb, .arg = arg};

	return list(s, prefix, w, err);
}

static bool
dir_stat(struct source *s, struct arena *a, const char *name, struct object *ret, struct err *err)
{
	const char *path = path_join(a, ((struct dir_source *)s)->directory, name);
	struct stat st;

	if (!contained(name, err))
		return false;
	if (stat(path, &st) < 0)
		return err_sys(err, code_of(errno), errno, "Cannot examine %s", path);
	*ret = (struct object){.name = arena_strdup(a, name),
		.size = S_ISDIR(st.st_mode) ? 0 : st.st_size,
		.mtime = st.st_mtime,
		.directory = S_ISDIR(st.st_mode)};
	return true;
}

static ssize_t
dir_stream_read(struct stream *st, void *buf, size_t len, struct err *err)
{
	struct dir_stream *d = (struct dir_stream *)st;
	struct stat now;
	ssize_t n;

	if ((off_t)len > d->end - d->offset)
		len = (size_t)(d->end - d->offset);
	if (len == 0) {
		if (fstat(d->fd, &now) == 0 && now.st_size == d->was.st_size &&
			now.st_mtim.tv_sec == d->was.st_mtim.tv_sec &&
			now.st_mtim.tv_nsec == d->was.st_mtim.tv_nsec)
			return 0;
		err_set(err, ERR_DAMAGED, "%s changed while it was being read.", d->path);
		return -1;
	}
	n = file_pread(d->fd, buf, len, d->offset);
	if (n < 0) {
		err_sys(err, ERR_IO, errno, "Cannot read %s", d->path);
		return -1;
	}
	if (n == 0) {
		err_set(err, ERR_DAMAGED, "%s became shorter while it was being read.", d->path);
		return -1;
	}
	d->offset += n;
	return n;
}

static void
dir_stream_free(struct stream *st)
{
	struct dir_stream *d = (struct dir_stream *)st;

	util_close(&d->fd);
	free(d->path);
	free(d);
}

static const struct stream_ops dir_stream_ops = {dir_stream_read, dir_stream_free};

static bool
dir_read(struct source *s, const char *name, int64_t offset, int64_t length, struct stream **ret,
	struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *path = path_join(&a, ((struct dir_source *)s)->directory, name);
	CLEANUP(util_close) int fd = -1;
	struct dir_stream *d;
	struct stat st;

	if (!contained(name, err))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, code_of(errno), errno, "Cannot open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSAFE, "%s is not a regular file.", path);
	d = util_alloc(sizeof(*d));
	d->stream.ops = &dir_stream_ops;
	d->stream.size = st.st_size;
	d->was = st;
	d->fd = fd;
	d->offset = MIN((off_t)offset, st.st_size);
	d->end = length < 0 || length > st.st_size - d->offset ? st.st_size : d->offset + length;
	d->path = util_strdup(path);
	fd = -1;
	*ret = &d->stream;
	return true;
}

static const char *
dir_path(struct source *s, struct arena *a, const char *name)
{
	return path_join(a, ((struct dir_source *)s)->directory, name);
}

static bool
dir_remove(struct source *s, const char *name, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *path = path_join(&a, ((struct dir_source *)s)->directory, name);
	struct stat st;
	size_t n = strlen(path);

	if (!contained(name, err))
		return false;
	if (n > 1 && path[n - 1] == '/')
		path = arena_strndup(&a, path, n - 1);
	if (lstat(path, &st) < 0)
		return err_sys(err, code_of(errno), errno, "Cannot examine %s", path);
	if (S_ISDIR(st.st_mode))
		return file_remove_tree(path, err);
	if (unlink(path) < 0)
		return err_sys(err, code_of(errno), errno, "Cannot remove %s", path);
	return true;
}

static bool
dir_write(struct source *s, const char *name, const void *data, size_t len, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	return contained(name, err) &&
	       file_replace(path_join(&a, ((struct dir_source *)s)->directory, name), data, len,
		       0644, err);
}

static void
dir_free(struct source *s)
{
	free(((struct dir_source *)s)->directory);
	free(s);
}

static const struct source_ops dir_ops = {
	.list = dir_list,
	.names = dir_names,
	.stat = dir_stat,
	.read = dir_read,
	.path = dir_path,
	.uri = dir_path,
	.remove = dir_remove,
	.write = dir_write,
	.free = dir_free,
};

struct source *
source_dir_new(const char *directory)
{
	struct dir_source *s = util_alloc(sizeof(*s));

	s->source.ops = &dir_ops;
	s->directory = util_strdup(directory);
	return &s->source;
}

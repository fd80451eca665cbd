#include "base/banned.h"
#include "net/source.h"
#include "base/path.h"

bool
source_open(const struct location *l, struct source **ret, struct err *err)
{
	if (l->directory != NULL) {
		*ret = source_dir_new(l->directory);
		return true;
	}
	if (l->s3 != NULL)
		return source_s3_new(l->s3, l->timeout_s, ret, err);
	return err_set(err, ERR_UNSUPPORTED, "The location \"%s\" can't be listed by this version.",
		l->item.key);
}

bool
source_open_uri(struct arena *a, const char *uri, struct source **ret, const char **ret_name,
	struct err *err)
{
	const char *path;

	if (util_starts(uri, "s3://"))
		return source_s3_open_uri(a, uri, ret, ret_name, err);
	if (strstr(uri, "://") != NULL && !util_starts(uri, "file://"))
		return err_set(err, ERR_UNSUPPORTED,
			"%s: only paths and s3:// addresses can be read.", uri);
	if (util_starts(uri, "file://"))
		uri += 7;
	path = path_absolute(a, uri);
	*ret = source_dir_new(path_dir(a, path));
	*ret_name = path_base(path);
	return true;
}

void
source_free(struct source *s)
{
	if (s != NULL)
		s->ops->free(s);
}

bool
source_list(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg,
	struct err *err)
{
	return s->ops->list(s, prefix, recursive, cb, arg, err);
}

bool
source_names(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg,
	struct err *err)
{
	return (s->ops->names != NULL ? s->ops->names : s->ops->list)(
		s, prefix, recursive, cb, arg, err);
}

bool
source_stat(
	struct source *s, struct arena *a, const char *name, struct object *ret, struct err *err)
{
	return s->ops->stat(s, a, name, ret, err);
}

bool
source_read(struct source *s, const char *name, int64_t offset, int64_t length, struct stream **ret,
	struct err *err)
{
	return s->ops->read(s, name, offset, length, ret, err);
}

ssize_t
stream_read(struct stream *st, void *buf, size_t len, struct err *err)
{
	return st->ops->read(st, buf, len, err);
}

int64_t
stream_size(const struct stream *st)
{
	return st->size;
}

void
stream_free(struct stream *st)
{
	if (st != NULL)
		st->ops->free(st);
}

bool
source_write(struct source *s, const char *name, const void *data, size_t len, struct err *err)
{
	return s->ops->write(s, name, data, len, err);
}

bool
source_remove(struct source *s, const char *name, struct err *err)
{
	if (name[strspn(name, "/.")] == '\0')
		return err_set(err, ERR_UNSAFE, "A location is not removed as a whole.");
	return s->ops->remove(s, name, err);
}

void
source_facts(struct source *s, const char *newest, struct json *j)
{
	if (s->ops->facts != NULL)
		s->ops->facts(s, newest, j);
}

const char *
source_path(struct source *s, struct arena *a, const char *name)
{
	return s->ops->path(s, a, name);
}

const char *
source_uri(struct source *s, struct arena *a, const char *name)
{
	return s->ops->uri(s, a, name);
}

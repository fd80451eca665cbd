#include "base/banned.h"
#include "catalog/watched.h"

struct watched {
	struct source source;
	struct source *inner;
	void (*tell)(void *arg);
	void *arg;
};

struct watched_stream {
	struct stream stream;
	struct stream *inner;
	struct watched *w;
};

struct listing {
	struct watched *w;
	source_cb cb;
	void *arg;
};

static bool
found(const struct object *o, void *arg, struct err *err)
{
	struct listing *l = arg;

	l->w->tell(l->w->arg);
	return l->cb(o, l->arg, err);
}

static bool
list(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg, struct err *err)
{
	struct watched *w = (struct watched *)s;
	struct listing l = {w, cb, arg};

	return source_list(w->inner, prefix, recursive, found, &l, err);
}

static bool
names(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg,
	struct err *err)
{
	struct watched *w = (struct watched *)s;
	struct listing l = {w, cb, arg};

	return source_names(w->inner, prefix, recursive, found, &l, err);
}

static bool
stat_(struct source *s, struct arena *a, const char *name, struct object *ret, struct err *err)
{
	struct watched *w = (struct watched *)s;

	w->tell(w->arg);
	return source_stat(w->inner, a, name, ret, err);
}

static ssize_t
stream_next(struct stream *st, void *buf, size_t len, struct err *err)
{
	struct watched_stream *ws = (struct watched_stream *)st;
	ssize_t n = stream_read(ws->inner, buf, len, err);

	ws->w->tell(ws->w->arg);
	/* How long it is, some servers only say on the way. */
	st->size = stream_size(ws->inner);
	return n;
}

static void
stream_end(struct stream *st)
{
	struct watched_stream *ws = (struct watched_stream *)st;

	stream_free(ws->inner);
	free(ws);
}

static const struct stream_ops stream_ops = {stream_next, stream_end};

static bool
read_(struct source *s, const char *name, int64_t offset, int64_t length, struct stream **ret,
	struct err *err)
{
	struct watched *w = (struct watched *)s;
	struct watched_stream *ws;
	struct stream *inner;

	if (!source_read(w->inner, name, offset, length, &inner, err))
		return false;
	w->tell(w->arg);
	ws = util_alloc(sizeof(*ws));
	ws->stream = (struct stream){&stream_ops, stream_size(inner)};
	ws->inner = inner;
	ws->w = w;
	*ret = &ws->stream;
	return true;
}

static const char *
path(struct source *s, struct arena *a, const char *name)
{
	return source_path(((struct watched *)s)->inner, a, name);
}

static const char *
uri(struct source *s, struct arena *a, const char *name)
{
	return source_uri(((struct watched *)s)->inner, a, name);
}

static bool
remove_(struct source *s, const char *name, struct err *err)
{
	return source_remove(((struct watched *)s)->inner, name, err);
}

static bool
write_(struct source *s, const char *name, const void *data, size_t len, struct err *err)
{
	return source_write(((struct watched *)s)->inner, name, data, len, err);
}

static void
facts(struct source *s, const char *newest, struct json *j)
{
	source_facts(((struct watched *)s)->inner, newest, j);
}

static void
end(struct source *s)
{
	source_free(((struct watched *)s)->inner);
	free(s);
}

static const struct source_ops ops = {.list = list,
	.names = names,
	.stat = stat_,
	.read = read_,
	.path = path,
	.uri = uri,
	.facts = facts,
	.remove = remove_,
	.write = write_,
	.free = end};

struct source *
watched_new(struct source *inner, void (*tell)(void *arg), void *arg)
{
	struct watched *w = util_alloc(sizeof(*w));

	*w = (struct watched){{&ops}, inner, tell, arg};
	return &w->source;
}

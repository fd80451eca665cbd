/*
 * source_s3: a bucket and prefix as a location.
 */
#include "base/banned.h"
#include "net/source.h"
#include "net/s3_bucket.h"
#include "base/clock.h"
#include "base/str.h"

/* How often a read goes on after a broken connection without a mebibyte in between. */
#define RESUMES_MAX   5
#define RESUMED_BYTES MIB
#define KEYS_MAX      1000000

struct s3_source {
	struct source source;
	struct s3 *s3;
	struct site_s3 conf;
	struct arena arena;
	const char *prefix; /* "" or ending with a slash */
};

struct s3_stream {
	struct stream stream;
	struct s3_source *from;
	struct arena arena;
	const char *key, *etag;
	int64_t offset, end; /* end: one behind the last byte wanted; -1: not known */
	struct transfer *transfer;
	int resumes;
	int64_t since; /* offset of the last resume */
};

struct listing {
	struct s3_source *source;
	source_cb cb;
	void *arg;
};

static bool
found(const struct s3_object *o, void *arg, struct err *err)
{
	struct listing *l = arg;
	const char *name = o->key + strlen(l->source->prefix);
	size_t n = strlen(name);
	struct object out = {.name = name,
		.size = o->size,
		.mtime = o->mtime,
		.etag = o->etag,
		.directory = o->common_prefix};

	/* Consoles make empty objects that end with a slash, to look like directories. */
	if (n == 0 || (!o->common_prefix && name[n - 1] == '/'))
		return true;
	return l->cb(&out, l->arg, err);
}

static bool
s3_source_list(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg,
	struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct s3_source *me = (struct s3_source *)s;
	struct listing l = {me, cb, arg};
	size_t n = strlen(prefix);

	return s3_list(me->s3,
		arena_fmt(
			&a, "%s%s%s", me->prefix, prefix, n > 0 && prefix[n - 1] != '/' ? "/" : ""),
		!recursive, found, &l, err);
}

static const char *
etag_of(struct arena *a, struct transfer *t)
{
	const char *etag = transfer_header(t, "ETag");
	size_t n = etag != NULL ? strlen(etag) : 0;

	if (n >= 2 && etag[0] == '"' && etag[n - 1] == '"')
		return arena_strndup(a, etag + 1, n - 2);
	return etag != NULL ? arena_strdup(a, etag) : "";
}

static bool
s3_source_stat(
	struct source *s, struct arena *a, const char *name, struct object *ret, struct err *err)
{
	struct s3_source *me = (struct s3_source *)s;
	struct s3_request rq = {.method = "HEAD", .key = arena_fmt(a, "%s%s", me->prefix, name)};
	struct transfer *t;

	if (!s3_perform(me->s3, &rq, &t, err))
		return false;
	*ret = (struct object){.name = arena_strdup(a, name),
		.size = transfer_length(t),
		.mtime = s3_date(transfer_header(t, "Last-Modified")),
		.etag = etag_of(a, t)};
	transfer_free(t);
	if (ret->size < 0)
		return err_set(err, ERR_UNREACHABLE, "s3://%s/%s: the server gives no length.",
			s3_bucket(me->s3), rq.key);
	return true;
}

/* "bytes 100-199/1000" */
static bool
content_range(struct transfer *t, int64_t *from, int64_t *size)
{
	const char *text = transfer_header(t, "Content-Range");
	long long first, last, all;

	if (text == NULL || sscanf(text, "bytes %18lld-%18lld/%18lld", &first, &last, &all) != 3)
		return false;
	*from = first;
	*size = all;
	return true;
}

/* The size of the object and the offset that the answer begins at. */
static bool
check_answer(struct s3_stream *st, struct err *err)
{
	int64_t from = 0, size = transfer_length(st->transfer);
	const char *etag = etag_of(&st->arena, st->transfer);

	if (transfer_status(st->transfer) == 206 && !content_range(st->transfer, &from, &size))
		return err_set(err, ERR_UNREACHABLE,
			"s3://%s/%s: the answer to a part of it says "
			"not which part it is.",
			s3_bucket(st->from->s3), st->key);
	if (from != st->offset)
		return err_set(err, ERR_UNREACHABLE,
			"s3://%s/%s: byte %lld was asked for, but byte %lld came.",
			s3_bucket(st->from->s3), st->key, (long long)st->offset, (long long)from);
	if (st->etag != NULL && (strcmp(etag, st->etag) != 0 || size != st->stream.size))
		return err_set(err, ERR_DAMAGED, "s3://%s/%s changed while it was being read.",
			s3_bucket(st->from->s3), st->key);
	st->etag = etag;
	st->stream.size = size;
	if (size >= 0 && st->end > size)
		st->end = size;
	return true;
}

/* Asks for what is still missing; the object must be the one that was begun. */
static bool
ask(struct s3_stream *st, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct sigv4_parameter headers[2];
	struct s3_request rq = {.method = "GET", .key = st->key, .headers = headers, .pull = true};

	if (st->offset > 0 || st->end >= 0)
		headers[rq.nheaders++] = (struct sigv4_parameter){"range",
			st->end >= 0 ? arena_fmt(&a, "bytes=%lld-%lld", (long long)st->offset,
					       (long long)st->end - 1)
				     : arena_fmt(&a, "bytes=%lld-", (long long)st->offset)};
	if (st->etag != NULL && st->etag[0] != '\0')
		headers[rq.nheaders++] =
			(struct sigv4_parameter){"if-match", arena_fmt(&a, "\"%s\"", st->etag)};
	if (!s3_perform(st->from->s3, &rq, &st->transfer, err)) {
		if (err->code == ERR_DAMAGED)
			err_set(err, ERR_DAMAGED, "s3://%s/%s changed while it was being read.",
				s3_bucket(st->from->s3), st->key);
		return false;
	}
	return check_answer(st, err);
}

/* The rest, after the connection broke; *why is the reason when that was too often. */
static bool
resume(struct s3_stream *st, struct err *why, struct err *err)
{
	if (st->offset - st->since >= RESUMED_BYTES)
		st->resumes = 0;
	if (++st->resumes > RESUMES_MAX || why->code != ERR_UNREACHABLE)
		return err_move(err, why);
	st->since = st->offset;
	transfer_free(st->transfer);
	st->transfer = NULL;
	return ask(st, err);
}

static ssize_t
s3_stream_read(struct stream *stream, void *buf, size_t len, struct err *err)
{
	struct s3_stream *st = (struct s3_stream *)stream;

	for (;;) {
		CLEANUP(err_done) struct err why = ERR_INIT;
		int64_t left = (st->end >= 0 ? st->end : stream->size) - st->offset;
		ssize_t n = 0;

		if (stream->size >= 0 && left <= 0)
			return 0;
		if (st->transfer != NULL)
			n = transfer_read(st->transfer, buf,
				stream->size >= 0 ? MIN(len, (size_t)left) : len, &why);
		if (n > 0) {
			st->offset += n;
			return n;
		}
		if (n == 0 && stream->size < 0)
			return 0;
		if (n == 0)
			err_set(&why, ERR_UNREACHABLE, "s3://%s/%s ended %lld bytes too early.",
				s3_bucket(st->from->s3), st->key, (long long)left);
		if (!resume(st, &why, err))
			return -1;
	}
}

static void
s3_stream_free(struct stream *stream)
{
	struct s3_stream *st = (struct s3_stream *)stream;
	struct arena arena = st->arena;

	transfer_free(st->transfer);
	free(st);
	arena_done(&arena);
}

static const struct stream_ops s3_stream_ops = {s3_stream_read, s3_stream_free};

static bool
s3_source_read(struct source *s, const char *name, int64_t offset, int64_t length,
	struct stream **ret, struct err *err)
{
	struct s3_source *me = (struct s3_source *)s;
	struct s3_stream *st = util_alloc(sizeof(*st));
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct object o = {.size = -1};

	st->stream.ops = &s3_stream_ops;
	st->from = me;
	st->key = arena_fmt(&st->arena, "%s%s", me->prefix, name);
	st->offset = st->since = offset;
	st->end = length < 0 ? -1 : offset + length;
	if (st->end != st->offset && !ask(st, &why)) {
		/* A part behind the end is refused; to us it is just empty. */
		bool behind = why.code == ERR_DAMAGED &&
			      s3_source_stat(s, &st->arena, name, &o, err) && o.size <= offset;

		if (!behind) {
			s3_stream_free(&st->stream);
			return err_move(err, &why);
		}
		st->stream.size = o.size;
		st->end = st->offset;
	}
	*ret = &st->stream;
	return true;
}

static const char *
s3_source_path(struct source *s, struct arena *a, const char *name)
{
	return NULL;
}

static const char *
s3_source_uri(struct source *s, struct arena *a, const char *name)
{
	struct s3_source *me = (struct s3_source *)s;

	return arena_fmt(a, "s3://%s/%s%s", s3_bucket(me->s3), me->prefix, name);
}

struct keys {
	struct arena arena;
	VEC(const char *) list;
};

static bool
take_key(const struct s3_object *o, void *arg, struct err *err)
{
	struct keys *k = arg;

	if (k->list.n == KEYS_MAX)
		return err_set(
			err, ERR_LIMIT, "There are more than %d objects to remove.", KEYS_MAX);
	*vec_push(&k->arena, &k->list) = arena_strdup(&k->arena, o->key);
	return true;
}

static bool
s3_source_remove(struct source *s, const char *name, struct err *err)
{
	struct s3_source *me = (struct s3_source *)s;
	struct keys keys = {.list = {0}};
	const char *key = arena_fmt(&keys.arena, "%s%s", me->prefix, name);
	bool good = true;

	if (!util_ends(key, "/"))
		good = s3_delete(me->s3, key, err);
	else
		good = s3_list(me->s3, key, false, take_key, &keys, err);
	for (size_t i = 0; good && i < keys.list.n; i++)
		good = s3_delete(me->s3, keys.list.v[i], err);
	arena_done(&keys.arena);
	return good;
}

static bool
s3_source_write(struct source *s, const char *name, const void *data, size_t len, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct s3_source *me = (struct s3_source *)s;

	return s3_put(me->s3, arena_fmt(&a, "%s%s", me->prefix, name), data, len,
		"application/octet-stream", err);
}

/* Whether this very object has arrived where the bucket's rules copy it. */
static const char *
replication_of(struct s3_source *me, struct arena *a, const char *name)
{
	struct s3_request rq = {.method = "HEAD", .key = arena_fmt(a, "%s%s", me->prefix, name)};
	CLEANUP(err_done) struct err err = ERR_INIT;
	const char *status;
	struct transfer *t;

	if (!s3_perform(me->s3, &rq, &t, &err))
		return arena_fmt(a, "unknown (%s)", err.msg);
	status = transfer_header(t, "x-amz-replication-status");
	status = status != NULL ? arena_strdup(a, status) : NULL;
	transfer_free(t);
	return status;
}

static void
s3_source_facts(struct source *s, const char *newest, struct json *j)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct s3_source *me = (struct s3_source *)s;
	struct s3_bucket_facts f;

	s3_bucket_read(me->s3, &a, &f);
	json_string(j, "versioning", f.versioning);
	json_string(j, "object_lock", f.object_lock);
	json_string(j, "encryption", f.encryption);
	json_string(j, "lifecycle", f.lifecycle);
	json_string(j, "replication", f.replication);
	json_string(j, "newest_replicated", newest != NULL ? replication_of(me, &a, newest) : NULL);
	json_int(j, "clock_skew_s", s3_clock_skew(me->s3));
}

static void
s3_source_free(struct source *s)
{
	struct s3_source *me = (struct s3_source *)s;

	s3_free(me->s3);
	arena_done(&me->arena);
	free(me);
}

static const struct source_ops s3_ops = {
	.list = s3_source_list,
	.stat = s3_source_stat,
	.read = s3_source_read,
	.path = s3_source_path,
	.uri = s3_source_uri,
	.facts = s3_source_facts,
	.remove = s3_source_remove,
	.write = s3_source_write,
	.free = s3_source_free,
};

bool
source_s3_new(const struct site_s3 *conf, int64_t timeout_s, struct source **ret, struct err *err)
{
	struct s3_source *me = util_alloc(sizeof(*me));
	const char *prefix = conf->prefix != NULL ? conf->prefix : "";
	size_t n;

	prefix += strspn(prefix, "/");
	n = strlen(prefix);
	me->source.ops = &s3_ops;
	me->conf = *conf;
	me->conf.bucket = arena_strdup(&me->arena, conf->bucket);
	me->prefix =
		arena_fmt(&me->arena, "%s%s", prefix, n > 0 && prefix[n - 1] != '/' ? "/" : "");
	if (!s3_new(&me->conf, timeout_s, &me->s3, err)) {
		s3_source_free(&me->source);
		return false;
	}
	*ret = &me->source;
	return true;
}

bool
source_s3_open_uri(struct arena *a, const char *uri, struct source **ret, const char **ret_name,
	struct err *err)
{
	const char *bucket = uri + strlen("s3://"), *key = bucket + strcspn(bucket, "/");
	struct site_s3 conf = {.path_style = -1};
	const char *slash;

	conf.bucket = arena_strndup(a, bucket, (size_t)(key - bucket));
	if (conf.bucket[0] == '\0') {
		err_set(err, ERR_USAGE, "%s names no bucket.", uri);
		return err_hint(err, "Such an address is s3://bucket/key.");
	}
	key += *key == '/';
	slash = strrchr(key, '/');
	conf.prefix = slash != NULL ? arena_strndup(a, key, (size_t)(slash + 1 - key)) : NULL;
	*ret_name = arena_strdup(a, slash != NULL ? slash + 1 : key);
	return source_s3_new(&conf, SOURCE_TIMEOUT_S, ret, err);
}

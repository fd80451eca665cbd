/*
 * source: a location's objects, whatever the location is: listed and read in one way.
 *
 * Names are relative to the location (its directory, its bucket and prefix), with slashes and
 * without a leading one. Everything blocks; whoever must not block does it in a child process
 * with a deadline. Listings stream: memory does not grow with the number of objects.
 */
#ifndef NET_SOURCE_H
#define NET_SOURCE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "conf/site.h"

#include <sys/types.h>

struct source;
struct stream;

struct object {
	const char *name; /* "postgresql/daily/x.dump"; valid during the callback only */
	int64_t size;     /* bytes; 0 for directories; -1 not looked up (source_names) */
	int64_t mtime;    /* seconds since 1970; CLOCK_NONE not looked up (source_names) */
	const char *etag; /* as the server gives it, without quotes; NULL for files */
	bool directory;   /* a directory or common prefix; name ends with a slash */
};

/* Returns false, with *err set, to end the listing early; ERR_NONE in *err means no fault. */
typedef bool (*source_cb)(const struct object *o, void *arg, struct err *err);

/* ERR_CONFIG for a kind that can't be listed. Does not touch the network yet. */
MUST_CHECK bool source_open(const struct location *l, struct source **ret, struct err *err);
/* A bare path ("/backup/x.dump") or URI ("s3://bucket/key"): *ret_name is the object in it. */
MUST_CHECK bool source_open_uri(struct arena *a, const char *uri, struct source **ret,
	const char **ret_name, struct err *err);
void source_free(struct source *s);

/*
 * All objects below prefix (a directory: "" or ending with a slash), in no promised order.
 * Shallow listings report directories instead of entering them. ERR_NOT_FOUND when the prefix
 * itself does not exist (directories only: a bucket has none).
 */
MUST_CHECK bool source_list(struct source *s, const char *prefix, bool recursive, source_cb cb,
	void *arg, struct err *err);
/*
 * The same for who wants names alone: size is -1 and mtime CLOCK_NONE where finding them out
 * would cost a call for each object.
 */
MUST_CHECK bool source_names(struct source *s, const char *prefix, bool recursive, source_cb cb,
	void *arg, struct err *err);
/* One object; ERR_NOT_FOUND when it is absent. o's strings live in the arena. */
MUST_CHECK bool source_stat(
	struct source *s, struct arena *a, const char *name, struct object *ret, struct err *err);

/*
 * Reads an object from `offset`, `length` bytes of it (-1: to its end). stream_read returns how
 * many bytes it gave, 0 at the end, -1 with *err. An object that changes under the reader
 * (size, mtime, ETag) is ERR_DAMAGED, never a silent mix.
 */
MUST_CHECK bool source_read(struct source *s, const char *name, int64_t offset, int64_t length,
	struct stream **ret, struct err *err);
ssize_t stream_read(struct stream *st, void *buf, size_t len, struct err *err);
int64_t stream_size(const struct stream *st); /* of the whole object; -1 if not known */
void stream_free(struct stream *st);

/* Writes a small object, replacing one that is there, whole or not at all. */
MUST_CHECK bool source_write(
	struct source *s, const char *name, const void *data, size_t len, struct err *err);
/*
 * Removes an object, or a directory (name ends with a slash) with all that is below it.
 * ERR_NOT_FOUND when there is none. The location itself can't be removed.
 */
MUST_CHECK bool source_remove(struct source *s, const char *name, struct err *err);

/*
 * What the location promises about what lies in it, as fields of a JSON object ("versioning":
 * "enabled"), and of `newest` where it is not NULL. Nothing for those that promise nothing.
 */
void source_facts(struct source *s, const char *newest, struct json *j);

/* The local path of an object, for tools that need one; NULL when it is not on this machine. */
const char *source_path(struct source *s, struct arena *a, const char *name);
/* "/backup/x" or "s3://bucket/prefix/x": for people, JSON and source_open_uri. */
const char *source_uri(struct source *s, struct arena *a, const char *name);

/* What a kind of location must be able to do; one file each: source_dir.c, source_s3.c. */
struct source_ops {
	bool (*list)(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg,
		struct err *err);
	/* NULL: list is as good. */
	bool (*names)(struct source *s, const char *prefix, bool recursive, source_cb cb, void *arg,
		struct err *err);
	bool (*stat)(struct source *s, struct arena *a, const char *name, struct object *ret,
		struct err *err);
	bool (*read)(struct source *s, const char *name, int64_t offset, int64_t length,
		struct stream **ret, struct err *err);
	const char *(*path)(struct source *s, struct arena *a, const char *name);
	const char *(*uri)(struct source *s, struct arena *a, const char *name);
	void (*facts)(struct source *s, const char *newest, struct json *j); /* or NULL */
	bool (*remove)(struct source *s, const char *name, struct err *err);
	bool (*write)(
		struct source *s, const char *name, const void *data, size_t len, struct err *err);
	void (*free)(struct source *s);
};

struct stream_ops {
	ssize_t (*read)(struct stream *st, void *buf, size_t len, struct err *err);
	void (*free)(struct stream *st);
};

struct source {
	const struct source_ops *ops;
};

struct stream {
	const struct stream_ops *ops;
	int64_t size;
};

struct source *source_dir_new(const char *directory);
/* `conf` must outlive it, but for its bucket and prefix. */
MUST_CHECK bool source_s3_new(
	const struct site_s3 *conf, int64_t timeout_s, struct source **ret, struct err *err);
MUST_CHECK bool source_s3_open_uri(struct arena *a, const char *uri, struct source **ret,
	const char **ret_name, struct err *err);

/* How long a source without a location may take to answer. */
#define SOURCE_TIMEOUT_S 30

#endif

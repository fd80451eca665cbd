#include "base/banned.h"
#include "wal/basecatalog.h"
#include "base/path.h"
#include "base/str.h"
#include "wal/packed.h"
#include "wal/tar.h"

#define DATABASES_MAX 10000
#define MAP_SIZE      512 /* RelMapFile, padded */

struct databases {
	struct arena *arena;
	VEC(const char *) list; /* paths of base/<oid>/ */
};

/* "base/16384/1259" and "global/1262": database and file; false for everything else. */
static bool
parse_path(const char *path, struct rel_file *ret)
{
	uint64_t database = 0, file;
	char number[16];
	size_t n;

	while (util_starts(path, "./"))
		path += 2;
	if (util_starts(path, "base/")) {
		path += strlen("base/");
		n = strcspn(path, "/");
		if (n == 0 || n >= sizeof(number) || path[n] != '/')
			return false;
		snprintf(number, sizeof(number), "%.*s", (int)n, path);
		if (!util_parse_u64(number, &database) || database > UINT32_MAX)
			return false;
		path += n + 1;
	} else if (util_starts(path, "global/")) {
		path += strlen("global/");
	} else {
		return false;
	}
	ret->space = 0;
	ret->database = (uint32_t)database;
	ret->file = 0;
	if (strcmp(path, "pg_filenode.map") == 0)
		return true;
	if (!util_parse_u64(path, &file) || file == 0 || file > UINT32_MAX)
		return false;
	ret->file = (uint32_t)file;
	return true;
}

struct learner {
	struct names *names;
	struct rel_file rel; /* file 0: a map */
	uint32_t block;
	unsigned char page[RECORD_PAGE];
	size_t filled;
};

/* The next bytes of one file. */
static void
learn_bytes(struct learner *l, const unsigned char *data, size_t len)
{
	while (len > 0) {
		size_t n = MIN(len, RECORD_PAGE - l->filled);

		memcpy(l->page + l->filled, data, n);
		l->filled += n;
		data += n;
		len -= n;
		if (l->filled == RECORD_PAGE && l->rel.file != 0) {
			names_page(l->names, l->rel, l->block++, l->page);
			l->filled = 0;
		} else if (l->filled == RECORD_PAGE) {
			return; /* a map is never so long */
		}
	}
}

static void
learn_end(struct learner *l)
{
	if (l->rel.file == 0)
		names_map(l->names, l->rel.database, l->page, MIN(l->filled, MAP_SIZE));
}

static bool
learn_file(struct source *s, const char *name, struct rel_file rel, struct names *names,
	struct err *err)
{
	CLEANUP(util_free) unsigned char *chunk = util_alloc(64 * KIB);
	CLEANUP(err_done) struct err here = ERR_INIT;
	struct learner l = {.names = names, .rel = rel};
	struct stream *st;
	ssize_t n;

	if (!source_read(s, name, 0, BASECATALOG_FILE_MAX, &st, &here))
		return here.code == ERR_NOT_FOUND || err_move(err, &here);
	while ((n = stream_read(st, chunk, 64 * KIB, err)) > 0)
		learn_bytes(&l, chunk, (size_t)n);
	stream_free(st);
	learn_end(&l);
	return n == 0;
}

static bool
take_database(const struct object *o, void *arg, struct err *err)
{
	struct databases *d = arg;

	if (o->directory && d->list.n < DATABASES_MAX)
		*vec_push(d->arena, &d->list) = arena_strdup(d->arena, o->name);
	return true;
}

/* The map comes first: it says which file pg_class is. */
static bool
learn_directory(struct source *s, struct arena *a, const char *directory, uint32_t database,
	struct names *names, struct err *err)
{
	const char *map = arena_fmt(a, "%spg_filenode.map", directory);
	struct rel_file rel = {0, database, 0};
	uint32_t small = database == 0 ? NAMES_BASES : NAMES_SCHEMAS;

	if (!learn_file(s, map, rel, names, err))
		return false;
	rel.file = small;
	if (!learn_file(s, arena_fmt(a, "%s%u", directory, (unsigned)small), rel, names, err))
		return false;
	rel.file = names_class_file(names, database);
	return database == 0 ||
	       learn_file(s, arena_fmt(a, "%s%u", directory, (unsigned)rel.file), rel, names, err);
}

static bool
learn_plain(struct source *s, const struct basebackup *b, struct names *names, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct databases d = {.arena = &a};

	if (!learn_directory(s, &a, arena_fmt(&a, "%sglobal/", b->path), 0, names, err) ||
		!source_names(s, arena_fmt(&a, "%sbase/", b->path), false, take_database, &d, err))
		return false;
	for (size_t i = 0; i < d.list.n; i++) {
		const char *path = d.list.v[i];
		uint64_t oid;

		if (!util_parse_u64(path_base(arena_strndup(&a, path, strlen(path) - 1)), &oid) ||
			oid == 0 || oid > UINT32_MAX)
			continue;
		if (!learn_directory(s, &a, path, (uint32_t)oid, names, err))
			return false;
	}
	return true;
}

static bool
wants_catalog(const char *name, uint64_t size, void *arg)
{
	struct learner *l = arg;

	l->block = 0;
	l->filled = 0;
	return size <= BASECATALOG_FILE_MAX && parse_path(name, &l->rel) &&
	       (l->rel.file == 0 || names_is_catalog(l->names, l->rel));
}

static void
take_catalog(const unsigned char *data, size_t len, void *arg)
{
	learn_bytes(arg, data, len);
}

static bool
end_catalog(void *arg)
{
	learn_end(arg);
	return true;
}

/* Members come in the order of the server's directories; a map may come after its pg_class. */
static bool
learn_tar(struct source *s, const struct basebackup *b, struct names *names, bool *ret_whole,
	struct err *err)
{
	CLEANUP(util_free) struct learner *l = util_alloc(sizeof(*l));
	struct tar_visitor v = {wants_catalog, take_catalog, end_catalog, l};
	struct stream *st;
	struct packed *p;
	bool good;

	l->names = names;
	if (!source_read(s, b->tar, 0, -1, &st, err) || !packed_open(st, b->tar, &p, err))
		return false;
	good = tar_walk(p, BASECATALOG_LOOK, &v, ret_whole, err);
	packed_free(p);
	return good;
}

bool
basecatalog_learn(const struct basebackup *b, struct names *names, bool *ret_whole, struct err *err)
{
	CLEANUP(err_done) struct err here = ERR_INIT;

	*ret_whole = true;
	switch (b->form) {
	case BASEBACKUP_PLAIN: return learn_plain(b->source, b, names, err);
	case BASEBACKUP_TAR: return learn_tar(b->source, b, names, ret_whole, err);
	case BASEBACKUP_BARMAN:
		/* Plain, unless Barman was told to keep tars. */
		*ret_whole = learn_plain(b->source, b, names, &here);
		return *ret_whole || here.code == ERR_NOT_FOUND || err_move(err, &here);
	case BASEBACKUP_PGBACKREST: *ret_whole = false; return true;
	}
	return true;
}

/*
 * collecting_objects: from what a listing shows to rows: the usual collector.
 */
#include "base/banned.h"
#include "catalog/collector.h"
#include "base/path.h"

#define DIRECTORIES 100000

/* The objects that directories were found with; their insides are listed afterwards. */
struct found {
	struct collecting *c;
	unsigned what;
	VEC(const char *) directories;
};

bool
collecting_row(struct collecting *c, const struct object *o, struct backup *ret)
{
	size_t skip = strlen(c->pattern.directory), n;
	const char *name = o->name + skip;
	int64_t in_name;

	if (strncmp(o->name, c->pattern.directory, skip) != 0)
		return false;
	n = strlen(name);
	if (o->directory && n > 0 && name[n - 1] == '/')
		n--;
	if (n == 0 || n > 1024 || memchr(name, '/', n) != NULL)
		return false;
	*ret = (struct backup){.name = arena_strndup(c->arena, name, n),
		.path = arena_strdup(c->arena, o->name),
		.etag = o->etag != NULL ? arena_strdup(c->arena, o->etag) : "",
		.note = "",
		.detail = "",
		.finished_at = o->mtime,
		.mtime = o->mtime,
		.size = o->size,
		.time_from = TIME_MTIME,
		.directory = o->directory};
	if (!pattern_match(&c->pattern, ret->name, &in_name))
		return false;
	if (in_name != CLOCK_NONE) {
		if (!c->pattern.is_epoch)
			in_name = zone_utc(c->zone, in_name);
		/* A name that holds only the day is made exact by a time of that day. */
		if (!c->pattern.has_hour && o->mtime >= in_name && o->mtime < in_name + 86400)
			return true;
		ret->finished_at = in_name;
		ret->time_from = TIME_NAME;
	}
	return true;
}

/* An empty file is a failure, unless somebody is found to have it open (check_settled). */
static void
check_empty(struct backup *b)
{
	if (b->size > 0)
		return;
	b->state = BACKUP_FAILED;
	b->note = "It is empty.";
}

static bool
found_object(const struct object *o, void *arg, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct found *f = arg;
	struct arena *outer = f->c->arena;
	struct backup b;
	bool is, good = true;

	f->c->arena = &a;
	is = collecting_row(f->c, o, &b);
	f->c->arena = outer;
	if (!is)
		return true;
	if (o->directory && (f->what & COLLECT_DIRECTORIES)) {
		if (f->directories.n >= DIRECTORIES)
			return err_set(err, ERR_LIMIT, "There are more than %d directories in %s.",
				DIRECTORIES, f->c->pattern.directory);
		*vec_push(outer, &f->directories) = arena_strdup(outer, o->name);
	} else if (!o->directory && (f->what & COLLECT_OBJECTS)) {
		check_empty(&b);
		good = collecting_add(f->c, &b, err);
	}
	return good;
}

void
collecting_unrecognised(struct backup *b, const unsigned char *head, size_t n, const char *note)
{
	b->note = note;
	while (n > 0 && strchr(" \t\r\n", *head) != NULL && *head != '\0') {
		head++;
		n--;
	}
	if (n == 0 || (*head != '<' && *head != '{'))
		return;
	b->state = BACKUP_FAILED;
	b->note = "It is no backup: it begins like a web page or a JSON document.";
}

struct inside {
	struct collecting *c;
	int64_t size, newest;
};

static bool
found_inside(const struct object *o, void *arg, struct err *err)
{
	struct inside *in = arg;

	in->size += o->size;
	in->newest = MAX(in->newest, o->mtime);
	return true;
}

/* A directory is a backup when it holds the marker; its size and time are those of its files. */
static bool
add_directory(struct collecting *c, const char *name, const char *marker, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct inside in = {.c = c};
	struct arena *outer = c->arena;
	struct object o = {.name = name, .directory = true}, file;
	struct backup b;
	bool is;

	if (marker != NULL && !source_stat(c->source, &a, path_join(&a, name, marker), &file, &why))
		return why.code == ERR_NOT_FOUND || err_move(err, &why);
	if (!source_list(c->source, name, true, found_inside, &in, &why))
		return why.code == ERR_NOT_FOUND || err_move(err, &why);
	o.size = in.size;
	o.mtime = in.newest;
	c->arena = &a;
	is = collecting_row(c, &o, &b);
	c->arena = outer;
	if (!is)
		return true;
	check_empty(&b);
	return collecting_add(c, &b, err);
}

bool
collecting_objects(struct collecting *c, unsigned what, const char *marker, struct err *err)
{
	struct found f = {.c = c, .what = what};
	const char **name;

	if (!source_list(c->source, c->pattern.directory, false, found_object, &f, err))
		return false;
	vec_each (&f.directories, name)
		if (!add_directory(c, *name, marker, err))
			return false;
	return true;
}

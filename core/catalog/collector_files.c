/*
 * collector_files: snapshots of files, such as configuration: every file and every directory
 * directly below the path is one.
 *
 * collector_object_sync: copies of a tree of objects. With a pattern, every directory that it
 * admits is a run of its own (a prefix a run); without one the whole prefix is one copy, as
 * `aws s3 sync` keeps it, whose time is that of its newest object.
 */
#include "base/banned.h"
#include "catalog/collector.h"
#include "base/path.h"
#include "base/text.h"

#define RUNS_MAX 100000

/* One run while the listing goes by. */
struct sum {
	const char *name;
	int64_t objects, bytes, newest;
};

struct sums {
	struct collecting *c;
	VEC(struct sum) list;
	uint32_t *index; /* position + 1 in open addressing */
	size_t mask;
	size_t last; /* objects of one run mostly come together */
};

static bool
collect_files(struct collecting *c, struct err *err)
{
	return collecting_objects(c, COLLECT_OBJECTS | COLLECT_DIRECTORIES, NULL, err);
}

const struct collector collector_files = {
	.type = SET_FILES,
	.collect = collect_files,
};

static bool
is_name(const struct sum *sum, const char *name, size_t n)
{
	return strncmp(sum->name, name, n) == 0 && sum->name[n] == '\0';
}

static void
grow(struct sums *s)
{
	s->mask = s->mask == 0 ? 1023 : s->mask * 2 + 1;
	s->index = arena_array(s->c->arena, s->mask + 1, sizeof(*s->index));
	for (size_t i = 0; i < s->list.n; i++) {
		size_t at = text_hash(s->list.v[i].name, strlen(s->list.v[i].name)) & s->mask;

		while (s->index[at] != 0)
			at = (at + 1) & s->mask;
		s->index[at] = (uint32_t)i + 1;
	}
}

/* The sum of this name, new or old; NULL when there are too many. */
static struct sum *
find(struct sums *s, const char *name, size_t n)
{
	size_t at;

	if (s->last < s->list.n && is_name(&s->list.v[s->last], name, n))
		return &s->list.v[s->last];
	if (s->list.n * 2 >= s->mask)
		grow(s);
	for (at = text_hash(name, n) & s->mask; s->index[at] != 0; at = (at + 1) & s->mask) {
		s->last = s->index[at] - 1;
		if (is_name(&s->list.v[s->last], name, n))
			return &s->list.v[s->last];
	}
	if (s->list.n == RUNS_MAX)
		return NULL;
	s->last = s->list.n;
	s->index[at] = (uint32_t)s->list.n + 1;
	*vec_push(s->c->arena, &s->list) =
		(struct sum){.name = arena_strndup(s->c->arena, name, n), .newest = CLOCK_NONE};
	return &s->list.v[s->last];
}

static bool
add_object(const struct object *o, void *arg, struct err *err)
{
	struct sums *s = arg;
	const char *name = o->name + strlen(s->c->pattern.directory);
	size_t n = s->c->pattern.name[0] != '\0' ? strcspn(name, "/") : 0;
	struct sum *sum;

	/* With a pattern, what does not lie in a directory belongs to no run. */
	if (n > 0 && name[n] == '\0')
		return true;
	sum = find(s, name, n);
	if (sum == NULL)
		return err_set(err, ERR_LIMIT, "There are more than %d directories in %s.",
			RUNS_MAX, s->c->pattern.directory);
	sum->objects++;
	sum->bytes += o->size;
	sum->newest = MAX(sum->newest, o->mtime);
	return true;
}

/* The whole prefix as one backup, named after its last part. */
static bool
add_mirror(struct collecting *c, const struct sum *sum, struct err *err)
{
	const char *directory = c->pattern.directory, *name = c->location->item.key;
	size_t n = strlen(directory);
	struct backup b = {.path = directory,
		.etag = "",
		.note = "",
		.finished_at = sum->newest,
		.mtime = sum->newest,
		.size = sum->bytes,
		.time_from = TIME_MTIME,
		.directory = true};

	if (n > 1)
		name = path_base(arena_strndup(c->arena, directory, n - 1));
	b.name = name;
	b.detail = arena_fmt(c->arena, "{\"objects\":%lld}", (long long)sum->objects);
	return collecting_add(c, &b, err);
}

static bool
add_run(struct collecting *c, const struct sum *sum, struct err *err)
{
	struct object o = {.size = sum->bytes, .mtime = sum->newest, .directory = true};
	struct backup b;

	o.name = arena_fmt(c->arena, "%s%s/", c->pattern.directory, sum->name);
	if (!collecting_row(c, &o, &b))
		return true;
	b.detail = arena_fmt(c->arena, "{\"objects\":%lld}", (long long)sum->objects);
	return collecting_add(c, &b, err);
}

static bool
collect_sync(struct collecting *c, struct err *err)
{
	struct sums s = {.c = c};
	const struct sum *sum;

	if (!source_list(c->source, c->pattern.directory, true, add_object, &s, err))
		return false;
	vec_each (&s.list, sum)
		if (!(c->pattern.name[0] != '\0' ? add_run(c, sum, err) : add_mirror(c, sum, err)))
			return false;
	return true;
}

const struct collector collector_object_sync = {
	.type = SET_OBJECT_SYNC,
	.collect = collect_sync,
};

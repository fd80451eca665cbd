/*
 * collector_redis_aof: append-only files of Redis. A directory with a manifest (Redis 7) is one
 * backup, as is a file *.aof without one. Its time is that of the last #TS: annotation in the
 * last increment, where there is one, else when it was last written.
 *
 * A line of a manifest: "file appendonly.aof.1.base.rdb seq 1 type b"; types b(ase), i(ncrement)
 * and h(istory) (Redis's src/aof.c).
 */
#include "base/banned.h"
#include "catalog/collector.h"
#include "base/path.h"

#define TAIL         (64 * KIB)
#define MANIFEST_MAX ((size_t)MIB)

struct aof_object {
	const char *path, *etag;
	int64_t size, mtime;
};

struct aof_search {
	struct collecting *c;
	VEC(struct aof_object) manifests, parts;
};

static bool
find_aof(const struct object *o, void *arg, struct err *err)
{
	struct aof_search *s = arg;
	struct arena *a = s->c->arena;
	struct aof_object one = {.size = o->size, .mtime = o->mtime};

	if (o->directory || s->parts.n + s->manifests.n > 1000000)
		return true;
	one.path = arena_strdup(a, o->name);
	one.etag = o->etag != NULL ? arena_strdup(a, o->etag) : "";
	if (util_ends(one.path, ".manifest"))
		*vec_push(a, &s->manifests) = one;
	else if (util_ends(one.path, ".aof") || util_ends(one.path, ".rdb"))
		*vec_push(a, &s->parts) = one;
	return true;
}

static const struct aof_object *
find_part(const struct aof_search *s, const char *path)
{
	for (size_t i = 0; i < s->parts.n; i++)
		if (strcmp(s->parts.v[i].path, path) == 0)
			return &s->parts.v[i];
	return NULL;
}

/* The last "#TS:<seconds>" in the end of a file; CLOCK_NONE when there is none. */
static int64_t
last_timestamp(struct collecting *c, const struct aof_object *part)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(str_done) struct str tail = STR_INIT(TAIL + 1);
	int64_t from = MAX(part->size - TAIL, 0), at = CLOCK_NONE;
	char chunk[4 * KIB];
	struct stream *st;
	ssize_t n;

	if (!source_read(c->source, part->path, from, -1, &st, &err))
		return CLOCK_NONE;
	while ((n = stream_read(st, chunk, sizeof(chunk), &err)) > 0)
		str_addn(&tail, chunk, (size_t)n);
	stream_free(st);
	for (size_t i = 0; i + 5 < tail.len; i++) {
		char digits[21];
		size_t k;

		if (memcmp(tail.buf + i, "#TS:", 4) != 0 || (i > 0 && tail.buf[i - 1] != '\n'))
			continue;
		k = strspn(tail.buf + i + 4, "0123456789");
		if (k == 0 || k > 12)
			continue;
		memcpy(digits, tail.buf + i + 4, k);
		digits[k] = '\0';
		if (!util_parse_i64(digits, &at))
			at = CLOCK_NONE;
	}
	return at;
}

static bool
add_aof(struct aof_search *s, const char *directory, const struct aof_object *file,
	const struct backup *given, const struct aof_object *last, struct err *err)
{
	struct collecting *c = s->c;
	struct backup b = *given;
	const char *name = file->path + strlen(c->pattern.directory);
	int64_t in_name, stamp = last != NULL ? last_timestamp(c, last) : CLOCK_NONE;

	if (directory != NULL) {
		name = directory + strlen(c->pattern.directory);
		name = arena_strndup(c->arena, name, MAX(strlen(name), 1) - 1);
		if (name[0] == '\0')
			name = path_base(file->path);
	}
	if (c->pattern.name[0] != '\0' && !pattern_match(&c->pattern, name, &in_name))
		return true;
	b.name = name;
	b.path = directory != NULL ? directory : file->path;
	b.directory = directory != NULL;
	b.etag = file->etag;
	b.finished_at = b.mtime;
	b.time_from = TIME_MTIME;
	if (stamp != CLOCK_NONE && stamp <= c->now + SUMMARY_FUTURE_S) {
		b.finished_at = stamp;
		b.time_from = TIME_INSIDE;
	}
	return collecting_add(c, &b, err);
}

struct part {
	const char *name; /* beside the manifest */
	char type;
};

/* The value behind a key of a line; "" when it has none. Names with spaces are quoted. */
static const char *
value_of(struct arena *a, const char *line, const char *key)
{
	const char *p = strstr(line, key);
	size_t n;

	if (p == NULL || (p != line && p[-1] != ' '))
		return "";
	p += strlen(key);
	if (*p == '"')
		return arena_strndup(a, p + 1, strcspn(p + 1, "\""));
	n = strcspn(p, " ");
	return arena_strndup(a, p, n);
}

/* False when there is a line that is not understood; a manifest names at least one file. */
static bool
parse_manifest(struct arena *a, const char *text, struct part **ret, size_t *ret_n)
{
	VEC(struct part) parts = {0};
	size_t n;

	for (; *text != '\0'; text += n + (text[n] != '\0')) {
		const char *line, *type;
		struct part part;

		n = strcspn(text, "\n");
		line = arena_strndup(a, text, n);
		if (n == 0 || line[0] == '#')
			continue;
		type = value_of(a, line, "type ");
		part = (struct part){value_of(a, line, "file "), type[0]};
		if (part.name[0] == '\0' || strchr(part.name, '/') != NULL || type[0] == '\0' ||
			type[1] != '\0' || strchr("bih", type[0]) == NULL)
			return false;
		*vec_push(a, &parts) = part;
	}
	*ret = parts.v;
	*ret_n = parts.n;
	return parts.n > 0;
}

/* A manifest and the files that it names. */
static bool
add_manifest(struct aof_search *s, const struct aof_object *m, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(MANIFEST_MAX + 1);
	struct arena *a = s->c->arena;
	struct backup b = {.note = "", .mtime = m->mtime, .size = m->size};
	const char *directory = arena_fmt(a, "%.*s", (int)(path_base(m->path) - m->path), m->path);
	const struct aof_object *last = NULL;
	struct part *parts = NULL;
	size_t n = 0;

	if (!collecting_text(s->c, m->path, MANIFEST_MAX, &text, &why)) {
		b.state = BACKUP_FAILED;
		b.note = arena_fmt(a, "Its manifest could not be read: %s", why.msg);
	} else if (!parse_manifest(a, str_text(&text), &parts, &n)) {
		b.state = BACKUP_FAILED;
		b.note = "Its manifest is not one.";
	}
	for (const struct part *part = parts; part < parts + n; part++) {
		const struct aof_object *o =
			find_part(s, arena_fmt(a, "%s%s", directory, part->name));

		if (part->type == 'h')
			continue; /* history: on its way out */
		if (o == NULL) {
			b.state = BACKUP_FAILED;
			b.note = arena_fmt(
				a, "Its manifest names %s, which is not there.", part->name);
			continue;
		}
		b.size += o->size;
		b.mtime = MAX(b.mtime, o->mtime);
		last = part->type == 'i' ? o : last;
	}
	b.detail = arena_fmt(a, "{\"manifest\":true,\"parts\":%zu}", n);
	return add_aof(s, directory, m, &b, last, err);
}

static bool
collect_aof(struct collecting *c, struct err *err)
{
	struct aof_search s = {.c = c};
	const struct aof_object *o;

	if (!source_list(c->source, c->pattern.directory, true, find_aof, &s, err))
		return false;
	vec_each (&s.manifests, o)
		if (!add_manifest(&s, o, err))
			return false;
	vec_each (&s.parts, o) {
		struct backup b = {.note = "", .detail = "{}", .mtime = o->mtime, .size = o->size};
		bool of_manifest = !util_ends(o->path, ".aof");
		size_t n = (size_t)(path_base(o->path) - o->path);

		for (size_t i = 0; i < s.manifests.n && !of_manifest; i++)
			of_manifest = strncmp(s.manifests.v[i].path, o->path, n) == 0 &&
				      strchr(s.manifests.v[i].path + n, '/') == NULL;
		if (!of_manifest && !add_aof(&s, NULL, o, &b, o, err))
			return false;
	}
	return true;
}

const struct collector collector_redis_aof = {
	.type = SET_REDIS_AOF,
	.collect = collect_aof,
};

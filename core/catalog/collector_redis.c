/*
 * collector_redis_rdb: snapshots of Redis. An RDB begins with "REDIS" and a version of four
 * digits; auxiliary fields follow (0xFA, name, value), among them ctime, the moment of the
 * snapshot, and redis-ver (Redis's src/rdb.h and rdb.c, rdbSaveInfoAuxFields).
 *
 * collector_redis_aof: append-only files. A directory with a manifest (Redis 7) is one backup,
 * as is a file *.aof without one. Its time is that of the last #TS: annotation in the last
 * increment, where there is one, else when it was last written.
 */
#include "base/banned.h"
#include "catalog/collector.h"
#include "base/path.h"
#include "verify/aof.h"

#define HEAD     (4 * KIB)
#define TAIL     (64 * KIB)
#define AUX_MAX  32
#define TEXT_MAX 128

struct reader {
	const unsigned char *p, *end;
};

/* rdbLoadLen and rdbLoadString, as far as auxiliary fields use them; false: not understood. */
static bool
rdb_string(struct reader *r, char text[TEXT_MAX])
{
	size_t n;

	if (r->p >= r->end)
		return false;
	n = *r->p++;
	if (n >> 6 == 3) {
		int64_t value = 0;
		size_t bytes = (size_t)1 << (n & 0x3f);

		/* Integers of 1, 2 or 4 bytes, least first. */
		if (bytes > 4 || (size_t)(r->end - r->p) < bytes)
			return false;
		for (size_t i = 0; i < bytes; i++)
			value |= (int64_t)*r->p++ << (8 * i);
		snprintf(text, TEXT_MAX, "%lld", (long long)value);
		return true;
	}
	if (n >> 6 == 1 && r->p < r->end)
		n = (n & 0x3f) << 8 | *r->p++;
	else if (n >> 6 != 0)
		return false;
	if (n > (size_t)(r->end - r->p) || n >= TEXT_MAX)
		return false;
	memcpy(text, r->p, n);
	text[n] = '\0';
	r->p += n;
	return true;
}

static void
read_aux(struct reader *r, struct backup *b, struct json *j)
{
	char name[TEXT_MAX], value[TEXT_MAX];
	int64_t ctime;

	for (int i = 0; i < AUX_MAX && r->p < r->end && *r->p == 0xfa; i++) {
		r->p++;
		if (!rdb_string(r, name) || !rdb_string(r, value))
			return;
		if (strcmp(name, "redis-ver") == 0)
			json_string(j, "redis_version", value);
		if (strcmp(name, "ctime") == 0 && util_parse_i64(value, &ctime) && ctime > 0) {
			b->finished_at = ctime;
			b->time_from = TIME_INSIDE;
		}
	}
}

static bool
inspect_rdb(struct collecting *c, struct backup *b, struct err *err)
{
	CLEANUP(str_done) struct str detail = STR_INIT(LISTING_TEXT);
	struct json j = json_new(&detail);
	unsigned char head[HEAD];
	struct reader r = {.p = head};
	size_t n;

	/* BGSAVE writes to temp-<pid>.rdb and renames it in the end. */
	if (util_starts(b->name, "temp-")) {
		b->state = BACKUP_WRITING;
		b->note = "It is what BGSAVE writes to, or has left behind.";
	}
	if (!collecting_head(c, b->path, head, sizeof(head), &n, err))
		return false;
	r.end = head + n;
	json_object(&j, NULL);
	if (n >= 9 && memcmp(head, "REDIS", 5) == 0) {
		json_fmt(&j, "rdb_version", "%.4s", (const char *)head + 5);
		r.p += 9;
		read_aux(&r, b, &j);
	} else {
		json_bool(&j, "recognised", false);
		b->note = "Its first bytes are not those of an RDB.";
	}
	json_object_end(&j);
	b->detail = arena_strdup(c->arena, str_text(&detail));
	return true;
}

static bool
collect_rdb(struct collecting *c, struct err *err)
{
	return collecting_objects(c, COLLECT_OBJECTS, NULL, err);
}

const struct collector collector_redis_rdb = {
	.type = SET_REDIS_RDB,
	.collect = collect_rdb,
	.inspect = inspect_rdb,
};

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

/* A manifest and the files that it names. */
static bool
add_manifest(struct aof_search *s, const struct aof_object *m, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(AOF_MANIFEST_MAX + 1);
	struct arena *a = s->c->arena;
	struct backup b = {.note = "", .mtime = m->mtime, .size = m->size};
	const char *directory = arena_fmt(a, "%.*s", (int)(path_base(m->path) - m->path), m->path);
	const struct aof_object *last = NULL;
	struct aof_manifest manifest = {.parts = {0}};
	const struct aof_part *part;

	if (!collecting_text(s->c, m->path, AOF_MANIFEST_MAX, &text, &why) ||
		!aof_manifest_read(a, str_text(&text), text.len, &manifest, &why)) {
		b.state = BACKUP_FAILED;
		b.note = arena_fmt(a, "Its manifest could not be read: %s", why.msg);
	}
	vec_each (&manifest.parts, part) {
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
	b.detail = arena_fmt(a, "{\"manifest\":true,\"parts\":%zu}", manifest.parts.n);
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

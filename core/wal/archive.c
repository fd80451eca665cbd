#include "base/banned.h"
#include "wal/archive.h"
#include "base/path.h"
#include "base/str.h"

#define SEGMENTS_MAX 20000000 /* 320 MiB of them; a petabyte of WAL at 64 MiB each */
#define EXTRAS_MAX   200000
#define PLACES_MAX   4096
#define PROBES       16 /* segments tried for a header */

/* Where segments lie: directory + (with `split`) the name's first 16 digits + name + suffix. */
struct archive_place {
	const char *directory; /* "" or ending with a slash */
	size_t length;
	const char *suffix;
	bool split, hashed;
};

struct lister {
	struct archive *archive;
	size_t cap;
};

/* Takes the last component off when it is the beginning of the segment's own name. */
static bool
is_split(const char *name, const char *base)
{
	return base - name >= 17 && memcmp(base - 17, base, 16) == 0 &&
	       (base - name == 17 || base[-18] == '/');
}

static bool
find_place(struct archive *a, const char *name, const struct segment_file *f, uint16_t *ret,
	struct err *err)
{
	const char *base = path_base(name);
	bool split = is_split(name, base);
	size_t length = (size_t)(base - name) - (split ? 17 : 0);
	struct archive_place *p;

	vec_each (&a->places, p) {
		if (p->length == length && p->split == split && p->hashed == f->hashed &&
			memcmp(p->directory, name, length) == 0 &&
			strcmp(p->suffix, f->suffix) == 0) {
			*ret = (uint16_t)(p - a->places.v);
			return true;
		}
	}
	if (a->places.n == PLACES_MAX)
		return err_set(err, ERR_LIMIT,
			"The WAL archive is spread over more than %d directories.", PLACES_MAX);
	*ret = (uint16_t)a->places.n;
	*vec_push(&a->arena, &a->places) =
		(struct archive_place){arena_strndup(&a->arena, name, length), length,
			arena_strdup(&a->arena, f->suffix), split, f->hashed};
	return true;
}

static bool
add_segment(struct lister *l, const char *name, const struct segment_file *f, struct err *err)
{
	struct archive *a = l->archive;
	struct archive_segment s = {.tli = f->tli, .log = f->log, .seg = f->seg};

	if (a->n == SEGMENTS_MAX)
		return err_set(err, ERR_LIMIT, "The WAL archive holds more than %d segments.",
			SEGMENTS_MAX);
	if (!find_place(a, name, f, &s.place, err))
		return false;
	if (a->n == l->cap) {
		l->cap = l->cap ? 2 * l->cap : 1024;
		a->segments = util_realloc(a->segments, l->cap, sizeof(*a->segments));
	}
	a->segments[a->n++] = s;
	return true;
}

static bool
take_object(const struct object *o, void *arg, struct err *err)
{
	struct lister *l = arg;
	struct archive *a = l->archive;
	struct segment_file f;
	struct archive_extra extra;

	if (o->directory)
		return true;
	segment_parse(path_base(o->name), &f);
	if (f.kind == SEGMENT_WAL)
		return add_segment(l, o->name, &f, err);
	if (f.kind == SEGMENT_OTHER)
		return true;
	if (a->histories.n + a->backups.n + a->partials.n == EXTRAS_MAX)
		return err_set(err, ERR_LIMIT,
			"The WAL archive holds more than %d history, backup and partial files.",
			EXTRAS_MAX);
	extra = (struct archive_extra){
		arena_strdup(&a->arena, o->name), f.tli, f.log, f.seg, f.offset};
	if (f.kind == SEGMENT_HISTORY)
		*vec_push(&a->arena, &a->histories) = extra;
	else if (f.kind == SEGMENT_BACKUP)
		*vec_push(&a->arena, &a->backups) = extra;
	else
		*vec_push(&a->arena, &a->partials) = extra;
	return true;
}

/* Byte number i of the key (timeline, log, seg), the least significant first. */
static unsigned
key_byte(const struct archive_segment *s, int i)
{
	uint32_t field = i < 4 ? s->seg : i < 8 ? s->log : s->tli;

	return field >> (i % 4 * 8) & 0xff;
}

/*
 * Radix sort, a byte a round. Most bytes of the keys are the same in all of them and cost no
 * round: a million segments in the order of a directory take three.
 */
static void
sort(struct archive *a)
{
	struct archive_segment *from = a->segments, *to = util_realloc(NULL, a->n, sizeof(*to));

	for (int byte = 0; byte < 12; byte++) {
		size_t count[256] = {0}, at = 0;

		for (size_t i = 0; i < a->n; i++)
			count[key_byte(&from[i], byte)]++;
		if (count[key_byte(&from[0], byte)] == a->n)
			continue;
		for (int v = 0; v < 256; v++) {
			size_t here = count[v];

			count[v] = at;
			at += here;
		}
		for (size_t i = 0; i < a->n; i++)
			to[count[key_byte(&from[i], byte)]++] = from[i];
		a->segments = to;
		to = from;
		from = a->segments;
	}
	free(to);
}

static bool
same(const struct archive_segment *x, const struct archive_segment *y)
{
	return x->tli == y->tli && x->log == y->log && x->seg == y->seg;
}

bool
archive_plain(const struct archive *a, const struct archive_segment *s)
{
	return a->places.v[s->place].suffix[0] == '\0' && !a->places.v[s->place].hashed;
}

static const char *
base_name(const struct archive_segment *s, char *name)
{
	snprintf(name, SEGMENT_NAME, "%08X%08X%08X", s->tli, s->log, s->seg);
	return name;
}

/* Each segment once; of several the plain one. The rest is only counted and named. */
static void
drop_duplicates(struct archive *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++) {
		struct archive_segment *s = &a->segments[i];
		char name[SEGMENT_NAME];

		if (kept == 0 || !same(s, &a->segments[kept - 1])) {
			a->segments[kept++] = *s;
			continue;
		}
		if (archive_plain(a, s) && !archive_plain(a, &a->segments[kept - 1])) {
			struct archive_segment other = a->segments[kept - 1];

			a->segments[kept - 1] = *s;
			*s = other;
		}
		if (a->duplicate_count++ < 100)
			*vec_push(&a->arena, &a->duplicates) = arena_fmt(&a->arena, "%s%s",
				base_name(s, name), a->places.v[s->place].suffix);
	}
	a->n = kept;
}

bool
archive_list(struct source *s, const char *prefix, struct archive **ret, struct err *err)
{
	struct archive *a = util_alloc(sizeof(*a));
	struct lister l = {.archive = a};
	size_t n = strlen(prefix);

	a->source = s;
	a->prefix = arena_fmt(&a->arena, "%s%s", prefix, n > 0 && prefix[n - 1] != '/' ? "/" : "");
	if (!source_names(s, a->prefix, true, take_object, &l, err)) {
		archive_free(a);
		return false;
	}
	if (a->n > 0) {
		sort(a);
		drop_duplicates(a);
	}
	*ret = a;
	return true;
}

void
archive_free(struct archive *a)
{
	if (a == NULL)
		return;
	free(a->segments);
	arena_done(&a->hashed_arena);
	arena_done(&a->arena);
	free(a);
}

/* The newest of all timelines first, then further back in growing steps. */
static bool
probe_newest(struct archive *a, struct err *err)
{
	CLEANUP(err_done) struct err first = ERR_INIT;
	size_t step = 1;

	for (size_t tried = 0, back = 1; tried < PROBES && back <= a->n; tried++) {
		CLEANUP(err_done) struct err here = ERR_INIT;

		if (archive_header(a, &a->segments[a->n - back], &a->header, &here))
			return true;
		if (first.code == ERR_NONE)
			err_move(&first, &here);
		back += step;
		step *= 2;
	}
	err_set(err, ERR_UNKNOWN, "No segment tells the size of segments. %s", first.msg);
	if (first.hint != NULL)
		err_hint(err, "%s", first.hint);
	return false;
}

bool
archive_probe(struct archive *a, struct err *err)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	struct segment_header oldest, middle;

	if (a->n == 0)
		return err_set(err, ERR_NOT_FOUND, "There are no WAL segments below %s.",
			source_uri(a->source, &a->arena, a->prefix));
	if (!probe_newest(a, err))
		return false;
	/* A stranger's segment may be the newest; two against one decide who the stranger is. */
	if (archive_header(a, &a->segments[0], &oldest, &ignored) &&
		archive_header(a, &a->segments[a->n / 2], &middle, &ignored) &&
		oldest.system_identifier == middle.system_identifier &&
		oldest.bytes == middle.bytes)
		a->header = middle;
	return true;
}

uint64_t
archive_number(const struct archive *a, const struct archive_segment *s)
{
	uint64_t number;

	return segment_number(s->log, s->seg, a->header.bytes, &number) ? number : UINT64_MAX;
}

struct archive_segment *
archive_lower(const struct archive *a, uint32_t tli, uint64_t number)
{
	uint64_t per_log = (1ULL << 32) / a->header.bytes, log = number / per_log;
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct archive_segment *s = &a->segments[middle];

		if (s->tli < tli ||
			(s->tli == tli &&
				(s->log < log || (s->log == log && s->seg < number % per_log))))
			low = middle + 1;
		else
			high = middle;
	}
	return low < a->n && a->segments[low].tli == tli ? &a->segments[low] : NULL;
}

struct archive_segment *
archive_find(const struct archive *a, uint32_t tli, uint64_t number)
{
	struct archive_segment *s = archive_lower(a, tli, number);

	return s != NULL && archive_number(a, s) == number && !s->bad ? s : NULL;
}

static bool
take_hashed(const struct object *o, void *arg, struct err *err)
{
	struct archive *a = arg;

	if (!o->directory && a->hashed_names.n < 100000)
		*vec_push(&a->hashed_arena, &a->hashed_names) =
			arena_strdup(&a->hashed_arena, o->name);
	return true;
}

/* The full name of a segment whose hash we don't know: look into its directory. */
static bool
find_hashed(struct archive *a, struct arena *arena, const char *directory, const char *base,
	const char **ret, struct err *err)
{
	const char **name;

	if (!util_streq(a->hashed_directory, directory)) {
		arena_done(&a->hashed_arena);
		a->hashed_names.v = NULL;
		a->hashed_names.n = a->hashed_names.cap = 0;
		a->hashed_directory = arena_strdup(&a->hashed_arena, directory);
		if (!source_names(a->source, directory, false, take_hashed, a, err)) {
			a->hashed_directory = NULL;
			return false;
		}
	}
	vec_each (&a->hashed_names, name) {
		const char *found = path_base(*name);

		if (strncmp(found, base, 24) == 0 && found[24] == '-') {
			*ret = arena_strdup(arena, *name);
			return true;
		}
	}
	return err_set(err, ERR_NOT_FOUND, "%s%s went away.", directory, base);
}

bool
archive_path(struct archive *a, struct arena *arena, const struct archive_segment *s,
	const char **ret, struct err *err)
{
	const struct archive_place *p = &a->places.v[s->place];
	char name[SEGMENT_NAME];
	const char *directory = p->directory;

	base_name(s, name);
	if (p->split)
		directory = arena_fmt(arena, "%s%.16s/", directory, name);
	if (p->hashed)
		return find_hashed(a, arena, directory, name, ret, err);
	*ret = arena_fmt(arena, "%s%s%s", directory, name, p->suffix);
	return true;
}

bool
archive_open(
	struct archive *a, const struct archive_segment *s, struct packed **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = ARENA_INIT;
	struct stream *st;
	const char *name;

	return archive_path(a, &arena, s, &name, err) &&
	       source_read(a->source, name, 0, -1, &st, err) &&
	       packed_open(st, source_uri(a->source, &arena, name), ret, err);
}

/* The first bytes as they are: enough of a plain segment, and no more than a page is read. */
static bool
first_bytes(struct archive *a, const struct archive_segment *s, unsigned char *data, size_t len,
	ssize_t *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = ARENA_INIT;
	struct stream *st;
	const char *name;
	size_t done = 0;

	if (!archive_path(a, &arena, s, &name, err) ||
		!source_read(a->source, name, 0, (int64_t)len, &st, err))
		return false;
	do {
		*ret = stream_read(st, data + done, len - done, err);
		done += *ret > 0 ? (size_t)*ret : 0;
	} while (*ret > 0 && done < len);
	stream_free(st);
	if (*ret < 0)
		return false;
	*ret = (ssize_t)done;
	return true;
}

bool
archive_header(struct archive *a, const struct archive_segment *s, struct segment_header *ret,
	struct err *err)
{
	unsigned char data[SEGMENT_HEADER];
	struct packed *p;
	char name[SEGMENT_NAME];
	ssize_t n;

	if (!first_bytes(a, s, data, sizeof(data), &n, err))
		return false;
	if (packed_magic(data, (size_t)n)) {
		if (!archive_open(a, s, &p, err))
			return false;
		n = packed_read(p, data, sizeof(data), err);
		packed_free(p);
		if (n < 0)
			return false;
	}
	if (segment_header_read(data, (size_t)n, ret, err))
		return true;
	return err_prefix(err, "%s", base_name(s, name));
}

bool
archive_text(struct archive *a, const char *name, size_t max, struct str *out, struct err *err)
{
	CLEANUP(arena_done) struct arena arena = ARENA_INIT;
	struct stream *st;
	struct packed *p;
	char chunk[4 * KIB];
	ssize_t n;

	if (!source_read(a->source, name, 0, -1, &st, err) ||
		!packed_open(st, source_uri(a->source, &arena, name), &p, err))
		return false;
	do {
		n = packed_read(p, chunk, sizeof(chunk), err);
		if (n > 0)
			str_addn(out, chunk, (size_t)n);
	} while (n == (ssize_t)sizeof(chunk) && out->len <= max);
	packed_free(p);
	if (n >= 0 && out->len > max)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes.", name, max);
	return n >= 0;
}

/*
 * collector_pg_dump: dumps of pg_dump: custom (-Fc), tar (-Ft), plain, each also compressed from
 * outside, and directories (-Fd).
 *
 * A custom or directory dump says inside when it was begun, in the local time of the machine
 * that made it and without naming its zone. It is read in the set's time_zone (UTC where the
 * site file says none). A time that lies behind the object's modification can't be right, so
 * then the name or the modification time is taken.
 *
 * Source of the format: PostgreSQL, src/bin/pg_dump/pg_backup_archiver.c, ReadHead and ReadInt.
 */
#include "base/banned.h"
#include "catalog/collector.h"
#include "base/path.h"

#define HEAD (4 * KIB)

struct reader {
	const unsigned char *p, *end;
	int int_size;
	bool bad;
};

static int
byte(struct reader *r)
{
	if (r->p >= r->end) {
		r->bad = true;
		return 0;
	}
	return *r->p++;
}

/* A sign byte, then int_size bytes, least first. */
static int64_t
integer(struct reader *r)
{
	bool negative = byte(r) != 0;
	int64_t value = 0;

	for (int i = 0; i < r->int_size; i++) {
		int b = byte(r);

		if (i < 4)
			value |= (int64_t)b << (8 * i);
	}
	return negative ? -value : value;
}

static const char *
string(struct reader *r, struct arena *a)
{
	int64_t n = integer(r);
	const char *text;

	if (r->bad || n <= 0 || n > r->end - r->p)
		return "";
	text = arena_strndup(a, (const char *)r->p, (size_t)n);
	r->p += n;
	return text;
}

struct header {
	int version;     /* 1014 for 1.14 */
	int format;      /* 1 custom, 3 tar, 5 directory */
	int64_t created; /* local time as if UTC; CLOCK_NONE */
	const char *database, *server, *program;
};

static int64_t
read_time(struct reader *r)
{
	int64_t s = integer(r), mi = integer(r), h = integer(r), d = integer(r), mo = integer(r);
	int64_t y = integer(r);

	integer(r); /* daylight saving: of no use without the zone */
	if (r->bad || s < 0 || s > 60 || mi < 0 || mi > 59 || h < 0 || h > 23 || d < 1 || d > 31 ||
		mo < 0 || mo > 11 || y < 70 || y > 1000)
		return CLOCK_NONE;
	return clock_days(y + 1900, (int)mo + 1, (int)d) * 86400 + h * 3600 + mi * 60 + s;
}

static bool
read_header(const unsigned char *head, size_t n, struct arena *a, struct header *ret)
{
	struct reader r = {.p = head + 5, .end = head + n};
	int major, minor;

	if (n < 11 || memcmp(head, "PGDMP", 5) != 0)
		return false;
	major = byte(&r);
	minor = byte(&r);
	byte(&r); /* revision */
	ret->version = major * 1000 + minor;
	r.int_size = byte(&r);
	byte(&r); /* size of offsets */
	ret->format = byte(&r);
	/* 1.4 has a creation time, 1.15 one byte for the compression; older is from before 2002. */
	if (ret->version < 1007 || ret->version > 1099 || r.int_size < 1 || r.int_size > 8)
		return false;
	if (ret->version >= 1015)
		byte(&r);
	else
		integer(&r);
	ret->created = read_time(&r);
	ret->database = string(&r, a);
	ret->server = string(&r, a);
	ret->program = string(&r, a);
	return !r.bad;
}

static const char *
format_name(const unsigned char *p, size_t n)
{
	static const struct {
		const char *magic;
		size_t at, length;
		const char *name;
	} magics[] = {
		{"PGDMP", 0, 5, "custom"},
		{"ustar", 257, 5, "tar"},
		{"\x1f\x8b", 0, 2, "gzip"},
		{"\x28\xb5\x2f\xfd", 0, 4, "zstd"},
		{"\x04\x22\x4d\x18", 0, 4, "lz4"},
		{"BZh", 0, 3, "bzip2"},
		{"\xfd"
		 "7zXZ",
			0, 5, "xz"},
		{"--", 0, 2, "plain"},
	};

	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (n >= magics[i].at + magics[i].length &&
			memcmp(p + magics[i].at, magics[i].magic, magics[i].length) == 0)
			return magics[i].name;
	return "unrecognised";
}

static void
use_header(struct collecting *c, struct backup *b, const struct header *h, const char *format)
{
	struct str detail = STR_INIT(LISTING_TEXT);
	struct json j = json_new(&detail);

	json_object(&j, NULL);
	json_string(&j, "format", format);
	if (h != NULL) {
		json_string(&j, "database", h->database);
		json_string(&j, "server_version", h->server);
		json_string(&j, "pg_dump_version", h->program);
		json_fmt(&j, "archive_version", "%d.%d", h->version / 1000, h->version % 1000);
	}
	json_object_end(&j);
	b->detail = detail.full ? "" : arena_strdup(c->arena, str_text(&detail));
	str_done(&detail);
	if (h == NULL || h->created == CLOCK_NONE || zone_utc(c->zone, h->created) > b->mtime)
		return;
	b->finished_at = zone_utc(c->zone, h->created);
	b->time_from = TIME_INSIDE;
}

static bool
inspect(struct collecting *c, struct backup *b, struct err *err)
{
	unsigned char head[HEAD];
	const char *path = b->path, *format;
	struct header h;
	size_t n, at = 0;

	if (b->directory)
		path = path_join(c->arena, b->path, "toc.dat");
	if (!collecting_head(c, path, head, sizeof(head), &n, err))
		return false;
	format = b->directory ? "directory" : format_name(head, n);
	/* The first member of a tar dump is toc.dat, which is a custom dump's head. */
	if (strcmp(format, "tar") == 0)
		at = 512;
	if (n > at && read_header(head + at, n - at, c->arena, &h)) {
		use_header(c, b, &h, format);
		return true;
	}
	use_header(c, b, NULL, format);
	if (strcmp(format, "unrecognised") == 0)
		collecting_unrecognised(
			b, head, n, "Its first bytes are those of no format that pg_dump writes.");
	return true;
}

static bool
collect(struct collecting *c, struct err *err)
{
	return collecting_objects(c, COLLECT_OBJECTS | COLLECT_DIRECTORIES, "toc.dat", err);
}

const struct collector collector_pg_dump = {
	.type = SET_PG_DUMP,
	.collect = collect,
	.inspect = inspect,
};

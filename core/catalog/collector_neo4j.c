/*
 * collector_neo4j: dumps (<database>.dump) and backups (<database>-<time>.backup) of Neo4j, and
 * tars of either. What a file is, its first four letters say: D a dump, B a backup; Z zstd, G
 * gzip; V and a version. A backup's name holds its time in UTC.
 */
#include "base/banned.h"
#include "catalog/collector.h"

#define HEAD 512
#define TIME "%Y-%m-%dT%H-%M-%S"

static const char *
kind_of(const unsigned char *p, size_t n)
{
	static const char *const gzip = "\x1f\x8b";

	if (n >= 4 && (p[0] == 'D' || p[0] == 'B') && (p[1] == 'Z' || p[1] == 'G') && p[2] == 'V')
		return p[0] == 'B' ? "backup" : "dump";
	if (n >= 262 && memcmp(p + 257, "ustar", 5) == 0)
		return "tar";
	if (n >= 2 && memcmp(p, gzip, 2) == 0)
		return "tar.gz";
	if (n >= 4 && memcmp(p, "\x28\xb5\x2f\xfd", 4) == 0)
		return "zstd";
	return NULL;
}

/* neo4j-2026-11-20T02-00-00.backup */
static int64_t
time_in_name(const char *name)
{
	for (const char *p = strchr(name, '-'); p != NULL; p = strchr(p + 1, '-')) {
		int64_t at;
		size_t n;

		if (clock_match(p + 1, TIME, strlen(TIME), &at, &n))
			return at;
	}
	return CLOCK_NONE;
}

static bool
inspect(struct collecting *c, struct backup *b, struct err *err)
{
	unsigned char head[HEAD];
	const char *kind;
	size_t n;

	if (!collecting_head(c, b->path, head, sizeof(head), &n, err))
		return false;
	kind = kind_of(head, n);
	b->detail =
		arena_fmt(c->arena, "{\"format\":\"%s\"}", kind != NULL ? kind : "unrecognised");
	if (kind == NULL)
		collecting_unrecognised(b, head, n,
			"Its first bytes are those of no format that neo4j-admin writes.");
	if (b->time_from == TIME_MTIME && time_in_name(b->name) != CLOCK_NONE) {
		b->finished_at = time_in_name(b->name);
		b->time_from = TIME_NAME;
	}
	return true;
}

static bool
collect(struct collecting *c, struct err *err)
{
	return collecting_objects(c, COLLECT_OBJECTS, NULL, err);
}

const struct collector collector_neo4j = {
	.type = SET_NEO4J,
	.collect = collect,
	.inspect = inspect,
};

/*
 * collector_redis_rdb: snapshots of Redis. An RDB begins with "REDIS" and a version of four
 * digits; auxiliary fields follow (0xFA, name, value), among them ctime, the moment of the
 * snapshot, and redis-ver (Redis's src/rdb.h and rdb.c, rdbSaveInfoAuxFields).
 */
#include "base/banned.h"
#include "catalog/collector.h"

#define HEAD     (4 * KIB)
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
		collecting_unrecognised(b, head, n, "Its first bytes are not those of an RDB.");
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

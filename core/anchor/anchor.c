#include "base/banned.h"
#include "anchor/anchor.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "conf/json_read.h"

#define BEGIN    "{\"lifeboat_anchor\":1,"
#define FILE_MAX (64 * MIB)

void
anchor_format(struct str *out, const struct anchor *a)
{
	struct json j = json_new(out);
	char at[CLOCK_TEXT];

	json_object(&j, NULL);
	json_int(&j, "lifeboat_anchor", 1);
	json_string(&j, "site", a->site);
	json_string(&j, "host", a->host);
	json_string(&j, "file_id", a->file_id);
	json_int(&j, "seq", (int64_t)a->seq);
	json_string(&j, "hash", a->hash);
	json_string(&j, "at", clock_format(a->at, at));
	json_object_end(&j);
}

bool
anchor_parse(struct arena *arena, const char *line, size_t len, struct audit_anchor *ret)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = NULL;
	const char *start = memmem(line, len, BEGIN, sizeof(BEGIN) - 1), *end, *id, *hash;
	unsigned char sum[DIGEST_SIZE];
	int64_t seq;

	end = start != NULL ? memchr(start, '}', (size_t)(line + len - start)) : NULL;
	if (end == NULL || end - start > ANCHOR_LINE_MAX)
		return false;
	j = json_parse(start, (size_t)(end + 1 - start), &err);
	id = json_get_text(j, "file_id");
	hash = json_get_text(j, "hash");
	seq = json_get_int(j, "seq", 0);
	if (id == NULL || strlen(id) >= CHAIN_ID || hash == NULL || strlen(hash) != 64 ||
		!digest_unhex(hash, DIGEST_SIZE, sum) || seq < 1)
		return false;
	*ret = (struct audit_anchor){.file_id = arena_strdup(arena, id), .seq = (uint64_t)seq};
	memcpy(ret->hash, hash, 65);
	return true;
}

bool
anchor_read_file(
	struct arena *a, const char *path, const char *from, anchor_list *ret, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(FILE_MAX);
	const char *line, *end;

	if (!file_read(path, FILE_MAX, &text, err))
		return false;
	str_text(&text);
	for (line = text.buf; line < text.buf + text.len; line = end + 1) {
		struct audit_anchor one;

		end = memchr(line, '\n', (size_t)(text.buf + text.len - line));
		end = end != NULL ? end : text.buf + text.len;
		if (!anchor_parse(a, line, (size_t)(end - line), &one))
			continue;
		if (ret->n == ANCHORS_MAX)
			return err_set(err, ERR_LIMIT, "%s holds more than %d anchors.", path,
				ANCHORS_MAX);
		one.from = from;
		*vec_push(a, ret) = one;
	}
	return true;
}

const struct anchor_place *
anchor_place(const struct anchor_conf *c)
{
	if (c->syslog >= 0)
		return &anchor_place_syslog;
	if (c->file != NULL)
		return &anchor_place_file;
	return c->postgresql != NULL ? &anchor_place_postgresql : &anchor_place_s3;
}

const char *
anchor_kind(const struct anchor_conf *c)
{
	return anchor_place(c)->kind;
}

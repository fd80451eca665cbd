#include "base/banned.h"
#include "wal/manifest.h"
#include "conf/json_read.h"
#include "wal/segment.h"

/* The last occurrence of text; NULL. */
static const char *
last_of(const char *data, size_t len, const char *text)
{
	const char *found = NULL, *p = data;

	while ((p = memmem(p, len - (size_t)(p - data), text, strlen(text))) != NULL)
		found = p++;
	return found;
}

static bool
damaged(const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "The backup manifest %s.", what);
}

static bool
parse_range(const cJSON *range, struct manifest_wal *ret)
{
	const char *start = json_get_text(range, "Start-LSN"),
		   *end = json_get_text(range, "End-LSN");
	int64_t tli = json_get_int(range, "Timeline", 0);
	uint64_t from, to;

	if (start == NULL || end == NULL || !lsn_parse(start, &from) || !lsn_parse(end, &to) ||
		tli < 1 || tli > UINT32_MAX || from == LSN_NONE || to < from)
		return false;
	if (ret->start == LSN_NONE) {
		ret->start = from;
		ret->tli = (uint32_t)tli;
	}
	ret->stop = to;
	return true;
}

/* "System-Identifier": 7301... : too large for a double, so not through JSON's numbers. */
static void
parse_identifier(const char *head, size_t len, struct manifest_wal *ret)
{
	static const char key[] = "\"System-Identifier\":";
	const char *p = memmem(head, len, key, strlen(key)), *end = head + len;

	if (p == NULL)
		return;
	for (p += strlen(key); p < end && *p == ' '; p++)
		;
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		ret->system_identifier = ret->system_identifier * 10 + (uint64_t)(*p - '0');
}

bool
manifest_wal(const char *head, size_t head_len, const char *tail, size_t tail_len,
	struct manifest_wal *ret, struct err *err)
{
	static const char version[] = "PostgreSQL-Backup-Manifest-Version",
			  key[] = "\"WAL-Ranges\":";
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free) cJSON *ranges = NULL;
	struct manifest_wal wal = {.start = LSN_NONE};
	const char *p, *end;
	const cJSON *range;

	if (memmem(head, head_len, version, strlen(version)) == NULL)
		return damaged("does not begin like one", err);
	if (last_of(tail, tail_len, "\"Manifest-Checksum\"") == NULL)
		return damaged("is cut short", err);
	p = last_of(tail, tail_len, key);
	if (p == NULL)
		return damaged("names no WAL that the backup needs", err);
	p += strlen(key);
	end = memchr(p, ']', tail_len - (size_t)(p - tail));
	if (end != NULL)
		ranges = json_parse(p, (size_t)(end + 1 - p), &ignored);
	if (!cJSON_IsArray(ranges) || cJSON_GetArraySize(ranges) == 0)
		return damaged("has a damaged list of WAL", err);
	cJSON_ArrayForEach(range, ranges) if (!parse_range(range, &wal)) return damaged(
		"has a damaged list of WAL", err);
	parse_identifier(head, head_len, &wal);
	*ret = wal;
	return true;
}

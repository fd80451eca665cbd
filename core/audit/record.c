#include "base/banned.h"
#include "audit/record.h"
#include "base/clock.h"
#include "base/json.h"

/* ,"prev":"<64>" and ,"hash":"<64>"} */
#define PREV_KEY ",\"prev\":\""
#define HASH_KEY ",\"hash\":\""
#define PREV_LEN (sizeof(PREV_KEY) - 1 + 64 + 1)
#define HASH_LEN (sizeof(HASH_KEY) - 1 + 64 + 2)
#define SEQ_KEY  "{\"seq\":"

void
record_format(struct str *out, const struct record *r, struct chain_head *head)
{
	unsigned char sum[DIGEST_SIZE];
	struct json j = json_new(out);
	size_t start = out->len;
	char at[CLOCK_TEXT];

	json_object(&j, NULL);
	json_int(&j, "seq", (int64_t)++head->seq);
	json_string(&j, "at", clock_format_ms(clock_now_ms(), at));
	json_int(&j, "mono_ns", clock_mono_ns());
	json_string(&j, "run", r->run);
	if (r->step != NULL)
		json_string(&j, "step", r->step);
	json_string(&j, "event", r->event);
	json_string(&j, "actor", r->actor);
	json_raw(&j, "data", r->data != NULL ? r->data : "{}");
	json_string(&j, "prev", head->seq == 1 ? CHAIN_ZERO : head->hash);
	digest_of(out->buf + start, out->len - start, sum);
	digest_hex(sum, DIGEST_SIZE, head->hash);
	json_string(&j, "hash", head->hash);
	json_object_end(&j);
	str_addc(out, '\n');
}

bool
record_check(const char *line, size_t len, struct record_link *ret)
{
	struct digest *d = digest_new();
	bool good = record_check_with(d, line, len, ret);

	digest_free(d);
	return good;
}

bool
record_check_with(struct digest *d, const char *line, size_t len, struct record_link *ret)
{
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];
	const char *tail, *p;
	uint64_t seq = 0;

	if (len < sizeof(SEQ_KEY) + PREV_LEN + HASH_LEN || len > RECORD_MAX ||
		memcmp(line, SEQ_KEY, sizeof(SEQ_KEY) - 1) != 0)
		return false;
	for (p = line + sizeof(SEQ_KEY) - 1; *p >= '0' && *p <= '9' && seq < UINT64_MAX / 20; p++)
		seq = seq * 10 + (uint64_t)(*p - '0');
	if (*p != ',')
		return false;
	tail = line + len - HASH_LEN;
	if (memcmp(tail, HASH_KEY, sizeof(HASH_KEY) - 1) != 0 ||
		memcmp(line + len - 2, "\"}", 2) != 0 ||
		memcmp(tail - PREV_LEN, PREV_KEY, sizeof(PREV_KEY) - 1) != 0 || tail[-1] != '"')
		return false;
	ret->seq = seq;
	ret->prev = tail - 65;
	ret->hash = tail + sizeof(HASH_KEY) - 1;
	digest_add(d, line, (size_t)(tail - line));
	digest_end(d, sum);
	/* One spelling only: a flipped bit that turns a into A must show. */
	return memcmp(digest_hex(sum, DIGEST_SIZE, hex), ret->hash, 64) == 0;
}

/* Behind the JSON string that begins at p, and the comma behind it; NULL at the end. */
static const char *
behind_string(const char *p, const char *end)
{
	if (p == NULL || p >= end || *p != '"')
		return NULL;
	for (p++; p < end && *p != '"'; p++)
		p += *p == '\\';
	return p + 2 <= end ? p + 2 : NULL;
}

static const char *
behind(const char *p, const char *end, const char *literal)
{
	size_t n = strlen(literal);

	return p != NULL && (size_t)(end - p) >= n && memcmp(p, literal, n) == 0 ? p + n : NULL;
}

const char *
record_event_name(const char *line, size_t len, size_t *ret_len)
{
	/* seq, at and mono_ns hold no text of others; run and step do, quoted. */
	const char *end = line + len, *p = line, *at, *close;

	for (int commas = 0; commas < 3; commas++) {
		p = memchr(p, ',', (size_t)(end - p));
		if (p == NULL)
			return NULL;
		p++;
	}
	p = behind(p, end, "\"run\":");
	at = behind(p, end, "null,");
	p = at != NULL ? at : behind_string(p, end);
	at = behind(p, end, "\"step\":");
	if (at != NULL)
		p = behind_string(at, end);
	p = behind(p, end, "\"event\":\"");
	close = p != NULL ? memchr(p, '"', (size_t)(end - p)) : NULL;
	if (close == NULL)
		return NULL;
	*ret_len = (size_t)(close - p);
	return p;
}

bool
record_is(const char *line, size_t len, const char *event)
{
	size_t n;
	const char *e = record_event_name(line, len, &n);

	return e != NULL && n == strlen(event) && memcmp(e, event, n) == 0;
}

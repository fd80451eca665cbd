/*
 * place_s3: an object a head, PREFIXlifeboat-anchors/FILEID/SEQ-HASH.json, so that listing is
 * reading. With `retain` it is locked (compliance mode) until then, and the answer is checked: a
 * server that knows no object lock takes the header and forgets it.
 */
#include "base/banned.h"
#include "anchor/anchor.h"
#include "base/clock.h"
#include "net/s3.h"

#include <openssl/evp.h>

static const char *
folder(struct arena *a, const struct anchor_conf *c, const char *file_id)
{
	return arena_fmt(
		a, "%slifeboat-anchors/%s/", c->s3->prefix != NULL ? c->s3->prefix : "", file_id);
}

/* Locked objects want a checksum of the body in the request. */
static const char *
content_md5(struct arena *a, const struct str *body)
{
	unsigned char sum[EVP_MAX_MD_SIZE], text[2 * EVP_MAX_MD_SIZE];
	unsigned n;

	if (EVP_Digest(body->buf, body->len, sum, &n, EVP_md5(), NULL) != 1)
		return NULL;
	EVP_EncodeBlock(text, sum, (int)n);
	return arena_strdup(a, (const char *)text);
}

static bool
locked(struct s3 *s, const char *key, struct err *err)
{
	struct s3_request rq = {.method = "HEAD", .key = key};
	struct transfer *t;
	bool good;

	if (!s3_perform(s, &rq, &t, err))
		return false;
	good = transfer_header(t, "x-amz-object-lock-retain-until-date") != NULL;
	transfer_free(t);
	if (good)
		return true;
	err_set(err, ERR_UNSUPPORTED, "The bucket %s does not lock objects.", s3_bucket(s));
	return err_hint(err, "Make a bucket with object lock, or take \"retain\" out: then whoever "
			     "may delete there can delete anchors.");
}

static bool
put(struct s3 *s, struct arena *a, const struct anchor_conf *c, const char *key,
	const struct str *body, struct err *err)
{
	struct sigv4_parameter headers[4] = {{"content-type", "application/json"}};
	struct s3_request rq = {.method = "PUT",
		.key = key,
		.body = body->buf,
		.body_len = body->len,
		.headers = headers,
		.nheaders = 1};
	struct transfer *t;
	char until[CLOCK_TEXT];

	if (c->retain_s != FIELD_ABSENT) {
		headers[1] = (struct sigv4_parameter){"content-md5", content_md5(a, body)};
		if (headers[1].value == NULL)
			return err_set(err, ERR_UNSUPPORTED,
				"OpenSSL has no MD5 here, which locked objects need.");
		headers[2] = (struct sigv4_parameter){"x-amz-object-lock-mode", "COMPLIANCE"};
		headers[3] = (struct sigv4_parameter){"x-amz-object-lock-retain-until-date",
			clock_format(clock_now() + c->retain_s, until)};
		rq.nheaders = 4;
	}
	if (!s3_perform(s, &rq, &t, err))
		return false;
	transfer_free(t);
	return c->retain_s == FIELD_ABSENT || locked(s, key, err);
}

static bool
push(const struct anchor_conf *c, const struct anchor *anchor, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str body = STR_INIT(ANCHOR_LINE_MAX);
	struct s3 *s;
	bool good;

	anchor_format(&body, anchor);
	str_addc(&body, '\n');
	if (!s3_new(c->s3, c->timeout_s, &s, err))
		return false;
	good = put(s, &a, c,
		arena_fmt(&a, "%s%020llu-%s.json", folder(&a, c, anchor->file_id),
			(unsigned long long)anchor->seq, anchor->hash),
		&body, err);
	s3_free(s);
	return good;
}

struct fetching {
	struct arena *a;
	const char *folder, *file_id;
	anchor_list *list;
};

static bool
take(const struct s3_object *o, void *arg, struct err *err)
{
	struct fetching *f = arg;
	struct audit_anchor one = {.file_id = f->file_id};
	const char *name = o->key + strlen(f->folder);
	unsigned char sum[DIGEST_SIZE];
	char seq[21];

	if (strlen(name) != 20 + 1 + 64 + 5 || name[20] != '-' || strcmp(name + 85, ".json") != 0)
		return true;
	snprintf(seq, sizeof(seq), "%.20s", name);
	if (!util_parse_u64(seq, &one.seq) || one.seq == 0 ||
		!digest_unhex(name + 21, DIGEST_SIZE, sum))
		return true;
	if (f->list->n == ANCHORS_MAX)
		return err_set(err, ERR_LIMIT, "There are more than %d anchors.", ANCHORS_MAX);
	memcpy(one.hash, name + 21, 64);
	*vec_push(f->a, f->list) = one;
	return true;
}

static bool
fetch(const struct anchor_conf *c, const char *file_id, struct arena *a, anchor_list *ret,
	struct err *err)
{
	struct fetching f = {
		.a = a, .folder = folder(a, c, file_id), .file_id = file_id, .list = ret};
	struct s3 *s;
	bool good;

	if (!s3_new(c->s3, c->timeout_s, &s, err))
		return false;
	good = s3_list(s, f.folder, false, take, &f, err);
	s3_free(s);
	return good;
}

const struct anchor_place anchor_place_s3 = {.kind = "s3", .push = push, .fetch = fetch};

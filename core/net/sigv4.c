#include "base/banned.h"
#include "net/sigv4.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"

#define TEXT_LIMIT (256 * KIB)

void
sigv4_encode(struct str *out, const char *text, bool slash)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (; *text != '\0'; text++) {
		if (strchr(plain, *text) != NULL || (slash && *text == '/'))
			str_addc(out, *text);
		else
			str_fmt(out, "%%%02X", (unsigned char)*text);
	}
}

static int
by_name(const void *va, const void *vb)
{
	const struct sigv4_parameter *a = va, *b = vb;
	int order = strcmp(a->name, b->name);

	return order != 0 ? order : strcmp(a->value, b->value);
}

/* Sorted by the encoded names, as the signature wants it. */
static const char *
encode_query(struct arena *a, const struct sigv4_request *rq)
{
	CLEANUP(str_done) struct str out = STR_INIT(TEXT_LIMIT);
	struct sigv4_parameter *sorted = arena_array(a, rq->nquery + 1, sizeof(*sorted));

	for (size_t i = 0; i < rq->nquery; i++) {
		CLEANUP(str_done)
		struct str name = STR_INIT(TEXT_LIMIT), value = STR_INIT(TEXT_LIMIT);

		sigv4_encode(&name, rq->query[i].name, false);
		sigv4_encode(&value, rq->query[i].value, false);
		sorted[i] = (struct sigv4_parameter){
			arena_strdup(a, str_text(&name)), arena_strdup(a, str_text(&value))};
	}
	qsort(sorted, rq->nquery, sizeof(*sorted), by_name);
	for (size_t i = 0; i < rq->nquery; i++)
		str_fmt(&out, "%s%s=%s", i > 0 ? "&" : "", sorted[i].name, sorted[i].value);
	return arena_strdup(a, str_text(&out));
}

/* 20261120T143207Z */
static const char *
stamp(struct arena *a, int64_t at)
{
	char text[CLOCK_TEXT];

	clock_format(at, text);
	return arena_fmt(a, "%.4s%.2s%.2sT%.2s%.2s%.2sZ", text, text + 5, text + 8, text + 11,
		text + 14, text + 17);
}

static void
hmac(const unsigned char key[DIGEST_SIZE], const char *text, unsigned char ret[DIGEST_SIZE])
{
	unsigned char out[DIGEST_SIZE];

	digest_hmac(key, DIGEST_SIZE, text, strlen(text), out);
	memcpy(ret, out, sizeof(out));
}

static const char *
signature(struct arena *a, const struct sigv4_request *rq, const struct sigv4_key *key,
	const char *date, const char *to_sign)
{
	CLEANUP(str_wipe) struct str first = STR_INIT(SECRET_MAX + 16);
	unsigned char k[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	str_add(&first, "AWS4");
	str_addn(&first, secret_bytes(key->secret), secret_len(key->secret));
	digest_hmac(first.buf, first.len, date, 8, k);
	hmac(k, rq->region, k);
	hmac(k, rq->service, k);
	hmac(k, "aws4_request", k);
	hmac(k, to_sign, k);
	digest_hex(k, sizeof(k), hex);
	explicit_bzero(k, sizeof(k));
	return arena_strdup(a, hex);
}

struct headers {
	struct arena *arena;
	VEC(struct sigv4_parameter) list;
};

static void
add(struct headers *h, const char *name, const char *value)
{
	*vec_push(h->arena, &h->list) = (struct sigv4_parameter){name, value};
}

static const char *
hash_hex(struct arena *a, const void *data, size_t len)
{
	unsigned char digest[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	digest_of(data, len, digest);
	return arena_strdup(a, digest_hex(digest, sizeof(digest), hex));
}

static const char *
authorization(struct arena *a, const struct sigv4_request *rq, const struct sigv4_key *key,
	struct headers *h, const char *path, const char *query, const char *payload)
{
	CLEANUP(str_done) struct str request = STR_INIT(TEXT_LIMIT), names = STR_INIT(TEXT_LIMIT);
	const char *date = stamp(a, rq->at), *scope, *to_sign;
	struct sigv4_parameter *it;

	qsort(h->list.v, h->list.n, sizeof(*h->list.v), by_name);
	str_fmt(&request, "%s\n%s\n%s\n", rq->method, path, query);
	vec_each (&h->list, it) {
		str_fmt(&request, "%s:%s\n", it->name, it->value);
		str_fmt(&names, "%s%s", names.len > 0 ? ";" : "", it->name);
	}
	str_fmt(&request, "\n%s\n%s", str_text(&names), payload);
	scope = arena_fmt(a, "%.8s/%s/%s/aws4_request", date, rq->region, rq->service);
	to_sign = arena_fmt(a, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope,
		hash_hex(a, request.buf, request.len));
	return arena_fmt(a, "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s",
		key->access_key, scope, str_text(&names), signature(a, rq, key, date, to_sign));
}

void
sigv4_sign(struct arena *a, const struct sigv4_request *rq, const struct sigv4_key *key,
	struct sigv4 *ret)
{
	CLEANUP(str_done) struct str path = STR_INIT(TEXT_LIMIT);
	const char *query = encode_query(a, rq), *payload = hash_hex(a, rq->body, rq->body_len);
	struct headers h = {.arena = a};
	size_t n = 0;

	sigv4_encode(&path, rq->path, true);
	ret->target = arena_fmt(a, "%s%s%s", str_text(&path), rq->nquery > 0 ? "?" : "", query);
	for (size_t i = 0; i < rq->nheaders; i++)
		add(&h, rq->headers[i].name, rq->headers[i].value);
	add(&h, "host", rq->host);
	if (key != NULL) {
		add(&h, "x-amz-content-sha256", payload);
		add(&h, "x-amz-date", stamp(a, rq->at));
		if (key->token != NULL)
			add(&h, "x-amz-security-token", secret_bytes(key->token));
		add(&h, "authorization",
			authorization(a, rq, key, &h, str_text(&path), query, payload));
	}
	ret->headers = arena_array(a, h.list.n + 1, sizeof(*ret->headers));
	for (; n < h.list.n; n++)
		ret->headers[n] = arena_fmt(a, "%s: %s", h.list.v[n].name, h.list.v[n].value);
}

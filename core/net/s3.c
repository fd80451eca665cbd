#include "base/banned.h"
#include "net/s3.h"
#include "net/aws_credentials.h"
#include "net/s3_error.h"
#include "base/clock.h"
#include "base/digest.h"

#define TRIES_MAX    6
#define PAUSE_MS     100 /* doubled with every try, and scattered */
#define PAUSE_MAX_MS 4000
#define RENEW_S      60 /* before a token expires */

struct s3 {
	struct arena arena;
	const struct site_s3 *conf;
	int64_t timeout_ms;
	struct http *http;
	struct aws_credentials *credentials;
	const char *region;
	bool https, path_style, custom; /* custom: an endpoint of its own */
	const char *endpoint_host;      /* of a custom endpoint */
	int64_t skew_s;
};

static const char *
environment(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

static bool
set_endpoint(struct s3 *s, const char *endpoint, struct err *err)
{
	const char *host = endpoint;
	size_t n;

	s->https = true;
	if (endpoint == NULL)
		return true;
	if (util_starts(endpoint, "http://")) {
		s->https = false;
		host += 7;
	} else if (util_starts(endpoint, "https://")) {
		host += 8;
	} else if (strstr(endpoint, "://") != NULL) {
		return err_set(
			err, ERR_CONFIG, "The endpoint %s is neither http nor https.", endpoint);
	}
	n = strcspn(host, "/");
	if (n == 0 || host[n + strspn(host + n, "/")] != '\0' || strpbrk(host, "@?# ") != NULL) {
		err_set(err, ERR_CONFIG, "The endpoint %s is not of the form https://host[:port].",
			endpoint);
		return err_hint(err, "Give the bucket with bucket: and a path in it with prefix:.");
	}
	s->custom = true;
	s->endpoint_host = arena_strndup(&s->arena, host, n);
	return true;
}

/* The certificate of *.s3.amazonaws.com covers one label only. */
static bool
is_dns_label(const char *bucket)
{
	size_t n = strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n >= 3 && n <= 63 && bucket[n] == '\0';
}

bool
s3_new(const struct site_s3 *conf, int64_t timeout_s, struct s3 **ret, struct err *err)
{
	const char *endpoint = conf->endpoint;
	struct s3 *s = util_alloc(sizeof(*s));

	s->conf = conf;
	s->timeout_ms = timeout_s * 1000;
	if (endpoint == NULL)
		endpoint = environment("AWS_ENDPOINT_URL_S3");
	if (endpoint == NULL)
		endpoint = environment("AWS_ENDPOINT_URL");
	if (!set_endpoint(s, endpoint, err)) {
		s3_free(s);
		return false;
	}
	s->path_style = conf->path_style >= 0 ? conf->path_style == 1
					      : s->custom || !is_dns_label(conf->bucket);
	*ret = s;
	return true;
}

void
s3_free(struct s3 *s)
{
	struct arena arena;

	if (s == NULL)
		return;
	http_free(s->http);
	aws_credentials_free(s->credentials);
	arena = s->arena;
	free(s);
	arena_done(&arena);
}

struct http *
s3_http(struct s3 *s)
{
	return s->http;
}

const char *
s3_bucket(const struct s3 *s)
{
	return s->conf->bucket;
}

int64_t
s3_clock_skew(const struct s3 *s)
{
	return s->skew_s;
}

int64_t
s3_date(const char *text)
{
	static const char pattern[] = "%d %b %Y %H:%M:%S";
	const char *comma = text != NULL ? strchr(text, ',') : NULL;
	int64_t at;
	size_t n;

	if (comma == NULL ||
		!clock_match(comma + 1 + strspn(comma + 1, " "), pattern, strlen(pattern), &at, &n))
		return CLOCK_NONE;
	return at;
}

/* On first use: the library, the region, who we are. */
static bool
prepare(struct s3 *s, struct err *err)
{
	if (s->http == NULL && !http_new(s->conf->ca_file != NULL ? s->conf->ca_file
								  : environment("AWS_CA_BUNDLE"),
				       &s->http, err))
		return false;
	if (s->region == NULL)
		s->region = aws_region(&s->arena, s->conf);
	if (s->region == NULL)
		s->region = "us-east-1";
	if (s->credentials != NULL && s->credentials->expires_at != CLOCK_NONE &&
		s->credentials->expires_at < clock_now() + RENEW_S) {
		aws_credentials_free(s->credentials);
		s->credentials = NULL;
	}
	if (s->credentials != NULL)
		return true;
	return aws_credentials_find(s->conf, s->region, s->http, &s->credentials, err);
}

static const char *
host_of(struct s3 *s, struct arena *a)
{
	const char *host = s->endpoint_host;

	if (host == NULL)
		host = arena_fmt(a, "s3.%s.amazonaws.com%s", s->region,
			util_starts(s->region, "cn-") ? ".cn" : "");
	return s->path_style ? host : arena_fmt(a, "%s.%s", s->conf->bucket, host);
}

bool
s3_start(struct s3 *s, const struct s3_request *rq, struct s3_tries *tries, struct transfer **ret,
	struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct sigv4_request sign = {.method = rq->method,
		.path = arena_fmt(&a, "%s%s/%s", s->path_style ? "/" : "",
			s->path_style ? s->conf->bucket : "", rq->key),
		.query = rq->query,
		.nquery = rq->nquery,
		.headers = rq->headers,
		.nheaders = rq->nheaders,
		.body = rq->body != NULL ? rq->body : "",
		.body_len = rq->body_len,
		.service = "s3",
		.at = clock_now()};
	struct http_request http = {.method = rq->method,
		.body = rq->body,
		.body_len = rq->body_len,
		.sink = rq->sink,
		.arg = rq->arg,
		.pull = rq->pull};
	struct sigv4 signed_;

	if (!prepare(s, err))
		return false;
	if (tries->n++ == 0)
		tries->deadline_ms = clock_mono_ms() + s->timeout_ms;
	sign.region = s->region;
	sign.host = host_of(s, &a);
	sigv4_sign(&a, &sign, &s->credentials->key, &signed_);
	http.url =
		arena_fmt(&a, "%s://%s%s", s->https ? "https" : "http", sign.host, signed_.target);
	http.headers = signed_.headers;
	http.stall_ms = MAX(tries->deadline_ms - clock_mono_ms(), 100);
	return http_start(s->http, &http, ret, err);
}

/* A random part of a growing time, so that those who failed together do not come together. */
static void
pause_before(struct s3_tries *tries, const char *retry_after)
{
	int64_t ms = MIN((int64_t)PAUSE_MS << MIN(tries->n, 10), PAUSE_MAX_MS), wish;
	struct timespec nap;
	uint32_t random;

	digest_random(&random, sizeof(random));
	ms = ms / 2 + random % (ms / 2 + 1);
	if (retry_after != NULL && util_parse_i64(retry_after, &wish) && wish > 0)
		ms = MAX(ms, MIN(wish * 1000, PAUSE_MAX_MS));
	ms = MAX(MIN(ms, tries->deadline_ms - clock_mono_ms()), 0);
	nap = (struct timespec){ms / 1000, ms % 1000 * 1000000};
	nanosleep(&nap, NULL);
}

static bool
may_try(const struct s3_tries *tries)
{
	return tries->n < TRIES_MAX && clock_mono_ms() + PAUSE_MS < tries->deadline_ms;
}

static void
note_skew(struct s3 *s, struct transfer *t)
{
	int64_t at = s3_date(transfer_header(t, "Date"));

	if (at != CLOCK_NONE)
		s->skew_s = at - clock_now();
}

/* The server names another region than the one we signed for. */
static bool
move_region(struct s3 *s, const struct s3_error *e, struct s3_tries *tries)
{
	bool wrong = e->status / 100 == 3 || strcmp(e->code, "AuthorizationHeaderMalformed") == 0 ||
		     strcmp(e->code, "IllegalLocationConstraintException") == 0 || e->status == 400;

	if (!wrong || tries->moved || e->region[0] == '\0' || strlen(e->region) > 40 ||
		strcmp(e->region, s->region) == 0 ||
		strspn(e->region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(e->region))
		return false;
	s->region = arena_strdup(&s->arena, e->region);
	return tries->moved = true;
}

static enum s3_outcome
judge_answer(struct s3 *s, const struct s3_request *rq, struct s3_tries *tries, struct transfer *t,
	struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct s3_error e;

	note_skew(s, t);
	if (transfer_status(t) / 100 == 2)
		return S3_DONE;
	/* The body of the refusal, where only the headers were waited for. */
	http_run(t);
	if (transfer_failed(t, err))
		return S3_FAILED;
	s3_error_read(&a, t, &e);
	if (s3_error_passing(&e) && may_try(tries)) {
		pause_before(tries, transfer_header(t, "Retry-After"));
		return S3_AGAIN;
	}
	if (move_region(s, &e, tries))
		return S3_AGAIN;
	if (s3_error_expired(&e) && !tries->renewed) {
		aws_credentials_free(s->credentials);
		s->credentials = NULL;
		tries->renewed = true;
		return S3_AGAIN;
	}
	s3_error_tell(&e, arena_fmt(&a, "%s s3://%s/%s", rq->method, s->conf->bucket, rq->key),
		s->credentials->from, s->skew_s, err);
	return S3_FAILED;
}

enum s3_outcome
s3_judge(struct s3 *s, const struct s3_request *rq, struct s3_tries *tries, struct transfer **t,
	struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	enum s3_outcome outcome = S3_FAILED;

	if (!transfer_failed(*t, &why)) {
		outcome = judge_answer(s, rq, tries, *t, err);
	} else if (why.code == ERR_UNREACHABLE && strstr(why.msg, "certificate") == NULL &&
		   may_try(tries)) {
		pause_before(tries, NULL);
		outcome = S3_AGAIN;
	} else {
		err_move(err, &why);
	}
	if (outcome != S3_DONE) {
		transfer_free(*t);
		*t = NULL;
	}
	return outcome;
}

bool
s3_perform(struct s3 *s, const struct s3_request *rq, struct transfer **ret, struct err *err)
{
	struct s3_tries tries = {.n = 0};

	for (;;) {
		if (!s3_start(s, rq, &tries, ret, err))
			return false;
		if (rq->pull)
			http_run_headers(*ret);
		else
			http_run(*ret);
		switch (s3_judge(s, rq, &tries, ret, err)) {
		case S3_DONE: return true;
		case S3_AGAIN: continue;
		case S3_FAILED: return false;
		}
	}
}

bool
s3_get(struct s3 *s, const char *key, size_t max, struct str *out, struct err *err)
{
	struct s3_request rq = {.method = "GET", .key = key};
	const char *body;
	struct transfer *t;
	size_t len;

	if (!s3_perform(s, &rq, &t, err))
		return false;
	body = transfer_body(t, &len);
	if (len > max)
		err_set(err, ERR_LIMIT, "s3://%s/%s is larger than %zu bytes.", s->conf->bucket,
			key, max);
	else
		str_addn(out, body, len);
	transfer_free(t);
	return len <= max;
}

bool
s3_put(struct s3 *s, const char *key, const void *data, size_t len, const char *content_type,
	struct err *err)
{
	const struct sigv4_parameter headers[] = {{"content-type", content_type}};
	struct s3_request rq = {.method = "PUT",
		.key = key,
		.body = data,
		.body_len = len,
		.headers = headers,
		.nheaders = 1};
	struct transfer *t;

	if (!s3_perform(s, &rq, &t, err))
		return false;
	transfer_free(t);
	return true;
}

bool
s3_delete(struct s3 *s, const char *key, struct err *err)
{
	struct s3_request rq = {.method = "DELETE", .key = key};
	struct transfer *t;

	if (!s3_perform(s, &rq, &t, err))
		return false;
	transfer_free(t);
	return true;
}

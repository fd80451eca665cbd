/*
 * s3: an S3 bucket as a server speaks of it: signed requests, retries, errors in words.
 *
 * Requests are repeated with growing, scattered pauses on 429, 5xx and broken connections, as
 * long as the location's timeout allows; a bucket in another region is asked there; an expired
 * token is fetched anew once. What remains is an error that says what to do.
 */
#ifndef NET_S3_H
#define NET_S3_H

#include "conf/site.h"
#include "net/http.h"
#include "net/sigv4.h"

struct s3;

/* Does not touch the network. `conf` must outlive it. ERR_CONFIG for what can't be an endpoint. */
MUST_CHECK bool s3_new(
	const struct site_s3 *conf, int64_t timeout_s, struct s3 **ret, struct err *err);
void s3_free(struct s3 *s); /* NULL is a no-op */

struct s3_request {
	const char *method;
	const char *key; /* of the object, from the start of the bucket; "" for the bucket */
	const struct sigv4_parameter *query;
	size_t nquery;
	const struct sigv4_parameter *headers; /* names in lower case; all are signed */
	size_t nheaders;
	const void *body;
	size_t body_len;
	/* As in struct http_request; a sink is started over with `again` before a repetition. */
	bool (*sink)(const char *bytes, size_t len, void *arg, struct err *err);
	void *arg;
	bool pull;
};

/* How far one request has come with its repetitions. Zeroed before the first. */
struct s3_tries {
	int64_t deadline_ms; /* monotonic; set at the first */
	int n;
	bool moved, renewed; /* to another region, its token */
};

enum s3_outcome { S3_DONE, S3_AGAIN, S3_FAILED };

/*
 * Starts one try. Then, when the transfer is over (or its headers are here, for `pull`),
 * s3_judge says whether it is done, has to be started again (after the pause it has made), or
 * failed with *err. The transfer is freed unless the outcome is S3_DONE.
 */
MUST_CHECK bool s3_start(struct s3 *s, const struct s3_request *rq, struct s3_tries *tries,
	struct transfer **ret, struct err *err);
enum s3_outcome s3_judge(struct s3 *s, const struct s3_request *rq, struct s3_tries *tries,
	struct transfer **t, struct err *err);

/* All of it for a request without a sink: the answer of a 2xx. */
MUST_CHECK bool s3_perform(
	struct s3 *s, const struct s3_request *rq, struct transfer **ret, struct err *err);

/* Small objects and documents. */
MUST_CHECK bool s3_get(struct s3 *s, const char *key, size_t max, struct str *out, struct err *err);
MUST_CHECK bool s3_put(struct s3 *s, const char *key, const void *data, size_t len,
	const char *content_type, struct err *err);
MUST_CHECK bool s3_delete(struct s3 *s, const char *key, struct err *err);

struct s3_object {
	const char *key; /* whole, from the start of the bucket */
	int64_t size, mtime;
	const char *etag;   /* without quotes */
	bool common_prefix; /* key is one, ending with the delimiter */
};
typedef bool (*s3_list_cb)(const struct s3_object *o, void *arg, struct err *err);

/* s3_list.c: every key that starts with prefix; with `shallow`, cut at the next slash. */
MUST_CHECK bool s3_list(
	struct s3 *s, const char *prefix, bool shallow, s3_list_cb cb, void *arg, struct err *err);

struct http *s3_http(struct s3 *s);
const char *s3_bucket(const struct s3 *s);
/* How far the server's clock was ahead of ours when it last answered. */
int64_t s3_clock_skew(const struct s3 *s);
/* An HTTP date, "Fri, 20 Nov 2026 14:32:07 GMT"; CLOCK_NONE for anything else or NULL. */
int64_t s3_date(const char *text);

#endif

/*
 * http: requests over HTTP and HTTPS by libcurl; several at a time over connections that are
 * kept. Everything blocks, but never for longer than it is told to without a byte coming.
 *
 * Certificates are always verified. Redirects are not followed: a signed request must not go
 * where it was not signed for.
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include "base/err.h"
#include "base/str.h"

#include <sys/types.h>

struct http;     /* a client; not for use by several threads */
struct transfer; /* one request and its answer */

/* `ca_file`: certificates to trust instead of the system's; NULL for those. */
MUST_CHECK bool http_new(const char *ca_file, struct http **ret, struct err *err);
void http_free(struct http *h); /* its transfers must be free already; NULL is a no-op */

struct http_request {
	const char *method;         /* "GET", "HEAD", "PUT", "POST", "DELETE" */
	const char *url;            /* taken as it is: nothing in its path is normalised */
	const char *const *headers; /* "Name: value", ends with NULL; may be NULL */
	const void *body;           /* may be NULL; must live until the transfer is freed */
	size_t body_len;
	int64_t stall_ms; /* ERR_TIMEOUT after so long without a byte */
	/* What becomes of the body of a 2xx answer; NULL: it is kept, up to HTTP_BODY_MAX. */
	bool (*sink)(const char *bytes, size_t len, void *arg, struct err *err);
	void *arg;
	bool pull; /* the body is fetched with transfer_read instead */
};

#define HTTP_BODY_MAX    (1 * MIB)
#define HTTP_HEADERS_MAX (256 * KIB)

/* Starts it; it goes on inside the calls below. */
MUST_CHECK bool http_start(
	struct http *h, const struct http_request *rq, struct transfer **ret, struct err *err);
/* Until this one is over, one way or the other. */
void http_run(struct transfer *t);
/* Until its headers are here, or it is over. */
void http_run_headers(struct transfer *t);
/* Until one of the client's transfers is over: that one, once; NULL when none is under way. */
struct transfer *http_next(struct http *h);
/* Frees all transfers of the client that were not handed out by http_next. */
void http_abandon(struct http *h);
/* With `pull`: bytes, 0 at the end, -1 with *err. */
ssize_t transfer_read(struct transfer *t, void *buf, size_t len, struct err *err);

/* Whether it failed; then *err says why. Any HTTP status is a success here. */
bool transfer_failed(const struct transfer *t, struct err *err);
int transfer_status(const struct transfer *t);
/* Without its name and spaces around it; NULL when absent. Lives as long as t. */
const char *transfer_header(struct transfer *t, const char *name);
/* Content-Length; -1 when the answer gives none. */
int64_t transfer_length(struct transfer *t);
/* What was kept: the body of an error, or of any answer without a sink. */
const char *transfer_body(struct transfer *t, size_t *ret_len);
void *transfer_arg(const struct transfer *t);
/* Ends it if it is under way. NULL is a no-op. */
void transfer_free(struct transfer *t);

#endif

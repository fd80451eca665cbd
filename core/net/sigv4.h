/*
 * sigv4: AWS Signature Version 4 in the Authorization header.
 *
 * Our own: libcurl 7.88's does not sort or encode the query in every case, sends no
 * x-amz-content-sha256 and splits an access key at its colon. Source: AWS General Reference,
 * "Create a signed AWS API request", and for S3 "Authenticating Requests (Authorization Header)":
 * there the path is encoded once and a path is not normalised.
 */
#ifndef NET_SIGV4_H
#define NET_SIGV4_H

#include "base/arena.h"
#include "base/str.h"
#include "conf/secret.h"

struct sigv4_key {
	const char *access_key;
	const struct secret *secret;
	const struct secret *token; /* of temporary credentials; or NULL */
};

struct sigv4_parameter {
	const char *name, *value; /* not encoded */
};

struct sigv4_request {
	const char *method;
	const char *host; /* with a port that is not the scheme's own */
	const char *path; /* not encoded; starts with a slash */
	const struct sigv4_parameter *query;
	size_t nquery;
	const void *body;
	size_t body_len;
	const char *region, *service;          /* "us-east-1", "s3" */
	int64_t at;                            /* seconds since 1970 */
	const struct sigv4_parameter *headers; /* further ones to sign; names in lower case */
	size_t nheaders;
};

struct sigv4 {
	const char *target;   /* encoded path and query, for the URL */
	const char **headers; /* "name: value", all to be sent; ends with NULL */
};

/* With no key (NULL) the request is not signed, only encoded. */
void sigv4_sign(struct arena *a, const struct sigv4_request *rq, const struct sigv4_key *key,
	struct sigv4 *ret);

/* Percent-encodes all but letters, digits and -._~ (and / when `slash` is set). */
void sigv4_encode(struct str *out, const char *text, bool slash);

#endif

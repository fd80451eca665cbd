/*
 * aws_credentials: who we are to an S3 server, found where AWS's tools find it, in their order:
 *
 *   what the site file names: "profile NAME", "file PATH" ([default] in it), or "env PREFIX" for
 *   PREFIX_ACCESS_KEY_ID, PREFIX_SECRET_ACCESS_KEY and PREFIX_SESSION_TOKEN; else
 *   the environment ($AWS_ACCESS_KEY_ID ...), a web identity token file, the shared credentials
 *   and config files ($AWS_PROFILE or "default"; keys, or a role to assume), the container's and
 *   the instance's metadata service (version 2).
 *
 * Secrets stay in locked memory and appear in no message.
 */
#ifndef NET_AWS_CREDENTIALS_H
#define NET_AWS_CREDENTIALS_H

#include "conf/site.h"
#include "net/http.h"
#include "net/sigv4.h"

struct aws_credentials {
	struct arena arena;
	struct sigv4_key key;
	struct secret *secret, *token; /* what key points to */
	int64_t expires_at;            /* CLOCK_NONE: never, as far as known */
	const char *from;              /* "the environment": for messages */
};

/* ERR_AUTH, naming where was looked, when there are none. */
MUST_CHECK bool aws_credentials_find(const struct site_s3 *s3, const char *region,
	struct http *http, struct aws_credentials **ret, struct err *err);
void aws_credentials_free(struct aws_credentials *c); /* NULL is a no-op */

/* The region of the environment or of the profile; NULL where nobody says. In the arena. */
const char *aws_region(struct arena *a, const struct site_s3 *s3);

#endif

/*
 * aws_metadata: temporary credentials from services: the security token service (roles), the
 * container's and the instance's metadata. For aws_credentials.c only.
 */
#ifndef NET_AWS_METADATA_H
#define NET_AWS_METADATA_H

#include "net/aws_credentials.h"

struct aws_role {
	const char *arn;
	const char *session;     /* NULL: "lifeboat" */
	const char *external_id; /* or NULL */
	const char *token_file;  /* of a web identity; NULL: signed with a key */
	const char *region;      /* of the service; NULL: us-east-1 */
};

/* $AWS_ENDPOINT_URL_STS is asked, else sts.REGION.amazonaws.com. */
MUST_CHECK bool aws_assume_role(struct http *http, const struct aws_role *role,
	const struct sigv4_key *key, struct aws_credentials **ret, struct err *err);

/* *ret stays NULL, with success, where there is no such service. */
MUST_CHECK bool aws_container_credentials(
	struct http *http, struct aws_credentials **ret, struct err *err);
MUST_CHECK bool aws_instance_credentials(
	struct http *http, struct aws_credentials **ret, struct err *err);

struct aws_credentials *aws_credentials_new(const char *access, const char *secret,
	const char *token, int64_t expires, const char *from);

#endif

/*
 * aws_conf: the shared configuration and credentials files of AWS's tools.
 *
 * ~/.aws/credentials (or $AWS_SHARED_CREDENTIALS_FILE) has [NAME], ~/.aws/config (or
 * $AWS_CONFIG_FILE) has [profile NAME] and [default]; credentials win over config. Source: AWS
 * SDKs and Tools Reference Guide, "Shared config and credentials files".
 */
#ifndef NET_AWS_CONF_H
#define NET_AWS_CONF_H

#include "base/arena.h"
#include "base/err.h"

struct aws_conf; /* one profile, from both files */

/* A profile that neither file has is no failure: it has no settings, and exists() says so. */
MUST_CHECK bool aws_conf_load(const char *profile, struct aws_conf **ret, struct err *err);
/* The same of [default] in a file like ~/.aws/credentials, which must be there. */
MUST_CHECK bool aws_conf_load_file(const char *path, struct aws_conf **ret, struct err *err);
bool aws_conf_exists(const struct aws_conf *c);
/* NULL when it is not set. Lives as long as c. */
const char *aws_conf_get(const struct aws_conf *c, const char *name);
void aws_conf_free(struct aws_conf *c); /* wipes; NULL is a no-op */

#endif

/*
 * s3_bucket: what a bucket promises about what lies in it: versions kept, objects that can't be
 * deleted, encryption, rules that delete, copies elsewhere.
 *
 * Each is asked for itself, and each may not be known: not every server has them, and keys that
 * may list and read often may not look at this. Then the text begins with "unknown".
 */
#ifndef NET_S3_BUCKET_H
#define NET_S3_BUCKET_H

#include "net/s3.h"

struct s3_bucket_facts {
	const char *versioning;  /* "enabled", "suspended", "off" */
	const char *object_lock; /* "compliance 30 days", "enabled", "off" */
	const char *encryption;  /* "AES256", "aws:kms", "off" */
	const char *lifecycle;   /* "2 rules, deletes after 30 days", "none" */
	const char *replication; /* "1 rule", "none" */
};

/* Never fails; strings live in the arena. */
void s3_bucket_read(struct s3 *s, struct arena *a, struct s3_bucket_facts *ret);

#endif

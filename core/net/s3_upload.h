/*
 * s3_upload: a file into a bucket, and a copy from one object to another within a server.
 *
 * A large file goes in parts, and appears whole or not at all. The server checks every request
 * against the SHA-256 that is signed with it; that of the whole file is kept with the object
 * (x-amz-meta-sha256), so that who fetches it can check it again.
 */
#ifndef NET_S3_UPLOAD_H
#define NET_S3_UPLOAD_H

#include "base/digest.h"
#include "net/s3.h"

/* Up to here in one request; larger files in parts of at least this size. */
#define S3_PART_SIZE  (16 * MIB)
#define S3_PARTS_MAX  9000
#define S3_COPY_MAX   (5LL * 1024 * MIB) /* what a server copies at once */
#define S3_SHA256_KEY "x-amz-meta-sha256"

struct s3_upload {
	const char *key;
	int fd;
	const char *name;        /* of the file, for messages */
	int64_t size;            /* of the file */
	char sha256[DIGEST_HEX]; /* of the file, found out before: digest_fd */
	void (*progress)(int64_t done, int64_t total, void *arg); /* or NULL */
	void *arg;
};

/* ERR_DAMAGED when the file changes meanwhile; then nothing is left in the bucket. */
MUST_CHECK bool s3_upload(struct s3 *s, const struct s3_upload *u, struct err *err);

/* `from`: the other object's bucket and key, "bucket/key". At most S3_COPY_MAX bytes. */
MUST_CHECK bool s3_copy(struct s3 *s, const char *from, const char *key, struct err *err);

#endif

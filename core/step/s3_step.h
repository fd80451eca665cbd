/*
 * s3_step: what s3.c and s3_move.c share; for them only.
 */
#ifndef STEP_S3_STEP_H
#define STEP_S3_STEP_H

#include "net/s3_upload.h"
#include "step/child.h"
#include "step/kind.h"

#define S3_STEP_TIMEOUT_S 120 /* without an answer */

enum s3_action { S3_HEAD, S3_LIST, S3_GET, S3_PUT, S3_COPY };

struct s3_step {
	struct item item;
	int action; /* enum s3_action; -1: S3_HEAD */
	const char *object, *location, *file, *to, *sha256;
	int overwrite;
	int64_t max_size;
};

/* What one run of the step works with. */
struct s3_job {
	struct step_child *c;
	const struct s3_step *p;
	struct site_s3 conf;
	const char *prefix; /* of the location, "" or with a slash behind it */
	struct s3 *s3;
	const char *key, *uri; /* of the object */
	const char *from;      /* of a copy: bucket/key */
	int64_t told_ms;
};

struct s3_facts {
	int64_t size, mtime;
	const char *etag, *sha256; /* "" where not known */
};

/* What the server says of an object; ERR_NOT_FOUND. */
MUST_CHECK bool s3_look(struct s3_job *j, const char *key, struct s3_facts *ret, struct err *err);
/* As the step's output and as {{STEP.size}} and so on. */
void s3_tell(struct s3_job *j, const struct s3_facts *f);
/* Into a bucket and key; false for another kind of text. */
bool s3_split_uri(struct arena *a, const char *uri, const char **bucket, const char **key);

/* s3_move.c */
MUST_CHECK bool s3_do_get(struct s3_job *j, struct err *err);
MUST_CHECK bool s3_do_put(struct s3_job *j, struct err *err);
MUST_CHECK bool s3_do_copy(struct s3_job *j, struct err *err);

#endif

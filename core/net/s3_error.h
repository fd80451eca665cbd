/*
 * s3_error: what an S3 server's refusal means. For s3.c only.
 */
#ifndef NET_S3_ERROR_H
#define NET_S3_ERROR_H

#include "base/arena.h"
#include "net/http.h"

struct s3_error {
	int status;
	const char *code, *message, *region, *server_time; /* "" where not given */
	bool is_html;
};

/* Takes an answer that is no 2xx apart. Strings live in the arena. */
void s3_error_read(struct arena *a, struct transfer *t, struct s3_error *ret);

/* Worth another try. */
bool s3_error_passing(const struct s3_error *e);
/* The credentials are too old. */
bool s3_error_expired(const struct s3_error *e);

/* As an error with a way out. `what` is "GET s3://bucket/key", `from` says whose keys they are. */
bool s3_error_tell(const struct s3_error *e, const char *what, const char *from, int64_t skew_s,
	struct err *err);

#endif

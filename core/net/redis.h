/*
 * redis: commands to a Redis server and its replies (RESP2, redis.io/docs/reference/protocol-spec).
 *
 * Everything blocks, but never longer than the deadline that was given. Replies are bounded in
 * size and depth. A password is sent with AUTH and never enters a message.
 */
#ifndef NET_REDIS_H
#define NET_REDIS_H

#include "base/arena.h"
#include "base/err.h"
#include "conf/secret.h"

struct redis;

#define REDIS_CONNECT_MS 10000
#define REDIS_REPLY_MAX  (16 * MIB)

/*
 * `address`: a socket's path ("/run/redis/redis.sock"), "host", "host:port" or
 * "redis://[host][:port][/database]". ERR_UNREACHABLE, ERR_TIMEOUT, ERR_AUTH.
 */
MUST_CHECK bool redis_connect(const char *address, const struct secret *password,
	int64_t timeout_ms, struct redis **ret, struct err *err);
void redis_free(struct redis *r); /* NULL is a no-op */

enum redis_type { REDIS_TEXT, REDIS_NUMBER, REDIS_NIL, REDIS_LIST };

struct redis_reply {
	enum redis_type type;
	const char *text; /* of a status or bulk string; NUL-terminated, may hold NULs */
	size_t len;
	int64_t number;
	struct redis_reply *items;
	size_t n;
};

/* One command as argv. An error reply of the server is ERR_CHECK_FAILED with its text, ERR_AUTH
 * when it wants a password. The reply lives in the arena. */
MUST_CHECK bool redis_command(struct redis *r, struct arena *a, const char *const *argv, size_t n,
	int64_t timeout_ms, struct redis_reply *ret, struct err *err);

/* "loading:0" and the like out of INFO's text; NULL when it has no such field. */
const char *redis_info(struct arena *a, const char *info, const char *field);

#endif

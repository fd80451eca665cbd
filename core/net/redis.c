#include "base/banned.h"
#include "net/redis.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "net/bounded.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#define DEPTH_MAX 8
#define ITEMS_MAX 1000000

struct redis {
	int fd;
	char *name;
	struct str buf; /* received, not yet parsed */
	size_t at;
};

/* Name resolution in a thread: it blocks for as long as it likes. */
struct lookup {
	char *host, *port;
	struct addrinfo *found;
	int rc;
};

static void
lookup_work(void *arg)
{
	struct lookup *l = arg;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM};

	l->rc = getaddrinfo(l->host, l->port, &hints, &l->found);
}

static void
lookup_free(void *arg)
{
	struct lookup *l = arg;

	if (l->found != NULL)
		freeaddrinfo(l->found);
	free(l->host);
	free(l->port);
	free(l);
}

static bool
wait_for(const struct redis *r, short events, int64_t deadline, struct err *err)
{
	for (;;) {
		struct pollfd p = {r->fd, events, 0};
		int64_t left = deadline - clock_mono_ms();
		int n = left > 0 ? poll(&p, 1, (int)MIN(left, 60000)) : 0;

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return err_sys(err, ERR_UNREACHABLE, errno, "%s", r->name);
		if (left <= 0)
			return err_set(
				err, ERR_TIMEOUT, "Redis at %s does not answer in time.", r->name);
	}
}

static bool
connect_to(struct redis *r, const struct sockaddr *address, socklen_t len, int64_t deadline,
	struct err *err)
{
	int problem = 0;
	socklen_t size = sizeof(problem);

	util_close(&r->fd);
	r->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (r->fd < 0)
		return err_sys(err, ERR_UNREACHABLE, errno, "Cannot make a socket for %s", r->name);
	if (connect(r->fd, address, len) < 0) {
		if (errno != EINPROGRESS && errno != EAGAIN)
			return err_sys(err, ERR_UNREACHABLE, errno, "Cannot connect to Redis at %s",
				r->name);
		if (!wait_for(r, POLLOUT, deadline, err))
			return false;
		if (getsockopt(r->fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0 || problem != 0)
			return err_sys(err, ERR_UNREACHABLE, problem,
				"Cannot connect to Redis at %s", r->name);
	}
	return true;
}

static bool
connect_unix(struct redis *r, const char *path, int64_t deadline, struct err *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_CONFIG, "The socket path %s is too long.", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	return connect_to(r, (struct sockaddr *)&address, sizeof(address), deadline, err);
}

static bool
connect_tcp(struct redis *r, const char *host, const char *port, int64_t deadline, struct err *err)
{
	struct lookup *l = util_alloc(sizeof(*l));
	bool good = false;

	l->host = util_strdup(host);
	l->port = util_strdup(port);
	if (!bounded_call(lookup_work, lookup_free, l, deadline - clock_mono_ms()))
		return err_set(err, ERR_TIMEOUT, "The name %s is not resolved in time.", host);
	if (l->rc != 0)
		err_set(err, ERR_UNREACHABLE, "Cannot resolve %s: %s.", host, gai_strerror(l->rc));
	for (struct addrinfo *ai = l->found; l->rc == 0 && ai != NULL && !good; ai = ai->ai_next)
		good = connect_to(r, ai->ai_addr, ai->ai_addrlen, deadline, err);
	lookup_free(l);
	if (good)
		err_done(err);
	return good;
}

static bool
send_all(struct redis *r, const char *data, size_t len, int64_t deadline, struct err *err)
{
	while (len > 0) {
		ssize_t n = send(r->fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (!wait_for(r, POLLOUT, deadline, err))
				return false;
			continue;
		}
		if (n < 0)
			return err_sys(err, ERR_UNREACHABLE, errno, "Redis at %s hung up", r->name);
		data += n;
		len -= (size_t)n;
	}
	return true;
}

/* At least `want` bytes from r->at on. */
static bool
fill(struct redis *r, size_t want, int64_t deadline, struct err *err)
{
	char chunk[16 * KIB];

	while (r->buf.len - r->at < want) {
		ssize_t n;

		if (!wait_for(r, POLLIN, deadline, err))
			return false;
		n = recv(r->fd, chunk, sizeof(chunk), 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return err_set(err, ERR_UNREACHABLE, "Redis at %s closed the connection.",
				r->name);
		str_addn(&r->buf, chunk, (size_t)n);
		if (r->buf.full)
			return err_set(err, ERR_LIMIT, "The reply of Redis is longer than 16 MiB.");
	}
	return true;
}

static bool
take_line(struct redis *r, int64_t deadline, const char **ret, size_t *ret_len, struct err *err)
{
	for (size_t have = 0;;) {
		const char *end = r->buf.len > r->at + have ? memmem(r->buf.buf + r->at,
								      r->buf.len - r->at, "\r\n", 2)
							    : NULL;

		if (end != NULL) {
			*ret = r->buf.buf + r->at;
			*ret_len = (size_t)(end - *ret);
			r->at += *ret_len + 2;
			return true;
		}
		have = r->buf.len - r->at;
		if (!fill(r, have + 1, deadline, err))
			return false;
	}
}

static bool
malformed(struct redis *r, struct err *err)
{
	return err_set(err, ERR_UNREACHABLE, "What answers at %s does not speak Redis' protocol.",
		r->name);
}

static bool
error_reply(const struct redis *r, const char *line, size_t len, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	bool auth = len >= 6 && (memcmp(line, "NOAUTH", 6) == 0 || memcmp(line, "WRONGP", 6) == 0);

	text_visible(&text, line, len, 0);
	return err_set(err, auth ? ERR_AUTH : ERR_CHECK_FAILED, "Redis at %s says: %s", r->name,
		str_text(&text));
}

static bool read_reply(struct redis *r, struct arena *a, int depth, int64_t deadline,
	struct redis_reply *ret, struct err *err);

static bool
read_bulk(struct redis *r, struct arena *a, int64_t len, int64_t deadline, struct redis_reply *ret,
	struct err *err)
{
	if (len < 0) {
		ret->type = REDIS_NIL;
		return true;
	}
	if (len > REDIS_REPLY_MAX)
		return err_set(err, ERR_LIMIT, "The reply of Redis is longer than 16 MiB.");
	if (!fill(r, (size_t)len + 2, deadline, err))
		return false;
	ret->type = REDIS_TEXT;
	ret->text = arena_strndup(a, r->buf.buf + r->at, (size_t)len);
	ret->len = (size_t)len;
	r->at += (size_t)len + 2;
	return true;
}

static bool
read_list(struct redis *r, struct arena *a, int64_t n, int depth, int64_t deadline,
	struct redis_reply *ret, struct err *err)
{
	if (n < 0) {
		ret->type = REDIS_NIL;
		return true;
	}
	if (n > ITEMS_MAX || depth >= DEPTH_MAX)
		return err_set(err, ERR_LIMIT, "The reply of Redis has too many parts.");
	ret->type = REDIS_LIST;
	ret->n = (size_t)n;
	ret->items = arena_array(a, ret->n, sizeof(*ret->items));
	for (size_t i = 0; i < ret->n; i++)
		if (!read_reply(r, a, depth + 1, deadline, &ret->items[i], err))
			return false;
	return true;
}

static bool
read_reply(struct redis *r, struct arena *a, int depth, int64_t deadline, struct redis_reply *ret,
	struct err *err)
{
	const char *line;
	int64_t number;
	size_t len;

	*ret = (struct redis_reply){.type = REDIS_NIL};
	if (!take_line(r, deadline, &line, &len, err))
		return false;
	if (len == 0)
		return malformed(r, err);
	if (line[0] == '-')
		return error_reply(r, line + 1, len - 1, err);
	if (line[0] == '+') {
		ret->type = REDIS_TEXT;
		ret->text = arena_strndup(a, line + 1, len - 1);
		ret->len = len - 1;
		return true;
	}
	if (strchr(":$*", line[0]) == NULL ||
		!util_parse_i64(arena_strndup(a, line + 1, len - 1), &number))
		return malformed(r, err);
	if (line[0] == '$')
		return read_bulk(r, a, number, deadline, ret, err);
	if (line[0] == '*')
		return read_list(r, a, number, depth, deadline, ret, err);
	ret->type = REDIS_NUMBER;
	ret->number = number;
	return true;
}

bool
redis_command(struct redis *r, struct arena *a, const char *const *argv, size_t n,
	int64_t timeout_ms, struct redis_reply *ret, struct err *err)
{
	struct str out = STR_INIT(REDIS_REPLY_MAX);
	int64_t deadline = clock_mono_ms() + timeout_ms;
	bool good;

	str_fmt(&out, "*%zu\r\n", n);
	for (size_t i = 0; i < n; i++)
		str_fmt(&out, "$%zu\r\n%s\r\n", strlen(argv[i]), argv[i]);
	good = send_all(r, out.buf, out.len, deadline, err);
	str_wipe(&out);
	if (!good)
		return false;
	str_drop(&r->buf, r->at);
	r->at = 0;
	return read_reply(r, a, 0, deadline, ret, err);
}

static bool
authenticate(struct redis *r, const struct secret *password, const char *database,
	int64_t timeout_ms, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *auth[] = {"AUTH", NULL}, *select[] = {"SELECT", database};
	struct redis_reply reply;

	if (password != NULL) {
		auth[1] = secret_bytes(password);
		if (!redis_command(r, &a, auth, 2, timeout_ms, &reply, err))
			return err->code == ERR_CHECK_FAILED
				       ? err_set(err, ERR_AUTH, "Redis at %s refuses the password.",
						 r->name)
				       : false;
	}
	return database[0] == '\0' || redis_command(r, &a, select, 2, timeout_ms, &reply, err);
}

bool
redis_connect(const char *address, const struct secret *password, int64_t timeout_ms,
	struct redis **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct redis *r = util_alloc(sizeof(*r));
	const char *rest = util_starts(address, "redis://") ? address + 8 : address, *port = "6379";
	const char *slash = rest[0] != '/' ? strchr(rest, '/') : NULL, *database = "", *colon;
	int64_t limit = timeout_ms > 0 ? timeout_ms : REDIS_CONNECT_MS;
	int64_t deadline = clock_mono_ms() + limit;
	char *host;
	bool good;

	r->fd = -1;
	r->name = util_strdup(address);
	r->buf = (struct str)STR_INIT(REDIS_REPLY_MAX + 64 * KIB);
	if (rest[0] == '/') {
		good = connect_unix(r, rest, deadline, err);
	} else {
		if (slash != NULL)
			database = slash + 1;
		host = arena_strndup(
			&a, rest, slash != NULL ? (size_t)(slash - rest) : strlen(rest));
		colon = strrchr(host, ':');
		if (colon != NULL) {
			port = colon + 1;
			host[colon - host] = '\0';
		}
		good = connect_tcp(r, host[0] != '\0' ? host : "localhost", port, deadline, err);
	}
	if (!good || !authenticate(r, password, database, limit, err)) {
		redis_free(r);
		return false;
	}
	*ret = r;
	return true;
}

void
redis_free(struct redis *r)
{
	if (r == NULL)
		return;
	util_close(&r->fd);
	str_done(&r->buf);
	free(r->name);
	free(r);
}

const char *
redis_info(struct arena *a, const char *info, const char *field)
{
	size_t n = strlen(field);

	for (const char *p = info; *p != '\0';) {
		size_t len = strcspn(p, "\r\n");

		if (len > n && memcmp(p, field, n) == 0 && p[n] == ':')
			return arena_strndup(a, p + n + 1, len - n - 1);
		p += len + strspn(p + len, "\r\n");
	}
	return NULL;
}

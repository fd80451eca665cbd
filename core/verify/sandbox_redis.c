/*
 * sandbox_redis: Redis as a sandbox.
 */
#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "base/path.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

static bool
find(struct arena *a, int major, struct sandbox *s, struct err *err)
{
	const char *path;

	return path_tool(a, sandbox_redis.program, &path, err);
}

/* Values reach Redis as they are; nothing of it is ever written back to the backup. */
static void
command(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s,
	struct proc_spec *ret)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	const char *const fixed[] = {"redis-server", "--port", "0", "--unixsocket", s->conninfo,
		"--unixsocketperm", "700", "--dir", s->data, "--daemonize", "no", "--save", "",
		"--logfile", ""};
	size_t n = 0, given = 0;
	char **argv;

	while (spec->settings != NULL && spec->settings[given] != NULL)
		given++;
	argv = arena_array(a, ARRAY_LEN(fixed) + 2 * given + 1, sizeof(*argv));
	for (; n < ARRAY_LEN(fixed); n++)
		argv[n] = arena_strdup(a, fixed[n]);
	for (size_t i = 0; i < given; i++) {
		size_t name = strcspn(spec->settings[i], "=");

		argv[n++] = arena_fmt(a, "--%.*s", (int)name, spec->settings[i]);
		argv[n++] = arena_strdup(
			a, spec->settings[i] + name + (spec->settings[i][name] == '='));
	}
	if (!path_tool(a, sandbox_redis.program, &ret->path, &why))
		ret->path = sandbox_redis.program; /* gone since `find`: the start will say so */
	ret->argv = argv;
}

/* PING is answered by -LOADING until the whole data set is in memory. */
static bool
ready(struct arena *a, const struct sandbox *s)
{
	CLEANUP(util_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = 1};
	char answer[8];

	if (fd < 0 || strlen(s->conninfo) >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, s->conninfo, strlen(s->conninfo));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	       send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
	       recv(fd, answer, 7, MSG_WAITALL) == 7 && memcmp(answer, "+PONG\r\n", 7) == 0;
}

static const char *
conninfo(struct arena *a, const struct sandbox *s)
{
	return path_join(a, s->socket_dir, sandbox_redis.socket);
}

static const char *const users[] = {"redis", "nobody", NULL};

const struct sandbox_ops sandbox_redis = {
	.program = "redis-server",
	.exe = "redis-", /* Debian: a link to redis-check-rdb */
	.title = "Redis",
	.users = users,
	.socket = "redis.sock",
	.stop_signal = SIGKILL, /* nothing of it is worth saving */
	.find = find,
	.command = command,
	.ready = ready,
	.conninfo = conninfo,
};

/*
 * place_syslog: one message to the system's log, over its socket: syslog(3) would drop it without
 * a word when nobody listens. Reading back is for whoever keeps that log: `audit verify --anchors`
 * takes its lines as they are.
 */
#include "base/banned.h"
#include "anchor/anchor.h"
#include "base/clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* RFC 5424, table 1, in the order of syslog_facility_names; severity 5 is notice. */
static const int facilities[] = {4, 10, 3, 1, 16, 17, 18, 19, 20, 21, 22, 23};

/* -1 with errno when nobody is there. */
static int
open_to(const struct sockaddr_un *address, int type, int64_t timeout_s)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	struct timeval limit = {.tv_sec = timeout_s};

	if (fd >= 0 && (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) < 0 ||
			       connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0))
		util_close(&fd);
	return fd;
}

static bool
push(const struct anchor_conf *c, const struct anchor *a, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(ANCHOR_LINE_MAX);
	const char *path = c->socket != NULL ? c->socket : "/dev/log";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	CLEANUP(util_close) int fd = -1;
	time_t now = (time_t)a->at;
	struct tm tm;
	char at[40];

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_CONFIG, "%s is too long for a socket.", path);
	memcpy(address.sun_path, path, strlen(path));
	fd = open_to(&address, SOCK_DGRAM, c->timeout_s);
	if (fd < 0 && errno == EPROTOTYPE)
		fd = open_to(&address, SOCK_STREAM, c->timeout_s);
	if (fd < 0)
		return err_sys(err, ERR_UNREACHABLE, errno, "Nobody takes messages at %s", path);
	/* RFC 3164: what every syslog daemon behind a local socket takes. */
	localtime_r(&now, &tm);
	if (strftime(at, sizeof(at), "%b %e %H:%M:%S", &tm) == 0)
		BUG("a syslog time is longer than its room");
	str_fmt(&text, "<%d>%s lifeboat[%d]: ", facilities[c->syslog] * 8 + 5, at, (int)getpid());
	anchor_format(&text, a);
	if (send(fd, text.buf, text.len, MSG_NOSIGNAL) != (ssize_t)text.len)
		return err_sys(err, errno == EAGAIN ? ERR_TIMEOUT : ERR_IO, errno,
			"Cannot send to %s", path);
	return true;
}

const struct anchor_place anchor_place_syslog = {.kind = "syslog", .push = push};

#include "base/banned.h"
#include "tui/term/output.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#define PENDING_MAX (16 * MIB) /* one frame of the largest screen is below 4 MiB */

static bool
same_terminal(int a, int b)
{
	unsigned x = 0, y = 0;

	return ioctl(a, TIOCGDEV, &x) == 0 && ioctl(b, TIOCGDEV, &y) == 0 && x == y;
}

static bool
open_own(struct output *o, const char *name, int tty)
{
	int fd = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || !same_terminal(fd, tty)) {
		util_close(&fd);
		return false;
	}
	o->fd = fd;
	o->own = true;
	return true;
}

void
output_init(struct output *o, int tty)
{
	char name[32];

	*o = (struct output){.fd = tty, .pending = STR_INIT(PENDING_MAX)};
	snprintf(name, sizeof(name), "/proc/self/fd/%d", tty);
	/* Under su the device may belong to somebody else; /dev/tty is always ours. */
	if (!open_own(o, name, tty))
		open_own(o, "/dev/tty", tty);
}

void
output_done(struct output *o)
{
	if (o->own)
		util_close(&o->fd);
	str_done(&o->pending);
}

void
output_add(struct output *o, const void *bytes, size_t len)
{
	str_addn(&o->pending, bytes, len);
}

bool
output_flush(struct output *o)
{
	while (o->sent < o->pending.len) {
		struct pollfd p = {o->fd, POLLOUT, 0};
		size_t left = o->pending.len - o->sent;
		ssize_t n;

		/* Should it block after all, then not without room for a little. */
		if (!o->own && poll(&p, 1, 0) == 0)
			return false;
		n = write(o->fd, o->pending.buf + o->sent, o->own ? left : MIN(left, 256));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) /* gone; reading says so, and the caller leaves */
			break;
		o->sent += (size_t)n;
	}
	str_cut(&o->pending, 0);
	o->pending.full = false;
	o->sent = 0;
	return true;
}

bool
output_flush_for(struct output *o, int64_t ms)
{
	int64_t until = clock_mono_ms() + ms;

	while (!output_flush(o)) {
		struct pollfd p = {o->fd, POLLOUT, 0};
		int64_t left = until - clock_mono_ms();

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return output_flush(o);
	}
	return true;
}

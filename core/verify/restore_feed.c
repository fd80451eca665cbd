#include "base/banned.h"
#include "verify/restore_feed.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#define PIECE ((size_t)(64 * KIB))

struct pipes {
	int in, out, said; /* our ends; -1 when closed */
	const unsigned char *piece;
	size_t left; /* of the piece, not written yet */
};

static bool
start(struct feed *f, struct pipes *p, pid_t *ret, struct err *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, said[2] = {-1, -1};
	bool good = (f->in == NULL || pipe2(in, O_CLOEXEC) == 0) &&
		    (f->look_out == NULL || pipe2(out, O_CLOEXEC) == 0) &&
		    pipe2(said, O_CLOEXEC) == 0;

	if (!good)
		err_sys(err, ERR_IO, errno, "Cannot make a pipe");
	if (f->in != NULL)
		f->proc.fds[0] = in[0];
	f->proc.fds[1] = out[1];
	f->proc.fds[2] = said[1];
	f->proc.nfds = 3;
	f->proc.group = true;
	f->proc.death_signal = SIGKILL;
	good = good && proc_spawn(&f->proc, ret, err);
	util_close(&in[0]);
	util_close(&out[1]);
	util_close(&said[1]);
	*p = (struct pipes){.in = in[1], .out = out[0], .said = said[0]};
	if (good && p->in >= 0)
		fcntl(p->in, F_SETFL, O_NONBLOCK);
	return good;
}

/* The end matters: that is where a tool says what it died of. */
static void
listen_to(struct feed *f, struct pipes *p)
{
	char text[4 * KIB];
	ssize_t n = read(p->said, text, sizeof(text));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		util_close(&p->said);
		return;
	}
	if (f->said.len + (size_t)n > FEED_SAID_MAX)
		str_drop(&f->said, f->said.len + (size_t)n - FEED_SAID_MAX);
	str_addn(&f->said, text, (size_t)n);
}

static bool
take_out(struct feed *f, struct pipes *p, struct err *err)
{
	char text[PIECE];
	ssize_t n = read(p->out, text, sizeof(text));

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		util_close(&p->out);
		return true;
	}
	return f->look_out(f->arg, text, (size_t)n, err);
}

static bool
put_in(struct feed *f, struct pipes *p, struct err *err)
{
	ssize_t n;

	if (p->left == 0) {
		n = scan_view(f->in, &p->piece, err);
		if (n < 0)
			return false;
		if (n == 0) {
			util_close(&p->in);
			return true;
		}
		p->left = MIN((size_t)n, PIECE);
		if (f->look_in != NULL && !f->look_in(f->arg, p->piece, p->left, err))
			return false;
	}
	n = write(p->in, p->piece, p->left);
	if (n < 0 && errno != EAGAIN && errno != EINTR)
		util_close(&p->in); /* it has ended, and will say why */
	if (n <= 0)
		return true;
	scan_take(f->in, (size_t)n);
	p->piece += n;
	p->left -= (size_t)n;
	return true;
}

static bool
pump(struct feed *f, struct pipes *p, int64_t deadline, struct err *err)
{
	while (p->out >= 0 || p->said >= 0) {
		struct pollfd polled[] = {{p->in, POLLOUT, 0}, {p->out, POLLIN, 0},
			{p->said, POLLIN, 0}, {f->interrupt_fd, POLLIN, 0}};
		int64_t left = deadline - clock_mono_ms();

		if (left <= 0)
			return err_set(err, ERR_TIMEOUT, "%s did not finish within %lld s.",
				f->proc.argv[0], (long long)f->timeout_ms / 1000);
		if (poll(polled, ARRAY_LEN(polled), (int)MIN(left, 60000)) < 0 && errno != EINTR)
			return err_sys(err, ERR_IO, errno, "Cannot wait for %s", f->proc.argv[0]);
		if (polled[3].revents != 0)
			return err_set(err, ERR_STOPPED, "Stopped while loading the backup.");
		if (polled[2].revents != 0)
			listen_to(f, p);
		if (polled[1].revents != 0 && !take_out(f, p, err))
			return false;
		if (polled[0].revents != 0 && !put_in(f, p, err))
			return false;
	}
	return true;
}

bool
feed_run(struct feed *f, struct err *err)
{
	struct pipes p;
	pid_t pid;
	bool good;

	f->said = (struct str)STR_INIT(FEED_SAID_MAX);
	if (!start(f, &p, &pid, err)) {
		good = false;
	} else {
		void (*old)(int) = signal(SIGPIPE, SIG_IGN);

		good = pump(f, &p, clock_mono_ms() + f->timeout_ms, err);
		if (!good)
			kill(-pid, SIGKILL);
		f->exit = proc_wait(pid);
		signal(SIGPIPE, old);
	}
	util_close(&p.in);
	util_close(&p.out);
	util_close(&p.said);
	return good;
}

void
feed_done(struct feed *f)
{
	str_done(&f->said);
}

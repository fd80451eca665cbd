/*
 * sandbox_process: holding on to a process while it is ended.
 */
#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>

#define KILL_MS 5000

bool
sandbox_process_open(struct sandbox_process *p, pid_t pid)
{
	*p = (struct sandbox_process){.pid = pid, .start_time = proc_start_time(pid), .fd = -1};
	if (p->start_time == 0)
		return false;
	p->fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p->fd < 0 && errno == ESRCH)
		return false;
	/* Read before the descriptor was there: is it of the same process? */
	if (!proc_alive(pid, p->start_time)) {
		sandbox_process_close(p);
		return false;
	}
	return true;
}

void
sandbox_process_close(struct sandbox_process *p)
{
	util_close(&p->fd);
}

void
sandbox_process_signal(const struct sandbox_process *p, int sig)
{
	if (p->fd >= 0)
		syscall(SYS_pidfd_send_signal, p->fd, sig, NULL, 0);
	else if (proc_alive(p->pid, p->start_time))
		kill(p->pid, sig);
}

bool
sandbox_process_ended(const struct sandbox_process *p, int64_t ms)
{
	int64_t deadline = clock_mono_ms() + ms;

	for (;;) {
		int64_t left = deadline - clock_mono_ms();
		struct pollfd polled = {p->fd, POLLIN, 0};

		/* Without a descriptor this only waits. */
		if (poll(&polled, 1, (int)(p->fd >= 0 ? MAX(left, 0) : MIN(MAX(left, 0), 10))) > 0)
			return true;
		if (p->fd < 0 && !proc_alive(p->pid, p->start_time))
			return true;
		if (left <= 0)
			return false;
	}
}

bool
sandbox_process_end(const struct sandbox_process *p, int sig, int64_t patience_ms)
{
	sandbox_process_signal(p, sig);
	sandbox_process_signal(p, SIGCONT); /* a stopped one could not die */
	if (sandbox_process_ended(p, patience_ms))
		return true;
	proc_signal_tree(p->pid, SIGKILL, NULL, 0);
	sandbox_process_signal(p, SIGKILL);
	return sandbox_process_ended(p, KILL_MS);
}

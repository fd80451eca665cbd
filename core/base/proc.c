#include "base/banned.h"
#include "base/proc.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define KILL_GRACE_MS 2000

/* What the child reports when it could not become the program. */
struct failure {
	int what, errnum;
};

enum { FAIL_SETUP = 1, FAIL_DIR, FAIL_USER, FAIL_EXEC };

static void
child_signals(void)
{
	sigset_t none;

	for (int s = 1; s < 32; s++)
		if (s != SIGKILL && s != SIGSTOP)
			signal(s, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* First everything above the targets, so that no dup2 tramples on a source. */
static bool
child_fds(const struct proc_spec *spec, int *report)
{
	int moved[PROC_FDS];

	*report = fcntl(*report, F_DUPFD_CLOEXEC, PROC_FDS + 1);
	for (size_t i = 0; i < spec->nfds; i++) {
		int fd = spec->fds[i] >= 0 ? spec->fds[i] : open("/dev/null", O_RDWR);

		moved[i] = fcntl(fd, F_DUPFD_CLOEXEC, PROC_FDS + 1);
		if (moved[i] < 0)
			return false;
	}
	for (size_t i = 0; i < spec->nfds; i++)
		if (dup2(moved[i], (int)i) < 0)
			return false;
	for (int fd = (int)spec->nfds; fd <= PROC_FDS; fd++)
		close(fd);
	return close_range(PROC_FDS + 1, ~0U, CLOSE_RANGE_CLOEXEC) == 0 && *report >= 0;
}

NORETURN static void
child(const struct proc_spec *spec, int report, pid_t parent)
{
	struct failure f = {FAIL_SETUP, 0};

	child_signals();
	if (spec->session ? setsid() < 0 : spec->group && setpgid(0, 0) < 0)
		goto fail;
	if (!child_fds(spec, &report))
		goto fail;
	umask(077);
	if (spec->drop) {
		f.what = FAIL_USER;
		if (setgroups(0, NULL) < 0 || setgid(spec->gid) < 0 || setuid(spec->uid) < 0)
			goto fail;
	}
	if (spec->death_signal != 0) {
		/* A parent that died before prctl took effect would never be noticed. */
		prctl(PR_SET_PDEATHSIG, spec->death_signal);
		if (getppid() != parent)
			_exit(127);
	}
	f.what = FAIL_DIR;
	if (spec->dir != NULL && chdir(spec->dir) < 0)
		goto fail;
	f.what = FAIL_EXEC;
	execve(spec->path, spec->argv, spec->envp);
fail:
	f.errnum = errno;
	if (write(report, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

static bool
spawn_failed(const struct proc_spec *spec, const struct failure *f, struct err *err)
{
	switch (f->what) {
	case FAIL_DIR: return err_sys(err, ERR_IO, f->errnum, "Cannot enter %s", spec->dir);
	case FAIL_USER:
		return err_sys(err, ERR_IO, f->errnum, "Cannot become user id %u for %s",
			(unsigned)spec->uid, spec->path);
	case FAIL_EXEC:
		return err_sys(err, f->errnum == ENOENT ? ERR_TOOL_MISSING : ERR_IO, f->errnum,
			"Cannot execute %s", spec->path);
	default:
		return err_sys(
			err, ERR_IO, f->errnum, "Cannot set up a process for %s", spec->path);
	}
}

bool
proc_spawn(const struct proc_spec *spec, pid_t *ret, struct err *err)
{
	struct failure f;
	pid_t pid, parent = getpid();
	sigset_t all, old;
	ssize_t n;
	int ends[2];

	if (spec->nfds < 3 || spec->nfds > PROC_FDS)
		BUG("proc_spawn with %zu descriptors", spec->nfds);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make a pipe");
	/* No handler of ours may run in the child before it has reset them. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = fork();
	if (pid == 0)
		child(spec, ends[1], parent);
	/* As in the child, whoever comes first; but the leader of a group can't begin a session. */
	if (pid > 0 && spec->group && !spec->session)
		setpgid(pid, pid);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_sys(err, ERR_IO, errno, "Cannot start a process for %s", spec->path);
	}
	do
		n = read(ends[0], &f, sizeof(f));
	while (n < 0 && errno == EINTR);
	close(ends[0]);
	if (n == (ssize_t)sizeof(f)) {
		proc_wait(pid);
		return spawn_failed(spec, &f, err);
	}
	*ret = pid;
	return true;
}

struct proc_exit
proc_exit_of(int s)
{
	struct proc_exit e = {.exited = WIFEXITED(s)};

	if (e.exited)
		e.status = WEXITSTATUS(s);
	else if (WIFSIGNALED(s))
		e.signal = WTERMSIG(s);
	return e;
}

struct proc_exit
proc_wait(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return (struct proc_exit){.exited = false, .signal = 0};
	return proc_exit_of(status);
}

void
proc_exit_text(struct str *out, struct proc_exit e)
{
	if (e.exited)
		str_fmt(out, "exit status %d", e.status);
	else
		str_fmt(out, "killed by signal %d (%s)", e.signal, strsignal(e.signal));
}

struct run {
	pid_t pid;
	int in, out, errors;
	const char *input;
	size_t input_left;
};

bool
proc_drain(int *fd, struct str *into)
{
	char chunk[16 * KIB];
	ssize_t n = read(*fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n <= 0) {
		util_close(fd);
		return false;
	}
	str_addn(into, chunk, (size_t)n);
	return true;
}

static void
feed(struct run *r)
{
	ssize_t n = write(r->in, r->input, r->input_left);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		r->input += n;
		r->input_left -= (size_t)n;
	}
	if (n < 0 || r->input_left == 0)
		util_close(&r->in);
}

/* Until both pipes are closed; false when the time is over. */
static bool
pump(struct run *r, int64_t deadline, struct proc_result *ret)
{
	while (r->out >= 0 || r->errors >= 0) {
		struct pollfd p[] = {
			{r->out, POLLIN, 0}, {r->errors, POLLIN, 0}, {r->in, POLLOUT, 0}};
		int64_t left = deadline - clock_mono_ms();

		if (left <= 0)
			return false;
		if (poll(p, 3, (int)MIN(left, 1000)) < 0 && errno != EINTR)
			return false;
		if (p[0].fd >= 0 && p[0].revents)
			proc_drain(&r->out, &ret->out);
		if (p[1].fd >= 0 && p[1].revents)
			proc_drain(&r->errors, &ret->errors);
		if (p[2].fd >= 0 && p[2].revents)
			feed(r);
	}
	return true;
}

/* False when the child still runs at the deadline. */
static bool
wait_until(pid_t pid, int64_t deadline, struct proc_exit *ret)
{
	struct timespec nap = {0, 50000};
	int status;

	for (;;) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			*ret = proc_exit_of(status);
			return true;
		}
		if (clock_mono_ms() >= deadline)
			return false;
		nanosleep(&nap, NULL);
		nap.tv_nsec = MIN(nap.tv_nsec * 2, 20000000);
	}
}

/* TERM to the group, a grace, then KILL; a stopped child is continued so that it can die. */
static struct proc_exit
end_group(pid_t pid)
{
	struct proc_exit e;
	bool ended;

	kill(-pid, SIGTERM);
	kill(-pid, SIGCONT);
	ended = wait_until(pid, clock_mono_ms() + KILL_GRACE_MS, &e);
	kill(-pid, SIGKILL);
	return ended ? e : proc_wait(pid);
}

static bool
run_pipes(int in[2], int out[2], int errors[2], struct err *err)
{
	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(errors, O_CLOEXEC) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make a pipe");
	fcntl(in[1], F_SETFL, O_NONBLOCK);
	return true;
}

bool
proc_run(const struct proc_spec *given, const char *input, int64_t timeout_ms,
	struct proc_result *ret, struct err *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1};
	struct proc_spec spec = *given;
	struct run r = {.in = -1, .out = -1, .errors = -1, .input = input};
	bool good = run_pipes(in, out, errors, err), in_time = true;

	spec.group = true;
	spec.fds[0] = input != NULL ? in[0] : -1;
	spec.fds[1] = out[1];
	spec.fds[2] = errors[1];
	spec.nfds = 3;
	good = good && proc_spawn(&spec, &r.pid, err);
	util_close(&in[0]);
	util_close(&out[1]);
	util_close(&errors[1]);
	r.in = in[1], r.out = out[0], r.errors = errors[0];
	if (good) {
		void (*old)(int) = signal(SIGPIPE, SIG_IGN);
		int64_t deadline = clock_mono_ms() + timeout_ms;

		r.input_left = input != NULL ? strlen(input) : 0;
		if (r.input_left == 0)
			util_close(&r.in);
		in_time = pump(&r, deadline, ret) && wait_until(r.pid, deadline, &ret->exit);
		if (!in_time)
			ret->exit = end_group(r.pid);
		signal(SIGPIPE, old);
	}
	util_close(&r.in);
	util_close(&r.out);
	util_close(&r.errors);
	if (good && !in_time)
		return err_set(err, ERR_TIMEOUT, "%s did not finish within %lld s and was ended.",
			spec.path, (long long)timeout_ms / 1000);
	return good;
}

void
proc_result_done(struct proc_result *r)
{
	str_done(&r->out);
	str_done(&r->errors);
}

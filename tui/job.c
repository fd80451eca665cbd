#include "base/banned.h"
#include "tui/job.h"
#include "base/clock.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define ARGS_MAX 64

extern char **environ;

struct job {
	struct job *next;
	struct jobs *all;
	const struct job_ops *ops;
	void *arg;
	pid_t pid;
	int in, out, errors; /* our ends */
	struct watcher *out_watch, *errors_watch;
	struct str output, complaint;
	int64_t started_ms;
};

struct jobs {
	struct loop *loop;
	struct watcher *reaper;
	struct job *first;
};

static void
job_free(struct job *j)
{
	loop_remove(j->out_watch);
	loop_remove(j->errors_watch);
	util_close(&j->in);
	util_close(&j->out);
	util_close(&j->errors);
	str_done(&j->output);
	str_done(&j->complaint);
	free(j);
}

static void
unlink_job(struct job *j)
{
	for (struct job **p = &j->all->first; *p != NULL; p = &(*p)->next) {
		if (*p == j) {
			*p = j->next;
			return;
		}
	}
}

/* Takes a chunk of what is there: its bytes, 0 at the end, -1 when nothing is there now. */
static ssize_t
drain(int fd, struct str *into)
{
	char chunk[16 * KIB];
	ssize_t n;

	do
		n = read(fd, chunk, sizeof(chunk));
	while (n < 0 && errno == EINTR);
	if (n > 0)
		str_addn(into, chunk, (size_t)n);
	return n;
}

static void
on_readable(struct loop *l, int fd, short revents, void *arg)
{
	struct job *j = arg;
	bool out = fd == j->out;
	struct str *into = out ? &j->output : &j->complaint;
	struct watcher **watch = out ? &j->out_watch : &j->errors_watch;
	ssize_t n = drain(fd, into);

	/* At its end the descriptor would wake us for ever. */
	if (n == 0) {
		loop_remove(*watch);
		*watch = NULL;
	} else if (n > 0 && j->ops != NULL && j->ops->said != NULL) {
		j->ops->said(j, j->arg);
	}
}

static void
finish(struct job *j, int status)
{
	const struct job_ops *ops = j->ops;

	/* What it left in the pipes; a grandchild that holds them open is not waited for. */
	while (drain(j->out, &j->output) > 0 || drain(j->errors, &j->complaint) > 0)
		;
	unlink_job(j);
	if (ops != NULL)
		ops->ended(j, proc_exit_of(status), j->arg);
	job_free(j);
}

static void
on_child(struct loop *l, int sig, void *arg)
{
	struct jobs *all = arg;
	struct job *next;
	int status;

	for (struct job *j = all->first; j != NULL; j = next) {
		/* One that has ended left the list. NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		next = j->next;
		if (waitpid(j->pid, &status, WNOHANG) == j->pid) {
			finish(j, status);
			next = all->first; /* the callback may have changed the list */
		}
	}
}

struct jobs *
jobs_new(struct loop *l)
{
	struct jobs *all = util_alloc(sizeof(*all));

	all->loop = l;
	all->reaper = loop_signal(l, SIGCHLD, on_child, all);
	return all;
}

void
jobs_free(struct jobs *all)
{
	if (all == NULL)
		return;
	while (all->first != NULL) {
		struct job *j = all->first;

		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		kill(-j->pid, SIGTERM);
		unlink_job(j);
		job_free(j);
	}
	loop_remove(all->reaper);
	free(all);
}

static bool
make_pipes(int in[2], int out[2], int errors[2], bool input, struct err *err)
{
	if ((input && pipe2(in, O_CLOEXEC) < 0) || pipe2(out, O_CLOEXEC) < 0 ||
		pipe2(errors, O_CLOEXEC) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make a pipe");
	if (input)
		fcntl(in[1], F_SETFL, O_NONBLOCK);
	fcntl(out[0], F_SETFL, O_NONBLOCK);
	fcntl(errors[0], F_SETFL, O_NONBLOCK);
	return true;
}

bool
job_start(struct jobs *all, const char *const *args, bool input, const struct job_ops *ops,
	void *arg, struct job **ret, struct err *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, errors[2] = {-1, -1};
	char *argv[ARGS_MAX + 2] = {(char[]){"lifeboat"}};
	struct proc_spec spec = {.path = PATH_SELF,
		.argv = argv,
		.envp = environ,
		.nfds = 3,
		.session = true,
		.death_signal = SIGTERM};
	struct job *j;
	size_t n = 0;
	bool good;
	pid_t pid;

	for (; n < ARGS_MAX && args[n] != NULL; n++)
		argv[n + 1] = (char *)(uintptr_t)args[n]; /* execve does not write to it */
	good = (args[n] == NULL || err_set(err, ERR_LIMIT, "Too many arguments.")) &&
	       make_pipes(in, out, errors, input, err);
	spec.fds[0] = in[0];
	spec.fds[1] = out[1];
	spec.fds[2] = errors[1];
	good = good && proc_spawn(&spec, &pid, err);
	util_close(&in[0]);
	util_close(&out[1]);
	util_close(&errors[1]);
	if (!good) {
		util_close(&in[1]);
		util_close(&out[0]);
		util_close(&errors[0]);
		return false;
	}
	j = util_alloc(sizeof(*j));
	*j = (struct job){.next = all->first,
		.all = all,
		.ops = ops,
		.arg = arg,
		.pid = pid,
		.in = in[1],
		.out = out[0],
		.errors = errors[0],
		.output = STR_INIT(JOB_OUTPUT_MAX),
		.complaint = STR_INIT(JOB_ERRORS_MAX),
		.started_ms = clock_mono_ms()};
	j->out_watch = loop_fd(all->loop, j->out, POLLIN, on_readable, j);
	j->errors_watch = loop_fd(all->loop, j->errors, POLLIN, on_readable, j);
	all->first = j;
	*ret = j;
	return true;
}

void
job_cancel(struct job *j)
{
	if (j == NULL)
		return;
	/* It stays in the list until it is reaped, silent. */
	j->ops = NULL;
	kill(-j->pid, SIGTERM);
}

bool
job_send(struct job *j, const void *bytes, size_t len)
{
	bool good = j->in >= 0 && write(j->in, bytes, len) == (ssize_t)len;

	util_close(&j->in);
	return good;
}

struct str *
job_output(struct job *j)
{
	return &j->output;
}

struct str *
job_errors(struct job *j)
{
	return &j->complaint;
}

int64_t
job_started_ms(const struct job *j)
{
	return j->started_ms;
}

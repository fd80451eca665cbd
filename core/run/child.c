#include "base/banned.h"
#include "run/child.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define CHUNK     (256 * KIB)
#define KEPT_MAX  64
#define EVENT_MAX (STEP_VALUE_MAX * 8)
#define TIMES_MS  50
/* What is read of a pipe once its step has ended: all that it can hold, and not for ever. */
#define DRAIN_ROUNDS 64
#define STRAY_ROUNDS 100
#define STRAY_QUIET  4

struct child {
	struct loop *loop;
	struct child_spec spec;
	pid_t pid;
	int64_t started_ns, last_time_ms;
	int out_fd, errors_fd, event_fd, file_fd, times_fd;
	struct watcher *out_w, *errors_w, *event_w, *timer, *grace;
	struct mask_state out_mask, errors_mask;
	struct digest *digest;
	struct str events;
	cJSON *result;
	struct child_end end;
	bool exited, ended;
};

/* Those that outlive their step, and of these the ones that outlive the run. */
static pid_t kept[KEPT_MAX], left[KEPT_MAX];
static size_t nkept, nleft;
static size_t running; /* children that have not been reaped */

void
child_keep(pid_t pid)
{
	if (nkept < KEPT_MAX && pid > 1)
		kept[nkept++] = pid;
}

static void
leave(pid_t pid)
{
	if (nleft < KEPT_MAX && pid > 1)
		left[nleft++] = pid;
	child_keep(pid);
}

/*
 * Until none is found a few times over: one that forks while it is looked for, and goes, is found
 * the next time, or the time after that.
 */
void
child_kill_strays(bool kept_too, size_t *ret_count)
{
	const struct timespec nap = {0, 2000000};
	siginfo_t info;
	int quiet = 0;

	*ret_count = 0;
	for (int round = 0; round < STRAY_ROUNDS; round++) {
		size_t n;

		/* As a subreaper we inherit every orphan: without children there are none. */
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 && errno == ECHILD)
			return;
		n = proc_signal_tree(
			getpid(), SIGKILL, kept_too ? left : kept, kept_too ? nleft : nkept);
		quiet = n == 0 ? quiet + 1 : 0;
		if (quiet == STRAY_QUIET)
			return;
		*ret_count = MAX(*ret_count, n);
		nanosleep(&nap, NULL);
	}
}

static void
write_times(struct child *c)
{
	int64_t ms = (clock_mono_ns() - c->started_ns) / 1000000;
	char line[64];

	if (c->times_fd < 0 || ms < c->last_time_ms + TIMES_MS)
		return;
	c->last_time_ms = ms;
	snprintf(line, sizeof(line), "%lld %lld\n", (long long)ms, (long long)c->end.output_bytes);
	if (!file_write_all(c->times_fd, line, strlen(line)))
		util_close(&c->times_fd);
}

/* What the disk does not take is lost, and said to be; the step itself goes on. */
static void
keep_output(struct child *c, const char *bytes, size_t len)
{
	if (len == 0 || c->file_fd < 0)
		return;
	if (!file_write_all(c->file_fd, bytes, len)) {
		c->end.output_lost = true;
		/* A part may have been taken: the file is what its digest says. */
		if (ftruncate(c->file_fd, (off_t)c->end.output_bytes) < 0)
			log_debug("output can't be cut back: %s", strerror(errno));
		util_close(&c->file_fd);
		return;
	}
	digest_add(c->digest, bytes, len);
	c->end.output_bytes += (int64_t)len;
	write_times(c);
	if (c->spec.on_output != NULL)
		c->spec.on_output(c, c->end.output_bytes, c->spec.arg);
}

static void
take_output(struct child *c, struct mask_state *st, const char *bytes, size_t len)
{
	struct str shown = STR_INIT(CHUNK * 2 + MIB);

	if (mask_empty(c->spec.mask)) {
		keep_output(c, bytes, len);
		return;
	}
	mask_stream(c->spec.mask, st, bytes, len, &shown);
	keep_output(c, shown.buf, shown.len);
	str_done(&shown);
}

enum got { GOT_SOME, GOT_NOTHING, GOT_END };

static enum got
judge_read(ssize_t n)
{
	if (n > 0)
		return GOT_SOME;
	return n < 0 && (errno == EINTR || errno == EAGAIN) ? GOT_NOTHING : GOT_END;
}

static enum got
read_output(struct child *c, int fd, bool standard_output)
{
	static char chunk[CHUNK];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n <= 0)
		return judge_read(n);
	if (standard_output)
		str_addn(&c->end.out, chunk, (size_t)n);
	take_output(c, standard_output ? &c->out_mask : &c->errors_mask, chunk, (size_t)n);
	return GOT_SOME;
}

static void
take_event(struct child *c, const char *line, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = json_parse(line, len, &err);
	const char *event = j != NULL ? json_get_text(j, "event") : NULL;

	if (event == NULL)
		return;
	if (strcmp(event, "result") == 0) {
		cJSON_Delete(c->result);
		c->result = j;
		j = NULL;
	} else if (strcmp(event, "keep") == 0) {
		child_keep((pid_t)json_get_int(j, "pid", 0));
	} else if (strcmp(event, "leave") == 0) {
		leave((pid_t)json_get_int(j, "pid", 0));
	} else if (c->spec.on_event != NULL) {
		c->spec.on_event(c, j, c->spec.arg);
	}
}

static enum got
read_events(struct child *c)
{
	char chunk[16 * KIB], *end;
	ssize_t n = read(c->event_fd, chunk, sizeof(chunk));

	if (n <= 0)
		return judge_read(n);
	str_addn(&c->events, chunk, (size_t)n);
	while ((end = memchr(c->events.buf, '\n', c->events.len)) != NULL) {
		size_t len = (size_t)(end - c->events.buf);

		take_event(c, c->events.buf, len);
		str_drop(&c->events, len + 1);
	}
	/* A line without end is no event of ours. */
	if (c->events.full)
		str_cut(&c->events, 0);
	return GOT_SOME;
}

static void
close_pipe(int *fd, struct watcher **w)
{
	loop_remove(*w);
	*w = NULL;
	util_close(fd);
}

static void
finish(struct child *c)
{
	unsigned char sum[DIGEST_SIZE];
	struct str rest = STR_INIT(MIB);

	if (c->ended)
		return;
	c->ended = true;
	mask_end(c->spec.mask, &c->out_mask, &rest);
	mask_end(c->spec.mask, &c->errors_mask, &rest);
	keep_output(c, rest.buf, rest.len);
	str_done(&rest);
	c->last_time_ms = -TIMES_MS;
	write_times(c);
	util_close(&c->file_fd);
	util_close(&c->times_fd);
	loop_remove(c->timer);
	loop_remove(c->grace);
	c->timer = c->grace = NULL;
	digest_end(c->digest, sum);
	digest_hex(sum, DIGEST_SIZE, c->end.output_sha256);
	c->end.seconds = (double)(clock_mono_ns() - c->started_ns) / 1e9;
	c->end.result = c->result;
	c->spec.on_end(c, &c->end, c->spec.arg);
}

static void
maybe_finish(struct child *c)
{
	if (c->exited && c->out_fd < 0 && c->errors_fd < 0 && c->event_fd < 0)
		finish(c);
}

static void
on_readable(struct loop *l, int fd, short revents, void *arg)
{
	struct child *c = arg;

	if (fd == c->out_fd && read_output(c, fd, true) == GOT_END)
		close_pipe(&c->out_fd, &c->out_w);
	else if (fd == c->errors_fd && read_output(c, fd, false) == GOT_END)
		close_pipe(&c->errors_fd, &c->errors_w);
	else if (fd == c->event_fd && read_events(c) == GOT_END)
		close_pipe(&c->event_fd, &c->event_w);
	maybe_finish(c);
}

static void
on_grace(struct loop *l, void *arg)
{
	struct child *c = arg;

	c->grace = NULL;
	kill(-c->pid, SIGKILL);
}

static void
end_group(struct child *c)
{
	if (c->exited)
		return;
	kill(-c->pid, c->grace != NULL ? SIGKILL : SIGTERM);
	/* A stopped process gets its TERM only when it goes on. */
	kill(-c->pid, SIGCONT);
	if (c->grace == NULL)
		c->grace = loop_timer(c->loop, CHILD_GRACE_MS, false, on_grace, c);
}

static void
on_timeout(struct loop *l, void *arg)
{
	struct child *c = arg;

	c->timer = NULL;
	c->end.timed_out = true;
	end_group(c);
}

void
child_stop(struct child *c)
{
	c->end.stopped = true;
	end_group(c);
}

/*
 * The leader is gone. Whoever else has our pipes open is a stray, or was kept and must not have
 * them; so what is in the pipes now is all there is.
 */
void
child_reaped(struct child *c, pid_t pid, int status)
{
	if (c == NULL || pid != c->pid || c->exited)
		return;
	c->exited = true;
	c->end.exit = proc_exit_of(status);
	kill(-c->pid, SIGKILL);
	/* Its last events first: they may say what is to be kept. */
	for (int i = 0; i < DRAIN_ROUNDS && c->event_fd >= 0 && read_events(c) == GOT_SOME; i++)
		;
	/* What another step that still runs has started is none of ours. */
	if (--running == 0)
		child_kill_strays(false, &c->end.strays);
	for (int i = 0; i < DRAIN_ROUNDS && c->out_fd >= 0; i++)
		if (read_output(c, c->out_fd, true) != GOT_SOME)
			break;
	for (int i = 0; i < DRAIN_ROUNDS && c->errors_fd >= 0; i++)
		if (read_output(c, c->errors_fd, false) != GOT_SOME)
			break;
	close_pipe(&c->out_fd, &c->out_w);
	close_pipe(&c->errors_fd, &c->errors_w);
	close_pipe(&c->event_fd, &c->event_w);
	finish(c);
}

static bool
open_files(struct child *c, struct err *err)
{
	const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;

	if (c->spec.output == NULL)
		return true;
	c->file_fd = open(c->spec.output, flags, 0640);
	if (c->file_fd < 0)
		return err_sys(err, ERR_IO, errno, "Cannot create %s", c->spec.output);
	if (c->spec.times != NULL)
		c->times_fd = open(c->spec.times, flags, 0640);
	return true;
}

/* The spec goes into an unlinked file rather than a pipe: nobody has to feed it. */
static bool
spec_file(const char *spec, int *ret, struct err *err)
{
	int fd = memfd_create("step", MFD_CLOEXEC);

	if (fd < 0 || !file_write_all(fd, spec, strlen(spec)) || lseek(fd, 0, SEEK_SET) < 0) {
		util_close(&fd);
		return err_sys(err, ERR_IO, errno, "Cannot hand over the step");
	}
	*ret = fd;
	return true;
}

static bool
pipe_for(int *ours, int *theirs, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot make a pipe");
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	/* Larger pipes cost fewer rounds for a step that prints a lot; a refusal is fine. */
	fcntl(ends[0], F_SETPIPE_SZ, CHUNK);
	*ours = ends[0];
	*theirs = ends[1];
	return true;
}

static bool
spawn(struct child *c, struct err *err)
{
	char *argv[] = {(char[]){"lifeboat"}, (char[]){"__step"}, NULL, NULL};
	CLEANUP(util_close) int out = -1, errors = -1, events = -1, spec_fd = -1;
	CLEANUP(util_free) char *role = NULL;
	struct proc_spec spec = {.path = PATH_SELF,
		.argv = argv,
		.envp = c->spec.envp,
		.nfds = 5,
		.session = true,
		.death_signal = SIGTERM};

	if (c->spec.role != NULL)
		argv[2] = role = util_strdup(c->spec.role);
	if (!spec_file(c->spec.spec, &spec_fd, err) || !pipe_for(&c->out_fd, &out, err) ||
		!pipe_for(&c->errors_fd, &errors, err) || !pipe_for(&c->event_fd, &events, err))
		return false;
	spec.fds[0] = -1;
	spec.fds[1] = out;
	spec.fds[2] = errors;
	spec.fds[STEP_SPEC_FD] = spec_fd;
	spec.fds[STEP_EVENT_FD] = events;
	c->started_ns = clock_mono_ns();
	return proc_spawn(&spec, &c->pid, err);
}

bool
child_start(struct loop *l, const struct child_spec *spec, struct child **ret, struct err *err)
{
	struct child *c = util_alloc(sizeof(*c));

	c->loop = l;
	c->spec = *spec;
	c->out_fd = c->errors_fd = c->event_fd = c->file_fd = c->times_fd = -1;
	c->last_time_ms = -TIMES_MS;
	c->events = (struct str)STR_INIT(EVENT_MAX);
	c->end.out = (struct str)STR_INIT(STEP_VALUE_MAX);
	c->digest = digest_new();
	if (!open_files(c, err) || !spawn(c, err)) {
		child_free(c);
		return false;
	}
	running++;
	c->out_w = loop_fd(l, c->out_fd, POLLIN, on_readable, c);
	c->errors_w = loop_fd(l, c->errors_fd, POLLIN, on_readable, c);
	c->event_w = loop_fd(l, c->event_fd, POLLIN, on_readable, c);
	if (spec->timeout_ms > 0)
		c->timer = loop_timer(l, spec->timeout_ms, false, on_timeout, c);
	*ret = c;
	return true;
}

void
child_free(struct child *c)
{
	if (c == NULL)
		return;
	close_pipe(&c->out_fd, &c->out_w);
	close_pipe(&c->errors_fd, &c->errors_w);
	close_pipe(&c->event_fd, &c->event_w);
	loop_remove(c->timer);
	loop_remove(c->grace);
	util_close(&c->file_fd);
	util_close(&c->times_fd);
	str_wipe(&c->out_mask.held);
	str_wipe(&c->errors_mask.held);
	str_done(&c->events);
	str_wipe(&c->end.out);
	digest_free(c->digest);
	cJSON_Delete(c->result);
	free(c);
}

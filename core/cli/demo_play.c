#include "base/banned.h"
#include "cli/demo_play.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/proc.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define STOP_MS   20000
#define OUTPUT_MS 30000

bool
play_stopping(const struct play *p, int64_t wait_ms)
{
	struct pollfd polled = {p->stop_fd, POLLIN, 0};

	return poll(&polled, 1, (int)wait_ms) > 0;
}

bool
play_hung_up(const struct play *p)
{
	struct signalfd_siginfo info;

	return play_stopping(p, 0) &&
	       read(p->stop_fd, &info, sizeof(info)) == (ssize_t)sizeof(info) &&
	       info.ssi_signo == SIGHUP;
}

void
play_beat(struct play *p)
{
	if (clock_mono_ms() < p->beat_ms + DEMO_BEAT_MS)
		return;
	demo_beat(&p->demo);
	p->beat_ms = clock_mono_ms();
}

/* Ended by itself, or because we are; a terminal's Ctrl-C reaches it without us. */
static struct proc_exit
wait_for(struct play *p, pid_t pid)
{
	uint64_t start = proc_start_time(pid);
	int64_t kill_at = INT64_MAX;

	while (proc_alive(pid, start)) {
		struct timespec nap = {0, 10000000};

		if (kill_at == INT64_MAX && play_stopping(p, 0)) {
			kill(pid, SIGTERM);
			kill_at = clock_mono_ms() + STOP_MS;
		}
		if (clock_mono_ms() > kill_at)
			kill(pid, SIGKILL);
		if (kill_at == INT64_MAX)
			play_beat(p);
		nanosleep(&nap, NULL);
	}
	return proc_wait(pid);
}

static void
environment(struct play *p, struct arena *a, struct proc_spec *spec)
{
	struct proc_env env;

	proc_env_init(&env, a);
	proc_env_set(&env, a, "LIFEBOAT_STATE", p->demo.state);
	proc_env_set(&env, a, "LIFEBOAT_SITE", p->demo.site);
	spec->envp = proc_env_list(&env, a);
}

bool
play_self(struct play *p, enum show show, const char *const *args, int *ret_status, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *argv[24] = {"lifeboat"};
	struct proc_spec spec = {.path = PATH_SELF,
		.argv = (char *const *)argv,
		.fds = {show == SHOW_SCREEN ? STDIN_FILENO : -1,
			show <= SHOW_ERRORS ? -1 : STDOUT_FILENO,
			show == SHOW_NOTHING ? -1 : STDERR_FILENO},
		.nfds = 3,
		.death_signal = SIGTERM};
	struct proc_exit e;
	pid_t pid;

	for (size_t i = 0; args[i] != NULL && i + 2 < ARRAY_LEN(argv); i++)
		argv[i + 1] = args[i];
	environment(p, &a, &spec);
	cli_flush(p->cli);
	if (!proc_spawn(&spec, &pid, err))
		return false;
	e = wait_for(p, pid);
	*ret_status = e.exited ? e.status : 128 + e.signal;
	if (play_stopping(p, 0))
		return err_set(err, ERR_STOPPED, "The demo was stopped.");
	return true;
}

bool
play_self_out(
	struct play *p, const char *const *args, struct str *out, int *ret_status, struct err *err)
{
	CLEANUP(proc_result_done) struct proc_result r = PROC_RESULT_INIT(MIB);
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *argv[24] = {"lifeboat"};
	struct proc_spec spec = {.path = PATH_SELF, .argv = (char *const *)argv};

	for (size_t i = 0; args[i] != NULL && i + 2 < ARRAY_LEN(argv); i++)
		argv[i + 1] = args[i];
	environment(p, &a, &spec);
	if (!proc_run(&spec, NULL, OUTPUT_MS, &r, err))
		return false;
	*ret_status = r.exit.exited ? r.exit.status : 128 + r.exit.signal;
	str_add(out, str_text(&r.out));
	return !play_stopping(p, 0) || err_set(err, ERR_STOPPED, "The demo was stopped.");
}

bool
play_must(
	struct play *p, enum show show, const char *const *args, const char *what, struct err *err)
{
	int status;

	if (!play_self(p, show, args, &status, err))
		return false;
	return status == 0 || err_set(err, ERR_CHECK_FAILED, "%s (exit status %d).", what, status);
}

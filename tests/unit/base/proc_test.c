#include "unit/testing.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/proc.h"

#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "fault/shim.c"

static struct arena arena = ARENA_INIT;

static char *const *
argv_of(const char *script)
{
	char **argv = arena_array(&arena, 4, sizeof(*argv));

	argv[0] = arena_strdup(&arena, "sh");
	argv[1] = arena_strdup(&arena, "-c");
	argv[2] = arena_strdup(&arena, script);
	return argv;
}

static struct proc_spec
shell(const char *script)
{
	static char *const environment[] = {NULL};

	return (struct proc_spec){.path = "/bin/sh",
		.argv = argv_of(script),
		.envp = environment,
		.fds = {-1, -1, -1},
		.nfds = 3};
}

/* Runs a script to its end; what it printed lives in the arena. */
static const char *
output(const char *script, const char *input, struct proc_exit *ret_exit)
{
	struct proc_result r = PROC_RESULT_INIT(MIB);
	struct proc_spec spec = shell(script);
	struct err err = ERR_INIT;
	const char *text;

	if (!proc_run(&spec, input, 20000, &r, &err))
		fail_msg("%s", err.msg);
	text = arena_strndup(&arena, str_text(&r.out), r.out.len);
	if (ret_exit != NULL)
		*ret_exit = r.exit;
	proc_result_done(&r);
	return text;
}

static void
test_run(void **state)
{
	struct proc_result r = PROC_RESULT_INIT(MIB);
	struct proc_spec spec = shell("echo out; echo err >&2; exit 3");
	struct str text = STR_INIT(100);
	struct err err = ERR_INIT;

	assert_true(proc_run(&spec, NULL, 10000, &r, &err));
	assert_string_equal(r.out.buf, "out\n");
	assert_string_equal(r.errors.buf, "err\n");
	assert_true(r.exit.exited);
	assert_int_equal(r.exit.status, 3);
	proc_exit_text(&text, r.exit);
	assert_string_equal(text.buf, "exit status 3");
	proc_result_done(&r);
	str_done(&text);
}

static void
test_killed(void **state)
{
	struct str text = STR_INIT(100);
	struct proc_exit e;

	output("kill -9 $$", NULL, &e);
	assert_false(e.exited);
	assert_int_equal(e.signal, SIGKILL);
	proc_exit_text(&text, e);
	assert_string_equal(text.buf, "killed by signal 9 (Killed)");
	str_done(&text);
}

static void
test_input(void **state)
{
	char *big = arena_alloc(&arena, MIB + 1);
	const char *back;

	assert_string_equal(output("cat", "hello", NULL), "hello");
	assert_string_equal(output("cat", "", NULL), "");
	assert_string_equal(output("cat", NULL, NULL), "");
	/* More than a pipe holds, both ways at once. */
	memset(big, 'x', MIB);
	back = output("cat", big, NULL);
	assert_int_equal(strlen(back), MIB);
	/* A child that does not want its input is no fault. */
	assert_string_equal(output("echo no; exec 0<&-", big, NULL), "no\n");
}

/* F05: interrupted system calls lose nothing. */
static void
test_interrupted(void **state)
{
	for (int nth = 1; nth <= 4; nth++) {
		fault_set("read", "pipe:*", nth, "EINTR", false);
		assert_string_equal(output("cat", "hello", NULL), "hello");
		fault_set("write", "pipe:*", nth, "EINTR", false);
		assert_string_equal(output("cat", "hello", NULL), "hello");
	}
	fault_set("write", "pipe:*", 1, "short", true);
	assert_string_equal(output("cat", "hello", NULL), "hello");
	fault_set(NULL, NULL, 0, NULL, false);
}

static void
test_bounded_output(void **state)
{
	struct proc_result r = PROC_RESULT_INIT(100);
	struct proc_spec spec = shell("head -c 1000000 /dev/zero; echo done >&2");
	struct err err = ERR_INIT;

	assert_true(proc_run(&spec, NULL, 20000, &r, &err));
	assert_int_equal(r.out.len, 100);
	assert_true(r.out.full);
	assert_string_equal(r.errors.buf, "done\n");
	assert_int_equal(r.exit.status, 0);
	proc_result_done(&r);
}

/* By which signal it ends, when it does. */
static int
times_out(const char *script, int64_t most_ms)
{
	struct proc_result r = PROC_RESULT_INIT(KIB);
	struct proc_spec spec = shell(script);
	int64_t before = clock_mono_ms();
	struct err err = ERR_INIT;

	assert_false(proc_run(&spec, NULL, 300, &r, &err));
	assert_err(&err, ERR_TIMEOUT, "did not finish within");
	assert_true(clock_mono_ms() - before < most_ms);
	proc_result_done(&r);
	return r.exit.exited ? 0 : r.exit.signal;
}

/* F44, F45 */
static void
test_f44_timeout(void **state)
{
	assert_int_equal(times_out("exec sleep 20", 15000), SIGTERM);
	/* One that ignores TERM, one that is stopped, one whose children hold the pipe. */
	assert_int_equal(times_out("trap '' TERM; sleep 20 & wait; sleep 20", 15000), SIGKILL);
	assert_int_equal(times_out("kill -STOP $$; sleep 20", 15000), SIGTERM);
	times_out("sleep 20 & sleep 20", 15000);
	/* One that closed its output and goes on all the same. */
	times_out("exec >&- 2>&-; sleep 20", 15000);
	times_out("timeout 20 yes", 15000);
}

/* F43: exactly the declared descriptors, whatever else is open here. */
static void
test_f43_descriptors(void **state)
{
	int leaked[40];
	const char *names;

	for (size_t i = 0; i < ARRAY_LEN(leaked); i++)
		leaked[i] = open("/dev/zero", O_RDONLY);
	names = output("ls -l /proc/self/fd", NULL, NULL);
	assert_holds(names, " 0 -> /dev/null");
	assert_holds(names, " 1 -> pipe:");
	assert_holds(names, " 2 -> pipe:");
	assert_holds_not(names, "/dev/zero");
	/* ls itself opens the directory as 3. */
	assert_holds_not(names, " 4 -> ");
	for (size_t i = 0; i < ARRAY_LEN(leaked); i++)
		close(leaked[i]);
}

static void
test_descriptors_in_order(void **state)
{
	struct proc_spec spec = shell("cat <&4 >&3; readlink /proc/self/fd/5 >&3");
	struct err err = ERR_INIT;
	char text[100] = "";
	int out[2], in[2];
	struct proc_exit e;
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], "four ", 5), 5);
	close(in[1]);
	/* Sources that are targets of others at the same time. */
	spec.nfds = 6;
	spec.fds[3] = out[1];
	spec.fds[4] = in[0];
	spec.fds[5] = -1;
	assert_true(proc_spawn(&spec, &pid, &err));
	close(out[1]);
	e = proc_wait(pid);
	assert_int_equal(e.status, 0);
	assert_true(read(out[0], text, sizeof(text) - 1) > 0);
	assert_string_equal(text, "four /dev/null\n");
	close(out[0]);
	close(in[0]);
}

static void
bad_count(void *arg)
{
	struct proc_spec spec = shell("true");
	struct err err = ERR_INIT;
	pid_t pid;

	(void)arg;
	spec.nfds = 2;
	if (proc_spawn(&spec, &pid, &err))
		_exit(1);
}

static void
test_fails_to_start(void **state)
{
	struct proc_spec spec = shell("true");
	struct err err = ERR_INIT;
	pid_t pid;

	spec.path = "/nonexistent/program";
	assert_false(proc_spawn(&spec, &pid, &err));
	assert_err(&err, ERR_TOOL_MISSING, "Cannot execute /nonexistent/program: No such file");
	spec.path = test_dir();
	assert_false(proc_spawn(&spec, &pid, &err));
	assert_err(&err, ERR_IO, "Cannot execute");
	spec = shell("true");
	spec.dir = "/nonexistent";
	assert_false(proc_spawn(&spec, &pid, &err));
	assert_err(&err, ERR_IO, "Cannot enter /nonexistent");
	spec = shell("true");
	spec.fds[1] = 4000;
	assert_false(proc_spawn(&spec, &pid, &err));
	assert_err(&err, ERR_IO, "Cannot set up a process");
	assert_bug(bad_count, NULL, "2 descriptors");
}

static void
no_descriptors(void *arg)
{
	struct rlimit none, some;
	struct proc_spec spec = shell("true");
	struct proc_result r = PROC_RESULT_INIT(KIB);
	struct err err = ERR_INIT;
	pid_t pid;

	(void)arg;
	for (int fd = 3; fd < 1000; fd++)
		close(fd);
	getrlimit(RLIMIT_NOFILE, &some);
	none = (struct rlimit){3, some.rlim_max};
	setrlimit(RLIMIT_NOFILE, &none);
	if (proc_spawn(&spec, &pid, &err) || strstr(err.msg, "Cannot make a pipe") == NULL ||
		proc_run(&spec, NULL, 1000, &r, &err) || err.code != ERR_IO)
		_exit(1);
	setrlimit(RLIMIT_NOFILE, &some);
	err_done(&err);
	proc_result_done(&r);
}

static void
no_processes(void *arg)
{
	struct rlimit none = {0, 0};
	struct proc_spec spec = shell("true");
	struct err err = ERR_INIT;
	pid_t pid;

	(void)arg;
	setrlimit(RLIMIT_NPROC, &none);
	/* The limit does not bind root. */
	if (geteuid() == 0 && setresuid(12345, 12345, 0) < 0)
		_exit(2);
	if (proc_spawn(&spec, &pid, &err) || strstr(err.msg, "Cannot start a process") == NULL)
		_exit(1);
	err_done(&err);
	if (setresuid((uid_t)-1, 0, (uid_t)-1) < 0)
		return;
}

static void
test_limits(void **state)
{
	char said[1000];

	assert_int_equal(test_in_child(no_descriptors, NULL, said, sizeof(said)), 0);
	assert_int_equal(test_in_child(no_processes, NULL, said, sizeof(said)), 0);
}

static void
test_group_and_session(void **state)
{
	struct proc_spec spec = shell("sleep 60");
	struct err err = ERR_INIT;
	struct proc_exit e;
	pid_t pid;

	spec.group = true;
	assert_true(proc_spawn(&spec, &pid, &err));
	assert_int_equal(getpgid(pid), pid);
	assert_int_equal(getsid(pid), getsid(0));
	assert_int_equal(kill(-pid, SIGTERM), 0);
	e = proc_wait(pid);
	assert_int_equal(e.signal, SIGTERM);
	spec.session = true;
	assert_true(proc_spawn(&spec, &pid, &err));
	assert_int_equal(getsid(pid), pid);
	kill(pid, SIGKILL);
	e = proc_wait(pid);
	assert_int_equal(e.signal, SIGKILL);
	/* Somebody else reaped it, or it never was ours. */
	e = proc_wait(pid);
	assert_false(e.exited);
}

/* The child's signals are the defaults, none blocked; its umask is 077. */
static void
test_clean_child(void **state)
{
	unsigned long long blocked, ignored;
	unsigned mask;
	const char *text;
	sigset_t some;

	signal(SIGUSR1, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGUSR2);
	sigprocmask(SIG_BLOCK, &some, NULL);
	text = output("grep -E 'SigBlk|SigIgn' /proc/self/status; umask", NULL, NULL);
	assert_int_equal(
		sscanf(text, "SigBlk: %llx SigIgn: %llx %o", &blocked, &ignored, &mask), 3);
	assert_int_equal(blocked, 0);
	/* Real-time signals may be ignored by whoever started us. */
	assert_int_equal(ignored & 0x7fffffff, 0);
	assert_int_equal(mask, 077);
	sigprocmask(SIG_UNBLOCK, &some, NULL);
	signal(SIGUSR1, SIG_DFL);
}

static void
spawn_and_die(void *arg)
{
	int *pipe_end = arg;
	struct proc_spec spec = shell("echo up >&3; exec sleep 60");
	struct err err = ERR_INIT;
	pid_t pid;

	spec.nfds = 4;
	spec.fds[3] = *pipe_end;
	spec.death_signal = SIGKILL;
	if (!proc_spawn(&spec, &pid, &err))
		_exit(1);
	_exit(0);
}

static void
test_dies_with_us(void **state)
{
	struct pollfd p;
	char said[100];
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(test_in_child(spawn_and_die, &ends[1], said, sizeof(said)), 0);
	close(ends[1]);
	/* End of file: nobody holds the other end any more. */
	p = (struct pollfd){ends[0], POLLIN, 0};
	while (poll(&p, 1, 10000) == 1 && read(ends[0], said, sizeof(said)) > 0)
		;
	assert_true(p.revents & POLLHUP);
	close(ends[0]);
}

static void
test_drop_user(void **state)
{
	struct passwd *nobody = getpwnam("nobody");
	struct proc_result r = PROC_RESULT_INIT(KIB);
	struct proc_spec spec = shell("id -u; id -G");
	struct err err = ERR_INIT;

	if (nobody == NULL)
		skip();
	spec.drop = true;
	spec.uid = nobody->pw_uid;
	spec.gid = nobody->pw_gid;
	if (geteuid() == 0) {
		assert_true(proc_run(&spec, NULL, 10000, &r, &err));
		assert_string_equal(r.out.buf,
			arena_fmt(&arena, "%u\n%u\n", (unsigned)spec.uid, (unsigned)spec.gid));
	} else {
		assert_false(proc_run(&spec, NULL, 10000, &r, &err));
		assert_err(&err, ERR_IO, "Cannot become user id");
	}
	proc_result_done(&r);
}

static void
drop_without_right(void *arg)
{
	struct proc_spec spec = shell("true");
	struct err err = ERR_INIT;
	pid_t pid;

	(void)arg;
	if (geteuid() == 0 && setresuid(12345, 12345, 0) < 0)
		_exit(2);
	spec.drop = true;
	spec.uid = 1;
	if (proc_spawn(&spec, &pid, &err) ||
		strstr(err.msg, "Cannot become user id 1 for /bin/sh") == NULL)
		_exit(1);
	err_done(&err);
	if (setresuid((uid_t)-1, 0, (uid_t)-1) < 0)
		return;
}

static void
test_drop_without_right(void **state)
{
	char said[1000];

	assert_int_equal(test_in_child(drop_without_right, NULL, said, sizeof(said)), 0);
}

static void
test_memory(void **state)
{
	arena_done(&arena);
	assert_int_equal(arena.used, 0);
}

TESTS(T(test_run), T(test_killed), T(test_input), T(test_interrupted), T(test_bounded_output),
	T(test_f44_timeout), T(test_f43_descriptors), T(test_descriptors_in_order),
	T(test_fails_to_start), T(test_limits), T(test_group_and_session), T(test_clean_child),
	T(test_dies_with_us), T(test_drop_user), T(test_drop_without_right), T(test_memory))

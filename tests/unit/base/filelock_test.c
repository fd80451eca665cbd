#include "unit/testing.h"

#include "base/clock.h"
#include "base/filelock.h"

#include "fault/shim.c"

/* Another open file description of the same file, as another process would have one. */
static int
open_again(const char *name)
{
	int fd = open(test_path(name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void
test_exclusive(void **state)
{
	int one = open_again("lock"), two = open_again("lock");
	int64_t before = clock_mono_ms();

	assert_int_equal(filelock_holder(one), 0);
	assert_true(filelock_take(one, 0));
	assert_int_equal(filelock_holder(two), getpid());
	errno = 0;
	assert_false(filelock_take(two, 0));
	assert_int_equal(errno, EWOULDBLOCK);
	assert_false(filelock_take(two, 30));
	assert_true(clock_mono_ms() - before >= 30);
	filelock_release(one);
	assert_true(filelock_take(two, 0));
	close(one);
	close(two);
}

static void
hold_until_killed(const char *name, int ready)
{
	int fd = open_again(name);

	if (!filelock_take(fd, 0) || write(ready, "x", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

/* F15: a holder that is killed leaves nothing for a human to clean up. */
static void
test_f15_stale(void **state)
{
	int fd = open_again("stale"), ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		hold_until_killed("stale", ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	assert_false(filelock_take(fd, 0));
	assert_int_equal(filelock_holder(fd), pid);
	kill(pid, SIGKILL);
	assert_true(filelock_take(fd, 5000));
	waitpid(pid, NULL, 0);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static void
on_alarm(int sig)
{
	(void)sig;
}

static void
test_interrupted(void **state)
{
	int one = open_again("again"), two = open_again("again");
	struct sigaction act = {.sa_handler = on_alarm}, old;

	assert_true(filelock_take(one, 0));
	sigaction(SIGALRM, &act, &old);
	ualarm(5000, 5000);
	assert_false(filelock_take(two, 50));
	ualarm(0, 0);
	/* One that is on its way goes nowhere; then it is as before. */
	signal(SIGALRM, SIG_IGN);
	sigaction(SIGALRM, &old, NULL);
	filelock_release(one);
	/* Network file systems interrupt even those that do not wait. */
	fault_set("flock", "*/again", 1, "EINTR", false);
	assert_true(filelock_take(two, 0));
	fault_set(NULL, NULL, 0, NULL, false);
	close(one);
	close(two);
}

static void
test_no_file(void **state)
{
	assert_false(filelock_take(-1, 1000));
	assert_int_equal(errno, EBADF);
	assert_int_equal(filelock_holder(-1), 0);
}

TESTS(T(test_exclusive), T(test_f15_stale), T(test_interrupted), T(test_no_file))

#include "unit/testing.h"

#include <pthread.h>

#include "base/clock.h"
#include "net/bounded.h"

struct job {
	int go[2];   /* work waits for a byte here */
	int done[2]; /* abandon writes one here */
	bool worked;
};

static void
work(void *arg)
{
	struct job *j = arg;
	char c;

	if (read(j->go[0], &c, 1) == 1)
		j->worked = true;
}

static void
abandon(void *arg)
{
	struct job *j = arg;

	if (write(j->done[1], "x", 1) != 1)
		abort();
}

static void
job_open(struct job *j)
{
	*j = (struct job){.worked = false};
	assert_int_equal(pipe(j->go), 0);
	assert_int_equal(pipe(j->done), 0);
}

static void
job_close(struct job *j)
{
	for (int i = 0; i < 2; i++) {
		close(j->go[i]);
		close(j->done[i]);
	}
}

static void
test_in_time(void **state)
{
	struct job j;

	job_open(&j);
	assert_int_equal(write(j.go[1], "x", 1), 1);
	assert_true(bounded_call(work, abandon, &j, 30000));
	assert_true(j.worked);
	job_close(&j);
}

/* The call comes back at its deadline; the work is freed by its own thread, later. */
static void
test_too_late(void **state)
{
	int64_t begin = clock_mono_ms();
	struct job j;
	char c;

	job_open(&j);
	assert_false(bounded_call(work, abandon, &j, 50));
	assert_true(clock_mono_ms() - begin >= 50);
	assert_false(j.worked);
	assert_int_equal(write(j.go[1], "x", 1), 1);
	assert_int_equal(read(j.done[0], &c, 1), 1);
	assert_true(j.worked);
	job_close(&j);
}

static void
note_mask(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
}

/* Signals stay with the thread that asked. */
static void
test_signals(void **state)
{
	sigset_t before, after, inside;

	pthread_sigmask(SIG_SETMASK, NULL, &before);
	assert_true(bounded_call(note_mask, abandon, &inside, 30000));
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	assert_int_equal(sigismember(&inside, SIGTERM), 1);
	assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

static pthread_key_t kept;

static void
let_go(void *arg)
{
	/* Long enough to lose any race that there is. */
	nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	*(bool *)arg = true;
}

static void
keep(void *arg)
{
	pthread_setspecific(kept, arg);
}

/* What a library keeps for the thread is gone when the call is over. */
static void
test_thread_is_gone(void **state)
{
	bool gone = false;

	assert_int_equal(pthread_key_create(&kept, let_go), 0);
	assert_true(bounded_call(keep, abandon, &gone, 30000));
	assert_true(gone);
	pthread_key_delete(kept);
}

TESTS(T(test_in_time), T(test_too_late), T(test_signals), T(test_thread_is_gone))

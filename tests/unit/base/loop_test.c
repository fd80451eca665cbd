#include "unit/testing.h"

#include "base/clock.h"
#include "base/loop.h"

struct seen {
	struct loop *loop;
	struct watcher *own, *others[8];
	int calls, fd, signal, stop_after;
	short revents;
};

static void
count_fd(struct loop *l, int fd, short revents, void *arg)
{
	struct seen *s = arg;

	s->calls++;
	s->fd = fd;
	s->revents = revents;
}

static void
count(struct loop *l, void *arg)
{
	struct seen *s = arg;

	if (++s->calls == s->stop_after)
		loop_stop(l);
}

static void
count_signal(struct loop *l, int sig, void *arg)
{
	struct seen *s = arg;

	s->calls++;
	s->signal = sig;
}

static void
test_descriptors(void **state)
{
	struct loop *l = loop_new();
	struct seen in = {0}, out = {0};
	struct watcher *w;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	w = loop_fd(l, ends[0], POLLIN, count_fd, &in);
	assert_true(loop_once(l, 0));
	assert_int_equal(in.calls, 0);
	loop_fd(l, ends[1], POLLOUT, count_fd, &out);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_true(loop_once(l, -1));
	assert_int_equal(in.calls, 1);
	assert_int_equal(in.fd, ends[0]);
	assert_int_equal(in.revents, POLLIN);
	assert_int_equal(out.calls, 1);
	/* At rest nothing comes, not even the end of file. */
	loop_fd_events(w, 0);
	close(ends[1]);
	loop_free(l);
	l = loop_new();
	w = loop_fd(l, ends[0], 0, count_fd, &in);
	assert_true(loop_once(l, 0));
	assert_int_equal(in.calls, 1);
	loop_fd_events(w, POLLIN);
	assert_true(loop_once(l, 0));
	assert_int_equal(in.calls, 2);
	assert_true(in.revents & POLLHUP);
	loop_remove(w);
	loop_remove(NULL);
	assert_true(loop_once(l, 0));
	assert_int_equal(in.calls, 2);
	loop_free(l);
	loop_free(NULL);
	close(ends[0]);
}

static void
test_timers(void **state)
{
	struct loop *l = loop_new();
	struct seen once = {0}, often = {.stop_after = 3}, never = {0};
	int64_t before = clock_mono_ms();
	struct watcher *w = loop_timer(l, 10000000, false, count, &never);

	loop_timer(l, 5, false, count, &once);
	loop_timer(l, 10, true, count, &often);
	loop_run(l);
	assert_true(clock_mono_ms() - before >= 29);
	assert_int_equal(once.calls, 1);
	assert_int_equal(often.calls, 3);
	assert_int_equal(never.calls, 0);
	loop_remove(w);
	/* Runs again after a stop. */
	often.calls = 0;
	loop_run(l);
	assert_int_equal(often.calls, 3);
	loop_free(l);
}

static void
test_timer_of_no_time(void **state)
{
	struct loop *l = loop_new();
	struct seen s = {0}, t = {0};

	loop_timer(l, 0, true, count, &s);
	loop_timer(l, 0, false, count, &t);
	for (int i = 0; i < 5; i++)
		assert_true(loop_once(l, 100));
	assert_true(s.calls >= 2 && s.calls <= 5);
	assert_int_equal(t.calls, 1);
	loop_free(l);
}

static void
test_signals(void **state)
{
	struct loop *l = loop_new();
	struct seen usr = {0}, chld = {0}, also = {0};
	struct watcher *w;
	sigset_t now;

	loop_signal(l, SIGUSR1, count_signal, &usr);
	loop_signal(l, SIGCHLD, count_signal, &chld);
	w = loop_signal(l, SIGUSR1, count_signal, &also);
	kill(getpid(), SIGUSR1);
	assert_true(loop_once(l, 1000));
	assert_int_equal(usr.calls, 1);
	assert_int_equal(usr.signal, SIGUSR1);
	assert_int_equal(also.calls, 1);
	assert_int_equal(chld.calls, 0);
	/* Without its watcher a signal is still ours, and has no effect. */
	loop_remove(w);
	kill(getpid(), SIGUSR1);
	assert_true(loop_once(l, 1000));
	assert_int_equal(usr.calls, 2);
	assert_int_equal(also.calls, 1);
	loop_free(l);
	sigprocmask(SIG_BLOCK, NULL, &now);
	assert_false(sigismember(&now, SIGUSR1));
}

static void
remove_all(struct seen *s)
{
	s->calls++;
	loop_remove(s->own);
	for (size_t i = 0; i < ARRAY_LEN(s->others); i++)
		loop_remove(s->others[i]);
}

static void
remove_from_fd(struct loop *l, int fd, short revents, void *arg)
{
	remove_all(arg);
}

static void
remove_from_timer(struct loop *l, void *arg)
{
	remove_all(arg);
}

static void
remove_from_signal(struct loop *l, int sig, void *arg)
{
	remove_all(arg);
}

/* Whichever comes first removes every watcher there is, its own included: nothing else fires. */
static void
test_remove_any(void **state)
{
	for (int first = 0; first < 3; first++) {
		struct loop *l = loop_new();
		struct seen s = {0};
		int ends[2];

		assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
		assert_int_equal(write(ends[1], "x", 1), 1);
		for (size_t i = 0; i < 2; i++) {
			s.others[i] = loop_fd(l, ends[0], POLLIN, remove_from_fd, &s);
			s.others[i + 2] = loop_fd(l, ends[1], POLLOUT, remove_from_fd, &s);
			if (first >= 1)
				s.others[i + 4] = loop_timer(l, 0, i, remove_from_timer, &s);
		}
		if (first == 2) {
			s.others[6] = loop_signal(l, SIGUSR1, remove_from_signal, &s);
			s.own = loop_signal(l, SIGUSR1, remove_from_signal, &s);
			kill(getpid(), SIGUSR1);
		}
		assert_true(loop_once(l, 1000));
		assert_int_equal(s.calls, 1);
		s = (struct seen){0};
		assert_true(loop_once(l, 0));
		assert_int_equal(s.calls, 0);
		loop_free(l);
		close(ends[0]);
		close(ends[1]);
	}
}

static void
add_more(struct loop *l, int fd, short revents, void *arg)
{
	struct seen *s = arg;

	s->calls++;
	if (s->calls > 1)
		return;
	for (size_t i = 0; i < ARRAY_LEN(s->others); i++)
		s->others[i] = loop_fd(l, fd, POLLIN, add_more, s);
	loop_timer(l, 0, false, count, s);
}

/* What is added in a callback takes part from the next round on; its descriptor was not asked. */
static void
test_add_in_callback(void **state)
{
	struct loop *l = loop_new();
	struct seen s = {0};
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	loop_fd(l, ends[0], POLLIN, add_more, &s);
	assert_true(loop_once(l, 1000));
	assert_true(s.calls == 1 || s.calls == 2); /* the timer may be due at once */
	s.calls = 2;
	assert_true(loop_once(l, 1000));
	assert_true(s.calls >= 2 + 9);
	loop_free(l);
	close(ends[0]);
	close(ends[1]);
}

static void
on_signal(int sig)
{
	(void)sig;
}

/* A handler of somebody else interrupts poll(2); the loop goes on. */
static void
test_interrupted_poll(void **state)
{
	struct loop *l = loop_new();
	struct sigaction act = {.sa_handler = on_signal}, old;
	struct seen s = {.stop_after = 1};

	sigaction(SIGALRM, &act, &old);
	ualarm(5000, 5000);
	loop_timer(l, 50, false, count, &s);
	loop_run(l);
	ualarm(0, 0);
	sigaction(SIGALRM, &old, NULL);
	assert_int_equal(s.calls, 1);
	loop_free(l);
}

TESTS(T(test_descriptors), T(test_timers), T(test_timer_of_no_time), T(test_signals),
	T(test_remove_any), T(test_add_in_callback), T(test_interrupted_poll))

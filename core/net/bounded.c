#include "base/banned.h"
#include "net/bounded.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>

struct call {
	void (*work)(void *arg);
	void (*abandon)(void *arg);
	void *arg;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool finished, abandoned;
};

static struct call *
call_new(void (*work)(void *), void (*abandon)(void *), void *arg)
{
	struct call *c = util_alloc(sizeof(*c));
	pthread_condattr_t attr;

	*c = (struct call){.work = work, .abandon = abandon, .arg = arg};
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attr);
	pthread_condattr_destroy(&attr);
	return c;
}

static void
call_free(struct call *c)
{
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static void *
run(void *arg)
{
	struct call *c = arg;
	bool abandoned;

	c->work(c->arg);
	pthread_mutex_lock(&c->lock);
	c->finished = true;
	abandoned = c->abandoned;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	/* Who came too late has nobody left to clean up behind it. */
	if (abandoned) {
		c->abandon(c->arg);
		call_free(c);
	}
	return NULL;
}

/* Signals are for the thread that has a loop; this one must not take them away. */
static bool
start(struct call *c, pthread_t *ret)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(ret, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc == 0;
}

bool
bounded_call(void (*work)(void *), void (*abandon)(void *), void *arg, int64_t timeout_ms)
{
	struct call *c = call_new(work, abandon, arg);
	struct timespec until;
	pthread_t thread;
	bool finished;
	int rc = 0;

	/* Where a process limit forbids threads: better without a deadline than not at all. */
	if (!start(c, &thread)) {
		work(arg);
		call_free(c);
		return true;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += timeout_ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&c->lock);
	while (!c->finished && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&c->changed, &c->lock, &until);
	finished = c->finished;
	c->abandoned = !finished;
	pthread_mutex_unlock(&c->lock);
	if (!finished) {
		pthread_detach(thread);
		return false;
	}
	/* To its very end: what a library keeps for a thread (OpenSSL's random numbers) goes then.
	 */
	pthread_join(thread, NULL);
	call_free(c);
	return true;
}

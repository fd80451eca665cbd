#include "base/banned.h"
#include "base/loop.h"
#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

enum kind { KIND_FD, KIND_TIMER, KIND_SIGNAL };

struct watcher {
	struct watcher *next;
	struct loop *loop;
	enum kind kind;
	bool dead; /* removed in this round; freed when no callback is on the stack */
	int fd;    /* or the signal's number */
	short events, revents;
	int64_t due, period;
	loop_fd_cb fd_cb;
	loop_cb timer_cb;
	loop_signal_cb signal_cb;
	void *arg;
};

struct loop {
	struct watcher *first;
	struct pollfd *polled;
	size_t cap;
	sigset_t signals;
	int signal_fd;
	bool stop, busy;
};

struct loop *
loop_new(void)
{
	struct loop *l = util_alloc(sizeof(*l));

	l->signal_fd = -1;
	sigemptyset(&l->signals);
	return l;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	while (l->first != NULL) {
		struct watcher *next = l->first->next;

		free(l->first);
		l->first = next;
	}
	util_close(&l->signal_fd);
	sigprocmask(SIG_UNBLOCK, &l->signals, NULL);
	free(l->polled);
	free(l);
}

static struct watcher *
add(struct loop *l, enum kind kind, void *arg)
{
	struct watcher *w = util_alloc(sizeof(*w));

	w->loop = l;
	w->kind = kind;
	w->arg = arg;
	w->next = l->first;
	l->first = w;
	return w;
}

struct watcher *
loop_fd(struct loop *l, int fd, short events, loop_fd_cb cb, void *arg)
{
	struct watcher *w = add(l, KIND_FD, arg);

	w->fd = fd;
	w->events = events;
	w->fd_cb = cb;
	return w;
}

void
loop_fd_events(struct watcher *w, short events)
{
	w->events = events;
}

struct watcher *
loop_timer(struct loop *l, int64_t ms, bool repeat, loop_cb cb, void *arg)
{
	struct watcher *w = add(l, KIND_TIMER, arg);

	w->due = clock_mono_ms() + ms;
	w->period = repeat ? MAX(ms, 1) : 0;
	w->timer_cb = cb;
	return w;
}

struct watcher *
loop_signal(struct loop *l, int sig, loop_signal_cb cb, void *arg)
{
	struct watcher *w = add(l, KIND_SIGNAL, arg);

	w->fd = sig;
	w->signal_cb = cb;
	sigaddset(&l->signals, sig);
	sigprocmask(SIG_BLOCK, &l->signals, NULL);
	l->signal_fd = signalfd(l->signal_fd, &l->signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (l->signal_fd < 0)
		BUG("signalfd: %s", strerror(errno));
	return w;
}

static void
sweep(struct loop *l)
{
	for (struct watcher **p = &l->first; *p != NULL;) {
		struct watcher *w = *p;

		if (w->dead) {
			*p = w->next;
			free(w);
		} else {
			p = &w->next;
		}
	}
}

void
loop_remove(struct watcher *w)
{
	if (w == NULL)
		return;
	w->dead = true;
	if (!w->loop->busy)
		sweep(w->loop);
}

static void
dispatch_signals(struct loop *l)
{
	struct signalfd_siginfo info;

	while (read(l->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		for (struct watcher *w = l->first; w != NULL; w = w->next)
			if (!w->dead && w->kind == KIND_SIGNAL && w->fd == (int)info.ssi_signo)
				w->signal_cb(l, w->fd, w->arg);
}

static int64_t
next_due(struct loop *l)
{
	int64_t due = INT64_MAX;

	for (struct watcher *w = l->first; w != NULL; w = w->next)
		if (!w->dead && w->kind == KIND_TIMER)
			due = MIN(due, w->due);
	return due;
}

static void
dispatch_timers(struct loop *l)
{
	int64_t now = clock_mono_ms();

	for (struct watcher *w = l->first; w != NULL; w = w->next) {
		if (w->dead || w->kind != KIND_TIMER || w->due > now)
			continue;
		if (w->period > 0)
			w->due = MAX(w->due + w->period, now);
		else
			w->dead = true;
		w->timer_cb(l, w->arg);
	}
}

/* Fills l->polled; slot 0 is the signalfd. Watchers added later in the round are not in it. */
static size_t
gather(struct loop *l)
{
	size_t n = 1;

	for (struct watcher *w = l->first; w != NULL; w = w->next)
		n += w->kind == KIND_FD;
	if (n > l->cap) {
		l->cap = n * 2;
		l->polled = util_realloc(l->polled, l->cap, sizeof(*l->polled));
	}
	l->polled[0] = (struct pollfd){l->signal_fd, POLLIN, 0};
	n = 1;
	for (struct watcher *w = l->first; w != NULL; w = w->next) {
		w->revents = 0;
		if (w->kind == KIND_FD)
			l->polled[n++] = (struct pollfd){w->events != 0 ? w->fd : -1, w->events, 0};
	}
	return n;
}

bool
loop_once(struct loop *l, int64_t max_ms)
{
	int64_t due = next_due(l), wait = max_ms < 0 ? INT64_MAX : max_ms;
	size_t n = gather(l), i = 1;

	if (due != INT64_MAX)
		wait = MIN(wait, MAX(due - clock_mono_ms(), 0));
	if (poll(l->polled, n,
		    wait > 86400000 ? (max_ms < 0 && due == INT64_MAX ? -1 : 86400000)
				    : (int)wait) < 0 &&
		errno != EINTR)
		BUG("poll: %s", strerror(errno));
	/* Copied first: a callback may change the list that polled mirrors. */
	for (struct watcher *w = l->first; w != NULL; w = w->next)
		if (w->kind == KIND_FD)
			w->revents = l->polled[i++].revents;
	l->busy = true;
	if (l->polled[0].revents != 0)
		dispatch_signals(l);
	for (struct watcher *w = l->first; w != NULL; w = w->next) {
		short revents = w->revents;

		w->revents = 0;
		if (!w->dead && w->kind == KIND_FD && revents != 0)
			w->fd_cb(l, w->fd, revents, w->arg);
	}
	dispatch_timers(l);
	l->busy = false;
	sweep(l);
	return !l->stop;
}

void
loop_run(struct loop *l)
{
	l->stop = false;
	while (loop_once(l, -1))
		;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

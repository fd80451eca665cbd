/*
 * loop: one poll(2) loop with descriptors, timers and signals, small enough to hold in the head.
 *
 * Callbacks may add and remove any watcher, their own included. Not thread-safe; one loop takes
 * signals at a time (they arrive through a signalfd).
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/util.h"

#include <poll.h>

struct loop;
struct watcher; /* one descriptor, timer or signal; freed by loop_remove or loop_free */

typedef void (*loop_fd_cb)(struct loop *l, int fd, short revents, void *arg);
typedef void (*loop_cb)(struct loop *l, void *arg);
typedef void (*loop_signal_cb)(struct loop *l, int signal, void *arg);

struct loop *loop_new(void);
void loop_free(struct loop *l); /* closes no descriptor of the callers */

struct watcher *loop_fd(struct loop *l, int fd, short events, loop_fd_cb cb, void *arg);
void loop_fd_events(struct watcher *w, short events); /* 0: rest */
/* Fires once after `ms`, and is then freed behind its callback; or every `ms` when `repeat`. */
struct watcher *loop_timer(struct loop *l, int64_t ms, bool repeat, loop_cb cb, void *arg);
/* Blocks the signal and delivers it here. */
struct watcher *loop_signal(struct loop *l, int signal, loop_signal_cb cb, void *arg);
void loop_remove(struct watcher *w); /* NULL is a no-op */

void loop_run(struct loop *l);                  /* until loop_stop */
bool loop_once(struct loop *l, int64_t max_ms); /* one round; -1 waits without limit */
void loop_stop(struct loop *l);

#endif

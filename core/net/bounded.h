/*
 * bounded: a call that may hang, made in a thread of its own, with a deadline.
 *
 * Name resolution, Kerberos and libpq's cancel request block for as long as they like; a restore
 * must not wait for them.
 */
#ifndef NET_BOUNDED_H
#define NET_BOUNDED_H

#include "base/util.h"

/*
 * Runs work(arg) and waits for at most timeout_ms; true when it has finished. Otherwise the
 * thread is left alone, arg belongs to it, and abandon(arg) frees it when work comes back.
 */
MUST_CHECK bool bounded_call(
	void (*work)(void *arg), void (*abandon)(void *arg), void *arg, int64_t timeout_ms);

#endif

/*
 * filelock: flock(2) on a descriptor, with a deadline, and who holds it.
 *
 * The lock belongs to the open file description: it dies with its last process, so a stale lock
 * never needs a human (FAULTS.md F15).
 */
#ifndef BASE_FILELOCK_H
#define BASE_FILELOCK_H

#include "base/util.h"

#include <sys/types.h>

/* Exclusive; tries at least once and until wait_ms are over. False with errno EWOULDBLOCK when
 * somebody else has it. */
MUST_CHECK bool filelock_take(int fd, int64_t wait_ms);
void filelock_release(int fd);
/* The pid that holds a flock on this file according to /proc/locks; 0 when none is seen. */
pid_t filelock_holder(int fd);

#endif

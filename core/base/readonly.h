/*
 * readonly: a process that starts and changes nothing, whatever it is asked to. What writes asks
 * here first: hiding a key or a command would leave the next way in open.
 */
#ifndef BASE_READONLY_H
#define BASE_READONLY_H

#include "base/err.h"

/* For this process and what it starts ($LIFEBOAT_READ_ONLY); it can't be taken back. */
void readonly_set(void);
bool readonly_is_set(void);
/* Fails with ERR_READ_ONLY where it is. */
MUST_CHECK bool readonly_check(struct err *err);

#endif

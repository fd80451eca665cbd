/*
 * log: a debug log for developers, off unless $LIFEBOAT_DEBUG names a file.
 * Text is made visible before it is written; secrets are never passed here.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/util.h"

void log_debug(const char *fmt, ...) PRINTF(1, 2);

#endif

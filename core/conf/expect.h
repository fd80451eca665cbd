/*
 * expect: a comparison written in a site file or runbook: ">= 1", "!= 0", "~ ^ok", "dump".
 *
 * Operators: = == != < <= > >= ~ (POSIX extended regular expression) !~ ; without one the texts
 * must be equal. Numbers compare as numbers where both sides are, else as bytes.
 */
#ifndef CONF_EXPECT_H
#define CONF_EXPECT_H

#include "conf/problems.h"

/* False when the expectation itself is malformed; the error says how. */
MUST_CHECK bool expect_check(const char *expectation, struct err *err);

/* Whether the value meets it. A malformed one is never met. */
bool expect_met(const char *expectation, const char *value);

#endif

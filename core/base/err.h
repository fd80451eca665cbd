/*
 * err: what went wrong, in a sentence fit for the operator, and what to do about it.
 *
 * A function that can fail returns bool and takes a struct err last. The err is untouched on
 * success. The message is a complete sentence; the hint says the way out. Library code never
 * prints; only main, the runner and the views report.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include "base/util.h"

/* ERR(name, exit status (DESIGN.md promise 9), name in JSON and in the manual) */
#define ERR_CODES(ERR)                       \
	ERR(NONE, 0, "none")                 \
	ERR(CHECK_FAILED, 1, "check-failed") \
	ERR(DAMAGED, 1, "damaged")           \
	ERR(USAGE, 2, "usage")               \
	ERR(CONFIG, 2, "configuration")      \
	ERR(SYNTAX, 2, "syntax")             \
	ERR(LIMIT, 2, "limit")               \
	ERR(IO, 2, "io")                     \
	ERR(NOT_FOUND, 2, "not-found")       \
	ERR(UNREACHABLE, 2, "unreachable")   \
	ERR(AUTH, 2, "authentication")       \
	ERR(PERMISSION, 2, "permission")     \
	ERR(SQL, 2, "sql")                   \
	ERR(TIMEOUT, 2, "timeout")           \
	ERR(TOOL_MISSING, 2, "tool-missing") \
	ERR(UNSUPPORTED, 2, "unsupported")   \
	ERR(UNKNOWN, 2, "unknown")           \
	ERR(LOCK_HELD, 3, "lock-held")       \
	ERR(READ_ONLY, 3, "read-only")       \
	ERR(REFUSED, 3, "refused")           \
	ERR(UNSAFE, 3, "unsafe-permissions") \
	ERR(AUDIT, 3, "audit")               \
	ERR(STOPPED, 4, "stopped")

enum err_code {
#define ERR(name, status, text) ERR_##name,
	ERR_CODES(ERR)
#undef ERR
};

struct err {
	enum err_code code;
	int sys_errno; /* 0 when no system call is to blame */
	char *msg;     /* owned; NULL only while code is ERR_NONE */
	char *hint;    /* owned; may be NULL */
};

#define ERR_INIT                 \
	{                        \
		.code = ERR_NONE \
	}

/* Both replace whatever *err held and return false, so that `return err_set(...)` reads well. */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF(3, 4);
/* The same with ": " and strerror(errnum) behind the message. */
bool err_sys(struct err *err, enum err_code code, int errnum, const char *fmt, ...) PRINTF(4, 5);
/* Adds the way out; returns false like the others. */
bool err_hint(struct err *err, const char *fmt, ...) PRINTF(2, 3);
/* Puts "text: " before the message, for a caller that knows more. Returns false. */
bool err_prefix(struct err *err, const char *fmt, ...) PRINTF(2, 3);
/* *to takes over from *from, which is empty afterwards. Returns false. */
bool err_move(struct err *to, struct err *from);
void err_done(struct err *err);

const char *err_name(enum err_code code);
enum err_code err_by_name(const char *name); /* ERR_UNKNOWN when there is no such name */
int err_exit_status(enum err_code code);

#endif

#include "base/banned.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	int status;
} codes[] = {
#define ERR(name, status, text) {text, status},
	ERR_CODES(ERR)
#undef ERR
};

PRINTF(1, 0)
static char *
vformat(const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) < 0)
		BUG("cannot format an error message");
	return text;
}

PRINTF(1, 2)
static char *
format(const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = vformat(fmt, ap);
	va_end(ap);
	return text;
}

/* Takes over msg. Built before the old message goes, which may be one of the arguments. */
static bool
replace(struct err *err, enum err_code code, int errnum, char *msg)
{
	err_done(err);
	err->code = code;
	err->sys_errno = errnum;
	err->msg = msg;
	return false;
}

bool
err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;
	char *msg;

	va_start(ap, fmt);
	msg = vformat(fmt, ap);
	va_end(ap);
	return replace(err, code, 0, msg);
}

bool
err_sys(struct err *err, enum err_code code, int errnum, const char *fmt, ...)
{
	va_list ap;
	char *what, *msg;

	va_start(ap, fmt);
	what = vformat(fmt, ap);
	va_end(ap);
	msg = format("%s: %s", what, strerror(errnum));
	free(what);
	return replace(err, code, errnum, msg);
}

bool
err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;
	char *hint;

	va_start(ap, fmt);
	hint = vformat(fmt, ap);
	va_end(ap);
	free(err->hint);
	err->hint = hint;
	return false;
}

bool
err_prefix(struct err *err, const char *fmt, ...)
{
	va_list ap;
	char *prefix, *msg;

	va_start(ap, fmt);
	prefix = vformat(fmt, ap);
	va_end(ap);
	msg = format("%s: %s", prefix, err->msg != NULL ? err->msg : "unknown error");
	free(prefix);
	free(err->msg);
	err->msg = msg;
	return false;
}

bool
err_move(struct err *to, struct err *from)
{
	err_done(to);
	*to = *from;
	*from = (struct err)ERR_INIT;
	return false;
}

void
err_done(struct err *err)
{
	free(err->msg);
	free(err->hint);
	*err = (struct err)ERR_INIT;
}

const char *
err_name(enum err_code code)
{
	return codes[code].name;
}

enum err_code
err_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(codes[i].name, name) == 0)
			return (enum err_code)i;
	return ERR_UNKNOWN;
}

int
err_exit_status(enum err_code code)
{
	return codes[code].status;
}

/*
 * str: a growing byte string with a mandatory bound.
 *
 * Invariants: buf is never NULL after str_init or STR_INIT plus one append through str_text;
 * buf[len] is NUL; len never exceeds max. What does not fit is dropped and `full` is set, so a
 * bound is a truncation that the caller can see, never an overrun.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/util.h"

#include <stdarg.h>

struct str {
	char *buf;
	size_t len, cap;
	size_t max; /* in bytes, without the NUL */
	bool full;  /* something was dropped */
};

#define STR_INIT(limit)        \
	{                      \
		.max = (limit) \
	}

void str_add(struct str *s, const char *text);
void str_addn(struct str *s, const void *bytes, size_t len);
void str_addc(struct str *s, char c);
void str_fmt(struct str *s, const char *fmt, ...) PRINTF(2, 3);
void str_vfmt(struct str *s, const char *fmt, va_list ap) PRINTF(2, 0);
void str_pad(struct str *s, size_t width); /* spaces up to `width` bytes */
void str_cut(struct str *s, size_t len);   /* shortens to len, if longer */
void str_drop(struct str *s, size_t len);  /* removes the first len bytes */
const char *str_text(struct str *s);       /* never NULL, NUL-terminated */
char *str_take(struct str *s);             /* the caller frees; s is empty afterwards */
void str_wipe(struct str *s);              /* overwrites before freeing; for secrets */
void str_done(struct str *s);

#endif

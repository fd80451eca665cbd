#include "base/banned.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and the NUL; returns how many of them fit below max. */
static size_t
reserve(struct str *s, size_t more)
{
	size_t cap = s->cap ? s->cap : 64;

	if (s->max == 0)
		BUG("str used without a bound");
	if (more > s->max - s->len) {
		more = s->max - s->len;
		s->full = true;
	}
	while (cap < s->len + more + 1)
		cap *= 2;
	if (cap != s->cap) {
		s->buf = util_realloc(s->buf, cap, 1);
		s->cap = cap;
		s->buf[s->len] = '\0';
	}
	return more;
}

void
str_addn(struct str *s, const void *bytes, size_t len)
{
	len = reserve(s, len);
	if (len > 0)
		memcpy(s->buf + s->len, bytes, len);
	s->len += len;
	s->buf[s->len] = '\0';
}

void
str_add(struct str *s, const char *text)
{
	str_addn(s, text, strlen(text));
}

void
str_addc(struct str *s, char c)
{
	str_addn(s, &c, 1);
}

void
str_vfmt(struct str *s, const char *fmt, va_list ap)
{
	char small[256], *large;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, again);
	va_end(again);
	if (n < 0)
		BUG("cannot format \"%s\"", fmt);
	if ((size_t)n < sizeof(small)) {
		str_addn(s, small, (size_t)n);
		return;
	}
	large = util_alloc((size_t)n + 1);
	vsnprintf(large, (size_t)n + 1, fmt, ap);
	str_addn(s, large, (size_t)n);
	free(large);
}

void
str_fmt(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(s, fmt, ap);
	va_end(ap);
}

void
str_pad(struct str *s, size_t width)
{
	while (s->len < width && !s->full)
		str_addc(s, ' ');
}

void
str_cut(struct str *s, size_t len)
{
	if (len < s->len) {
		s->len = len;
		s->buf[len] = '\0';
	}
}

void
str_drop(struct str *s, size_t len)
{
	if (len > s->len)
		len = s->len;
	if (len == 0)
		return;
	memmove(s->buf, s->buf + len, s->len - len + 1);
	s->len -= len;
}

const char *
str_text(struct str *s)
{
	reserve(s, 0);
	return s->buf;
}

char *
str_take(struct str *s)
{
	char *text;

	reserve(s, 0);
	text = s->buf;
	*s = (struct str)STR_INIT(s->max);
	return text;
}

void
str_wipe(struct str *s)
{
	if (s->buf != NULL)
		explicit_bzero(s->buf, s->cap);
	str_done(s);
}

void
str_done(struct str *s)
{
	free(s->buf);
	*s = (struct str)STR_INIT(s->max);
}

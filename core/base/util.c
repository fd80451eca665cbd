#include "base/banned.h"
#include "base/util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
util_bug(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "lifeboat: BUG at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void *
util_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (p == NULL)
		BUG("out of memory (%zu bytes)", size);
	return p;
}

void *
util_realloc(void *p, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		BUG("allocation of %zu times %zu bytes overflows", count, size);
	p = realloc(p, total ? total : 1);
	if (p == NULL)
		BUG("out of memory (%zu bytes)", total);
	return p;
}

char *
util_strndup(const char *s, size_t len)
{
	char *copy = util_alloc(len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *
util_strdup(const char *s)
{
	return util_strndup(s, strlen(s));
}

void
util_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

void
util_free(void *p)
{
	int saved = errno;

	free(*(void **)p);
	*(void **)p = NULL;
	errno = saved;
}

bool
util_streq(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return strcmp(a, b) == 0;
}

bool
util_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
util_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool
util_parse_u64(const char *s, uint64_t *ret)
{
	uint64_t value = 0;

	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*s - '0'), &value))
			return false;
	}
	*ret = value;
	return true;
}

bool
util_parse_i64(const char *s, int64_t *ret)
{
	uint64_t value;
	bool negative = *s == '-';

	if (!util_parse_u64(negative ? s + 1 : s, &value) || value > INT64_MAX)
		return false;
	*ret = negative ? -(int64_t)value : (int64_t)value;
	return true;
}

/*
 * util: the few macros every file uses.
 */
#ifndef BASE_UTIL_H
#define BASE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK        __attribute__((warn_unused_result))
#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define NORETURN          __attribute__((noreturn))
#define UNUSED            __attribute__((unused))

/* Runs fn(&variable) when the variable leaves its scope. */
#define CLEANUP(fn) __attribute__((cleanup(fn)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))

#define KIB 1024LL
#define MIB (1024LL * KIB)
#define GIB (1024LL * MIB)

/* A broken invariant of the program itself, never of its input: says where and aborts. */
#define BUG(...) util_bug(__FILE__, __LINE__, __VA_ARGS__)

NORETURN void util_bug(const char *file, int line, const char *fmt, ...) PRINTF(3, 4);

/* Out of memory aborts; the journal makes that safe. Sizes are checked for overflow. */
void *util_alloc(size_t size); /* zeroed */
void *util_realloc(void *p, size_t count, size_t size);
char *util_strdup(const char *s);
char *util_strndup(const char *s, size_t len);

/* For CLEANUP: closes *fd unless it is negative; frees *p. Both leave errno as it was. */
void util_close(int *fd);
void util_free(void *p);

/* Equal strings; a NULL equals only NULL. */
bool util_streq(const char *a, const char *b);
bool util_starts(const char *s, const char *prefix);
bool util_ends(const char *s, const char *suffix);

/* Whole-string number, no sign games, no trailing rubbish; false leaves *ret alone. */
MUST_CHECK bool util_parse_u64(const char *s, uint64_t *ret);
MUST_CHECK bool util_parse_i64(const char *s, int64_t *ret);

#endif

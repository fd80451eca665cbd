#include "base/banned.h"
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ALONE 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ALONE 1
#endif
#endif
#ifndef ARENA_ALONE
#define ARENA_ALONE 0
#endif

/* Blocks are zeroed: the many arenas that live for one small thing pay for a small one. */
#define FIRST_BLOCK (2 * KIB)
#define BLOCK_SIZE  (32 * KIB)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

static struct arena_block *
block_new(struct arena *a, size_t size)
{
	struct arena_block *b;
	size_t total;

	if (__builtin_add_overflow(size, sizeof(*b), &total))
		BUG("arena allocation of %zu bytes overflows", size);
	b = util_alloc(total);
	b->size = size;
	b->next = a->blocks;
	a->blocks = b;
	return b;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->blocks;
	size_t align = alignof(max_align_t);
	void *p;

	a->used += size;
	if (ARENA_ALONE) {
		b = block_new(a, size ? size : 1);
		return b->data;
	}
	if (size > SIZE_MAX - align)
		BUG("arena allocation of %zu bytes overflows", size);
	size = (size + align - 1) / align * align;
	if (b == NULL)
		b = block_new(a, MAX(size, (size_t)FIRST_BLOCK));
	else if (b->size - b->used < size)
		b = block_new(a, MAX(size, (size_t)BLOCK_SIZE));
	p = b->data + b->used;
	b->used += size;
	return p;
}

void *
arena_array(struct arena *a, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		BUG("arena array of %zu times %zu bytes overflows", count, size);
	return arena_alloc(a, total);
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return s == NULL ? NULL : arena_strndup(a, s, strlen(s));
}

char *
arena_vfmt(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *text;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		BUG("cannot format \"%s\"", fmt);
	text = arena_alloc(a, (size_t)n + 1);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	return text;
}

char *
arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = arena_vfmt(a, fmt, ap);
	va_end(ap);
	return text;
}

void *
arena_grow(struct arena *a, void *old, size_t n, size_t *cap, size_t size)
{
	void *grown;

	if (n < *cap)
		return old;
	*cap = *cap ? *cap * 2 : 8;
	grown = arena_array(a, *cap, size);
	if (n > 0)
		memcpy(grown, old, n * size);
	return grown;
}

void
arena_done(struct arena *a)
{
	while (a->blocks != NULL) {
		struct arena_block *next = a->blocks->next;

		if (a->wipe)
			explicit_bzero(a->blocks->data, a->blocks->size);
		free(a->blocks);
		a->blocks = next;
	}
	a->used = 0;
}

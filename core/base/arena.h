/*
 * arena: memory that goes all at once. One for each lifetime: a plan, a message, a frame.
 *
 * Allocations are zeroed, aligned for any type and live until arena_done. Builds with
 * AddressSanitizer give every allocation its own malloc, or it would be blind to overruns.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/util.h"

#include <stdarg.h>

struct arena_block;

struct arena {
	struct arena_block *blocks;
	size_t used; /* bytes handed out so far; for bounds and for `make bench` */
	bool wipe;   /* overwrite before freeing: it may hold secrets */
};

#define ARENA_INIT             \
	{                      \
		.blocks = NULL \
	}

void *arena_alloc(struct arena *a, size_t size);
void *arena_array(struct arena *a, size_t count, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_fmt(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
char *arena_vfmt(struct arena *a, const char *fmt, va_list ap) PRINTF(2, 0);
void arena_done(struct arena *a); /* frees everything; the arena may be used again */

/*
 * A growing array inside an arena. Declare VEC(type) name; push with *vec_push(a, &name) = value.
 * Growing leaves the old array to the arena, so pointers into it stay readable.
 */
#define VEC(type)              \
	struct {               \
		type *v;       \
		size_t n, cap; \
	}
#define vec_push(a, vec)                                                                 \
	((vec)->v = arena_grow((a), (vec)->v, (vec)->n, &(vec)->cap, sizeof(*(vec)->v)), \
		&(vec)->v[(vec)->n++])
#define vec_each(vec, it) for (it = (vec)->v; it != NULL && it < (vec)->v + (vec)->n; it++)

void *arena_grow(struct arena *a, void *old, size_t n, size_t *cap, size_t size);

#endif

/*
 * pages: where a pager's lines come from: memory, or a file of any size that is read by offset and
 * never loaded. A position is where a line starts: an index in memory, a byte offset in a file.
 *
 * In a file, what has no newline for long is broken at PAGES_BREAK-aligned offsets, by a rule that
 * looks at two blocks only: 10 MB without a newline cost no more than any other 10 MB.
 */
#ifndef TUI_DRAW_PAGES_H
#define TUI_DRAW_PAGES_H

#include "base/err.h"
#include "base/str.h"

#define PAGES_BREAK 4096LL                /* a line of a file is shorter than twice this */
#define PAGES_LINE  (2 * PAGES_BREAK + 8) /* room for any line */

struct pages;

/* A line of memory, with its style; `text` need not end with NUL. */
struct pages_line {
	const char *text;
	size_t len;
	unsigned style;
	size_t lead; /* so many bytes at its start have a style of their own */
	unsigned lead_style;
};
typedef void (*pages_line_cb)(void *arg, size_t index, struct pages_line *ret);

struct pages *pages_of_memory(size_t (*count)(void *arg), pages_line_cb line, void *arg);
/* The file is kept open; it may grow, and it may be cut. */
MUST_CHECK bool pages_of_file(const char *path, struct pages **ret, struct err *err);
void pages_free(struct pages *p);

/* Looks at the size again; true when it changed. Positions are valid up to `end`. */
bool pages_refresh(struct pages *p);
int64_t pages_end(const struct pages *p);
/* The start of the line that holds this place. */
int64_t pages_align(struct pages *p, int64_t at);
/* The line behind; pages_end behind the last one. */
int64_t pages_next(struct pages *p, int64_t position);
int64_t pages_previous(struct pages *p, int64_t position); /* at least 0 */
/* Its text without the newline, raw, at most PAGES_LINE bytes; *ret is valid until the next call.
 */
void pages_line(struct pages *p, int64_t position, struct pages_line *ret);
/* Whether the line goes on from the one before, which had no newline for too long. */
bool pages_continues(struct pages *p, int64_t position);

/*
 * The first line at or behind `from`, or backwards the last one before it, that holds the text,
 * ASCII case ignored. Looks at no more than *budget bytes and takes them off it; *ret_at says where
 * to go on.
 */
enum pages_found { PAGES_FOUND, PAGES_MORE, PAGES_NONE };
enum pages_found pages_search(struct pages *p, int64_t from, bool backwards, const char *text,
	int64_t *budget, int64_t *ret_at);

#endif

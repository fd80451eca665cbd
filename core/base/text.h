/*
 * text: untrusted bytes made visible, UTF-8, and quantities in words.
 *
 * Step output, object names, log lines and database errors are bytes from strangers. They are
 * stored raw and pass text_visible() once, at the boundary to a terminal, a file for people or
 * an error message (FAULTS.md F31-F34).
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/str.h"

enum text_flags {
	TEXT_LINES = 1 << 0, /* newlines stay, tabs become spaces to the next multiple of 8 */
	TEXT_ASCII = 1 << 1, /* everything beyond ASCII is escaped too */
	TEXT_NAME =
		1 << 2, /* ... beyond Latin letters: other alphabets have some that look alike */
};

/*
 * Appends bytes so that no terminal acts on them: C0, DEL and 8-bit or UTF-8 C1 controls,
 * bidirectional and zero-width characters, invalid UTF-8 and private-use characters become
 * \x1b or \u202e escapes.
 */
void text_visible(struct str *out, const char *bytes, size_t len, unsigned flags);
/* The same into the arena. */
struct arena;
const char *text_safe(struct arena *a, const char *s);
/* A name on which something depends: that of a target, or one that must be typed (F33). */
const char *text_name(struct arena *a, const char *s);

/*
 * Decodes one code point; returns its length in bytes, or 0 when the bytes are not valid UTF-8
 * (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
 */
size_t text_decode(const char *bytes, size_t len, uint32_t *ret);
void text_encode(struct str *out, uint32_t code);
#define TEXT_ESCAPE 11 /* room for any escape and its NUL */
/* The escape of one code point or stray byte, as text_visible writes it; returns its length. */
size_t text_escape(char *out, uint32_t code);
/* Whether all of it is UTF-8: nothing would be lost in a JSON record. */
bool text_valid(const char *bytes, size_t len);
/* For tables in memory: FNV-1a of 64 bits. No defence against names that were made to collide. */
uint64_t text_hash(const char *bytes, size_t len);
/* True for what text_visible escapes, whatever the flags. */
bool text_is_unsafe(uint32_t code);
/* ... and with these flags. */
bool text_is_escaped(uint32_t code, unsigned flags);

/* "1.4 GiB", "17 B"; "12h05m", "3d4h", "42s"; at most 8 bytes wide for sane values. */
void text_size(struct str *out, int64_t bytes);
void text_duration(struct str *out, int64_t seconds);
/* hh:mm:ss, hours unbounded */
void text_clock(struct str *out, int64_t seconds);

/*
 * Our own text as roff for man(7): its special characters escaped, `quoted` words in bold.
 * Newlines stay.
 */
void text_roff(struct str *out, const char *text);

/* Whether needle occurs in haystack; ASCII case is ignored. */
bool text_contains(const char *haystack, const char *needle);

/* How far a is from b in edits (Levenshtein), at most `limit`; for "did you mean". */
size_t text_distance(const char *a, const char *b, size_t limit);

#endif

/*
 * mask: takes secrets out of a stream of bytes, whatever the pieces it arrives in (F37).
 *
 * Looked for: the secret itself, each of its lines, and all of it as base64 (at its three
 * alignments), hexadecimal, URL-, JSON- and shell-escaped, in SQL and in HTML. Every byte that
 * belongs to one of these goes, and what goes in one piece becomes "***". Not a guarantee: a
 * program can print a secret in forms that nobody foresees. Secrets shorter than 8 bytes are
 * refused, they would mask ordinary text (F38).
 */
#ifndef RUN_MASK_H
#define RUN_MASK_H

#include "base/str.h"

#define MASK_SECRET_MIN 8

struct mask;

struct mask *mask_new(void);
void mask_free(struct mask *m); /* wipes */
/* False when it is too short to be masked. */
bool mask_add(struct mask *m, const char *secret, size_t len);
bool mask_empty(const struct mask *m);

/*
 * Appends what may be shown of the bytes to *out. What could be the beginning of a secret is
 * held back until more comes; at the end of the stream mask_end gives it out. One mask serves
 * several streams through their own mask_state.
 */
struct mask_state {
	struct str held;
	size_t covered; /* so many of the held bytes belong to a secret for sure */
	bool starred;   /* what was given out last were stars */
};
void mask_stream(const struct mask *m, struct mask_state *st, const char *bytes, size_t len,
	struct str *out);
void mask_end(const struct mask *m, struct mask_state *st, struct str *out);

/* One text that is there as a whole. */
void mask_text(const struct mask *m, const char *bytes, size_t len, struct str *out);

#endif

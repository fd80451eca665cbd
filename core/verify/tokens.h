/*
 * tokens: JSON as a stream of tokens, for documents that may be larger than memory: a
 * backup_manifest has a line for every file of a cluster. Small documents are conf/json_read's.
 *
 * Strict (RFC 8259), except that numbers are not converted: their text is handed on.
 */
#ifndef VERIFY_TOKENS_H
#define VERIFY_TOKENS_H

#include "base/str.h"
#include "verify/scan.h"

#define TOKENS_DEPTH  64
#define TOKENS_STRING ((size_t)(64 * KIB)) /* what is longer is cut; `text.full` says so */

enum token {
	TOKEN_END, /* of the document; only blanks followed */
	TOKEN_OBJECT,
	TOKEN_OBJECT_END,
	TOKEN_ARRAY,
	TOKEN_ARRAY_END,
	TOKEN_KEY,
	TOKEN_STRING,
	TOKEN_NUMBER,
	TOKEN_TRUE,
	TOKEN_FALSE,
	TOKEN_NULL,
};

struct tokens {
	struct scan *scan;
	struct str text; /* of a key, string (decoded) or number, until the next token */
	bool in_object[TOKENS_DEPTH];
	int depth;
	enum { WANT_VALUE, WANT_FIRST, WANT_KEY, WANT_COMMA, WANT_NOTHING } want;
};

void tokens_init(struct tokens *t, struct scan *s);
/* ERR_DAMAGED when this is not JSON or ends too early. */
MUST_CHECK bool tokens_next(struct tokens *t, enum token *ret, struct err *err);
/* Passes over a value of any kind, whose first token is `first`. */
MUST_CHECK bool tokens_skip(struct tokens *t, enum token first, struct err *err);
void tokens_done(struct tokens *t);

#endif

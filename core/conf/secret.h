/*
 * secret: a password or key while we hold it.
 *
 * Kept in locked memory, wiped when freed, never formatted. Where one comes from is written as
 * "env NAME", "file PATH" (first line; ~/.pgpass is looked up by libpq itself and counts as
 * absent here) or "prompt".
 */
#ifndef CONF_SECRET_H
#define CONF_SECRET_H

#include "base/err.h"

struct secret;

struct secret *secret_new(const char *bytes, size_t len);
void secret_free(struct secret *s);               /* wipes; NULL is a no-op */
const char *secret_bytes(const struct secret *s); /* NUL-terminated; stays with s */
size_t secret_len(const struct secret *s);

#define SECRET_MAX 4096

/* Whether `source` is well-formed. */
MUST_CHECK bool secret_source_check(const char *source, struct err *err);
/*
 * Fetches from one source. *ret is NULL, with success, when the source has none (variable not
 * set, no such file) or is "prompt", which only a console can ask.
 */
MUST_CHECK bool secret_fetch(const char *source, struct secret **ret, struct err *err);

#endif

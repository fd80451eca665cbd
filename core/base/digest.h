/*
 * digest: SHA-256 and HMAC-SHA-256 by OpenSSL, and hexadecimal.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/err.h"

#define DIGEST_SIZE 32
#define DIGEST_HEX  (2 * DIGEST_SIZE + 1)

struct digest; /* an incremental SHA-256 */

struct digest *digest_new(void);
void digest_add(struct digest *d, const void *data, size_t len);
void digest_end(struct digest *d, unsigned char ret[DIGEST_SIZE]); /* starts anew after it */
void digest_free(struct digest *d);                                /* NULL is a no-op */

void digest_of(const void *data, size_t len, unsigned char ret[DIGEST_SIZE]);
void digest_hmac(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char ret[DIGEST_SIZE]);
/* Of the bytes from the descriptor's start to its end; the offset is left alone. */
MUST_CHECK bool digest_fd(int fd, const char *name, char hex[DIGEST_HEX], struct err *err);

/* Lower case; out has room for 2 * len + 1 bytes. Returns out. */
const char *digest_hex(const unsigned char *bytes, size_t len, char *out);
MUST_CHECK bool digest_unhex(const char *hex, size_t len, unsigned char *out);

/* Bytes from the kernel's generator. */
void digest_random(void *out, size_t len);

#endif

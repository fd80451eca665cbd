/*
 * key: Ed25519 keys that seal the audit log, by OpenSSL.
 *
 * A private key is PKCS#8 in PEM (mode 0600), a public one SubjectPublicKeyInfo in PEM: what
 * `openssl pkey` and `openssl pkeyutl -rawin` read. A key's id is the first 16 digits of the
 * SHA-256 of its 32 raw bytes; its fingerprint is all 64.
 */
#ifndef AUDIT_KEY_H
#define AUDIT_KEY_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/str.h"

#define KEY_SIZE      32 /* of a public key, raw */
#define KEY_SIGNATURE 64
#define KEY_ID        16 /* digits */
#define KEYS_MAX      1000

struct key; /* with its private half */

struct public_key {
	unsigned char raw[KEY_SIZE];
	char id[KEY_ID + 1];
};

struct key *key_new(void);
/* ERR_NOT_FOUND, ERR_UNSAFE (others may read it, or it is not ours), ERR_DAMAGED. */
MUST_CHECK bool key_load(const char *path, struct key **ret, struct err *err);
/* Replaces path, mode 0600, synced. */
MUST_CHECK bool key_save(const struct key *k, const char *path, struct err *err);
void key_free(struct key *k); /* wipes; NULL is a no-op */

const struct public_key *key_public(const struct key *k);
void key_sign(const struct key *k, const char *text, size_t len, unsigned char ret[KEY_SIGNATURE]);

void public_key_init(struct public_key *ret, const unsigned char raw[KEY_SIZE]);
bool public_key_check(const struct public_key *k, const char *text, size_t len,
	const unsigned char signature[KEY_SIGNATURE]);
bool public_key_same(const struct public_key *a, const struct public_key *b);
void public_key_fingerprint(const struct public_key *k, char hex[DIGEST_HEX]);
void public_key_pem(const struct public_key *k, struct str *out);

/* A file's PEM blocks, in order. What is no Ed25519 key, or no key at all, is ERR_CONFIG. */
struct public_keys {
	struct public_key *v;
	size_t n;
};
MUST_CHECK bool public_keys_load(
	struct arena *a, const char *path, struct public_keys *ret, struct err *err);

#endif

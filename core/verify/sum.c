#include "base/banned.h"
#include "verify/sum.h"
#include "base/crc32c.h"

#include <openssl/evp.h>
#include <strings.h>

struct sum {
	enum sum_kind kind;
	uint32_t crc;
	EVP_MD_CTX *ctx;
};

static const struct {
	const char *name;
	size_t size;
	const EVP_MD *(*md)(void);
} kinds[SUM_KINDS] = {
	[SUM_NONE] = {"NONE", 0, NULL},
	[SUM_CRC32C] = {"CRC32C", 4, NULL},
	[SUM_MD5] = {"MD5", 16, EVP_md5},
	[SUM_SHA1] = {"SHA1", 20, EVP_sha1},
	[SUM_SHA224] = {"SHA224", 28, EVP_sha224},
	[SUM_SHA256] = {"SHA256", 32, EVP_sha256},
	[SUM_SHA384] = {"SHA384", 48, EVP_sha384},
	[SUM_SHA512] = {"SHA512", 64, EVP_sha512},
};

struct sum *
sum_new(enum sum_kind kind)
{
	struct sum *s = util_alloc(sizeof(*s));

	s->kind = kind;
	s->crc = CRC32C_START;
	if (kinds[kind].md != NULL) {
		s->ctx = EVP_MD_CTX_new();
		if (s->ctx == NULL || EVP_DigestInit_ex(s->ctx, kinds[kind].md(), NULL) != 1)
			BUG("OpenSSL has no %s", kinds[kind].name);
	}
	return s;
}

void
sum_add(struct sum *s, const void *data, size_t len)
{
	if (s->kind == SUM_CRC32C)
		s->crc = crc32c_add(s->crc, data, len);
	else if (s->ctx != NULL && EVP_DigestUpdate(s->ctx, data, len) != 1)
		BUG("%s failed", kinds[s->kind].name);
}

size_t
sum_end(struct sum *s, unsigned char ret[SUM_MAX])
{
	if (s->kind == SUM_CRC32C) {
		uint32_t crc = ~s->crc;

		for (int i = 0; i < 4; i++)
			ret[i] = (unsigned char)(crc >> 8 * i);
		s->crc = CRC32C_START;
	} else if (s->ctx != NULL) {
		/* A NULL type keeps the digest that was fetched once: files are many and small. */
		if (EVP_DigestFinal_ex(s->ctx, ret, NULL) != 1 ||
			EVP_DigestInit_ex(s->ctx, NULL, NULL) != 1)
			BUG("%s failed", kinds[s->kind].name);
	}
	return kinds[s->kind].size;
}

void
sum_free(struct sum *s)
{
	if (s == NULL)
		return;
	EVP_MD_CTX_free(s->ctx);
	free(s);
}

size_t
sum_size(enum sum_kind kind)
{
	return kinds[kind].size;
}

const char *
sum_name(enum sum_kind kind)
{
	return kinds[kind].name;
}

bool
sum_by_name(const char *name, size_t len, enum sum_kind *ret)
{
	for (size_t i = 0; i < SUM_KINDS; i++) {
		if (strlen(kinds[i].name) == len && strncasecmp(kinds[i].name, name, len) == 0) {
			*ret = (enum sum_kind)i;
			return true;
		}
	}
	return false;
}

bool
sum_by_digits(size_t digits, enum sum_kind *ret)
{
	for (size_t i = SUM_MD5; i < SUM_KINDS; i++) {
		if (digits == 2 * kinds[i].size) {
			*ret = (enum sum_kind)i;
			return true;
		}
	}
	return false;
}

#include "base/banned.h"
#include "base/digest.h"
#include "base/file.h"

#include <errno.h>
#include <sys/random.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

struct digest {
	EVP_MD_CTX *ctx;
};

/* Without a type it begins anew with the one it has: asking for SHA-256 by name costs as much as
 * a short digest itself. */
static void
start(struct digest *d, const EVP_MD *type)
{
	if (EVP_DigestInit_ex(d->ctx, type, NULL) != 1)
		BUG("OpenSSL has no SHA-256");
}

struct digest *
digest_new(void)
{
	struct digest *d = util_alloc(sizeof(*d));

	d->ctx = EVP_MD_CTX_new();
	if (d->ctx == NULL)
		BUG("out of memory (digest)");
	start(d, EVP_sha256());
	return d;
}

void
digest_add(struct digest *d, const void *data, size_t len)
{
	if (EVP_DigestUpdate(d->ctx, data, len) != 1)
		BUG("SHA-256 failed");
}

void
digest_end(struct digest *d, unsigned char ret[DIGEST_SIZE])
{
	if (EVP_DigestFinal_ex(d->ctx, ret, NULL) != 1)
		BUG("SHA-256 failed");
	start(d, NULL);
}

void
digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->ctx);
	free(d);
}

void
digest_of(const void *data, size_t len, unsigned char ret[DIGEST_SIZE])
{
	if (EVP_Digest(data, len, ret, NULL, EVP_sha256(), NULL) != 1)
		BUG("OpenSSL has no SHA-256");
}

void
digest_hmac(const void *key, size_t key_len, const void *data, size_t len,
	unsigned char ret[DIGEST_SIZE])
{
	unsigned n = DIGEST_SIZE;

	if (HMAC(EVP_sha256(), key, (int)key_len, data, len, ret, &n) == NULL)
		BUG("HMAC-SHA-256 failed");
}

bool
digest_fd(int fd, const char *name, char hex[DIGEST_HEX], struct err *err)
{
	struct digest *d = digest_new();
	unsigned char sum[DIGEST_SIZE];
	char *chunk = util_alloc(256 * KIB);
	off_t offset = 0;
	ssize_t n;

	while ((n = file_pread(fd, chunk, 256 * KIB, offset)) > 0) {
		digest_add(d, chunk, (size_t)n);
		offset += n;
	}
	free(chunk);
	digest_end(d, sum);
	digest_free(d);
	if (n < 0)
		return err_sys(err, ERR_IO, errno, "Cannot read %s", name);
	digest_hex(sum, DIGEST_SIZE, hex);
	return true;
}

const char *
digest_hex(const unsigned char *bytes, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
	return out;
}

static int
nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
digest_unhex(const char *hex, size_t len, unsigned char *out)
{
	for (size_t i = 0; i < len; i++) {
		int high = nibble(hex[2 * i]);
		int low = high < 0 ? -1 : nibble(hex[2 * i + 1]);

		if (low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

void
digest_random(void *out, size_t len)
{
	if (getrandom(out, len, 0) != (ssize_t)len)
		BUG("the kernel gives no random bytes");
}

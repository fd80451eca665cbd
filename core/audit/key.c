#include "base/banned.h"
#include "audit/key.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define PEM_MAX (64 * KIB)

struct key {
	EVP_PKEY *pair;
	struct public_key public;
};

static struct key *
key_of(EVP_PKEY *pair)
{
	struct key *k = util_alloc(sizeof(*k));
	unsigned char raw[KEY_SIZE];
	size_t n = sizeof(raw);

	k->pair = pair;
	if (EVP_PKEY_get_raw_public_key(pair, raw, &n) != 1 || n != KEY_SIZE)
		BUG("an Ed25519 key has no public half");
	public_key_init(&k->public, raw);
	return k;
}

struct key *
key_new(void)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (pair == NULL)
		BUG("OpenSSL makes no Ed25519 key");
	return key_of(pair);
}

/* Only we, or root for us, may have written it, and nobody else may read it. */
static bool
private_enough(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot examine %s", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 &&
		(st.st_uid == geteuid() || st.st_uid == 0))
		return true;
	err_set(err, ERR_UNSAFE, "The key %s can be read by others, or belongs to somebody else.",
		path);
	return err_hint(err,
		"chmod 600 %s, and `lifeboat audit keys --rotate` when somebody may have read it.",
		path);
}

static EVP_PKEY *
parse_private(const char *pem, size_t len)
{
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	EVP_PKEY *pair = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

	BIO_free(bio);
	if (pair != NULL && EVP_PKEY_get_id(pair) != EVP_PKEY_ED25519) {
		EVP_PKEY_free(pair);
		return NULL;
	}
	return pair;
}

bool
key_load(const char *path, struct key **ret, struct err *err)
{
	CLEANUP(util_close)
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	CLEANUP(str_wipe) struct str pem = STR_INIT(PEM_MAX);
	EVP_PKEY *pair;

	if (fd < 0)
		return err_sys(err,
			errno == ENOENT   ? ERR_NOT_FOUND
			: errno == EACCES ? ERR_PERMISSION
					  : ERR_IO,
			errno, "Cannot open the key %s", path);
	if (!private_enough(fd, path, err) || !file_read_fd(fd, path, PEM_MAX, &pem, err))
		return false;
	pair = parse_private(str_text(&pem), pem.len);
	if (pair == NULL)
		return err_set(err, ERR_DAMAGED, "%s is not an Ed25519 key in PEM.", path);
	*ret = key_of(pair);
	return true;
}

bool
key_save(const struct key *k, const char *path, struct err *err)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *pem;
	long len;
	bool good;

	if (bio == NULL || PEM_write_bio_PrivateKey(bio, k->pair, NULL, NULL, 0, NULL, NULL) != 1)
		BUG("OpenSSL writes no key");
	len = BIO_get_mem_data(bio, &pem);
	good = file_replace(path, pem, (size_t)len, 0600, err);
	OPENSSL_cleanse(pem, (size_t)len);
	BIO_free(bio);
	return good;
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pair);
	free(k);
}

const struct public_key *
key_public(const struct key *k)
{
	return &k->public;
}

void
key_sign(const struct key *k, const char *text, size_t len, unsigned char ret[KEY_SIGNATURE])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = KEY_SIGNATURE;

	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pair) != 1 ||
		EVP_DigestSign(ctx, ret, &n, (const unsigned char *)text, len) != 1 ||
		n != KEY_SIGNATURE)
		BUG("OpenSSL does not sign");
	EVP_MD_CTX_free(ctx);
}

void
public_key_init(struct public_key *ret, const unsigned char raw[KEY_SIZE])
{
	char hex[DIGEST_HEX];

	memcpy(ret->raw, raw, KEY_SIZE);
	public_key_fingerprint(ret, hex);
	memcpy(ret->id, hex, KEY_ID);
	ret->id[KEY_ID] = '\0';
}

bool
public_key_check(const struct public_key *k, const char *text, size_t len,
	const unsigned char signature[KEY_SIGNATURE])
{
	EVP_PKEY *pkey =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->raw, sizeof(k->raw));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = pkey != NULL && ctx != NULL &&
		    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) == 1 &&
		    EVP_DigestVerify(
			    ctx, signature, KEY_SIGNATURE, (const unsigned char *)text, len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return good;
}

bool
public_key_same(const struct public_key *a, const struct public_key *b)
{
	return memcmp(a->raw, b->raw, KEY_SIZE) == 0;
}

void
public_key_fingerprint(const struct public_key *k, char hex[DIGEST_HEX])
{
	unsigned char sum[DIGEST_SIZE];

	digest_of(k->raw, KEY_SIZE, sum);
	digest_hex(sum, DIGEST_SIZE, hex);
}

void
public_key_pem(const struct public_key *k, struct str *out)
{
	EVP_PKEY *pkey =
		EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->raw, sizeof(k->raw));
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;

	if (pkey == NULL || bio == NULL || PEM_write_bio_PUBKEY(bio, pkey) != 1)
		BUG("OpenSSL writes no public key");
	len = BIO_get_mem_data(bio, &pem);
	str_addn(out, pem, (size_t)len);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
}

bool
public_keys_load(struct arena *a, const char *path, struct public_keys *ret, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(MIB);
	BIO *bio;
	EVP_PKEY *pkey;
	bool good = true;

	*ret = (struct public_keys){0};
	if (!file_read(path, MIB, &text, err))
		return false;
	ret->v = arena_alloc(a, KEYS_MAX * sizeof(*ret->v));
	bio = BIO_new_mem_buf(str_text(&text), (int)text.len);
	while (good && ret->n < KEYS_MAX &&
		(pkey = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)) != NULL) {
		unsigned char raw[KEY_SIZE];
		size_t n = sizeof(raw);

		good = EVP_PKEY_get_id(pkey) == EVP_PKEY_ED25519 &&
		       EVP_PKEY_get_raw_public_key(pkey, raw, &n) == 1 && n == KEY_SIZE;
		if (good)
			public_key_init(&ret->v[ret->n++], raw);
		EVP_PKEY_free(pkey);
	}
	BIO_free(bio);
	if (good && ret->n > 0)
		return true;
	err_set(err, ERR_CONFIG, "%s holds no Ed25519 public key in PEM.", path);
	return err_hint(err, "`lifeboat audit keys` prints the keys of a log.");
}

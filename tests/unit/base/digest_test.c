#include "unit/testing.h"

#include "base/digest.h"

#include "fault/shim.c"

/* FIPS 180-4 examples and the RFC 4231 test cases. */
static void
test_vectors(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"}};
	struct digest *d = digest_new();
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		digest_of(cases[i].text, strlen(cases[i].text), sum);
		assert_string_equal(digest_hex(sum, DIGEST_SIZE, hex), cases[i].want);
		/* Byte by byte, and the same object again and again. */
		for (const char *p = cases[i].text; *p != '\0'; p++)
			digest_add(d, p, 1);
		digest_end(d, sum);
		assert_string_equal(digest_hex(sum, DIGEST_SIZE, hex), cases[i].want);
	}
	for (int i = 0; i < 1000; i++)
		digest_add(d, "aaaaaaaaaa", 10);
	digest_end(d, sum);
	assert_string_equal(digest_hex(sum, DIGEST_SIZE, hex),
		"27dd1f61b867b6a0f6e9d8a41c43231de52107e53ae424de8f847b821db4b711");
	digest_free(d);
	digest_free(NULL);
}

static void
test_hmac(void **state)
{
	unsigned char key[131], sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	memset(key, 0x0b, 20);
	digest_hmac(key, 20, "Hi There", 8, sum);
	assert_string_equal(digest_hex(sum, DIGEST_SIZE, hex),
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	digest_hmac("Jefe", 4, "what do ya want for nothing?", 28, sum);
	assert_string_equal(digest_hex(sum, DIGEST_SIZE, hex),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 131);
	digest_hmac(key, 131, "Test Using Larger Than Block-Size Key - Hash Key First", 54, sum);
	assert_string_equal(digest_hex(sum, DIGEST_SIZE, hex),
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void
test_fd(void **state)
{
	CLEANUP(util_free) char *big = util_alloc(700 * KIB);
	struct err err = ERR_INIT;
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX], want[DIGEST_HEX];
	int fd;

	memset(big, 'x', 700 * KIB);
	fd = open(test_file("big", big, 700 * KIB, 0600), O_RDONLY | O_CLOEXEC);
	assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
	assert_true(digest_fd(fd, "big", hex, &err));
	digest_of(big, 700 * KIB, sum);
	assert_string_equal(hex, digest_hex(sum, DIGEST_SIZE, want));
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 5);
	fault_set("read", "*/big", 2, "EIO", true);
	assert_false(digest_fd(fd, "big", hex, &err));
	fault_set(NULL, NULL, 0, NULL, false);
	assert_err(&err, ERR_IO, "Cannot read big: Input/output error");
	close(fd);
}

static void
test_hex(void **state)
{
	static const char *const bad[] = {"0g", "g0", "0 ", "+1", "0\0"};
	unsigned char bytes[3];
	char hex[7];

	assert_true(digest_unhex("00fFa9", 3, bytes));
	assert_memory_equal(bytes, "\x00\xff\xa9", 3);
	assert_string_equal(digest_hex(bytes, 3, hex), "00ffa9");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(digest_unhex(bad[i], 1, bytes));
	assert_true(digest_unhex("", 0, bytes));
}

static void
test_random(void **state)
{
	unsigned char a[16] = {0}, b[16] = {0};

	digest_random(a, sizeof(a));
	digest_random(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

TESTS(T(test_vectors), T(test_hmac), T(test_fd), T(test_hex), T(test_random))

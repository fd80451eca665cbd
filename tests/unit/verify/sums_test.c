#include "unit/testing.h"

#include "base/digest.h"
#include "verify/crc64.h"
#include "verify/isal.h"
#include "verify/pagesum.h"
#include "verify/sidecar.h"
#include "verify/sum.h"

static void
crc64_known_answer(void **state)
{
	unsigned char many[1000];
	uint64_t whole, parts = 0;

	/* FACTS.md section 8 */
	assert_true(crc64_add(0, "123456789", 9) == 0xe9c6d914c4b8d9caULL);
	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = (unsigned char)(i * 7);
	whole = crc64_add(0, many, sizeof(many));
	for (size_t i = 0; i < sizeof(many); i += 13)
		parts = crc64_add(parts, many + i, MIN(13, sizeof(many) - i));
	assert_true(whole == parts);
}

/* Without ISA-L the tables must say the same: in a child, because the library is opened once. */
static void
by_table(void *arg)
{
	unsigned char many[1000];

	setenv("LIFEBOAT_NO_ISAL", "1", 1);
	memset(many, 0x5a, sizeof(many));
	fprintf(stderr, "%016llx", (unsigned long long)crc64_add(1, many, sizeof(many)));
}

static void
crc64_both_ways(void **state)
{
	unsigned char many[1000];
	char said[64], ours[32];

	assert_int_equal(test_in_child(by_table, NULL, said, sizeof(said)), 0);
	memset(many, 0x5a, sizeof(many));
	snprintf(ours, sizeof(ours), "%016llx",
		(unsigned long long)crc64_add(1, many, sizeof(many)));
	assert_string_equal(said, ours);
}

static void
sums(void **state)
{
	static const struct {
		enum sum_kind kind;
		const char *of_abc;
	} rows[] = {
		{SUM_NONE, ""},
		{SUM_CRC32C, "b73f4b36"}, /* 0x364b3fb7, little end first */
		{SUM_MD5, "900150983cd24fb0d6963f7d28e17f72"},
		{SUM_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{SUM_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
		{SUM_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sum *s = sum_new(rows[i].kind);
		unsigned char sum[SUM_MAX];
		char hex[SUM_HEX];

		for (int again = 0; again < 2; again++) {
			sum_add(s, "a", 1);
			sum_add(s, "bc", 2);
			assert_int_equal(sum_end(s, sum), sum_size(rows[i].kind));
			assert_string_equal(
				digest_hex(sum, sum_size(rows[i].kind), hex), rows[i].of_abc);
		}
		sum_free(s);
	}
	sum_free(NULL);
}

/* "15\n" as PG_VERSION holds it (FACTS.md section 2). */
static void
crc32c_of_a_manifest(void **state)
{
	struct sum *s = sum_new(SUM_CRC32C);
	unsigned char sum[SUM_MAX];
	char hex[SUM_HEX];

	sum_add(s, "15\n", 3);
	assert_string_equal(digest_hex(sum, sum_end(s, sum), hex), "8a744722");
	sum_free(s);
}

static void
sum_names(void **state)
{
	enum sum_kind kind;

	assert_true(sum_by_name("sha256", 6, &kind) && kind == SUM_SHA256);
	assert_true(sum_by_name("CRC32C", 6, &kind) && kind == SUM_CRC32C);
	assert_false(sum_by_name("SHA2567", 7, &kind));
	assert_true(sum_by_digits(32, &kind) && kind == SUM_MD5);
	assert_true(sum_by_digits(128, &kind) && kind == SUM_SHA512);
	assert_false(sum_by_digits(8, &kind)); /* CRC32C is not guessed */
	assert_false(sum_by_digits(0, &kind));
	assert_string_equal(sum_name(SUM_SHA384), "SHA384");
}

#define MD5 "d41d8cd98f00b204e9800998ecf8427e"

static void
sidecars(void **state)
{
	static const struct {
		const char *text;
		bool good;
	} rows[] = {
		{MD5, true},
		{MD5 "\n", true},
		{MD5 "  x.dump\n", true},
		{MD5 " *x.dump\n", true},
		{MD5 "  /backup/x.dump\r\n", true},
		{"D41D8CD98F00B204E9800998ECF8427E  x.dump\n", true},
		{"MD5 (x.dump) = " MD5 "\n", true},
		{"# made by night\n" MD5 "  x.dump\n", true},
		{"00000000000000000000000000000000  y.dump\n" MD5 "  x.dump\n", true},
		{MD5 "  y.dump\n", true}, /* one line speaks of the one file beside it */
		{"00000000000000000000000000000000  y.dump\n" MD5 "  z.dump\n", false},
		{"", false},
		{"\n", false},
		{"x.dump\n", false},
		{MD5 "0  x.dump\n", false},
		{"d41d8cd98f00b204e9800998ecf8427  x.dump\n", false},
		{MD5 "x.dump\n", false},
		{"MD5 (x.dump) = \n", false},
	};
	struct sidecar s;
	char hex[SUM_HEX];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = sidecar_parse(rows[i].text, strlen(rows[i].text), "x.dump", &s);

		if (good != rows[i].good)
			fail_msg("row %zu: %s", i, rows[i].text);
		if (good)
			assert_string_equal(digest_hex(s.sum, 16, hex), MD5);
	}
}

static void
page_names(void **state)
{
	static const struct {
		const char *path;
		int64_t block; /* -1: no pages */
	} rows[] = {
		{"base/5/2619", 0},
		{"base/5/2619_fsm", 0},
		{"base/5/2619_vm.2", 262144},
		{"base/5/16384.1", 131072},
		{"global/1262", 0},
		{"pg_tblspc/16393/PG_15_202209061/5/16394_init", 0},
		{"global/pg_control", -1},
		{"global/pg_filenode.map", -1},
		{"base/5/PG_VERSION", -1},
		{"base/5/INCREMENTAL.2619", -1},
		{"base/5/2619_other", -1},
		{"base/5/2619.", -1},
		{"base/5/2619.x", -1},
		{"base/5/2619.99999999999", -1},
		{"pg_xact/0000", -1},
		{"2619", -1},
		{"", -1},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint32_t block = 7;
		bool wanted = pagesum_wanted(rows[i].path, &block);

		if (wanted != (rows[i].block >= 0) || (wanted && block != rows[i].block))
			fail_msg("%s: %d, %u", rows[i].path, wanted, block);
	}
}

/* A page's checksum is its own fixed point: stored, it is found; any other bit changes it. */
static void
page_sums(void **state)
{
	struct pagesum_file *f = util_alloc(sizeof(*f));
	unsigned char page[PAGESUM_PAGE];
	uint16_t sum;

	for (size_t i = 0; i < sizeof(page); i++)
		page[i] = (unsigned char)(i * 31 >> 3);
	memset(page, 0, 8); /* LSN 0 */
	page[14] = page[15] = 0x10;
	sum = pagesum(page, 7);
	assert_true(sum != 0 && sum != pagesum(page, 8));
	page[8] = (unsigned char)sum;
	page[9] = (unsigned char)(sum >> 8);
	assert_int_equal(pagesum(page, 7), sum);
	pagesum_begin(f, 7, 1);
	pagesum_add(f, page, 5000);
	pagesum_add(f, page + 5000, sizeof(page) - 5000);
	assert_true(f->pages == 1 && f->bad == 0);
	page[4000] ^= 1;
	pagesum_begin(f, 7, 1);
	pagesum_add(f, page, sizeof(page));
	assert_true(f->bad == 1 && f->first_bad == 7);
	/* newer than the start of the backup: the WAL mends it */
	pagesum_begin(f, 7, 0);
	pagesum_add(f, page, sizeof(page));
	assert_true(f->bad == 1);
	/* never used */
	page[14] = page[15] = 0;
	pagesum_begin(f, 7, 1);
	pagesum_add(f, page, sizeof(page));
	assert_true(f->bad == 1);
	free(f);
}

TESTS(T(crc64_known_answer), T(crc64_both_ways), T(sums), T(crc32c_of_a_manifest), T(sum_names),
	T(sidecars), T(page_names), T(page_sums))

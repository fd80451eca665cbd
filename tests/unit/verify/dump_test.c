#include "unit/testing.h"

#include "verify/pgdump_data.h"

/* A custom dump of one table, uncompressed, written as pg_dump writes it. */
static unsigned char dump[2000];
static size_t len;

static void
add(const void *p, size_t n)
{
	memcpy(dump + len, p, n);
	len += n;
}

static void
add_int(int value)
{
	unsigned char b[5] = {value < 0};
	unsigned n = (unsigned)(value < 0 ? -value : value);

	for (int i = 0; i < 4; i++)
		b[i + 1] = (unsigned char)(n >> 8 * i);
	add(b, 5);
}

static void
add_str(const char *s)
{
	add_int(s == NULL ? -1 : (int)strlen(s));
	if (s != NULL)
		add(s, strlen(s));
}

static void
add_entry(int id, const char *kind, const char *definition, bool data, int minor)
{
	static const unsigned char set[9] = {1}, none[9] = {3};

	add_int(id);
	add_int(data);
	add_str("1259");
	add_str("16384");
	add_str("name");
	add_str(kind);
	add_int(data ? 3 : 2);
	add_str(definition);
	add_str("");
	add_str(data ? "COPY x FROM stdin;\n" : "");
	add_str("public");
	add_str(NULL);
	if (minor >= 14)
		add_str("heap");
	if (minor >= 16)
		add_int('r');
	add_str("owner");
	add_str("false");
	add_str("3");
	add_str(NULL);
	add(data ? set : none, 9);
}

static void
make(int minor)
{
	len = 0;
	add("PGDMP\1", 6);
	dump[len++] = (unsigned char)minor;
	add("\0\4\10\1", 4);
	if (minor >= 15)
		add("\0", 1);
	else
		add_int(0);
	for (int i = 0; i < 7; i++)
		add_int(i < 6 ? 5 : 0);
	add_str("shop");
	add_str("15.18");
	add_str("15.18");
	add_int(3);
	add_entry(1, "ENCODING", "SET client_encoding = 'UTF8';\n", false, minor);
	add_entry(2, "TABLE DATA", "", true, minor);
	add_entry(3, "BLOBS", "", true, minor);
	add("\1", 1);
	add_int(2);
	add_int(4);
	add("row\n", 4);
	add_int(3);
	add("\\.\n", 3);
	add_int(0);
	add("\3", 1);
	add_int(3);
	add_int(16384);
	add_int(5);
	add("large", 5);
	add_int(0);
	add_int(0);
}

static bool
read_all(size_t n, struct pgdump *d, struct pgdump_totals *t, struct err *err)
{
	static struct arena a;
	struct scan s = scan_memory(dump, n);
	bool good;

	arena_done(&a);
	good = pgdump_read(&s, &a, d, err) && pgdump_read_blocks(&s, d, t, err);
	for (size_t i = 0; good && i < d->data.n; i++)
		good = d->data.v[i].seen ||
		       err_set(err, ERR_DAMAGED, "The data of an entry are missing.");
	return good;
}

static void
every_version(void **state)
{
	struct err err = ERR_INIT;
	struct pgdump_totals t;
	struct pgdump d;

	for (int minor = 12; minor <= 16; minor++) {
		make(minor);
		if (!read_all(len, &d, &t, &err))
			fail_msg("1.%d: %s", minor, err.msg);
		assert_true(d.entries == 3 && d.data.n == 2 && d.utf8);
		assert_string_equal(d.database, "shop");
		assert_true(t.blocks == 2 && t.objects == 1 && t.bytes == 12 && t.unsealed);
		assert_non_null(pgdump_find(&d, 2));
		assert_null(pgdump_find(&d, 1));
		for (size_t n = 0; n < len; n++) {
			if (read_all(n, &d, &t, &err))
				fail_msg("1.%d, cut at %zu, passes", minor, n);
			assert_int_equal(err.code, ERR_DAMAGED);
			err_done(&err);
		}
	}
	make(17);
	assert_false(read_all(len, &d, &t, &err));
	assert_err(&err, ERR_UNSUPPORTED, "version 1.17");
	make(9);
	assert_false(read_all(len, &d, &t, &err));
	assert_err(&err, ERR_UNSUPPORTED, "version 1.9");
	assert_true(pgdump_is(dump, len, PGDUMP_CUSTOM));
	assert_false(pgdump_is(dump, len, PGDUMP_TAR));
	assert_false(pgdump_is(dump, 10, PGDUMP_CUSTOM));
}

/* A change of any byte must come back; of structure it must be seen. */
static void
any_byte(void **state)
{
	struct err err = ERR_INIT;
	struct pgdump_totals t;
	struct pgdump d;
	size_t passed = 0;

	make(14);
	for (size_t i = 0; i < len; i++) {
		for (int change = 1; change < 256; change += 31) {
			dump[i] ^= (unsigned char)change;
			passed += read_all(len, &d, &t, &err);
			err_done(&err);
			dump[i] ^= (unsigned char)change;
		}
	}
	/* texts carry no checksum; of some 550 bytes, a third is text */
	assert_true(passed < len * 9 * 2 / 5);
}

static void
texts_of_the_declared_encoding(void **state)
{
	struct err err = ERR_INIT;
	struct pgdump_totals t;
	struct pgdump d;
	unsigned char *owner;

	make(14);
	owner = memmem(dump + len / 2, len / 2, "owner", 5);
	memcpy(owner, "\xc3\xb6w\xc3\xa4", 5);
	assert_true(read_all(len, &d, &t, &err));
	owner[1] = 'x';
	assert_false(read_all(len, &d, &t, &err));
	assert_err(&err, ERR_DAMAGED, "not UTF-8");
	owner[0] = '\0';
	assert_false(read_all(len, &d, &t, &err));
	assert_err(&err, ERR_DAMAGED, "zero byte");
}

TESTS(T(every_version), T(any_byte), T(texts_of_the_declared_encoding))

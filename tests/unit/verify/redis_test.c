#include "unit/testing.h"

#include "verify/aof.h"
#include "verify/crc64.h"
#include "verify/rdb.h"

static unsigned char file[4096];
static size_t file_len;

static void
add(const void *p, size_t n)
{
	memcpy(file + file_len, p, n);
	file_len += n;
}

#define ADD(text) add(text, sizeof(text) - 1)

/* The body between the header and the end, with the right CRC behind it. */
static void
make(const void *body, size_t len)
{
	uint64_t crc;

	file_len = 0;
	ADD("REDIS0010");
	add(body, len);
	ADD("\xff");
	crc = crc64_add(0, file, file_len);
	for (int i = 0; i < 8; i++)
		file[file_len++] = (unsigned char)(crc >> 8 * i);
}

static bool
read_rdb(struct rdb *r, size_t len, struct err *err)
{
	static struct scan s;

	s = scan_memory(file, len);
	rdb_init(r, &s);
	return rdb_read(r, err);
}

/* One of each: what follows a key is its value. */
static const struct {
	const char *name, *body;
	size_t len;
	uint64_t keys;
} bodies[] = {
#define BODY(name, text, keys)                     \
	{                                          \
		name, text, sizeof(text) - 1, keys \
	}
	BODY("nothing", "", 0),
	BODY("aux",
		"\xfa\x09redis-ver\x05"
		"7.0.1\xfa\x05"
		"ctime\xc2\x01\x02\x03\x04",
		0),
	BODY("database", "\xfe\x00\xfb\x02\x01\x00\x01k\x01v", 1),
	BODY("numbers", "\x00\x01k\xc0\x05\x00\x01l\xc1\x05\x06\x00\x01m\xc2\x01\x02\x03\x04", 3),
	BODY("times",
		"\xfc\x01\x02\x03\x04\x05\x06\x07\x08\x00\x01k\x01v\xfd\x01\x02\x03\x04\x00\x01l"
		"\x01v",
		2),
	BODY("idle and often", "\xf8\x05\x00\x01k\x01v\xf9\x05\x00\x01l\x01v", 2),
	BODY("compressed",
		"\x00\x01k\xc3\x07\x0c\x02"
		"abc\xe0\x00\x02",
		1),
	BODY("lengths",
		"\x00\x01k\x40\x01v\x00\x80\x00\x00\x00\x01l\x81\x00\x00\x00\x00\x00\x00\x00\x01v",
		2),
	BODY("list",
		"\x01\x01k\x02\x01"
		"a\x01"
		"b",
		1),
	BODY("hash",
		"\x04\x01k\x01\x01"
		"a\x01"
		"b",
		1),
	BODY("sorted set",
		"\x03\x01k\x03\x01"
		"a\x03"
		"1.5\x01"
		"b\xfe\x01"
		"c\xfd",
		1),
	BODY("sorted set 2",
		"\x05\x01k\x01\x01"
		"a\x00\x00\x00\x00\x00\x00\xf0\x3f",
		1),
	BODY("integers", "\x0b\x01k\x0c\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x02\x00", 1),
	BODY("listpack", "\x10\x01k\x07\x07\x00\x00\x00\x00\x00\xff", 1),
	BODY("quicklist", "\x12\x01k\x02\x02\x07\x07\x00\x00\x00\x00\x00\xff\x01\x03xyz", 1),
	BODY("module", "\x07\x01k\x05\x01\x03\x02\x04\x03\x01\x02\x03\x04\x05\x01x\x00", 1),
	BODY("module's own", "\xf7\x05\x02\x01\x05\x01x\x00", 0),
	BODY("function", "\xf5\x03xyz", 0),
	BODY("slot", "\xf4\x01\x02\x03", 0),
	BODY("stream",
		"\x13\x01k\x00\x05\x01\x02\x03\x04\x05\x06\x07\x01\x01g\x01\x02\x03\x01"
		"0123456789abcdef\x01\x02\x03\x04\x05\x06\x07\x08\x01\x01\x01"
		"c"
		"\x01\x02\x03\x04\x05\x06\x07\x08\x01"
		"0123456789abcdef",
		1),
	BODY("hash with times",
		"\x18\x01k\x01\x02\x03\x04\x05\x06\x07\x08\x01\x05\x01"
		"a\x01"
		"b",
		1),
#undef BODY
};

static void
every_type(void **state)
{
	struct err err = ERR_INIT;
	struct rdb r;

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		make(bodies[i].body, bodies[i].len);
		if (!read_rdb(&r, file_len, &err))
			fail_msg("%s: %s", bodies[i].name, err.msg);
		if (r.keys != bodies[i].keys || r.crc != r.stored_crc || r.version != 10)
			fail_msg("%s: %llu keys, %llx, %llx", bodies[i].name,
				(unsigned long long)r.keys, (unsigned long long)r.crc,
				(unsigned long long)r.stored_crc);
		assert_true(scan_at_end(&r.scan, &err));
		/* every cut is seen, and every changed bit */
		for (size_t n = 0; n < file_len; n++) {
			assert_false(read_rdb(&r, n, &err));
			err_done(&err);
		}
		for (size_t bit = 0; bit < 8 * file_len; bit++) {
			file[bit / 8] ^= (unsigned char)(1 << bit % 8);
			if (read_rdb(&r, file_len, &err) && r.crc == r.stored_crc &&
				scan_at_end(&r.scan, &err))
				fail_msg("%s: bit %zu passes", bodies[i].name, bit);
			err_done(&err);
			file[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
	}
}

static void
what_it_tells(void **state)
{
	struct err err = ERR_INIT;
	struct rdb r;

	make(bodies[1].body, bodies[1].len);
	assert_true(read_rdb(&r, file_len, &err));
	assert_string_equal(r.redis_version, "7.0.1");
	assert_string_equal(r.ctime, "67305985");
	make(bodies[4].body, bodies[4].len);
	assert_true(read_rdb(&r, file_len, &err));
	assert_true(r.volatile_keys == 2);
}

static void
older_and_newer(void **state)
{
	struct err err = ERR_INIT;
	struct rdb r;
	bool right;

	/* versions before 5 have no CRC */
	file_len = 0;
	ADD("REDIS0003\xfe\x00\x00\x01k\x01v\xff");
	assert_true(read_rdb(&r, file_len, &err));
	assert_true(r.version == 3 && r.stored_crc == 0 && scan_at_end(&r.scan, &err));
	/* a type from the future: only the CRC can be told */
	make("\x3c\x01k\x01v", 5);
	assert_false(read_rdb(&r, file_len, &err));
	assert_err(&err, ERR_UNSUPPORTED, "not known here");
	assert_true(rdb_only_sum(&r, &right, &err) && right);
	file[12] ^= 1;
	assert_false(read_rdb(&r, file_len, &err));
	err_done(&err);
	assert_true(rdb_only_sum(&r, &right, &err) && !right);
	make("", 0);
	memcpy(file + 5, "0099", 4);
	assert_false(read_rdb(&r, file_len, &err));
	assert_err(&err, ERR_UNSUPPORTED, "RDB version 99");
	assert_true(rdb_is(file, 9));
	assert_false(rdb_is(file, 8));
	assert_false(rdb_is((const unsigned char *)"REDISx010", 9));
}

static bool
read_aof(const char *text, struct aof *a, struct err *err)
{
	struct scan s = scan_memory(text, strlen(text));

	return aof_read(&s, a, err);
}

#define SET   "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"
#define MULTI "*1\r\n$5\r\nMULTI\r\n"
#define EXEC  "*1\r\n$4\r\nexec\r\n"

static void
commands(void **state)
{
	static const struct {
		const char *text;
		int commands; /* -1: damaged */
	} rows[] = {
		{"", 0},
		{SET, 1},
		{SET SET, 2},
		{"#TS:1700000000\r\n" SET, 1},
		{MULTI SET EXEC, 3},
		{MULTI SET, -1},
		{MULTI MULTI EXEC, -1},
		{EXEC, -1},
		{"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n", -1},
		{"*1\r\n$-1\r\n", -1},
		{"*-1\r\n", -1},
		{"*x\r\n", -1},
		{"*1\n$1\na\n", -1},
		{"*1\r\n$1\r\nab\r\n", -1},
		{"*1\r\n$5\r\nMULTI\r\n$", -1},
		{"SET a b\r\n", -1},
		{"*1\r\n$99999999999999999999\r\n", -1},
	};
	struct err err = ERR_INIT;
	struct aof a;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = read_aof(rows[i].text, &a, &err);

		if (good != (rows[i].commands >= 0) ||
			(good && (int)a.commands != rows[i].commands))
			fail_msg("row %zu", i);
		err_done(&err);
	}
	assert_true(read_aof("#TS:5\r\n" SET "#TS:1700000000\r\n", &a, &err));
	assert_true(a.timestamp == 1700000000);
	assert_false(read_aof(SET MULTI SET, &a, &err));
	assert_true(a.whole == strlen(SET));
	err_done(&err);
	assert_true(aof_is((const unsigned char *)SET, strlen(SET)));
	assert_true(aof_is((const unsigned char *)"#TS:1\r\n", 7));
	assert_false(aof_is((const unsigned char *)"* a list", 8));
	assert_false(aof_is((const unsigned char *)"*1", 2));
}

static void
manifests(void **state)
{
	static const struct {
		const char *text;
		int parts; /* -1: damaged */
	} rows[] = {
		{"file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\n", 2},
		{"file \"a b\" seq 1 type b\n", 1},
		{"# comment\nfile a seq 1 type i\nfile b seq 2 type i\n", 2},
		{"file a seq 1 type h\nfile b seq 2 type b\n", 2},
		{"file a seq 1 type i later 5\n", 1},
		{"", -1},
		{"\n", -1},
		{"file a seq 1 type b", -1},
		{"file a seq 1\n", -1},
		{"file a seq 0 type b\n", -1},
		{"file a seq x type b\n", -1},
		{"file a seq 1 type x\n", -1},
		{"file ../a seq 1 type b\n", -1},
		{"file .a seq 1 type b\n", -1},
		{"file a seq 1 type b\nfile b seq 2 type b\n", -1},
		{"file a seq 2 type i\nfile b seq 2 type i\n", -1},
	};
	CLEANUP(arena_done) struct arena arena = ARENA_INIT;
	struct err err = ERR_INIT;
	struct aof_manifest m;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		bool good = aof_manifest_read(&arena, rows[i].text, strlen(rows[i].text), &m, &err);

		if (good != (rows[i].parts >= 0) || (good && (int)m.parts.n != rows[i].parts))
			fail_msg("row %zu", i);
		err_done(&err);
	}
	assert_true(aof_manifest_is((const unsigned char *)rows[0].text, strlen(rows[0].text)));
	assert_false(aof_manifest_is((const unsigned char *)"file \n", 6));
}

TESTS(T(every_type), T(what_it_tells), T(older_and_newer), T(commands), T(manifests))

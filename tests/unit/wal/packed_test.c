#include "unit/testing.h"

#include "base/path.h"
#include "base/proc.h"
#include "wal/packed.h"
#include "wal/tar.h"
#include "wal/unpack.h"

static unsigned char plain[300000];

static void
fill(void)
{
	for (size_t i = 0; i < sizeof(plain); i++)
		plain[i] = (unsigned char)(i % 251 ^ (i >> 12));
}

/* Compresses a file with a tool, if that is installed; its name in the test's directory. */
static bool
compress_with(const char *tool, const char *from, const char *to)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	char *argv[] = {
		(char *)(uintptr_t)tool, (char *)(uintptr_t) "-c", (char *)(uintptr_t)from, NULL};
	struct proc_result r = PROC_RESULT_INIT(16 * MIB);
	struct proc_env env;
	struct proc_spec spec = {.argv = argv, .nfds = 3};
	struct err err = ERR_INIT;
	bool good;

	if (!path_tool(&a, tool, &spec.path, &err)) {
		err_done(&err);
		return false;
	}
	proc_env_init(&env, &a);
	spec.envp = proc_env_list(&env, &a);
	assert_true(proc_run(&spec, NULL, 30000, &r, &err));
	good = r.exit.exited && r.exit.status == 0;
	test_file(to, r.out.buf, r.out.len, 0600);
	proc_result_done(&r);
	return good;
}

static bool
open_packed(struct source *s, const char *name, struct packed **ret, struct err *err)
{
	struct stream *st;

	assert_true(source_read(s, name, 0, -1, &st, err));
	return packed_open(st, name, ret, err);
}

/* Reads all of it in pieces of this size. */
static ssize_t
read_all(struct packed *p, unsigned char *out, size_t size, size_t piece, struct err *err)
{
	size_t done = 0;
	ssize_t n;

	do {
		n = packed_read(p, out + done, MIN(piece, size - done), err);
		if (n < 0)
			return -1;
		done += (size_t)n;
	} while (n > 0 && (size_t)n == piece && done < size);
	return (ssize_t)done;
}

static void
check_file(struct source *s, const char *name, const char *format)
{
	static unsigned char out[sizeof(plain) * 2 + 10];
	struct err err = ERR_INIT;
	struct packed *p;

	for (size_t piece = 1000; piece <= sizeof(plain) * 2 + 10; piece *= 7) {
		assert_true(open_packed(s, name, &p, &err));
		if (format == NULL)
			assert_null(packed_format(p));
		else
			assert_string_equal(packed_format(p), format);
		assert_int_equal(read_all(p, out, sizeof(plain), piece, &err), sizeof(plain));
		assert_memory_equal(out, plain, sizeof(plain));
		packed_free(p);
	}
}

/* Two members one behind the other are one stream; one cut short is damage. */
static void
check_members(struct source *s, const char *name)
{
	CLEANUP(str_done) struct str text = STR_INIT(16 * MIB), twice = STR_INIT(16 * MIB);
	static unsigned char out[2 * sizeof(plain) + 10];
	struct err err = ERR_INIT;
	struct packed *p;

	assert_true(file_read(test_path(name), 16 * MIB, &text, &err));
	str_addn(&twice, text.buf, text.len);
	str_addn(&twice, text.buf, text.len);
	test_file("twice", twice.buf, twice.len, 0600);
	assert_true(open_packed(s, "twice", &p, &err));
	assert_int_equal(read_all(p, out, sizeof(out), 65536, &err), 2 * sizeof(plain));
	assert_memory_equal(out + sizeof(plain), plain, sizeof(plain));
	packed_free(p);
	test_file("cut", text.buf, text.len * 3 / 4, 0600);
	assert_true(open_packed(s, "cut", &p, &err));
	assert_int_equal(read_all(p, out, sizeof(out), 65536, &err), -1);
	assert_int_equal(err.code, ERR_DAMAGED);
	err_done(&err);
	packed_free(p);
	text.buf[text.len / 2] ^= 0x55;
	text.buf[text.len / 2 + 1] ^= 0x55;
	test_file("bad", text.buf, text.len, 0600);
	assert_true(open_packed(s, "bad", &p, &err));
	assert_int_equal(read_all(p, out, sizeof(out), 65536, &err), -1);
	assert_err(&err, ERR_DAMAGED, "damaged");
	packed_free(p);
}

static void
test_formats(void **state)
{
	static const struct {
		const char *tool, *format;
	} tools[] = {{"gzip", "gzip"}, {"bzip2", "bzip2"}, {"lz4", "lz4"}, {"zstd", "zstd"}};
	struct source *s = source_dir_new(test_dir());

	fill();
	test_file("plain", plain, sizeof(plain), 0600);
	check_file(s, "plain", NULL);
	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		if (!compress_with(tools[i].tool, test_path("plain"), tools[i].format))
			continue;
		check_file(s, tools[i].format, tools[i].format);
		check_members(s, tools[i].format);
	}
	source_free(s);
}

static void
test_refused(void **state)
{
	struct source *s = source_dir_new(test_dir());
	struct err err = ERR_INIT;
	struct packed *p;
	char byte;

	test_file("salted", "Salted__12345678", 16, 0600);
	assert_false(open_packed(s, "salted", &p, &err));
	assert_err(&err, ERR_UNSUPPORTED, "encrypted");
	test_file("xz",
		"\xfd"
		"7zXZ\0...",
		9, 0600);
	assert_false(open_packed(s, "xz", &p, &err));
	assert_err(&err, ERR_UNSUPPORTED, "xz");
	assert_true(packed_magic((const unsigned char *)"\x1f\x8b\x08", 3));
	assert_true(packed_magic((const unsigned char *)"Salted__", 8));
	assert_false(packed_magic((const unsigned char *)"\x10\xd1\x07", 3));
	test_file("empty", "", 0, 0600);
	assert_true(open_packed(s, "empty", &p, &err));
	assert_int_equal(packed_read(p, &byte, 1, &err), 0);
	packed_free(p);
	source_free(s);
}

/* pglz by hand: literals, a match, an overlapping match, a long one. */
static void
test_pglz(void **state)
{
	static const unsigned char good[] = {0x08, 'a', 'b', 'c', 0x00, 0x03, /* abc abc */
		'd', 'e', 'f', 'g', 0x02, 'h', 0x0f, 0x01, 0x02}; /* defg h + 20 times h */
	unsigned char out[64];

	assert_true(unpack_pglz(good, sizeof(good), out, 31));
	assert_memory_equal(out, "abcabcdefghhhhhhhhhhhhhhhhhhhhh", 31);
	assert_false(unpack_pglz(good, sizeof(good), out, 32));
	assert_false(unpack_pglz(good, sizeof(good) - 1, out, 31));
	/* A match that reaches before the beginning, or has no distance. */
	assert_false(unpack_pglz((const unsigned char *)"\x02"
							"a\x00\x05",
		4, out, 4));
	assert_false(unpack_pglz((const unsigned char *)"\x02"
							"a\x00\x00",
		4, out, 4));
	assert_false(unpack_pglz((const unsigned char *)"", 0, out, 1));
	assert_true(unpack_pglz((const unsigned char *)"", 0, out, 0));
}

static void
put_header(unsigned char *block, const char *name, unsigned size)
{
	unsigned sum = 0;

	memset(block, 0, 512);
	snprintf((char *)block, 100, "%s", name);
	snprintf((char *)block + 124, 12, "%011o", size);
	memset(block + 148, ' ', 8);
	for (int i = 0; i < 512; i++)
		sum += block[i];
	snprintf((char *)block + 148, 8, "%06o", sum);
}

static void
test_tar(void **state)
{
	static unsigned char tar[512 * 12];
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB);
	struct source *s = source_dir_new(test_dir());
	struct err err = ERR_INIT;
	struct packed *p;

	put_header(tar, "dir/other", 700);
	put_header(tar + 3 * 512, "dir/backup_label", 600);
	memset(tar + 4 * 512, 'L', 600);
	put_header(tar + 6 * 512, "last", 0);
	test_file("t.tar", tar, sizeof(tar), 0600);
	assert_true(open_packed(s, "t.tar", &p, &err));
	assert_true(tar_member(p, "backup_label", MIB, &out, &err));
	assert_int_equal(out.len, 600);
	assert_int_equal(out.buf[599], 'L');
	packed_free(p);
	/* Behind the bytes that may be looked at, or not there at all. */
	for (int i = 0; i < 2; i++) {
		assert_true(open_packed(s, "t.tar", &p, &err));
		assert_false(tar_member(
			p, i == 0 ? "backup_label" : "nothing", i == 0 ? 1024 : MIB, &out, &err));
		assert_err(&err, ERR_NOT_FOUND, i == 0 ? "backup_label" : "nothing");
		packed_free(p);
	}
	test_file("cut.tar", tar, 512 * 4 + 100, 0600);
	assert_true(open_packed(s, "cut.tar", &p, &err));
	assert_false(tar_member(p, "backup_label", MIB, &out, &err));
	assert_err(&err, ERR_DAMAGED, "ends in the middle");
	packed_free(p);
	tar[3 * 512] = 'X';
	test_file("bad.tar", tar, sizeof(tar), 0600);
	assert_true(open_packed(s, "bad.tar", &p, &err));
	assert_false(tar_member(p, "backup_label", MIB, &out, &err));
	assert_err(&err, ERR_DAMAGED, "no tar");
	packed_free(p);
	source_free(s);
}

TESTS(T(test_formats), T(test_refused), T(test_pglz), T(test_tar))

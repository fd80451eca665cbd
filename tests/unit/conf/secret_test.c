#include "unit/testing.h"

#include "conf/secret.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "fault/shim.c"

static void
test_keeps(void **state)
{
	struct secret *s = secret_new("p\0w", 3);

	assert_int_equal(secret_len(s), 3);
	assert_memory_equal(secret_bytes(s), "p\0w", 4);
	secret_free(s);
	secret_free(NULL);
	s = secret_new("", 0);
	assert_string_equal(secret_bytes(s), "");
	secret_free(s);
}

/* F38: the bytes are not left in the mapping, and the mapping is kept out of core files. */
static void
test_f38_not_dumped(void **state)
{
	struct secret *s = secret_new("swordfish", 9);
	bool found = false, kept_out = false;
	unsigned long from, to;
	char line[512];
	FILE *f = fopen("/proc/self/smaps", "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			found = (uintptr_t)secret_bytes(s) >= from &&
				(uintptr_t)secret_bytes(s) < to;
		else if (found && util_starts(line, "VmFlags:"))
			kept_out = strstr(line, " dd") != NULL;
	}
	fclose(f);
	secret_free(s);
	assert_true(kept_out);
}

static bool watching;
static size_t given_back, left_in; /* mappings, and bytes in them that are not 0 */

int
munmap(void *at, size_t len)
{
	for (size_t i = 0; watching && i < len; i++)
		left_in += ((const char *)at)[i] != 0;
	given_back += watching;
	return (int)syscall(SYS_munmap, at, len);
}

/* F38: nothing of it is left in memory that goes back to the kernel. */
static void
test_f38_wiped(void **state)
{
	struct secret *s = secret_new("swordfish", 9);

	watching = true;
	secret_free(s);
	watching = false;
	assert_int_equal(given_back, 1);
	assert_int_equal(left_in, 0);
}

static void
no_locked_memory(void *arg)
{
	struct rlimit none = {0, 0};
	struct secret *s;

	setrlimit(RLIMIT_MEMLOCK, &none);
	if (geteuid() == 0 && setresuid(12345, 12345, 0) < 0)
		_exit(2);
	s = secret_new("swordfish", 9);
	if (strcmp(secret_bytes(s), "swordfish") != 0)
		_exit(1);
	secret_free(s);
	if (setresuid((uid_t)-1, 0, (uid_t)-1) < 0)
		return;
}

static void
test_no_locked_memory(void **state)
{
	char said[100];

	assert_int_equal(test_in_child(no_locked_memory, NULL, said, sizeof(said)), 0);
}

static void
test_sources(void **state)
{
	static const char *const good[] = {
		"env PGPASSWORD", "file ~/.pgpass", "file /a b", "prompt"};
	static const char *const bad[] = {"", "env", "env ", "env A B", "env A=B", "file", "file ",
		"prompt ", "hunter2", "ENV X"};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(secret_source_check(good[i], &err));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(secret_source_check(bad[i], &err));
		assert_hint(&err, "env NAME");
		assert_err(&err, ERR_CONFIG, "not a source of a secret");
	}
}

static void
test_fetch_env(void **state)
{
	struct err err = ERR_INIT;
	struct secret *s;

	setenv("TEST_SECRET", "from env", 1);
	assert_true(secret_fetch("env TEST_SECRET", &s, &err));
	assert_string_equal(secret_bytes(s), "from env");
	secret_free(s);
	assert_true(secret_fetch("env TEST_NO_SECRET", &s, &err));
	assert_null(s);
	assert_true(secret_fetch("prompt", &s, &err));
	assert_null(s);
}

static bool
fetch(const char *path, struct secret **ret, struct err *err)
{
	char source[PATH_MAX + 10];

	snprintf(source, sizeof(source), "file %.4000s", path);
	return secret_fetch(source, ret, err);
}

static void
test_fetch_file(void **state)
{
	struct err err = ERR_INIT;
	char big[SECRET_MAX + 10];
	struct secret *s;

	assert_true(fetch(test_file("pw", "first\nsecond\n", 13, 0600), &s, &err));
	assert_string_equal(secret_bytes(s), "first");
	secret_free(s);
	assert_true(fetch(test_file("pw", "alone", 5, 0640), &s, &err));
	assert_string_equal(secret_bytes(s), "alone");
	secret_free(s);
	assert_true(fetch(test_path("none"), &s, &err));
	assert_null(s);
	assert_true(fetch(test_file(".pgpass", "*:*:*:*:pw\n", 11, 0600), &s, &err));
	assert_null(s);
	assert_false(fetch(test_file("open", "x", 1, 0644), &s, &err));
	assert_hint(&err, "chmod o-rwx");
	assert_err(&err, ERR_UNSAFE, "can be read by everybody");
	assert_false(fetch(test_dir(), &s, &err));
	assert_err(&err, ERR_UNSAFE, "not a regular file");
	assert_false(fetch("/dev/null/x", &s, &err));
	assert_err(&err, ERR_AUTH, "Cannot open the secret file");
	memset(big, 'x', sizeof(big));
	assert_false(fetch(test_file("big", big, sizeof(big), 0600), &s, &err));
	assert_err(&err, ERR_LIMIT, "longer than 4096 bytes");
	assert_null(s);
	big[100] = '\n';
	assert_true(fetch(test_file("big", big, sizeof(big), 0600), &s, &err));
	assert_int_equal(secret_len(s), 100);
	secret_free(s);
	fault_set("read", "*/pw", 1, "EIO", false);
	assert_false(fetch(test_path("pw"), &s, &err));
	fault_set(NULL, NULL, 0, NULL, false);
	assert_err(&err, ERR_AUTH, "Cannot read the secret file");
}

TESTS(T(test_keeps), T(test_f38_not_dumped), T(test_f38_wiped), T(test_no_locked_memory),
	T(test_sources), T(test_fetch_env), T(test_fetch_file))

/*
 * testing: what the unit tests share on top of cmocka. Include it first.
 *
 * One program a source file: tests/unit/<room>/<module>_test.c, ending with RUN_TESTS().
 */
#ifndef UNIT_TESTING_H
#define UNIT_TESTING_H

#include "base/banned.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#undef expect_check /* of mocks, which we have none of; conf/expect.h has one too */

#include "base/err.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* Coverage counters are written at exit; a child that aborts or is exec'ed writes them here. */
#ifdef TEST_COVERAGE
extern void __gcov_dump(void);
#define TEST_FLUSH() __gcov_dump()
#else
#define TEST_FLUSH() ((void)0)
#endif

#define TESTS(...)                                                                   \
	int main(void)                                                               \
	{                                                                            \
		const struct CMUnitTest tests[] = {__VA_ARGS__};                     \
		return cmocka_run_group_tests_name(__FILE__, tests, NULL, test_end); \
	}
#define T(function) cmocka_unit_test(function)

/* An impossible allocation must come back as NULL under AddressSanitizer too. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1:detect_stack_use_after_return=1";
}

/* The directory of this program's tests, made when first asked for and removed at the end. */
static char test_directory[PATH_MAX];

UNUSED static const char *
test_dir(void)
{
	const char *base = getenv("LIFEBOAT_TEST_TMP"); /* where a sync costs nothing */

	if (test_directory[0] == '\0') {
		snprintf(test_directory, sizeof(test_directory), "%s/lifeboat-test-%d-XXXXXX",
			base != NULL ? base : "/tmp", (int)getpid());
		if (mkdtemp(test_directory) == NULL)
			abort();
	}
	return test_directory;
}

static int
test_end(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	if (test_directory[0] != '\0' && !file_remove_tree(test_directory, &err))
		err_done(&err);
	return 0;
}

/* A path in that directory; sixteen of them may be in use at once. */
UNUSED static const char *
test_path(const char *name)
{
	static char paths[16][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % ARRAY_LEN(paths)];

	snprintf(path, PATH_MAX, "%.3000s/%.900s", test_dir(), name);
	return path;
}

UNUSED static const char *
test_file(const char *name, const void *data, size_t len, mode_t mode)
{
	const char *path = test_path(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || !file_write_all(fd, data, len) || fchmod(fd, mode) < 0)
		abort();
	close(fd);
	return path;
}

UNUSED static const char *
test_text_file(const char *name, const char *text)
{
	return test_file(name, text, strlen(text), 0600);
}

/* The error has this code and its message holds `text`; it is emptied. */
#define assert_err(err, want, text)                                                                \
	do {                                                                                       \
		assert_string_equal(err_name((err)->code), err_name(want));                        \
		if ((err)->msg == NULL || strstr((err)->msg, (text)) == NULL)                      \
			fail_msg("\"%s\" is not in \"%s\"", (text), (err)->msg ? (err)->msg : ""); \
		err_done(err);                                                                     \
	} while (0)

/* The error's hint holds `text`. */
#define assert_hint(err, text)                                                  \
	do {                                                                    \
		if ((err)->hint == NULL || strstr((err)->hint, (text)) == NULL) \
			fail_msg("\"%s\" is not in the hint \"%s\"", (text),    \
				(err)->hint ? (err)->hint : "");                \
	} while (0)

#define assert_holds(haystack, needle)                                          \
	do {                                                                    \
		const char *held_in = (haystack);                               \
		if (strstr(held_in, (needle)) == NULL)                          \
			fail_msg("\"%s\" is not in \"%s\"", (needle), held_in); \
	} while (0)

#define assert_holds_not(haystack, needle)                                  \
	do {                                                                \
		const char *held_in = (haystack);                           \
		if (strstr(held_in, (needle)) != NULL)                      \
			fail_msg("\"%s\" is in \"%s\"", (needle), held_in); \
	} while (0)

/* Under valgrind, which takes forty times as long, some of the rounds must do. */
#define TEST_ROUNDS(all, some) (getenv("LIFEBOAT_VALGRIND") != NULL ? (some) : (all))

UNUSED static void
test_on_abort(int sig)
{
	(void)sig;
	TEST_FLUSH();
	_exit(66);
}

/*
 * Ends a child. What the parent still uses looks lost to valgrind there: it ends as another
 * program.
 */
UNUSED static void
test_end_child(int status)
{
	char number[16];

	TEST_FLUSH();
	snprintf(number, sizeof(number), "%d", status);
	if (getenv("LIFEBOAT_VALGRIND") != NULL)
		execl("/bin/sh", "sh", "-c", "exit \"$0\"", number, (char *)NULL);
	_exit(status);
}

/* Runs fn(arg) in a child. Returns its exit status, 66 for abort(); `said` gets its stderr. */
UNUSED static int
test_in_child(void (*fn)(void *), void *arg, char *said, size_t size)
{
	int ends[2], status;
	size_t have = 0;
	ssize_t n;
	pid_t pid;

	fflush(NULL);
	if (pipe(ends) < 0 || (pid = fork()) < 0)
		abort();
	if (pid == 0) {
		signal(SIGABRT, test_on_abort);
		dup2(ends[1], STDERR_FILENO);
		fn(arg);
		test_end_child(0);
	}
	close(ends[1]);
	while (have + 1 < size && (n = read(ends[0], said + have, size - have - 1)) > 0)
		have += (size_t)n;
	said[have] = '\0';
	close(ends[0]);
	if (waitpid(pid, &status, 0) != pid)
		abort();
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* fn ends the process through BUG(), saying `text`. */
#define assert_bug(fn, arg, text)                                                   \
	do {                                                                        \
		char said[4096];                                                    \
		int ended = test_in_child((fn), (arg), said, sizeof(said));         \
		if (ended != 66)                                                    \
			fail_msg("expected a BUG, got status %d: %s", ended, said); \
		assert_holds(said, "lifeboat: BUG at ");                            \
		assert_holds(said, (text));                                         \
	} while (0)

#endif

#include "unit/testing.h"

#include "base/log.h"

#include "fault/shim.c"

/* Each in a child: the log opens its file once in a process. */
static void
write_lines(void *path)
{
	setenv("LIFEBOAT_DEBUG", path, 1);
	log_debug("first %d", 1);
	log_debug("second \x1b[2J\n");
}

static void
write_nowhere(void *path)
{
	setenv("LIFEBOAT_DEBUG", path, 1);
	log_debug("lost");
	log_debug("lost again");
}

static void
write_to_full_disk(void *path)
{
	setenv("LIFEBOAT_DEBUG", path, 1);
	fault_set("write", path, 1, "ENOSPC", true);
	log_debug("lost");
	log_debug("lost again");
	if (fault_count() != 1)
		_exit(1);
}

static void
test_lines(void **state)
{
	char *path = util_strdup(test_path("log")), said[100];
	struct str out = STR_INIT(10 * KIB);
	struct err err = ERR_INIT;
	struct stat st;

	assert_int_equal(test_in_child(write_lines, path, said, sizeof(said)), 0);
	assert_true(file_read(path, KIB, &out, &err));
	assert_holds(out.buf, " first 1\n");
	assert_holds(out.buf, " second \\x1b[2J\\x0a\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	str_done(&out);
	free(path);
}

static void
test_nowhere(void **state)
{
	char *path = util_strdup(test_path("full")), said[100];
	char nothing[] = "", nowhere[] = "/nonexistent/x";

	assert_int_equal(test_in_child(write_nowhere, nothing, said, sizeof(said)), 0);
	assert_int_equal(test_in_child(write_nowhere, nowhere, said, sizeof(said)), 0);
	assert_int_equal(test_in_child(write_to_full_disk, path, said, sizeof(said)), 0);
	unsetenv("LIFEBOAT_DEBUG");
	log_debug("to nobody");
	free(path);
}

TESTS(T(test_lines), T(test_nowhere))

#include "unit/testing.h"

#include "base/path.h"

static struct arena arena = ARENA_INIT;

static void
test_parts(void **state)
{
	assert_string_equal(path_join(&arena, "/a", "b"), "/a/b");
	assert_string_equal(path_join(&arena, "/a//", "//b"), "/a/b");
	assert_string_equal(path_join(&arena, "/", "b"), "/b");
	assert_string_equal(path_join(&arena, "a", "b/c"), "a/b/c");
	assert_string_equal(path_base("/a/b"), "b");
	assert_string_equal(path_base("b"), "b");
	assert_string_equal(path_base("/a/"), "");
	assert_string_equal(path_dir(&arena, "/a/b"), "/a");
	assert_string_equal(path_dir(&arena, "/a"), "/");
	assert_string_equal(path_dir(&arena, "a"), ".");
}

static void
test_home(void **state)
{
	setenv("HOME", "/home/ops", 1);
	assert_string_equal(path_expand(&arena, "~/x"), "/home/ops/x");
	assert_string_equal(path_expand(&arena, "~"), "~");
	assert_string_equal(path_expand(&arena, "/x"), "/x");
	/* A HOME that is no absolute path is not believed. */
	setenv("HOME", "relative", 1);
	assert_int_equal(path_expand(&arena, "~/x")[0], '/');
	unsetenv("HOME");
	assert_int_equal(path_expand(&arena, "~/x")[0], '/');
}

static void
test_absolute(void **state)
{
	char cwd[PATH_MAX];

	assert_int_equal(chdir(test_dir()), 0);
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	assert_string_equal(path_absolute(&arena, "/x"), "/x");
	assert_string_equal(path_absolute(&arena, "x/y"), path_join(&arena, cwd, "x/y"));
	assert_string_equal(path_absolute(&arena, "././x"), path_join(&arena, cwd, "x"));
}

static void
test_state(void **state)
{
	struct err err = ERR_INIT;
	const char *dir, *want = arena_strdup(&arena, test_path("state"));

	setenv("LIFEBOAT_STATE", want, 1);
	assert_true(path_state(&arena, false, &dir, &err));
	assert_string_equal(dir, want);
	assert_false(file_exists(dir));
	assert_true(path_state(&arena, true, &dir, &err));
	assert_true(file_is_dir(dir));
	setenv("LIFEBOAT_STATE", test_text_file("plain", ""), 1);
	assert_false(path_state(&arena, true, &dir, &err));
	assert_hint(&err, "LIFEBOAT_STATE");
	assert_err(&err, ERR_IO, "nowhere to keep its state");
	unsetenv("LIFEBOAT_STATE");
	if (access("/var/lib/lifeboat", F_OK) == 0)
		skip();
	setenv("XDG_STATE_HOME", test_dir(), 1);
	assert_true(path_state(&arena, false, &dir, &err));
	assert_string_equal(dir, test_path("lifeboat"));
	setenv("XDG_STATE_HOME", "relative", 1);
	setenv("HOME", test_dir(), 1);
	assert_true(path_state(&arena, false, &dir, &err));
	assert_string_equal(dir, test_path(".local/state/lifeboat"));
}

static void
test_share(void **state)
{
	setenv("LIFEBOAT_SHARE", "/somewhere/share", 1);
	assert_string_equal(path_share(&arena), "/somewhere/share");
	unsetenv("LIFEBOAT_SHARE");
	/* This program lies in build/unit/base, too deep for the tree to be found. */
	assert_true(util_ends(path_share(&arena), "/share/lifeboat") ||
		    file_exists(path_join(&arena, path_share(&arena), "runbooks")));
}

/* F42: programs are found in fixed places, whatever $PATH says. */
static void
test_f42_tool(void **state)
{
	struct err err = ERR_INIT;
	const char *path, *own;

	own = test_file("sh", "#!/bin/true\n", 12, 0755);
	setenv("PATH", test_dir(), 1);
	assert_true(path_tool(&arena, "sh", &path, &err));
	assert_true(strcmp(path, "/usr/bin/sh") == 0 || strcmp(path, "/bin/sh") == 0);
	assert_true(path_tool(&arena, own, &path, &err));
	assert_string_equal(path, own);
	assert_false(path_tool(&arena, "lifeboat-no-such-tool", &path, &err));
	assert_hint(&err, "/usr/bin");
	assert_err(&err, ERR_TOOL_MISSING, "lifeboat-no-such-tool is not installed");
	assert_false(path_tool(&arena, "", &path, &err));
	assert_err(&err, ERR_TOOL_MISSING, "empty");
	assert_false(path_tool(&arena, "/nonexistent/pg_dump", &path, &err));
	err_done(&err);
	assert_false(path_tool(&arena, test_text_file("notexec", "x"), &path, &err));
	err_done(&err);
	assert_false(path_tool(&arena, test_dir(), &path, &err));
	err_done(&err);
	chmod(own, 0700);
}

static void
test_known_package(void **state)
{
	struct err err = ERR_INIT;
	const char *path;

	/* One of the tools that a test machine is least likely to have, found or explained. */
	if (path_tool(&arena, "barman", &path, &err))
		skip();
	assert_hint(&err, "apt-get install barman");
	err_done(&err);
}

static void
test_postgresql(void **state)
{
	const char *bin = path_postgresql_bin(&arena, 0), *path;
	struct err err = ERR_INIT;
	int64_t major;

	assert_null(path_postgresql_bin(&arena, 7));
	if (bin == NULL)
		skip();
	assert_true(file_exists(path_join(&arena, bin, "psql")));
	assert_true(util_parse_i64(path_base(path_dir(&arena, bin)), &major));
	assert_string_equal(path_postgresql_bin(&arena, (int)major), bin);
	assert_holds(path_search(&arena), bin);
	/* The version's own program, not the wrapper in /usr/bin. */
	assert_true(path_tool(&arena, "psql", &path, &err));
	assert_string_equal(path, path_join(&arena, bin, "psql"));
}

/* The last one: what came before shares the arena. */
static void
test_memory(void **state)
{
	arena_done(&arena);
	assert_int_equal(arena.used, 0);
}

TESTS(T(test_parts), T(test_home), T(test_absolute), T(test_state), T(test_share), T(test_f42_tool),
	T(test_known_package), T(test_postgresql), T(test_memory))

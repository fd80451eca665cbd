#include "unit/testing.h"

#include "base/path.h"
#include "base/proc.h"

#include <sched.h>
#include <sys/mount.h>

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

/* As a copy of itself somewhere else this program only says where its share is. */
__attribute__((constructor)) static void
print_share(void)
{
	if (getenv("TEST_PRINT_SHARE") == NULL)
		return;
	puts(path_share(&arena));
	arena_done(&arena);
	fflush(stdout);
	_exit(0);
}

static char *
test_copy(const char *name)
{
	char *path = arena_strdup(&arena, test_path(name)), *bytes = util_alloc(64 * KIB);
	int from = open(PATH_SELF, O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	ssize_t n;

	while ((n = read(from, bytes, 64 * KIB)) > 0)
		assert_true(file_write_all(to, bytes, (size_t)n));
	close(from);
	close(to);
	free(bytes);
	return path;
}

static const char *
share_of_copy(const char *name)
{
	char *argv[] = {test_copy(name), NULL},
	     *envp[] = {arena_strdup(&arena, "TEST_PRINT_SHARE=1"), NULL};
	struct proc_spec spec = {.path = argv[0], .argv = argv, .envp = envp};
	struct proc_result r = PROC_RESULT_INIT(PATH_MAX);
	struct err err = ERR_INIT;
	const char *share;

	if (!proc_run(&spec, NULL, 20000, &r, &err))
		fail_msg("%s", err.msg);
	share = arena_strndup(&arena, str_text(&r.out), strcspn(str_text(&r.out), "\n"));
	proc_result_done(&r);
	return share;
}

/* In the tree that it was built in, and below a prefix. */
static void
test_share_by_place(void **state)
{
	struct err err = ERR_INIT;

	unsetenv("LIFEBOAT_SHARE");
	assert_true(file_mkdirs(test_path("tree/runbooks"), 0700, &err));
	assert_true(file_mkdirs(test_path("tree/build/debug"), 0700, &err));
	assert_true(file_mkdirs(test_path("prefix/bin"), 0700, &err));
	test_text_file("tree/runbooks/runbook.schema.json", "{}");
	assert_string_equal(share_of_copy("tree/build/x"), test_path("tree"));
	assert_string_equal(share_of_copy("tree/build/debug/x"), test_path("tree"));
	assert_string_equal(share_of_copy("prefix/bin/x"), test_path("prefix/share/lifeboat"));
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

/* A machine of its own: with /var/lib/lifeboat, without PostgreSQL. */
static void
other_machine(void *arg)
{
	struct err err = ERR_INIT;
	const char *path;

	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("tmpfs", "/var/lib", "tmpfs", 0, NULL) < 0)
		test_end_child(77);
	unsetenv("LIFEBOAT_STATE");
	if (mkdir("/var/lib/lifeboat", 0700) < 0 || !path_state(&arena, true, &path, &err) ||
		strcmp(path, "/var/lib/lifeboat") != 0)
		_exit(1);
	if (path_postgresql_bin(&arena, 0) == NULL)
		return;
	if (mount("tmpfs", "/usr/lib/postgresql", "tmpfs", 0, NULL) < 0 ||
		path_tool(&arena, "initdb", &path, &err) ||
		!util_streq(err.hint, "apt-get install postgresql"))
		_exit(2);
	err_done(&err);
}

static void
test_other_machine(void **state)
{
	char said[1000];
	int status = test_in_child(other_machine, NULL, said, sizeof(said));

	if (status == 77)
		skip(); /* no right to mount */
	assert_int_equal(status, 0);
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

TESTS(T(test_parts), T(test_home), T(test_absolute), T(test_state), T(test_share),
	T(test_share_by_place), T(test_f42_tool), T(test_other_machine), T(test_postgresql),
	T(test_memory))

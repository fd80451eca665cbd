/* A data directory that is restored into: what is kept, what is refused, what an attempt that was
 * cut short has left. */
#include "unit/testing.h"

#include "base/path.h"
#include "verify/sandbox_private.h"

#define CLAIM "lifeboat-unfinished-restore"

static struct arena arena = ARENA_INIT;

static const char *
in(const char *dir, const char *name)
{
	return path_join(&arena, dir, name);
}

static void
put(const char *path, const char *text)
{
	struct err err = ERR_INIT;

	assert_true(file_replace(path, text, strlen(text), 0600, &err));
}

/* A directory of its own below the test's, which does not exist yet. */
static const char *
fresh(void)
{
	static int number;

	return arena_fmt(&arena, "%s/place%d", test_dir(), ++number);
}

static const char *
cluster(void)
{
	const char *dir = fresh();

	assert_int_equal(mkdir(dir, 0755), 0);
	put(in(dir, "PG_VERSION"), "15\n");
	return dir;
}

static const char *
aside_of(const char *dir)
{
	return arena_fmt(&arena, "%s.before", dir);
}

static void
test_kept_aside(void **state)
{
	const char *dir = cluster(), *aside = aside_of(dir);
	struct err err = ERR_INIT;
	struct stat st;
	bool moved;

	assert_true(sandbox_place_aside(dir, aside, "run1", &moved, &err));
	assert_true(moved);
	assert_true(file_exists(in(aside, "PG_VERSION")) && !file_exists(dir));
	assert_true(sandbox_place_claim(dir, "run1", &err));
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	/* Once more, as a run does that goes on: what was kept stays. */
	put(in(dir, "PG_VERSION"), "15\n");
	assert_true(sandbox_place_aside(dir, aside, "run1", &moved, &err));
	assert_false(moved);
	assert_true(sandbox_place_claim(dir, "run1", &err));
	assert_false(file_exists(in(dir, "PG_VERSION")));
	assert_true(file_exists(in(aside, "PG_VERSION")));
	/* Whole, it is no attempt any more. */
	assert_int_equal(mkdir(in(dir, "wal"), 0700), 0);
	assert_true(sandbox_place_release(dir, "wal/restored", &err));
	assert_true(file_exists(in(dir, "wal/restored")) && !file_exists(in(dir, CLAIM)));
	assert_false(sandbox_place_claim(dir, "run1", &err));
	assert_int_equal(err.code, ERR_REFUSED);
	err_done(&err);
	/* What another run left unfinished is kept, too: nobody knows what is in it. */
	dir = fresh();
	assert_true(sandbox_place_claim(dir, "run1", &err));
	assert_true(sandbox_place_aside(dir, aside_of(dir), "run2", &moved, &err));
	assert_true(moved && file_exists(in(aside_of(dir), CLAIM)));
}

static void
test_nothing_is_kept_twice(void **state)
{
	const char *dir = cluster(), *aside = aside_of(dir);
	struct err err = ERR_INIT;
	bool moved;

	put(aside, "in the way");
	assert_false(sandbox_place_aside(dir, aside, "run1", &moved, &err));
	assert_int_equal(err.code, ERR_REFUSED);
	assert_false(moved);
	assert_true(file_exists(in(dir, "PG_VERSION")));
	err_done(&err);
}

static void
test_in_use(void **state)
{
	const char *dir = cluster(), *aside = aside_of(dir);
	struct err err = ERR_INIT;
	bool moved;
	int gate[2], status;
	pid_t pid;

	/* A process that works there, as a postmaster does. */
	assert_int_equal(pipe(gate), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char byte;

		close(gate[1]);
		_exit(chdir(dir) == 0 && read(gate[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(gate[0]);
	while (access(arena_fmt(&arena, "/proc/%d/cwd/PG_VERSION", (int)pid), F_OK) < 0)
		usleep(1000);
	put(in(dir, "postmaster.pid"), arena_fmt(&arena, "%d\n%s\n", (int)pid, dir));
	assert_false(sandbox_place_aside(dir, aside, "run1", &moved, &err));
	assert_int_equal(err.code, ERR_REFUSED);
	assert_non_null(strstr(err.msg, "A server runs on"));
	assert_true(file_exists(in(dir, "PG_VERSION")));
	err_done(&err);
	close(gate[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* It crashed; or its number is that of another process by now. */
	put(in(dir, "postmaster.pid"), arena_fmt(&arena, "%d\n", (int)getpid()));
	assert_true(sandbox_place_aside(dir, aside, "run1", &moved, &err));
	assert_true(moved);
	dir = cluster();
	put(in(dir, "postmaster.pid"), arena_fmt(&arena, "%d\n", (int)pid));
	assert_true(sandbox_place_aside(dir, aside_of(dir), "run1", &moved, &err));
	assert_true(moved);
}

static void
test_refused(void **state)
{
	const char *dir = fresh(), *link = fresh();
	struct err err = ERR_INIT;
	bool moved;

	assert_int_equal(mkdir(dir, 0755), 0);
	put(in(dir, "letter"), "x");
	assert_true(sandbox_place_aside(dir, aside_of(dir), "run1", &moved, &err));
	assert_false(moved);
	assert_false(sandbox_place_claim(dir, "run1", &err));
	assert_int_equal(err.code, ERR_REFUSED);
	err_done(&err);
	assert_int_equal(symlink(cluster(), link), 0);
	assert_true(sandbox_place_aside(link, aside_of(link), "run1", &moved, &err));
	assert_false(moved);
	assert_false(sandbox_place_claim(link, "run1", &err));
	err_done(&err);
	/* A server that somebody started on the half of a restore. */
	dir = fresh();
	assert_true(sandbox_place_claim(dir, "run1", &err));
	put(in(dir, "postmaster.pid"), "1\n");
	assert_false(sandbox_place_claim(dir, "run1", &err));
	err_done(&err);
	assert_true(file_exists(in(dir, "postmaster.pid")));
	assert_false(sandbox_place_release(dir, "nowhere/restored", &err));
	err_done(&err);
	/* Killed while the mark was being written. */
	dir = fresh();
	assert_int_equal(mkdir(dir, 0755), 0);
	put(in(dir, CLAIM ".x1"), "run");
	assert_true(sandbox_place_claim(dir, "run1", &err));
	assert_false(file_exists(in(dir, CLAIM ".x1")));
	arena_done(&arena);
}

TESTS(T(test_kept_aside), T(test_nothing_is_kept_twice), T(test_in_use), T(test_refused))

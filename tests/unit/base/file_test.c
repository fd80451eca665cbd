#include "unit/testing.h"

#include "base/arena.h"

#include <dirent.h>

#include "fault/shim.c"

static void
test_read(void **state)
{
	struct str out = STR_INIT(MIB);
	struct err err = ERR_INIT;

	str_add(&out, "before ");
	assert_true(file_read(test_text_file("a", "text"), 4, &out, &err));
	assert_string_equal(out.buf, "before text");
	assert_false(file_read(test_path("a"), 3, &out, &err));
	assert_hint(&err, "really");
	assert_err(&err, ERR_LIMIT, "larger than the 3 bytes");
	assert_false(file_read(test_path("none"), 3, &out, &err));
	assert_int_equal(err.sys_errno, ENOENT);
	assert_err(&err, ERR_NOT_FOUND, "Cannot open");
	assert_false(file_read(test_dir(), 3, &out, &err));
	assert_err(&err, ERR_UNSAFE, "not a regular file");
	assert_int_equal(mkfifo(test_path("fifo"), 0600), 0);
	assert_false(file_read(test_path("fifo"), 3, &out, &err));
	assert_err(&err, ERR_UNSAFE, "not a regular file");
	assert_false(file_read("/dev/null/x", 3, &out, &err));
	assert_err(&err, ERR_IO, "Not a directory");
	assert_false(file_read_fd(-1, "nothing", 3, &out, &err));
	assert_err(&err, ERR_IO, "Cannot examine nothing");
	str_done(&out);
}

static void
test_read_faults(void **state)
{
	struct str out = STR_INIT(MIB);
	struct err err = ERR_INIT;
	const char *path = test_text_file("b", "abcdef");
	char bytes[8];
	int fd;

	fault_set("read", "*/b", 1, "EINTR", false);
	assert_true(file_read(path, 100, &out, &err));
	assert_string_equal(out.buf, "abcdef");
	fault_set("read", "*/b", 1, "EIO", false);
	assert_false(file_read(path, 100, &out, &err));
	assert_err(&err, ERR_IO, "Cannot read");
	fd = open(path, O_RDWR | O_CLOEXEC);
	fault_set("read", "*/b", 1, "short", false);
	assert_int_equal(file_pread(fd, bytes, 8, 1), 5);
	assert_memory_equal(bytes, "bcdef", 5);
	fault_set("read", "*/b", 1, "EINTR", false);
	assert_int_equal(file_pread(fd, bytes, 2, 4), 2);
	fault_set("read", "*/b", 2, "EIO", false);
	assert_int_equal(file_pread(fd, bytes, 8, 0), -1);
	close(fd);
	fault_set(NULL, NULL, 0, NULL, false);
	str_done(&out);
}

/* F05: whole, through short writes and interruptions, or an error. */
static void
test_f05_write_all(void **state)
{
	struct str out = STR_INIT(MIB);
	struct err err = ERR_INIT;
	const char *path = test_path("w");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	fault_set("write", "*/w", 1, "short", true);
	assert_true(file_write_all(fd, "0123456789", 10));
	assert_true(fault_count() > 2);
	fault_set("write", "*/w", 1, "EINTR", false);
	assert_true(file_write_all(fd, "abc", 3));
	fault_set("write", "*/w", 1, "full", false);
	errno = 0;
	assert_false(file_write_all(fd, "xyz!", 4));
	assert_int_equal(errno, ENOSPC);
	assert_true(file_write_all(fd, "", 0));
	fault_set(NULL, NULL, 0, NULL, false);
	assert_true(file_read(path, 100, &out, &err));
	assert_string_equal(out.buf, "0123456789abcxy");
	close(fd);
	str_done(&out);
}

static void
assert_content(const char *path, const char *want)
{
	struct str out = STR_INIT(MIB);
	struct err err = ERR_INIT;

	assert_true(file_read(path, MIB, &out, &err));
	assert_string_equal(str_text(&out), want);
	str_done(&out);
}

static size_t
count_names(const char *dir)
{
	DIR *d = opendir(dir);
	size_t n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
test_replace(void **state)
{
	static const struct {
		const char *calls, *kind, *text;
	} faults[] = {{"write", "full", "No space left"}, {"write", "EDQUOT", "quota"},
		{"fsync", "EIO", "Input/output"}, {"rename", "EROFS", "Read-only"}};
	struct err err = ERR_INIT;
	const char *path;
	struct stat st;

	assert_true(file_mkdirs(test_path("replace"), 0700, &err));
	path = test_path("replace/r");
	assert_true(file_replace(path, "one", 3, 0640, &err));
	assert_content(path, "one");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_true(file_replace(path, "two", 3, 0600, &err));
	assert_content(path, "two");
	/* Whatever fails, the old content stays and nothing is left lying about. */
	for (size_t i = 0; i < ARRAY_LEN(faults); i++) {
		fault_set(faults[i].calls, "*/r*", 1, faults[i].kind, false);
		assert_false(file_replace(path, "three", 5, 0600, &err));
		fault_set(NULL, NULL, 0, NULL, false);
		assert_err(&err, ERR_IO, faults[i].text);
		assert_content(path, "two");
	}
	assert_int_equal(count_names(test_path("replace")), 1);
	assert_false(file_replace(test_path("none/r"), "x", 1, 0600, &err));
	assert_err(&err, ERR_IO, "Cannot create");
	/* In the working directory, and in the root. */
	assert_int_equal(chdir(test_dir()), 0);
	assert_true(file_replace("relative", "x", 1, 0600, &err));
	assert_content("relative", "x");
	if (geteuid() != 0) {
		assert_false(file_replace("/lifeboat-test", "x", 1, 0600, &err));
		assert_err(&err, ERR_IO, "Cannot create");
	} else {
		assert_true(file_replace("/lifeboat-test", "x", 1, 0600, &err));
		unlink("/lifeboat-test");
	}
}

static void
test_sync_dir(void **state)
{
	struct err err = ERR_INIT;

	assert_true(file_sync_dir(test_dir(), &err));
	assert_false(file_sync_dir(test_path("none"), &err));
	assert_err(&err, ERR_IO, "Cannot sync the directory");
	fault_set("fsync", NULL, 1, "EIO", false);
	assert_false(file_sync_dir(test_dir(), &err));
	fault_set(NULL, NULL, 0, NULL, false);
	assert_err(&err, ERR_IO, "Input/output");
}

static void
test_mkdirs(void **state)
{
	struct err err = ERR_INIT;
	struct stat st;

	assert_true(file_mkdirs(test_path("m/n//o/"), 0750, &err));
	assert_int_equal(stat(test_path("m/n/o"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0750);
	assert_true(file_mkdirs(test_path("m/n/o"), 0750, &err));
	assert_true(file_mkdirs("/", 0750, &err));
	test_text_file("plain", "");
	assert_false(file_mkdirs(test_path("plain"), 0750, &err));
	assert_err(&err, ERR_IO, "is not a directory");
	assert_false(file_mkdirs(test_path("plain/x"), 0750, &err));
	assert_err(&err, ERR_IO, "Cannot make the directory");
	assert_true(file_exists(test_path("plain")));
	assert_false(file_exists(test_path("plainer")));
	assert_false(file_is_dir(test_path("plain")));
	assert_true(file_is_dir(test_dir()));
}

static void
test_remove_tree(void **state)
{
	struct err err = ERR_INIT;

	assert_true(file_mkdirs(test_path("t/a/b"), 0700, &err));
	assert_true(file_mkdirs(test_path("kept"), 0700, &err));
	test_text_file("t/a/file", "x");
	test_text_file("kept/file", "x");
	assert_int_equal(symlink(test_path("kept"), test_path("t/a/link")), 0);
	assert_int_equal(symlink("/nonexistent", test_path("t/dangling")), 0);
	assert_int_equal(mkfifo(test_path("t/fifo"), 0600), 0);
	assert_true(file_remove_tree(test_path("t"), &err));
	assert_false(file_exists(test_path("t")));
	assert_true(file_exists(test_path("kept/file")));
	assert_true(file_remove_tree(test_path("t"), &err));
	/* A link or file is removed itself. */
	assert_int_equal(symlink(test_path("kept"), test_path("link")), 0);
	assert_true(file_remove_tree(test_path("link"), &err));
	assert_true(file_exists(test_path("kept/file")));
	assert_true(file_remove_tree(test_path("kept/file"), &err));
	assert_false(file_exists(test_path("kept/file")));
	assert_false(file_remove_tree("/proc/self/fdinfo", &err));
	assert_err(&err, ERR_IO, "Cannot remove all of");
}

static void
test_remove_deep_tree(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	char *path = arena_strdup(&a, test_path("deep"));
	struct err err = ERR_INIT;

	for (int i = 0; i < 80; i++)
		path = arena_fmt(&a, "%s/d", path);
	assert_true(file_mkdirs(path, 0700, &err));
	/* Deeper than anything of ours: refused rather than an endless descent. */
	assert_false(file_remove_tree(test_path("deep"), &err));
	err_done(&err);
	assert_true(file_exists(path));
	for (; strlen(path) > strlen(test_path("deep")); *strrchr(path, '/') = '\0')
		assert_int_equal(rmdir(path), 0);
}

static bool
trusted(const char *path, struct err *err)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return file_trusted(fd, path, err);
}

/* F54: neither the file nor a directory above it may be writable by others. */
static void
test_f54_trusted(void **state)
{
	struct err err = ERR_INIT;
	const char *path;
	int fd;

	assert_true(file_mkdirs(test_path("s/t"), 0755, &err));
	path = test_file("s/t/book.yaml", "x", 1, 0644);
	assert_true(trusted(path, &err));
	chmod(path, 0664);
	assert_false(trusted(path, &err));
	assert_hint(&err, "chmod go-w");
	assert_err(&err, ERR_UNSAFE, "book.yaml can be written by others (mode 0664)");
	chmod(path, 0646);
	assert_false(trusted(path, &err));
	assert_err(&err, ERR_UNSAFE, "mode 0646");
	chmod(path, 0644);
	chmod(test_path("s"), 0775);
	assert_false(trusted(path, &err));
	assert_err(&err, ERR_UNSAFE, "/s can be written by others");
	/* A sticky directory is fine: others can't replace what is not theirs. */
	chmod(test_path("s"), 01777);
	assert_true(trusted(path, &err));
	chmod(test_path("s"), 0755);
	/* A link is followed to where the file really is. */
	assert_int_equal(symlink(path, test_path("link.yaml")), 0);
	assert_true(trusted(test_path("link.yaml"), &err));
	assert_false(trusted(test_dir(), &err));
	assert_err(&err, ERR_UNSAFE, "not a regular file");
	/* Replaced between opening and asking. */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(file_replace(path, "y", 1, 0644, &err));
	assert_false(file_trusted(fd, path, &err));
	assert_err(&err, ERR_UNSAFE, "was replaced");
	unlink(path);
	assert_false(file_trusted(fd, path, &err));
	assert_err(&err, ERR_IO, "Cannot resolve");
	close(fd);
	assert_false(file_trusted(fd, path, &err));
	assert_err(&err, ERR_IO, "Cannot examine");
}

static void
test_f54_owner(void **state)
{
	struct err err = ERR_INIT;
	const char *path = test_file("theirs", "x", 1, 0644);

	if (geteuid() != 0)
		skip();
	assert_int_equal(chown(path, 12345, 12345), 0);
	assert_false(trusted(path, &err));
	assert_hint(&err, "chown root");
	assert_err(&err, ERR_UNSAFE, "belongs to user id 12345");
}

TESTS(T(test_read), T(test_read_faults), T(test_f05_write_all), T(test_replace), T(test_sync_dir),
	T(test_mkdirs), T(test_remove_tree), T(test_remove_deep_tree), T(test_f54_trusted),
	T(test_f54_owner))

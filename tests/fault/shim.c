/*
 * shim: makes a chosen system call on a chosen file fail, or kills the process there.
 *
 * As LD_PRELOAD it takes its orders from the environment; a unit test includes this file and
 * gives them through fault_set(). Orders:
 *
 *   FAULT_CALLS  names with commas: open write pwrite fsync fdatasync rename ftruncate fallocate
 *                flock fstat read, or "all" for those that change something (not the last three)
 *   FAULT_PATH   fnmatch(3) pattern that the file's path must match
 *   FAULT_NTH    which of these calls: 1 is the first; 0 or absent: none
 *   FAULT_KIND   ENOSPC EIO EINTR EDQUOT EROFS EACCES ...: fails with it
 *                short: half of the bytes are written, as write(2) may do
 *                full: half of the bytes, and ENOSPC for every later one
 *                kill-before, kill-after: SIGKILL
 *                kill-half: half of the bytes, then SIGKILL
 *   FAULT_STICKY every later call fails as well
 *   FAULT_CLOCK  seconds that the wall clock is wrong by
 *   FAULT_TRACE  a file that gets a line for every matching call: "write PATH SIZE"; with
 *                FAULT_TRACE_DATA set, "write PATH OFFSET HEX" (for power cuts)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void fault_set(const char *calls, const char *path, int nth, const char *kind, bool sticky);
int fault_count(void);

/* dlsym gives an object pointer where a function is meant; POSIX says that this works. */
#define REAL(name) ((__typeof__(&name))real(#name))

static struct {
	const char *calls, *path, *kind;
	int nth, seen;
	bool sticky, ready;
	long long clock;
	int trace;
	bool trace_data;
} orders;

static void *
real(const char *name)
{
	void *symbol = dlsym(RTLD_NEXT, name);

	if (symbol == NULL)
		abort();
	return symbol;
}

static void
fault_init(void)
{
	const char *nth = getenv("FAULT_NTH"), *trace = getenv("FAULT_TRACE");

	if (orders.ready)
		return;
	orders.ready = true;
	orders.calls = getenv("FAULT_CALLS");
	orders.path = getenv("FAULT_PATH");
	orders.kind = getenv("FAULT_KIND");
	orders.nth = nth != NULL ? (int)strtol(nth, NULL, 10) : 0;
	orders.sticky = getenv("FAULT_STICKY") != NULL;
	orders.trace_data = getenv("FAULT_TRACE_DATA") != NULL;
	if (getenv("FAULT_CLOCK") != NULL)
		orders.clock = strtoll(getenv("FAULT_CLOCK"), NULL, 10);
	orders.trace = -1;
	if (trace != NULL)
		orders.trace = REAL(open)(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

void
fault_set(const char *calls, const char *path, int nth, const char *kind, bool sticky)
{
	fault_init();
	orders.calls = calls;
	orders.path = path;
	orders.nth = nth;
	orders.kind = kind;
	orders.sticky = sticky;
	orders.seen = 0;
}

/* How many matching calls there were since fault_set(). */
int
fault_count(void)
{
	return orders.seen;
}

static bool
named(const char *call)
{
	size_t n = strlen(call);

	if (orders.calls == NULL)
		return false;
	if (strcmp(orders.calls, "all") == 0)
		return strcmp(call, "fstat") != 0 && strcmp(call, "read") != 0 &&
		       strcmp(call, "flock") != 0;
	for (const char *p = orders.calls; p != NULL; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, call, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return true;
	}
	return false;
}

static void
trace(const char *call, const char *path, off_t offset, const void *data, size_t size)
{
	char line[PATH_MAX + 100];
	int n;

	if (orders.trace < 0)
		return;
	if (!orders.trace_data || data == NULL) {
		n = snprintf(line, sizeof(line), "%s %s %zu\n", call, path, size);
		(void)!REAL(write)(orders.trace, line, (size_t)n);
		return;
	}
	n = snprintf(line, sizeof(line), "%s %s %lld ", call, path, (long long)offset);
	(void)!REAL(write)(orders.trace, line, (size_t)n);
	for (size_t i = 0; i < size; i++) {
		n = snprintf(line, sizeof(line), "%02x", ((const unsigned char *)data)[i]);
		(void)!REAL(write)(orders.trace, line, (size_t)n);
	}
	(void)!REAL(write)(orders.trace, "\n", 1);
}

static int
errno_of(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} names[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO}, {"EINTR", EINTR}, {"EDQUOT", EDQUOT},
		{"EROFS", EROFS}, {"EACCES", EACCES}, {"EMFILE", EMFILE}, {"ENOTSUP", EOPNOTSUPP}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i].name, name) == 0)
			return names[i].number;
	abort();
}

enum verdict { PASS, FAIL, SHORT, AFTER };

/* What is to become of this call; errno is set for FAIL. */
static enum verdict
judge(const char *call, const char *path, off_t offset, const void *data, size_t size)
{
	fault_init();
	if (path == NULL || !named(call) ||
		(orders.path != NULL && fnmatch(orders.path, path, 0) != 0))
		return PASS;
	orders.seen++;
	trace(call, path, offset, data, size);
	if (orders.nth <= 0 || orders.kind == NULL || orders.seen < orders.nth)
		return PASS;
	if (strcmp(orders.kind, "full") == 0) {
		if (orders.seen == orders.nth)
			return SHORT;
		errno = ENOSPC;
		return FAIL;
	}
	if (orders.seen > orders.nth && !orders.sticky)
		return PASS;
	if (strcmp(orders.kind, "short") == 0 || strcmp(orders.kind, "kill-half") == 0)
		return SHORT;
	if (strcmp(orders.kind, "kill-before") == 0)
		kill(getpid(), SIGKILL);
	if (strcmp(orders.kind, "kill-after") == 0)
		return AFTER;
	errno = errno_of(orders.kind);
	return FAIL;
}

/* Where a write goes; the position must stay as it is. */
static off_t
offset_of(int fd)
{
	struct stat st;

	if ((fcntl(fd, F_GETFL) & O_APPEND) == 0)
		return lseek(fd, 0, SEEK_CUR);
	return REAL(fstat)(fd, &st) == 0 ? st.st_size : 0;
}

static enum verdict
judge_fd(const char *call, int fd, const void *data, size_t size)
{
	static __thread char path[PATH_MAX];
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0)
		return PASS;
	path[n] = '\0';
	return judge(call, path, data != NULL ? offset_of(fd) : 0, data, size);
}

static void
after(enum verdict v)
{
	if (v == AFTER || (v == SHORT && strcmp(orders.kind, "kill-half") == 0))
		kill(getpid(), SIGKILL);
}

static size_t
part(enum verdict v, size_t len)
{
	return v == SHORT && len > 1 ? len / 2 : len;
}

ssize_t
write(int fd, const void *data, size_t len)
{
	enum verdict v = judge_fd("write", fd, data, len);
	ssize_t n = v == FAIL ? -1 : REAL(write)(fd, data, part(v, len));

	after(v);
	return n;
}

ssize_t
pwrite(int fd, const void *data, size_t len, off_t offset)
{
	enum verdict v = judge_fd("pwrite", fd, NULL, len);
	ssize_t n = v == FAIL ? -1 : REAL(pwrite)(fd, data, part(v, len), offset);

	after(v);
	return n;
}

ssize_t
read(int fd, void *data, size_t len)
{
	enum verdict v = judge_fd("read", fd, NULL, len);

	return v == FAIL ? -1 : REAL(read)(fd, data, part(v, len));
}

ssize_t
pread(int fd, void *data, size_t len, off_t offset)
{
	enum verdict v = judge_fd("read", fd, NULL, len);

	return v == FAIL ? -1 : REAL(pread)(fd, data, part(v, len), offset);
}

int
fsync(int fd)
{
	enum verdict v = judge_fd("fsync", fd, NULL, 0);
	int rc = v == FAIL ? -1 : REAL(fsync)(fd);

	after(v);
	return rc;
}

int
fdatasync(int fd)
{
	enum verdict v = judge_fd("fdatasync", fd, NULL, 0);
	int rc = v == FAIL ? -1 : REAL(fdatasync)(fd);

	after(v);
	return rc;
}

int
ftruncate(int fd, off_t size)
{
	enum verdict v = judge_fd("ftruncate", fd, NULL, (size_t)size);
	int rc = v == FAIL ? -1 : REAL(ftruncate)(fd, size);

	after(v);
	return rc;
}

int
fallocate(int fd, int mode, off_t offset, off_t size)
{
	enum verdict v = judge_fd("fallocate", fd, NULL, (size_t)size);
	int rc = v == FAIL ? -1 : REAL(fallocate)(fd, mode, offset, size);

	after(v);
	return rc;
}

int
flock(int fd, int operation)
{
	enum verdict v = judge_fd("flock", fd, NULL, 0);

	return v == FAIL ? -1 : REAL(flock)(fd, operation);
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = REAL(clock_gettime)(id, ts);

	fault_init();
	if (id == CLOCK_REALTIME)
		ts->tv_sec += orders.clock;
	return rc;
}

int
fstat(int fd, struct stat *st)
{
	enum verdict v = judge_fd("fstat", fd, NULL, 0);

	return v == FAIL ? -1 : REAL(fstat)(fd, st);
}

int
rename(const char *from, const char *to)
{
	enum verdict v = judge("rename", to, 0, NULL, 0);
	int rc = v == FAIL ? -1 : REAL(rename)(from, to);

	after(v);
	return rc;
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	enum verdict v = judge("rename", to, 0, NULL, 0);
	int rc = v == FAIL ? -1 : REAL(renameat2)(from_fd, from, to_fd, to, flags);

	after(v);
	return rc;
}

int
open(const char *path, int flags, ...)
{
	enum verdict v = judge("open", path, 0, NULL, 0);
	mode_t mode = 0;
	int fd;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_list ap;

		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	fd = v == FAIL ? -1 : REAL(open)(path, flags, mode);
	after(v);
	return fd;
}

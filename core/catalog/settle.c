#include "base/banned.h"
#include "catalog/settle.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Elsewhere (NFS, FUSE) EAGAIN only means that there are no leases. */
static bool
is_local(int fd)
{
	static const long locals[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
		TMPFS_MAGIC, F2FS_SUPER_MAGIC};
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(locals); i++)
		if ((long)fs.f_type == locals[i])
			return true;
	return false;
}

/* 1: somebody writes; 0: nobody does; -1: can't be asked. */
static int
ask_kernel(int fd)
{
	int answer = -1;

	/* If a writer comes while we hold the lease, a signal asks for it: we are gone by then. */
	signal(SIGIO, SIG_IGN);
	if (!is_local(fd))
		return -1;
	if (fcntl(fd, F_SETLEASE, F_RDLCK) == 0)
		answer = 0;
	else if (errno == EAGAIN)
		answer = 1;
	if (answer == 0)
		fcntl(fd, F_SETLEASE, F_UNLCK);
	return answer;
}

static enum settle
compare(const char *path, int64_t size, int64_t mtime)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return SETTLE_GONE;
	return st.st_size == size && st.st_mtime == mtime ? SETTLED : SETTLE_WRITING;
}

enum settle
settle_check(const char *path, int64_t size, int64_t mtime)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int64_t age_ms;
	int answer;

	if (fd < 0)
		return errno == ENOENT ? SETTLE_GONE : compare(path, size, mtime);
	answer = ask_kernel(fd);
	if (answer == 1)
		return SETTLE_WRITING;
	age_ms = clock_now_ms() - mtime * 1000;
	if (answer < 0 && age_ms >= -SETTLE_MS && age_ms < SETTLE_MS + 1000) {
		struct timespec nap = {SETTLE_MS / 1000, SETTLE_MS % 1000 * 1000000};

		nanosleep(&nap, NULL);
	}
	return compare(path, size, mtime);
}

#include "base/banned.h"
#include "base/filelock.h"
#include "base/clock.h"

#include <errno.h>
#include <sys/file.h>
#include <sys/stat.h>

bool
filelock_take(int fd, int64_t wait_ms)
{
	int64_t deadline = clock_mono_ms() + wait_ms;
	struct timespec nap = {0, 1000000};

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK || clock_mono_ms() >= deadline)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

void
filelock_release(int fd)
{
	flock(fd, LOCK_UN);
}

pid_t
filelock_holder(int fd)
{
	unsigned long long inode;
	char line[256];
	struct stat st;
	FILE *f;
	int pid, holder = 0;

	if (fstat(fd, &st) < 0 || (f = fopen("/proc/locks", "re")) == NULL)
		return 0;
	while (holder == 0 && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*s FLOCK %*s %*s %d %*x:%*x:%llu", &pid, &inode) == 2 &&
			inode == st.st_ino)
			holder = pid;
	fclose(f);
	return holder;
}

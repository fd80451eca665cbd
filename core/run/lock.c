#include "base/banned.h"
#include "run/lock.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/path.h"
#include "base/str.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>

struct lock {
	int fd;
};

static bool
held(int fd, const char *target, struct err *err)
{
	char holder[200];
	CLEANUP(str_done) struct str text = STR_INIT(KIB);
	ssize_t n = file_pread(fd, holder, sizeof(holder), 0);

	text_visible(&text, holder, n > 0 ? strcspn(holder, "\n") : 0, 0);
	err_set(err, ERR_LOCK_HELD, "The target %s is in use by run %s (pid %d).", target,
		str_text(&text), (int)filelock_holder(fd));
	return err_hint(err, "`lifeboat attach %s` shows it; wait for it or stop it.", text.buf);
}

bool
lock_acquire(
	const char *state, const char *target, const char *run, struct lock **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close) int fd = -1;
	const char *dir = path_join(&a, state, "locks");
	const char *path = arena_fmt(&a, "%s/%s.lock", dir, target);
	const char *content = arena_fmt(&a, "%s\n", run);

	if (!file_mkdirs(dir, 0750, err))
		return false;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0)
		return err_sys(err, ERR_IO, errno, "Cannot open the lock %s", path);
	if (!filelock_take(fd, 0))
		return errno == EWOULDBLOCK ? held(fd, target, err)
					    : err_sys(err, ERR_IO, errno, "Cannot lock %s", path);
	if (ftruncate(fd, 0) < 0 || pwrite(fd, content, strlen(content), 0) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot write the lock %s", path);
	*ret = util_alloc(sizeof(**ret));
	(*ret)->fd = fd;
	fd = -1;
	return true;
}

void
lock_free(struct lock *l)
{
	if (l == NULL)
		return;
	util_close(&l->fd);
	free(l);
}

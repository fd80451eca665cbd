#include "base/banned.h"
#include "run/lock.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/path.h"
#include "base/proc.h"
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

/* Runs nest no deeper than plans do. */
#define LEVELS 5

/* Whether the process is above us: our runner's, or that of a run that it is a step of. */
static bool
is_ancestor(pid_t pid)
{
	pid_t above = getppid();

	for (int i = 0; i < 64 && above > 1; i++) {
		if (above == pid)
			return true;
		above = proc_parent(above);
	}
	return false;
}

static bool
open_level(
	struct arena *a, const char *dir, const char *target, int level, int *ret, struct err *err)
{
	const char *path = level == 0 ? arena_fmt(a, "%s/%s.lock", dir, target)
				      : arena_fmt(a, "%s/%s.lock.%d", dir, target, level);

	*ret = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (*ret < 0)
		return err_sys(err, ERR_IO, errno, "Cannot open the lock %s", path);
	return file_share(*ret, path, err);
}

/* Nothing that an earlier holder began goes on below. */
static bool
is_free_below(struct arena *a, const char *dir, const char *target, int level, struct err *err)
{
	while (++level < LEVELS) {
		CLEANUP(util_close) int fd = -1;

		if (!open_level(a, dir, target, level, &fd, err))
			return false;
		if (!filelock_take(fd, 0) && errno == EWOULDBLOCK)
			return held(fd, target, err);
	}
	return true;
}

bool
lock_acquire(
	const char *state, const char *target, const char *run, struct lock **ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close) int fd = -1;
	const char *dir = path_join(&a, state, "locks");
	const char *content = arena_fmt(&a, "%s\n", run);
	int level = 0;

	if (!file_mkdirs(dir, 0750, err) || !open_level(&a, dir, target, level, &fd, err))
		return false;
	while (!filelock_take(fd, 0)) {
		if (errno != EWOULDBLOCK)
			return err_sys(err, ERR_IO, errno, "Cannot lock the target %s", target);
		if (!is_ancestor(filelock_holder(fd)) || ++level == LEVELS)
			return held(fd, target, err);
		util_close(&fd);
		if (!open_level(&a, dir, target, level, &fd, err))
			return false;
	}
	if (!is_free_below(&a, dir, target, level, err))
		return false;
	if (ftruncate(fd, 0) < 0 || pwrite(fd, content, strlen(content), 0) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot write the lock of %s", target);
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

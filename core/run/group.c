#include "base/banned.h"
#include "run/group.h"
#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>

#define COMMON 03770
#define SHARED 02770
#define OWNED  02750

static bool
fails(struct err *err, const char *path, const char *group)
{
	err_sys(err, ERR_CONFIG, errno, "Cannot give %s to the group %s", path, group);
	return err_hint(err,
		"operators.group wants a group that you are in, and a state directory that is "
		"yours or already the group's: chgrp %s %s",
		group, path);
}

/* What was made in there before it was shared. What can't be given is met by who needs it. */
static void
give_files(int dir, gid_t gid)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		CLEANUP(util_close)
		int fd = openat(
			dir, e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
		struct stat st;

		if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1 &&
			fchown(fd, (uid_t)-1, gid) == 0 &&
			fchmod(fd, (st.st_mode & 0777) | 0060) < 0)
			log_debug("%s can't be shared: %s", e->d_name, strerror(errno));
	}
	if (d != NULL)
		closedir(d);
	else
		util_close(&copy);
}

/* Who does not own it can only look whether it is shared already. */
static bool
give(const char *path, const char *group, gid_t gid, mode_t mode, struct err *err)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return fails(err, path, group);
	if (st.st_gid == gid && (st.st_mode & mode & 0770) == (mode & 0770) &&
		((mode & S_ISGID) == 0 || (st.st_mode & S_ISGID)))
		return true;
	if (st.st_uid != geteuid() && geteuid() != 0)
		errno = EPERM;
	else if (fchown(fd, (uid_t)-1, gid) == 0 && fchmod(fd, (st.st_mode & 07777) | mode) == 0) {
		if (mode == SHARED)
			give_files(fd, gid);
		return true;
	}
	return fails(err, path, group);
}

bool
group_share(const char *state, const char *dir, const char *group, struct err *err)
{
	static const struct {
		const char *name;
		mode_t mode;
	} common[] = {{"runs", COMMON}, {"locks", COMMON}, {"audit", COMMON}, {"catalog", SHARED},
		{"proofs", SHARED}, {"keys", OWNED}};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const struct group *g = getgrnam(group);
	gid_t gid;

	if (g == NULL)
		return err_set(err, ERR_CONFIG,
			"There is no group \"%s\" on this host (operators.group).", group);
	gid = g->gr_gid;
	/* What a member may not do is fail in there, not on the way. */
	if (!give(state, group, gid, 0750, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(common); i++) {
		const char *path = path_join(&a, state, common[i].name);

		if (!file_mkdirs(path, 0750, err) || !give(path, group, gid, common[i].mode, err))
			return false;
	}
	return give(dir, group, gid, OWNED, err) &&
	       give(path_join(&a, dir, "output"), group, gid, OWNED, err);
}

bool
group_share_log(const char *path, struct err *err)
{
	CLEANUP(util_close)
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return err_sys(err, ERR_IO, errno, "Cannot share %s", path);
	return file_share(fd, path, err);
}

#include "base/banned.h"
#include "run/dir.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static const char *
new_id(struct arena *a)
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
	char now[CLOCK_TEXT];
	unsigned char r[4];

	clock_format(clock_now(), now);
	digest_random(r, sizeof(r));
	return arena_fmt(a, "%.4s%.2s%.2s-%.2s%.2s%.2s-%c%c%c%c", now, now + 5, now + 8, now + 11,
		now + 14, now + 17, letters[r[0] & 31], letters[r[1] & 31], letters[r[2] & 31],
		letters[r[3] & 31]);
}

bool
run_dir_new(
	struct arena *a, const char *state, const char **ret_id, const char **ret, struct err *err)
{
	const char *runs = path_join(a, state, "runs"), *id, *dir;

	if (!file_mkdirs_durable(runs, 0750, err))
		return false;
	do {
		id = new_id(a);
		dir = path_join(a, runs, id);
		errno = 0;
	} while (mkdir(dir, 0750) < 0 && errno == EEXIST);
	if (errno != 0)
		return err_sys(err, ERR_IO, errno, "Cannot make the run's directory %s", dir);
	if (!file_mkdirs(path_join(a, dir, "output"), 0750, err) || !file_sync_dir(runs, err))
		return false;
	*ret_id = id;
	*ret = dir;
	return true;
}

static int
newest_first(const void *left, const void *right)
{
	return -strcmp(*(const char *const *)left, *(const char *const *)right);
}

void
run_dir_list(struct arena *a, const char *state, struct texts *ret)
{
	DIR *d = opendir(path_join(a, state, "runs"));
	VEC(const char *) all = {0};
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && strlen(e->d_name) < RUN_ID_LEN)
			*vec_push(a, &all) = arena_strdup(a, e->d_name);
	if (d != NULL)
		closedir(d);
	if (all.n > 0)
		qsort(all.v, all.n, sizeof(*all.v), newest_first);
	*ret = (struct texts){all.v, all.n};
}

bool
run_dir_find(struct arena *a, const char *state, const char *name, const char **ret_id,
	const char **ret, struct err *err)
{
	const char *found = NULL, *runs = path_join(a, state, "runs");
	struct texts all;

	run_dir_list(a, state, &all);
	if (all.n == 0 && access(runs, R_OK | X_OK) < 0 && errno == EACCES) {
		err_sys(err, ERR_IO, errno, "Cannot read the runs in %s", runs);
		return err_hint(err, "operators.group in the site file shares them.");
	}
	if (util_streq(name, "last") && all.n > 0)
		found = all.v[0];
	for (size_t i = 0; i < all.n; i++) {
		/* The last part alone ("k3f9") is what people remember. */
		bool fits = util_starts(all.v[i], name) || util_ends(all.v[i], name);

		if (util_streq(all.v[i], name)) {
			found = all.v[i];
			break;
		}
		if (fits && name[0] != '\0' && found != NULL)
			return err_set(err, ERR_USAGE, "Several runs begin with \"%s\".", name);
		if (fits && name[0] != '\0')
			found = all.v[i];
	}
	if (found == NULL) {
		err_set(err, ERR_NOT_FOUND, "There is no run \"%s\".", name);
		return err_hint(err, "`lifeboat runs` lists them; \"last\" is the newest.");
	}
	*ret_id = found;
	*ret = path_join(a, path_join(a, state, "runs"), found);
	return true;
}

const char *
run_dir_journal(struct arena *a, const char *dir)
{
	return path_join(a, dir, "journal.jsonl");
}

const char *
run_dir_output(struct arena *a, const char *dir, const char *step, int64_t attempt)
{
	return arena_fmt(a, "%s/output/%s.%lld.out", dir, step, (long long)attempt);
}

pid_t
run_dir_runner(const char *dir)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close)
	int fd = open(run_dir_journal(&a, dir), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	pid_t holder;

	if (fd < 0)
		return 0;
	holder = filelock_holder(fd);
	if (holder != 0)
		return holder;
	/* /proc/locks may not show it from inside a container: try to take it. */
	if (filelock_take(fd, 0)) {
		filelock_release(fd);
		return 0;
	}
	return errno == EWOULDBLOCK ? -1 : 0;
}

static bool
socket_address(const char *dir, int *dir_fd, struct sockaddr_un *ret, struct err *err)
{
	*dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dir_fd < 0)
		return err_sys(err, ERR_NOT_FOUND, errno, "Cannot open %s", dir);
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(ret->sun_path, sizeof(ret->sun_path), "/proc/self/fd/%d/socket", *dir_fd);
	return true;
}

bool
run_dir_listen(const char *dir, int *ret_fd, struct err *err)
{
	CLEANUP(util_close) int dir_fd = -1, fd = -1;
	struct sockaddr_un address;
	mode_t mask;
	int rc;

	if (!socket_address(dir, &dir_fd, &address, err))
		return false;
	unlinkat(dir_fd, "socket", 0);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The group may connect where it may read the directory; who may do what is decided by uid.
	 */
	mask = umask(0117);
	rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rc < 0 || listen(fd, 64) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot listen in %s", dir);
	*ret_fd = fd;
	fd = -1;
	return true;
}

bool
run_dir_connect(const char *dir, int *ret_fd, struct err *err)
{
	CLEANUP(util_close) int dir_fd = -1, fd = -1;
	struct sockaddr_un address;

	if (!socket_address(dir, &dir_fd, &address, err))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return err_sys(
			err, ERR_UNREACHABLE, errno, "The runner of %s does not answer", dir);
	*ret_fd = fd;
	fd = -1;
	return true;
}

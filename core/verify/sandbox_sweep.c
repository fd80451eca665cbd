/*
 * sandbox_sweep: ending servers and removing what is left of sandboxes, certain to touch nothing
 * else.
 */
#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/wait.h>

#define STOP_MS     10000
#define ELSEWHERE_S (7 * 86400LL) /* after so long another host's record is only litter */

/* The link /proc/PID/NAME, without what the kernel adds to the name of something removed. */
static bool
proc_link(pid_t pid, const char *name, char *ret, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	n = readlink(path, ret, size - 1);
	if (n < 0)
		return false;
	ret[n] = '\0';
	if (util_ends(ret, " (deleted)"))
		ret[n - 10] = '\0';
	return true;
}

/*
 * Whether a process is this sandbox's: its working directory must be the data directory, and
 * either its start time the recorded one or, when we were killed before that was written down,
 * its program the server's.
 */
static bool
is_server(const struct sandbox_record *r, const struct sandbox_process *p, uint64_t start_time)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	char cwd[PATH_MAX], exe[PATH_MAX];
	bool same;

	if (start_time != 0)
		same = p->start_time == start_time;
	else
		same = proc_link(p->pid, "exe", exe, sizeof(exe)) &&
		       util_starts(path_base(exe), sandbox_ops_of(r->kind)->exe);
	return same && proc_link(p->pid, "cwd", cwd, sizeof(cwd)) &&
	       util_streq(cwd, path_join(&a, r->directory, "data"));
}

static bool
end_process(const struct sandbox_record *r, pid_t pid, uint64_t start_time, struct err *err)
{
	const struct sandbox_ops *ops = sandbox_ops_of(r->kind);
	struct sandbox_process p;
	bool ours, gone;

	if (!sandbox_process_open(&p, pid))
		return true;
	ours = is_server(r, &p, start_time);
	gone = !ours || sandbox_process_end(&p, ops->stop_signal, STOP_MS);
	sandbox_process_close(&p);
	/* Our own child would stay a zombie; anybody else's is none of waitpid's business. */
	if (ours)
		waitpid(pid, NULL, WNOHANG);
	if (!gone)
		return err_set(err, ERR_TIMEOUT, "The %s of sandbox %s (pid %d) can't be ended.",
			ops->title, r->id, (int)pid);
	return true;
}

/* When no pid is on record: whoever works in the data directory. */
static bool
end_unrecorded(const struct sandbox_record *r, struct err *err)
{
	struct dirent *entry;
	bool good = true;
	DIR *dir;

	if (!file_is_dir(r->directory))
		return true;
	dir = opendir("/proc");
	while (good && dir != NULL && (entry = readdir(dir)) != NULL) {
		uint64_t pid;

		if (util_parse_u64(entry->d_name, &pid) && pid > 1 && pid < INT32_MAX)
			good = end_process(r, (pid_t)pid, 0, err);
	}
	if (dir != NULL)
		closedir(dir);
	return good;
}

bool
sandbox_server_end(const struct sandbox_record *r, struct err *err)
{
	if (r->pid > 0)
		return end_process(r, r->pid, r->start_time, err);
	return end_unrecorded(r, err);
}

bool
sandbox_remove(const char *state, const struct sandbox_record *r, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	if (!sandbox_nested_end(path_join(&a, r->directory, "state"), err) ||
		!sandbox_server_end(r, err) || !sandbox_place_remove(r->directory, r->id, err))
		return false;
	sandbox_record_remove(state, r->id);
	return true;
}

/* True when it was removed. */
static bool
sweep_one(const char *state, const char *id, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct sandbox_record r;

	if (!sandbox_record_read(state, id, &a, &r, &why)) {
		if (why.code == ERR_DAMAGED)
			err_move(err, &why);
		return false;
	}
	switch (sandbox_owner_state(state, &r)) {
	case OWNER_ALIVE: return false;
	case OWNER_ELSEWHERE:
		if (r.created_at < clock_now() - ELSEWHERE_S)
			sandbox_record_remove(state, id);
		return false;
	case OWNER_DEAD: break;
	}
	return sandbox_remove(state, &r, err);
}

bool
sandbox_sweep(const char *state, size_t *ret_removed, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err first = ERR_INIT;
	CLEANUP(util_close)
	int fd = open(sandbox_directory(&a, state), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char **ids;
	size_t n;

	*ret_removed = 0;
	/* The directory is its own lock: two sweepers would only stand in each other's way. */
	if (fd < 0 || !filelock_take(fd, 0))
		return true;
	n = sandbox_record_list(state, &a, &ids);
	for (size_t i = 0; i < n; i++) {
		CLEANUP(err_done) struct err why = ERR_INIT;

		if (sweep_one(state, ids[i], &why))
			(*ret_removed)++;
		else if (why.code != ERR_NONE && first.code == ERR_NONE)
			err_move(&first, &why);
	}
	return first.code == ERR_NONE || err_move(err, &first);
}

/*
 * sandbox_nested: what a state directory inside a sandbox's directory holds: runs at work, and
 * sandboxes of theirs (the flight simulator keeps its state there).
 */
#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define RUN_STOP_MS 15000 /* it ends its step and cleans up */

/*
 * Whoever holds the journal's lock is the run's runner. Asked a second time once we hold on to
 * the process, the answer is about the very one.
 */
static bool
end_run(const char *journal, struct err *err)
{
	CLEANUP(util_close) int fd = open(journal, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct sandbox_process runner;
	pid_t pid = fd >= 0 ? filelock_holder(fd) : 0;
	bool gone;

	if (pid <= 1 || pid == getpid() || !sandbox_process_open(&runner, pid))
		return true;
	gone = filelock_holder(fd) != pid || sandbox_process_end(&runner, SIGTERM, RUN_STOP_MS);
	sandbox_process_close(&runner);
	return gone || err_set(err, ERR_TIMEOUT, "The run behind %s (pid %d) can't be ended.",
			       journal, (int)pid);
}

static bool
end_runs(struct arena *a, const char *state, struct err *err)
{
	const char *runs = path_join(a, state, "runs");
	DIR *dir = opendir(runs);
	struct dirent *entry;
	bool good = true;

	while (good && dir != NULL && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			good = end_run(
				arena_fmt(a, "%s/%s/journal.jsonl", runs, entry->d_name), err);
	if (dir != NULL)
		closedir(dir);
	return good;
}

bool
sandbox_nested_end(const char *state, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char **ids;
	struct stat st;
	size_t n;

	if (lstat(state, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return true;
	if (!end_runs(&a, state, err))
		return false;
	n = sandbox_record_list(state, &a, &ids);
	for (size_t i = 0; i < n; i++) {
		CLEANUP(err_done) struct err why = ERR_INIT;
		struct sandbox_record r;

		/* A record that can't be read names nothing that could be removed. */
		if (sandbox_record_read(state, ids[i], &a, &r, &why) &&
			!sandbox_remove(state, &r, err))
			return false;
	}
	return true;
}

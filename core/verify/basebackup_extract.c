/*
 * basebackup_extract: a base backup's files below a directory, for a sandbox.
 *
 * Nothing that a name in a tar says leads out of it. Tablespaces come to lie inside, in a
 * directory of ours with links where the server looks for them; the map that would lead it to
 * where they lay in production is left out, and so are the signal files that would make it wait
 * for a primary.
 */
#include "base/banned.h"
#include "verify/basebackup.h"
#include "base/file.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

#define SPACES "lifeboat_tblspc"

static bool
stays_inside(const char *path)
{
	if (path[0] == '/' || path[0] == '\0')
		return false;
	for (const char *p = path; *p != '\0'; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");

		if ((n == 2 && p[0] == '.' && p[1] == '.') || n > NAME_MAX)
			return false;
		p += n;
	}
	return true;
}

static bool
unwanted(const char *path)
{
	static const char *const names[] = {"backup_manifest", "recovery.signal", "standby.signal",
		"tablespace_map", "postmaster.pid", "postmaster.opts"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(path, names[i]) == 0)
			return true;
	return false;
}

bool
basebackup_create(struct basebackup *b, const char *path, int *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *to;

	*ret = -1;
	if (unwanted(path))
		return true;
	if (!stays_inside(path))
		return err_set(err, ERR_DAMAGED, "The name %s leads out of the backup.", path);
	if (util_starts(path, "pg_tblspc/"))
		path = arena_fmt(&a, SPACES "/%s", path + strlen("pg_tblspc/"));
	to = path_join(&a, b->extract, path);
	if (!file_mkdirs(path_dir(&a, to), 0700, err))
		return false;
	*ret = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return *ret >= 0 || err_sys(err, ERR_IO, errno, "Cannot create %s", to);
}

/* Empty ones are in no manifest, and in a listing of objects they don't exist. */
bool
basebackup_directories(const char *to, struct err *err)
{
	static const char *const names[] = {"base", "global", "pg_commit_ts", "pg_dynshmem",
		"pg_logical/mappings", "pg_logical/snapshots", "pg_multixact/members",
		"pg_multixact/offsets", "pg_notify", "pg_replslot", "pg_serial", "pg_snapshots",
		"pg_stat", "pg_stat_tmp", "pg_subtrans", "pg_tblspc", "pg_twophase",
		"pg_wal/archive_status", "pg_wal/summaries", "pg_xact"};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!file_mkdirs(path_join(&a, to, names[i]), 0700, err))
			return false;
	return true;
}

bool
basebackup_links(struct basebackup *b, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	DIR *dir = opendir(path_join(&a, b->extract, SPACES));
	struct dirent *entry;
	bool good = true;

	while (good && dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *link =
			path_join(&a, b->extract, arena_fmt(&a, "pg_tblspc/%s", entry->d_name));

		if (entry->d_name[0] == '.')
			continue;
		if (symlink(arena_fmt(&a, "../" SPACES "/%s", entry->d_name), link) < 0)
			good = err_sys(err, ERR_IO, errno, "Cannot make the link %s", link);
	}
	if (dir != NULL)
		closedir(dir);
	return good;
}

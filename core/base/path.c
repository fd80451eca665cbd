#include "base/banned.h"
#include "base/path.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <sys/stat.h>

#define SEARCH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Which Debian package brings a program, for the hint of an error. */
static const struct {
	const char *program, *package;
} packages[] = {
	{"pg_dump", "postgresql-client"},
	{"pg_dumpall", "postgresql-client"},
	{"pg_restore", "postgresql-client"},
	{"psql", "postgresql-client"},
	{"createdb", "postgresql-client"},
	{"pg_basebackup", "postgresql-client"},
	{"postgres", "postgresql"},
	{"initdb", "postgresql"},
	{"pg_ctl", "postgresql"},
	{"pg_waldump", "postgresql"},
	{"pg_verifybackup", "postgresql"},
	{"pg_archivecleanup", "postgresql"},
	{"redis-cli", "redis-tools"},
	{"redis-check-rdb", "redis-tools"},
	{"redis-check-aof", "redis-tools"},
	{"redis-server", "redis-server"},
	{"aws", "awscli"},
	{"pgbackrest", "pgbackrest"},
	{"barman", "barman"},
};

char *
path_join(struct arena *a, const char *dir, const char *name)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	while (*name == '/')
		name++;
	return arena_fmt(a, "%.*s%s%s", (int)n, dir, n == 1 && dir[0] == '/' ? "" : "/", name);
}

const char *
path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

char *
path_dir(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return arena_strdup(a, ".");
	return arena_strndup(a, path, slash == path ? 1 : (size_t)(slash - path));
}

static const char *
home(void)
{
	const char *dir = getenv("HOME");
	struct passwd *pw;

	if (dir != NULL && dir[0] == '/')
		return dir;
	pw = getpwuid(geteuid());
	return pw != NULL ? pw->pw_dir : "/";
}

char *
path_expand(struct arena *a, const char *path)
{
	if (util_starts(path, "~/"))
		return path_join(a, home(), path + 2);
	return arena_strdup(a, path);
}

char *
path_absolute(struct arena *a, const char *path)
{
	char cwd[PATH_MAX];

	if (path[0] == '/' || getcwd(cwd, sizeof(cwd)) == NULL)
		return arena_strdup(a, path);
	while (util_starts(path, "./"))
		path += 2;
	return path_join(a, cwd, path);
}

bool
path_state(struct arena *a, bool create, const char **ret, struct err *err)
{
	const char *env = getenv("LIFEBOAT_STATE"), *xdg = getenv("XDG_STATE_HOME"), *dir;

	if (env != NULL && env[0] != '\0')
		dir = path_absolute(a, env);
	else if (access("/var/lib/lifeboat", create ? R_OK | W_OK | X_OK : R_OK | X_OK) == 0)
		dir = "/var/lib/lifeboat";
	else if (xdg != NULL && xdg[0] == '/')
		dir = path_join(a, xdg, "lifeboat");
	else
		dir = path_join(a, home(), ".local/state/lifeboat");
	if (create && !file_mkdirs_durable(dir, 0750, err)) {
		err_prefix(err, "Lifeboat has nowhere to keep its state");
		return err_hint(err, "Set LIFEBOAT_STATE to a directory that you may write to.");
	}
	*ret = dir;
	return true;
}

const char *
path_share(struct arena *a)
{
	const char *env = getenv("LIFEBOAT_SHARE"), *up, *dir;
	char exe[PATH_MAX];
	ssize_t n;

	if (env != NULL && env[0] != '\0')
		return path_absolute(a, env);
	n = readlink(PATH_SELF, exe, sizeof(exe) - 1);
	if (n <= 0)
		return "/usr/local/share/lifeboat";
	exe[n] = '\0';
	/* build/lifeboat, build/debug/lifeboat: the tree is one or two levels up. */
	up = path_dir(a, exe);
	for (int i = 0; i < 3; i++) {
		up = path_dir(a, up);
		dir = path_join(a, up, "runbooks/runbook.schema.json");
		if (file_exists(dir))
			return up;
	}
	return path_join(a, path_dir(a, path_dir(a, exe)), "share/lifeboat");
}

const char *
path_postgresql_bin(struct arena *a, int major)
{
	DIR *dir = opendir("/usr/lib/postgresql");
	struct dirent *entry;
	uint64_t best = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		uint64_t version;
		const char *postgres;

		if (!util_parse_u64(entry->d_name, &version) || version <= best)
			continue;
		postgres = arena_fmt(a, "/usr/lib/postgresql/%s/bin/psql", entry->d_name);
		if ((major == 0 || version == (uint64_t)major) && access(postgres, X_OK) == 0)
			best = version;
	}
	if (dir != NULL)
		closedir(dir);
	if (best == 0)
		return NULL;
	return arena_fmt(a, "/usr/lib/postgresql/%llu/bin", (unsigned long long)best);
}

const char *
path_search(struct arena *a)
{
	const char *pg = path_postgresql_bin(a, 0);

	return pg == NULL ? SEARCH : arena_fmt(a, "%s:%s", SEARCH, pg);
}

static bool
executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool
missing(const char *name, struct err *err)
{
	const char *package = NULL;

	for (size_t i = 0; i < ARRAY_LEN(packages); i++)
		if (strcmp(packages[i].program, name) == 0)
			package = packages[i].package;
	err_set(err, ERR_TOOL_MISSING, "The program %s is not installed.", name);
	if (package != NULL)
		return err_hint(err, "apt-get install %s", package);
	return err_hint(err,
		"Programs are looked for in %s; give a full path for one that is elsewhere.",
		SEARCH);
}

bool
path_tool(struct arena *a, const char *name, const char **ret, struct err *err)
{
	const char *search = path_search(a), *pg = path_postgresql_bin(a, 0);

	if (name[0] == '\0')
		return err_set(err, ERR_TOOL_MISSING, "The name of the program is empty.");
	if (strchr(name, '/') != NULL) {
		if (!executable(name))
			return missing(name, err);
		*ret = path_absolute(a, name);
		return true;
	}
	/* Debian's /usr/bin/pg_dump is a Perl wrapper that picks a version: take the real one. */
	if (pg != NULL && executable(path_join(a, pg, name))) {
		*ret = path_join(a, pg, name);
		return true;
	}
	while (*search != '\0') {
		size_t n = strcspn(search, ":");
		const char *candidate = path_join(a, arena_strndup(a, search, n), name);

		if (executable(candidate)) {
			*ret = candidate;
			return true;
		}
		search += n + (search[n] == ':');
	}
	return missing(name, err);
}

/*
 * proc_env: what a child may know of our environment, and what lives below a process.
 */
#include "base/banned.h"
#include "base/arena.h"
#include "base/path.h"
#include "base/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

extern char **environ;

/*
 * Names that pass from our environment to what we start. A trailing * stands for any ending.
 * Never here: LD_*, BASH_ENV, ENV, IFS, GIT_*, LESSOPEN, PAGER and the like, which make a
 * program run something else (F42), and no secrets: those are declared by a runbook.
 */
static const char *const allowed[] = {"HOME", "USER", "LOGNAME", "LANG", "LC_*", "TZ", "TMPDIR",
	"TERM", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE", "PGSERVICEFILE",
	"PGPASSFILE", "PGSYSCONFDIR", "PGSSL*", "PGCONNECT_TIMEOUT", "KUBECONFIG",
	"KUBERNETES_SERVICE_*", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
	"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL*",
	"AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_*",
	"SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY",
	"NO_PROXY", "XDG_STATE_HOME", "XDG_RUNTIME_DIR", "LIFEBOAT_STATE", "LIFEBOAT_SITE",
	"LIFEBOAT_SHARE", "LIFEBOAT_DEBUG", "SSH_CONNECTION", "SUDO_USER", "ASAN_OPTIONS",
	"UBSAN_OPTIONS", "LSAN_OPTIONS"};

static bool
is_allowed(const char *entry)
{
	size_t name = strcspn(entry, "=");

	for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
		size_t n = strlen(allowed[i]);

		if (allowed[i][n - 1] == '*'
				? name >= n - 1 && memcmp(entry, allowed[i], n - 1) == 0
				: name == n && memcmp(entry, allowed[i], n) == 0)
			return true;
	}
	return false;
}

static void
push(struct proc_env *env, struct arena *a, char *entry)
{
	env->v = arena_grow(a, env->v, env->n, &env->cap, sizeof(*env->v));
	env->v[env->n++] = entry;
}

void
proc_env_init(struct proc_env *env, struct arena *a)
{
	*env = (struct proc_env){.v = NULL};
	for (char **e = environ; *e != NULL; e++)
		if (is_allowed(*e))
			push(env, a, arena_strdup(a, *e));
	proc_env_set(env, a, "PATH", path_search(a));
}

/* AWS_ACCESS_KEY_ID, or another prefix where a location names one (credentials: env PREFIX). */
void
proc_env_add_store_keys(struct proc_env *env, struct arena *a)
{
	static const char *const endings[] = {
		"_ACCESS_KEY_ID", "_SECRET_ACCESS_KEY", "_SESSION_TOKEN"};

	for (char **e = environ; *e != NULL; e++) {
		const char *name = arena_strndup(a, *e, strcspn(*e, "="));

		for (size_t i = 0; i < ARRAY_LEN(endings); i++)
			if (util_ends(name, endings[i]))
				push(env, a, arena_strdup(a, *e));
	}
}

void
proc_env_set(struct proc_env *env, struct arena *a, const char *name, const char *value)
{
	char *entry = arena_fmt(a, "%s=%s", name, value);
	size_t n = strlen(name) + 1;

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->v[i], entry, n) == 0) {
			env->v[i] = entry;
			return;
		}
	}
	push(env, a, entry);
}

void
proc_env_unset(struct proc_env *env, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < env->n; i++)
		if (strncmp(env->v[i], name, len) == 0 && env->v[i][len] == '=')
			env->v[i--] = env->v[--env->n];
}

char *const *
proc_env_list(struct proc_env *env, struct arena *a)
{
	push(env, a, NULL);
	env->n--;
	return env->v;
}

/* Reads /proc/PID/stat: the parent and the start time (fields 4 and 22 of proc(5)). */
static bool
read_stat(pid_t pid, pid_t *ret_parent, uint64_t *ret_start)
{
	CLEANUP(util_close) int fd = -1;
	char path[64], text[1024], *p;
	unsigned long long start;
	ssize_t n;
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (n = read(fd, text, sizeof(text) - 1)) <= 0)
		return false;
	text[n] = '\0';
	/* The name in parentheses may hold anything, parentheses included. */
	p = strrchr(text, ')');
	if (p == NULL || sscanf(p + 1,
				 " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d "
				 "%*d %*d %*d %llu",
				 &parent, &start) != 2)
		return false;
	/* A zombie does nothing any more. */
	if (p[2] == 'Z' || p[2] == 'X')
		return false;
	*ret_parent = parent;
	*ret_start = start;
	return true;
}

pid_t
proc_parent(pid_t pid)
{
	uint64_t start;
	pid_t parent;

	return read_stat(pid, &parent, &start) ? parent : 0;
}

uint64_t
proc_start_time(pid_t pid)
{
	uint64_t start;
	pid_t parent;

	return read_stat(pid, &parent, &start) ? start : 0;
}

bool
proc_alive(pid_t pid, uint64_t start_time)
{
	return pid > 0 && start_time != 0 && proc_start_time(pid) == start_time;
}

struct entry {
	pid_t pid, parent;
	bool below;
};

static bool
is_spared(pid_t pid, const pid_t *spared, size_t nspared)
{
	for (size_t i = 0; i < nspared; i++)
		if (spared[i] == pid)
			return true;
	return false;
}

size_t
proc_signal_tree(pid_t root, int sig, const pid_t *spared, size_t nspared)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	VEC(struct entry) all = {0};
	struct dirent *d;
	struct entry *e;
	size_t signalled = 0;
	bool grew = true;
	DIR *dir = opendir("/proc");

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		struct entry one = {.below = false};
		uint64_t pid, start;

		if (!util_parse_u64(d->d_name, &pid) || !read_stat((pid_t)pid, &one.parent, &start))
			continue;
		one.pid = (pid_t)pid;
		*vec_push(&a, &all) = one;
	}
	if (dir != NULL)
		closedir(dir);
	while (grew) {
		grew = false;
		vec_each (&all, e) {
			struct entry *up;

			if (e->below || is_spared(e->pid, spared, nspared))
				continue;
			vec_each (&all, up)
				if (up->pid == e->parent && (up->below || up->pid == root)) {
					e->below = grew = true;
					break;
				}
		}
	}
	vec_each (&all, e)
		if (e->below && kill(e->pid, sig) == 0)
			signalled++;
	return signalled;
}

static bool
has_entries(const struct str *environment, const char *const *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *p = environment->buf, *end = p + environment->len;

		while (p < end && strcmp(p, entries[i]) != 0)
			p += strlen(p) + 1;
		if (p >= end)
			return false;
	}
	return true;
}

/* Another user's, or one that is gone, has none for us. */
static void
read_environment(pid_t pid, struct str *out)
{
	CLEANUP(util_close) int fd = -1;
	char path[64], chunk[4 * KIB];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	while (fd >= 0 && ((n = read(fd, chunk, sizeof(chunk))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			str_addn(out, chunk, (size_t)n);
	str_text(out);
}

size_t
proc_signal_marked(const char *const *entries, size_t count, int sig)
{
	size_t signalled = 0;
	struct dirent *d;
	DIR *dir = opendir("/proc");

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		CLEANUP(str_wipe) struct str environment = STR_INIT(2 * MIB);
		uint64_t pid;

		if (!util_parse_u64(d->d_name, &pid) || (pid_t)pid == getpid())
			continue;
		read_environment((pid_t)pid, &environment);
		if (has_entries(&environment, entries, count) && kill((pid_t)pid, sig) == 0)
			signalled++;
	}
	if (dir != NULL)
		closedir(dir);
	return signalled;
}

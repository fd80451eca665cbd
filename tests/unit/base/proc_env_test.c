#include "unit/testing.h"

#include "base/arena.h"
#include "base/path.h"
#include "base/proc.h"

static const char *
lookup(char *const *list, const char *name)
{
	size_t n = strlen(name);

	for (; *list != NULL; list++)
		if (strncmp(*list, name, n) == 0 && (*list)[n] == '=')
			return *list + n + 1;
	return NULL;
}

/* F42: nothing that makes a loader, shell, pager or git run code; no secrets. */
static void
test_f42_allow_list(void **state)
{
	static const char *const hostile[] = {"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT",
		"BASH_ENV", "ENV", "IFS", "LESSOPEN", "LESS", "PAGER", "EDITOR", "GIT_SSH_COMMAND",
		"GIT_DIR", "PYTHONPATH", "PERL5OPT", "PGPASSWORD", "PGOPTIONS",
		"AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "GCONV_PATH",
		"SHELLOPTS", "BASH_FUNC_x%%", "HOMEX", "LC", "NOT_LC_ALL"};
	static const char *const wanted[] = {"HOME", "LANG", "LC_ALL", "TZ", "PGHOST", "PGSSLMODE",
		"KUBECONFIG", "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "LIFEBOAT_STATE"};
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct proc_env env;
	char *const *list;

	for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
		setenv(hostile[i], "evil", 1);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		setenv(wanted[i], "good", 1);
	setenv("PATH", "/tmp/evil", 1);
	proc_env_init(&env, &a);
	list = proc_env_list(&env, &a);
	for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
		assert_null(lookup(list, hostile[i]));
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		assert_string_equal(lookup(list, wanted[i]), "good");
	assert_string_equal(lookup(list, "PATH"), path_search(&a));
}

static void
test_set(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct proc_env env;
	char *const *list;
	size_t n;

	proc_env_init(&env, &a);
	n = env.n;
	proc_env_set(&env, &a, "PGDATABASE", "one");
	proc_env_set(&env, &a, "PGDATABASE", "two");
	proc_env_set(&env, &a, "PGDATABASEX", "three");
	list = proc_env_list(&env, &a);
	assert_string_equal(lookup(list, "PGDATABASE"), "two");
	assert_string_equal(lookup(list, "PGDATABASEX"), "three");
	assert_int_equal(env.n, n + 2);
	/* Asking for the list does not end it. */
	proc_env_set(&env, &a, "Z", "last");
	assert_string_equal(lookup(proc_env_list(&env, &a), "Z"), "last");
	proc_env_unset(&env, "PGDATABASE");
	proc_env_unset(&env, "PGNOTHING");
	list = proc_env_list(&env, &a);
	assert_null(lookup(list, "PGDATABASE"));
	assert_string_equal(lookup(list, "PGDATABASEX"), "three");
	assert_string_equal(lookup(list, "Z"), "last");
	assert_int_equal(env.n, n + 2);
}

static pid_t
spawn_shell(const char *script)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	char *argv[] = {
		arena_strdup(&a, "sh"), arena_strdup(&a, "-c"), arena_strdup(&a, script), NULL};
	struct proc_env env;
	struct proc_spec spec = {.path = "/bin/sh", .argv = argv, .fds = {-1, -1, -1}, .nfds = 3};
	struct err err = ERR_INIT;
	pid_t pid;

	proc_env_init(&env, &a);
	spec.envp = proc_env_list(&env, &a);
	spec.group = true;
	assert_true(proc_spawn(&spec, &pid, &err));
	return pid;
}

static void
test_alive(void **state)
{
	pid_t pid = spawn_shell("sleep 60");
	uint64_t start = proc_start_time(pid);

	assert_true(start > 0);
	assert_true(proc_alive(pid, start));
	assert_false(proc_alive(pid, start + 1));
	assert_false(proc_alive(0, start));
	assert_false(proc_alive(pid, 0));
	kill(pid, SIGKILL);
	/* A zombie does nothing any more. */
	while (proc_start_time(pid) != 0)
		usleep(1000);
	assert_false(proc_alive(pid, start));
	proc_wait(pid);
	assert_false(proc_alive(pid, start));
	assert_true(proc_start_time(getpid()) > 0);
	assert_int_equal(proc_start_time(999999999), 0);
}

/* F44: a grandchild that left the group is still below its ancestor. */
static void
test_signal_tree(void **state)
{
	pid_t pid = spawn_shell("setsid sh -c 'sleep 61 & sleep 62' & sleep 63");
	struct proc_exit e;
	size_t n = 0;

	for (int i = 0; i < 2000 && n != 4; i++) {
		usleep(2000);
		n = proc_signal_tree(pid, 0, NULL, 0);
	}
	assert_int_equal(n, 4);
	assert_int_equal(proc_signal_tree(pid, SIGKILL, NULL, 0), 4);
	e = proc_wait(pid);
	assert_true(e.exited);
	assert_int_equal(proc_signal_tree(pid, 0, NULL, 0), 0);
}

/* Found by what they were started with, wherever in the tree they went. */
static void
test_signal_marked(void **state)
{
	char mark[64];
	const char *const both[] = {mark, "MARK_TWO=b"}, *const other[] = {mark, "MARK_TWO=c"};
	char *const marked[] = {mark, (char[]){"A=a"}, (char[]){"MARK_TWO=b"}, NULL},
		    *const half[] = {mark, NULL};
	char *argv[] = {(char[]){"sh"}, (char[]){"-c"},
		(char[]){"setsid sleep 61 & sleep 62 & sleep 63 & wait"}, NULL};
	struct proc_spec spec = {
		.path = "/bin/sh", .argv = argv, .envp = marked, .nfds = 3, .fds = {-1, -1, -1}};
	struct err err = ERR_INIT;
	pid_t pid, unmarked;
	size_t n = 0;

	snprintf(mark, sizeof(mark), "MARK_ONE=%d", (int)getpid());
	assert_true(proc_spawn(&spec, &pid, &err));
	spec.envp = half;
	argv[2] = (char[]){"exec sleep 64"};
	assert_true(proc_spawn(&spec, &unmarked, &err));
	for (int i = 0; i < 5000 && n != 4; i++) {
		n = proc_signal_marked(both, 2, 0);
		usleep(1000);
	}
	assert_int_equal(n, 4);
	assert_int_equal(proc_signal_marked(other, 2, SIGKILL), 0);
	assert_int_equal(proc_signal_marked(both, 2, SIGKILL), 4);
	assert_int_equal(proc_wait(pid).signal, SIGKILL);
	for (int i = 0; i < 5000 && proc_signal_marked(both, 2, 0) > 0; i++)
		usleep(1000);
	assert_int_equal(proc_signal_marked(both, 2, 0), 0);
	assert_int_equal(kill(unmarked, 0), 0);
	kill(unmarked, SIGKILL);
	proc_wait(unmarked);
}

TESTS(T(test_signal_marked), T(test_f42_allow_list), T(test_set), T(test_alive),
	T(test_signal_tree))

#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#define ID_BYTES  6
#define LOG_TAIL  1500
#define LOG_LINES 8

static const struct sandbox_ops *const all_ops[] = {
	[SANDBOX_POSTGRESQL] = &sandbox_pg,
	[SANDBOX_REDIS] = &sandbox_redis,
	[SANDBOX_S3] = &sandbox_s3,
};

const struct sandbox_ops *
sandbox_ops_of(int kind)
{
	return all_ops[kind];
}

int
sandbox_kind_of(const char *program)
{
	for (size_t i = 0; i < ARRAY_LEN(all_ops); i++)
		if (util_streq(all_ops[i]->program, program))
			return (int)i;
	return SANDBOX_POSTGRESQL;
}

void
sandbox_paths(struct arena *a, struct sandbox *s)
{
	s->data = path_join(a, s->directory, "data");
	s->socket_dir = path_join(a, s->directory, "run");
	if (s->superuser == NULL)
		s->superuser = "postgres";
	s->conninfo = sandbox_ops_of(s->kind)->conninfo(a, s);
}

bool
sandbox_choose_user(const struct sandbox_ops *ops, struct sandbox_user *ret, struct err *err)
{
	*ret = (struct sandbox_user){.uid = geteuid(), .gid = getegid()};
	if (ret->uid != 0)
		return true;
	for (size_t i = 0; ops->users[i] != NULL; i++) {
		const struct passwd *pw = getpwnam(ops->users[i]);

		if (pw == NULL || pw->pw_uid == 0)
			continue;
		*ret = (struct sandbox_user){.uid = pw->pw_uid, .gid = pw->pw_gid, .drop = true};
		return true;
	}
	err_set(err, ERR_UNSAFE, "There is no unprivileged user to run %s as.", ops->title);
	return err_hint(err, "Run lifeboat as a user other than root.");
}

char *const *
sandbox_env(struct arena *a, const struct sandbox *s)
{
	char **env = arena_array(a, 6, sizeof(*env));

	env[0] = arena_fmt(a, "PATH=%s", path_search(a));
	env[1] = arena_fmt(a, "HOME=%s", s->data);
	env[2] = arena_strdup(a, "LC_ALL=C.UTF-8");
	env[3] = arena_strdup(a, "TZ=UTC");
	return env;
}

static bool
may(const struct sandbox_user *user, const char *path, mode_t bits)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	if (st.st_uid == user->uid)
		return (st.st_mode >> 6 & bits) == bits;
	if (st.st_gid == user->gid)
		return (st.st_mode >> 3 & bits) == bits;
	return (st.st_mode & bits) == bits;
}

/* Whether this user gets into the directory, through every one above it. */
static bool
reachable(const char *path, const struct sandbox_user *user)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	for (; user->drop && strcmp(path, "/") != 0; path = path_dir(&a, path))
		if (!may(user, path, 1))
			return false;
	return true;
}

bool
sandbox_user_reads(const struct sandbox_user *user, const char *path)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	if (!user->drop)
		return true;
	return reachable(path_dir(&a, path_absolute(&a, path)), user) &&
	       may(user, path, file_is_dir(path) ? 5 : 4);
}

static bool
socket_fits(struct arena *a, const struct sandbox_ops *ops, const char *directory)
{
	const char *socket = arena_fmt(a, "%s/run/%s", directory, ops->socket);

	return strlen(socket) < sizeof(((struct sockaddr_un *)NULL)->sun_path);
}

/* Below $TMPDIR when it will do, else below /tmp; the path without links, as /proc shows it. */
static bool
choose_directory(struct arena *a, const struct sandbox_spec *spec, const char *id,
	const struct sandbox_user *user, const char **ret, struct err *err)
{
	const struct sandbox_ops *ops = sandbox_ops_of(spec->kind);
	const char *candidates[] = {getenv("TMPDIR"), "/tmp"};
	char real[PATH_MAX];

	if (spec->directory != NULL) {
		const char *path = path_absolute(a, spec->directory), *parent = path_dir(a, path);

		if (realpath(parent, real) == NULL)
			return err_sys(err, ERR_IO, errno, "Cannot use the directory %s", parent);
		*ret = path_join(a, real, path_base(path));
		if (!sandbox_place_check(*ret, err))
			return false;
		if (!socket_fits(a, ops, *ret)) {
			err_set(err, ERR_LIMIT, "The path %s is too long for a Unix socket.", path);
			return err_hint(err, "Name a directory with a shorter path.");
		}
		if (!reachable(real, user)) {
			err_set(err, ERR_UNSAFE,
				"The unprivileged user that %s runs as has no way "
				"into %s.",
				ops->title, real);
			return err_hint(err, "Name a directory below /tmp, for example.");
		}
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		const char *base = candidates[i];

		if (base == NULL || base[0] != '/' || realpath(base, real) == NULL ||
			!reachable(real, user) || access(real, W_OK | X_OK) < 0)
			continue;
		*ret = arena_fmt(a, "%s/lifeboat-%s", real, id);
		if (socket_fits(a, ops, *ret))
			return true;
	}
	err_set(err, ERR_IO,
		"There is no directory for a sandbox: neither $TMPDIR nor /tmp will do.");
	return err_hint(err, "A short path is needed, which %s can reach.", ops->title);
}

/* The last lines of the server's log, for an error message. */
static void
log_tail(struct str *out, const struct sandbox *s)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close)
	int fd = open(path_join(&a, s->directory, "server.log"), O_RDONLY | O_CLOEXEC);
	char text[LOG_TAIL + 1];
	struct stat st;
	const char *from = text;
	ssize_t n = -1;
	size_t lines = 0;

	if (fd >= 0 && fstat(fd, &st) == 0)
		n = file_pread(fd, text, LOG_TAIL, MAX(st.st_size - LOG_TAIL, 0));
	while (n > 0 && text[n - 1] == '\n')
		n--;
	if (n <= 0) {
		str_add(out, " Its log is empty.");
		return;
	}
	text[n] = '\0';
	for (const char *p = text + n; p > text && lines < LOG_LINES; p--)
		if (p[-1] == '\n' && ++lines == LOG_LINES)
			from = p;
	str_add(out, " Its log ends:\n");
	text_visible(out, from, strlen(from), TEXT_LINES);
}

static bool
fill_data(
	struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s, struct err *err)
{
	const struct sandbox_ops *ops = sandbox_ops_of(s->kind);

	for (size_t i = 0; i < 2; i++) {
		const char *path = i == 0 ? s->data : s->socket_dir;

		if (mkdir(path, 0700) < 0 || chmod(path, 0700) < 0)
			return err_sys(err, ERR_IO, errno, "Cannot make the directory %s", path);
		if (!sandbox_place_give(path, &s->user, err))
			return false;
	}
	if (spec->populate == NULL)
		return ops->init == NULL || ops->init(a, spec, s, err);
	return spec->populate(s->data, spec->populate_arg, err) &&
	       sandbox_place_give(s->data, &s->user, err) &&
	       (ops->adopt == NULL || ops->adopt(a, s, err));
}

static bool
launch(struct arena *a, const struct sandbox_spec *spec, struct sandbox *s, struct err *err)
{
	CLEANUP(util_close) int log = -1;
	const char *path = path_join(a, s->directory, "server.log");
	struct proc_spec p = {.dir = s->data,
		.session = true,
		.drop = s->user.drop,
		.uid = s->user.uid,
		.gid = s->user.gid,
		.nfds = 3};

	log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log < 0)
		return err_sys(err, ERR_IO, errno, "Cannot create %s", path);
	p.fds[0] = -1;
	p.fds[1] = p.fds[2] = log;
	p.envp = sandbox_env(a, s);
	/* The kernel is quicker than any sweep when the owner is this very process. */
	if (spec->run == NULL && spec->keep_s <= 0)
		p.death_signal = sandbox_ops_of(s->kind)->stop_signal;
	sandbox_ops_of(s->kind)->command(a, spec, s, &p);
	if (!proc_spawn(&p, &s->pid, err))
		return false;
	s->start_time = proc_start_time(s->pid);
	return true;
}

static bool
await(const struct sandbox_spec *spec, const struct sandbox *s, struct err *err)
{
	int64_t limit = spec->timeout_ms > 0 ? spec->timeout_ms : SANDBOX_START_MS;
	int64_t deadline = clock_mono_ms() + limit;
	const struct sandbox_ops *ops = sandbox_ops_of(s->kind);
	CLEANUP(str_done) struct str why = STR_INIT(8 * KIB);
	struct timespec nap = {0, 10000000};
	int status;

	for (;;) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;

		if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
			proc_exit_text(&why, proc_exit_of(status));
			str_add(&why, ").");
			log_tail(&why, s);
			return err_set(err, ERR_UNREACHABLE,
				"The sandbox's %s ended while it was starting (%s", ops->title,
				why.buf);
		}
		if (ops->ready(&a, s))
			return true;
		if (clock_mono_ms() > deadline) {
			log_tail(&why, s);
			return err_set(err, ERR_TIMEOUT,
				"The sandbox's %s was not ready within %lld s.%s", ops->title,
				(long long)limit / 1000, why.buf);
		}
		nanosleep(&nap, NULL);
	}
}

static void
new_record(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s,
	struct sandbox_record *r)
{
	*r = (struct sandbox_record){.id = s->id,
		.kind = (int)s->kind,
		.major = s->major,
		.superuser = s->superuser,
		.run = spec->run,
		.until = CLOCK_NONE,
		.boot = clock_boot_id(),
		.host = sandbox_host(a),
		.created_at = clock_now(),
		.directory = s->directory};
	if (spec->run == NULL && spec->keep_s > 0)
		r->until = clock_now() + spec->keep_s;
	if (spec->run == NULL && spec->keep_s <= 0) {
		r->owner_pid = getpid();
		r->owner_start = proc_start_time(r->owner_pid);
	}
}

bool
sandbox_await(const struct sandbox_spec *spec, struct arena *a, struct sandbox *s, struct err *err)
{
	if (!await(spec, s, err))
		return false;
	s->conninfo = sandbox_ops_of(s->kind)->conninfo(a, s);
	return true;
}

static bool
launch_and_wait(struct arena *a, const struct sandbox_spec *spec, struct sandbox *s,
	struct sandbox_record *r, struct err *err)
{
	if (!launch(a, spec, s, err))
		return false;
	r->pid = s->pid;
	r->start_time = s->start_time;
	return sandbox_record_write(spec->state, r, err) &&
	       (spec->later || sandbox_await(spec, a, s, err));
}

static bool
start(struct arena *a, const struct sandbox_spec *spec, struct sandbox *s, struct sandbox_record *r,
	struct err *err)
{
	if (!sandbox_place_make(s->directory, s->id, err) || !fill_data(a, spec, s, err))
		return false;
	if (spec->found_superuser != NULL && spec->found_superuser[0] != '\0') {
		r->superuser = s->superuser = spec->found_superuser;
		sandbox_paths(a, s);
	}
	return launch_and_wait(a, spec, s, r, err);
}

bool
sandbox_start(
	const struct sandbox_spec *spec, struct arena *a, struct sandbox *ret, struct err *err)
{
	const struct sandbox_ops *ops = sandbox_ops_of(spec->kind);
	struct sandbox s = {.kind = spec->kind, .superuser = spec->superuser};
	unsigned char random[ID_BYTES];
	char id[2 * ID_BYTES + 1];
	struct sandbox_record r;

	digest_random(random, sizeof(random));
	s.id = arena_strdup(a, digest_hex(random, sizeof(random), id));
	if (!ops->find(a, spec->major, &s, err) || !sandbox_choose_user(ops, &s.user, err) ||
		!choose_directory(a, spec, s.id, &s.user, &s.directory, err))
		return false;
	sandbox_paths(a, &s);
	new_record(a, spec, &s, &r);
	if (!sandbox_record_write(spec->state, &r, err))
		return false;
	if (!start(a, spec, &s, &r, err)) {
		CLEANUP(err_done) struct err later = ERR_INIT;

		if (!sandbox_remove(spec->state, &r, &later))
			err_hint(err, "It could not be removed, either: %s", later.msg);
		return false;
	}
	*ret = s;
	return true;
}

bool
sandbox_find(
	const char *state, const char *id, struct arena *a, struct sandbox *ret, struct err *err)
{
	struct sandbox_record r;

	if (!sandbox_record_read(state, id, a, &r, err))
		return false;
	*ret = (struct sandbox){.id = r.id,
		.kind = (enum sandbox_kind)r.kind,
		.directory = r.directory,
		.major = r.major,
		.superuser = r.superuser,
		.pid = r.pid,
		.start_time = r.start_time};
	if (!sandbox_ops_of(r.kind)->find(a, r.major, ret, err) ||
		!sandbox_choose_user(sandbox_ops_of(r.kind), &ret->user, err))
		return false;
	sandbox_paths(a, ret);
	return true;
}

bool
sandbox_restart(const struct sandbox_spec *spec, const char *id, struct arena *a,
	struct sandbox *ret, struct err *err)
{
	struct sandbox_record r;
	struct sandbox s;

	if (!sandbox_find(spec->state, id, a, &s, err) ||
		!sandbox_record_read(spec->state, id, a, &r, err) || !sandbox_server_end(&r, err))
		return false;
	r.pid = 0;
	r.start_time = 0;
	if (!sandbox_record_write(spec->state, &r, err) ||
		!spec->populate(s.data, spec->populate_arg, err) ||
		!sandbox_place_give(s.data, &s.user, err))
		return false;
	/* The log tells of one start: what it says is read as such. And a server that was killed
	 * left its state behind, which must not be taken for the new one's. */
	unlink(path_join(a, s.directory, "server.log"));
	unlink(path_join(a, s.data, "postmaster.pid"));
	if (!launch_and_wait(a, spec, &s, &r, err))
		return false;
	*ret = s;
	return true;
}

bool
sandbox_stop(const char *state, const char *id, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct sandbox_record r;

	if (!sandbox_record_read(state, id, &a, &r, &why))
		return why.code == ERR_NOT_FOUND || err_move(err, &why);
	return sandbox_remove(state, &r, err);
}

bool
sandbox_stop_run(const char *state, const char *run, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err first = ERR_INIT;
	const char **ids;
	size_t n = sandbox_record_list(state, &a, &ids);

	for (size_t i = 0; i < n; i++) {
		CLEANUP(err_done) struct err why = ERR_INIT;
		struct sandbox_record r;

		if (!sandbox_record_read(state, ids[i], &a, &r, &why) || !util_streq(r.run, run))
			continue;
		if (!sandbox_remove(state, &r, &why) && first.code == ERR_NONE)
			err_move(&first, &why);
	}
	return first.code == ERR_NONE || err_move(err, &first);
}

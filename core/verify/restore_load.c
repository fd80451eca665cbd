/*
 * restore_load: the dump into the sandbox.
 */
#include "base/banned.h"
#include "verify/pgdump.h"
#include "verify/restore_error.h"
#include "verify/restore_private.h"
#include "verify/sandbox_private.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

#define DATABASE  "restored"
#define ADMIN     "lifeboat"
#define JOBS_MAX  4
#define ROLES_MAX 10000

const char *
restore_conninfo(struct restore *x, const char *database)
{
	return arena_fmt(x->a, "host=%s port=5432 user=%s dbname=%s sslmode=disable",
		pg_conninfo_value(x->a, x->sandbox.socket_dir), x->sandbox.superuser,
		pg_conninfo_value(x->a, database));
}

bool
restore_connect(struct restore *x, const char *database, struct pg **ret, struct err *err)
{
	struct pg_options o = {
		.conninfo = restore_conninfo(x, database), .interrupt_fd = x->stop_fd};

	return pg_connect(&o, ret, err);
}

static bool
is_known(struct restore *x, const char *role)
{
	/* Backwards: a dump names the same few again and again. */
	for (size_t i = x->roles.n; i > 0; i--)
		if (strcmp(x->roles.v[i - 1], role) == 0)
			return true;
	return false;
}

static bool
made_role(void *arg, const char *name, struct err *err)
{
	struct restore *x = arg;

	if (!is_known(x, name))
		*vec_push(x->a, &x->roles) = arena_strdup(x->a, name);
	return true;
}

/* An owner of an event trigger and the like must be a superuser, who else would it be. */
static bool
need_role(void *arg, const char *name, bool super, struct err *err)
{
	struct restore *x = arg;
	const char *quoted, *found, *params[] = {name};

	if (!super && is_known(x, name))
		return true;
	if (x->roles.n >= ROLES_MAX)
		return err_set(err, ERR_LIMIT, "The dump names more than %d roles.", ROLES_MAX);
	if (!pg_text(x->admin, x->a, "SELECT rolsuper::text FROM pg_roles WHERE rolname = $1",
		    params, 1, &found, err))
		return false;
	quoted = pg_quote(x->a, name);
	super = super || util_streq(name, "postgres");
	if (found == NULL && is_known(x, name))
		return true; /* the dump is about to make it */
	if (found == NULL &&
		!pg_exec(x->admin,
			arena_fmt(x->a, "CREATE ROLE %s%s", quoted, super ? " SUPERUSER" : ""),
			err))
		return false;
	if (util_streq(found, "false") && super &&
		!pg_exec(x->admin, arena_fmt(x->a, "ALTER ROLE %s SUPERUSER", quoted), err))
		return false;
	return made_role(x, name, err);
}

static bool
need_extension(void *arg, const char *name, struct err *err)
{
	struct restore *x = arg;
	const char *found, *params[] = {name};

	if (!pg_text(x->admin, x->a, "SELECT name FROM pg_available_extensions WHERE name = $1",
		    params, 1, &found, err))
		return false;
	if (found != NULL)
		return true;
	err_set(err, ERR_TOOL_MISSING,
		"The dump needs the extension \"%s\", which is not installed here.", name);
	return err_hint(
		err, "Install the package that brings it for PostgreSQL %d.", x->sandbox.major);
}

static bool
note_database(void *arg, const char *name, struct err *err)
{
	struct restore *x = arg;

	/* pg_dumpall visits these two anyway; the last of the others, unless one was asked for. */
	if (!util_streq(name, "postgres") && !util_starts(name, "template"))
		x->database = name;
	return true;
}

static bool
look(void *arg, const void *bytes, size_t len, struct err *err)
{
	return sqlscan_feed(&((struct restore *)arg)->sql, bytes, len, err);
}

static bool
create_database(struct restore *x, struct err *err)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
	const char *encoding = x->encoding, *locale = "";

	if (encoding[0] == '\0' || strspn(encoding, allowed) != strlen(encoding))
		encoding = "UTF8";
	/* Other encodings go with no locale but C. */
	if (strcasecmp(encoding, "UTF8") != 0)
		locale = " LC_COLLATE 'C' LC_CTYPE 'C'";
	x->database = DATABASE;
	return pg_exec(x->admin,
		arena_fmt(x->a, "CREATE DATABASE %s TEMPLATE template0 ENCODING '%s'%s", DATABASE,
			encoding, locale),
		err);
}

/* pg_restore may have the file itself where its user can read it; else we hand it over. */
struct access {
	struct sandbox_user user;
	const char *path; /* to be opened by the tool; NULL: standard input */
	int fd;           /* standard input, when it is the file; -1 */
};

static bool
choose_access(struct restore *x, struct access *ret, struct err *err)
{
	bool packed = x->shape != SHAPE_DIRECTORY && flow_packing(x->flow) != PACK_NONE;
	const char *path = source_path(x->source, x->a, x->name);

	*ret = (struct access){.user = x->sandbox.user, .fd = -1};
	if (path == NULL && x->shape == SHAPE_DIRECTORY) {
		err_set(err, ERR_UNSUPPORTED,
			"A dump in the directory format has to be on this machine to be restored.");
		return err_hint(err, "Copy it here and verify the copy.");
	}
	if (path == NULL)
		return true;
	if (x->shape == SHAPE_DIRECTORY)
		path = path_dir(x->a, path);
	if (!packed && sandbox_user_reads(&ret->user, path)) {
		ret->path = path;
	} else if (x->shape == SHAPE_DIRECTORY) {
		/* Many files: only somebody who may read them can. It runs no part of the dump. */
		ret->path = path;
		ret->user.drop = false;
	} else if (!packed) {
		ret->fd = open(path, O_RDONLY | O_CLOEXEC);
		if (ret->fd < 0)
			return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
				"Cannot open %s", path);
	}
	return true;
}

static void
tool(struct restore *x, struct feed *f, const char *program, const char **argv,
	const struct access *access)
{
	*f = (struct feed){.arg = x,
		.interrupt_fd = x->stop_fd,
		.timeout_ms = (x->spec->timeout_s > 0 ? x->spec->timeout_s : RESTORE_S) * 1000};
	f->proc = (struct proc_spec){.path = path_join(x->a, x->sandbox.bin, program),
		.argv = (char *const *)argv,
		.envp = sandbox_env(x->a, &x->sandbox),
		.dir = access->user.drop ? x->sandbox.data : NULL,
		.fds = {access->fd},
		.drop = access->user.drop,
		.uid = access->user.uid,
		.gid = access->user.gid};
}

static bool
judge(struct restore *x, struct feed *f, struct err *err)
{
	struct restore_context c = {x->dump_major, x->sandbox.major, !x->sql.defines};

	if (f->exit.exited && f->exit.status == 0)
		return true;
	return restore_error(str_text(&f->said), &c, err);
}

/* Runs pg_restore; reading from the flow, when it must, from its beginning. */
static bool
pg_restore(struct restore *x, const char **argv, size_t n, feed_look take, struct err *err)
{
	struct access access;
	struct feed f;
	bool good;

	if (!choose_access(x, &access, err))
		return false;
	if (access.path == NULL && access.fd < 0 && !restore_open(x, err))
		return false;
	if (take == NULL && access.path != NULL && x->shape != SHAPE_TAR) {
		cpu_set_t cpus;
		int count = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;

		argv[n++] = arena_fmt(x->a, "--jobs=%d", MIN(MAX(count, 1), JOBS_MAX));
	}
	if (access.path != NULL)
		argv[n++] = access.path;
	tool(x, &f, "pg_restore", argv, &access);
	f.look_out = take;
	if (access.path == NULL && access.fd < 0)
		f.in = x->scan;
	good = feed_run(&f, err) && judge(x, &f, err);
	util_close(&access.fd);
	feed_done(&f);
	return good;
}

/* The schema as text, for its roles and extensions; the data is not read. */
static bool
prepare_archive(struct restore *x, struct err *err)
{
	const char *argv[8] = {"pg_restore", "--schema-only", "--file=-"};
	bool good;

	sqlscan_init(&x->sql, x->a, &x->events);
	good = pg_restore(x, argv, 3, look, err) && sqlscan_end(&x->sql, err);
	x->encoding = arena_strdup(x->a, x->sql.encoding);
	return good;
}

static bool
load_archive(struct restore *x, struct err *err)
{
	const char *argv[8] = {
		"pg_restore", "--exit-on-error", "--no-password", "--no-tablespaces"};

	argv[4] = arena_fmt(x->a, "--dbname=%s", restore_conninfo(x, DATABASE));
	return pg_restore(x, argv, 5, NULL, err);
}

static bool
load_plain(struct restore *x, struct err *err)
{
	const char *argv[16] = {"psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", "-d"};
	struct access access = {.user = x->sandbox.user, .fd = -1};
	struct feed f;
	size_t n = 8;
	bool good;

	argv[n++] = restore_conninfo(x, x->databases ? "postgres" : DATABASE);
	if (!x->databases)
		argv[n++] = "--single-transaction";
	tool(x, &f, "psql", argv, &access);
	f.in = x->scan;
	f.look_in = look;
	sqlscan_init(&x->sql, x->a, &x->events);
	good = feed_run(&f, err) && sqlscan_end(&x->sql, err) && judge(x, &f, err);
	feed_done(&f);
	if (good && !x->sql.complete)
		return err_set(err, ERR_CHECK_FAILED,
			x->sql.in_copy
				? "The dump ends in the middle of a table: it was cut."
				: "The dump does not end with pg_dump's end marker: it was cut.");
	return good;
}

/* Through a database of our own: a dump may drop and make anew every other one. */
static bool
connect_admin(struct restore *x, struct err *err)
{
	struct pg *first;
	bool good;

	if (!restore_connect(x, "postgres", &first, err))
		return false;
	good = pg_exec(first, "CREATE DATABASE " ADMIN " TEMPLATE template0", err);
	pg_free(first);
	return good && restore_connect(x, ADMIN, &x->admin, err);
}

bool
restore_load(struct restore *x, struct err *err)
{
	x->events = (struct sqlscan_events){need_role, made_role, need_extension, note_database, x};
	if (!connect_admin(x, err) || (x->shape != SHAPE_PLAIN && !prepare_archive(x, err)))
		return false;
	if (!x->databases && !create_database(x, err))
		return false;
	return x->shape == SHAPE_PLAIN ? load_plain(x, err) : load_archive(x, err);
}

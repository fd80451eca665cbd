/*
 * sandbox_pg: PostgreSQL as a sandbox.
 */
#include "base/banned.h"
#include "verify/sandbox_private.h"
#include "net/pg.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>

#define BASE      "/usr/lib/postgresql" /* where Debian keeps every major version beside the others */
#define INITDB_MS 120000

const char *
sandbox_postgresql_bin(struct arena *a, int major, int *ret_major)
{
	DIR *dir = opendir(BASE);
	struct dirent *entry;
	const char *bin = NULL;
	uint64_t best = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *candidate = arena_fmt(a, "%s/%s/bin", BASE, entry->d_name);
		uint64_t version;

		/* psql alone is the client's package; the server's brings postgres. */
		if (!util_parse_u64(entry->d_name, &version) || version <= best ||
			version > INT32_MAX || (major != 0 && version != (uint64_t)major) ||
			access(path_join(a, candidate, "postgres"), X_OK) < 0 ||
			access(path_join(a, candidate, "initdb"), X_OK) < 0)
			continue;
		best = version;
		bin = candidate;
	}
	if (dir != NULL)
		closedir(dir);
	if (bin != NULL)
		*ret_major = (int)best;
	return bin;
}

static bool
find(struct arena *a, int major, struct sandbox *s, struct err *err)
{
	int newest;

	s->bin = sandbox_postgresql_bin(a, major, &s->major);
	if (s->bin != NULL)
		return true;
	if (major == 0 || sandbox_postgresql_bin(a, 0, &newest) == NULL) {
		err_set(err, ERR_TOOL_MISSING, "PostgreSQL's server programs are not installed.");
		return err_hint(err, "apt-get install postgresql");
	}
	err_set(err, ERR_TOOL_MISSING,
		"PostgreSQL %d is not installed here; the newest version that is, is %d.", major,
		newest);
	return err_hint(err, "apt-get install postgresql-%d, from apt.postgresql.org", major);
}

static bool
initdb(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s, struct err *err)
{
	CLEANUP(proc_result_done) struct proc_result r = PROC_RESULT_INIT(64 * KIB);
	CLEANUP(str_done) struct str why = STR_INIT(8 * KIB);
	const char *argv[] = {"initdb", "--pgdata", s->data, "--username", s->superuser, "--auth",
		"trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync",
		"--no-instructions", spec->primary ? "--wal-segsize=1" : NULL, NULL};
	struct proc_spec p = {.path = path_join(a, s->bin, "initdb"),
		.argv = (char *const *)argv,
		.envp = sandbox_env(a, s),
		.dir = s->data,
		.death_signal = SIGKILL,
		.drop = s->user.drop,
		.uid = s->user.uid,
		.gid = s->user.gid};

	if (!proc_run(&p, NULL, INITDB_MS, &r, err))
		return err_prefix(err, "Cannot prepare a sandbox");
	if (r.exit.exited && r.exit.status == 0)
		return true;
	proc_exit_text(&why, r.exit);
	str_add(&why, "): ");
	text_visible(&why, str_text(&r.errors), MIN(r.errors.len, 2 * KIB), TEXT_LINES);
	return err_set(err, ERR_IO, "Cannot prepare a sandbox: initdb failed (%s", why.buf);
}

/*
 * A backup's own configuration may name files that are not here, ask for passwords, load code or
 * talk to production: a sandbox reads its own files instead, and they are ours.
 */
static bool
adopt(struct arena *a, const struct sandbox *s, struct err *err)
{
	static const struct {
		const char *name, *text;
	} files[] = {{"postgresql.conf", ""}, {"pg_ident.conf", ""},
		{"pg_hba.conf", "local all all trust\nlocal replication all trust\n"}};

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (!file_replace(path_join(a, s->directory, files[i].name), files[i].text,
			    strlen(files[i].text), 0644, err))
			return false;
	return true;
}

/*
 * What must hold whatever a configuration says, in the data directory of a backup above all: on
 * the command line it wins over every file.
 */
static const char *const always[] = {"listen_addresses=", "port=5432",
	"unix_socket_permissions=0700", "fsync=off", "synchronous_commit=off",
	"logging_collector=off", "log_destination=stderr", "ssl=off", "external_pid_file="};

/* Archiving or streaming out of a sandbox would mix its WAL with production's. */
static const char *const apart[] = {"archive_mode=off", "full_page_writes=off"};

/* For a cluster that initdb made just now. Minimal WAL: loading writes the data once. */
static const char *const fresh[] = {
	"wal_level=minimal", "max_wal_senders=0", "max_wal_size=4GB", "autovacuum=on"};

/* For one out of a backup, against what its postgresql.auto.conf may still say. */
static const char *const foreign[] = {"primary_conninfo=", "shared_preload_libraries=",
	"archive_cleanup_command=", "recovery_end_command="};

static void
add_settings(struct arena *a, char **argv, size_t *n, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		argv[(*n)++] = arena_strdup(a, "-c");
		argv[(*n)++] = arena_strdup(a, list[i]);
	}
}

static size_t
count_settings(const struct sandbox_spec *spec)
{
	size_t n = 0;

	while (spec->settings != NULL && spec->settings[n] != NULL)
		n++;
	return n;
}

static const char *
socket_setting(struct arena *a, const struct sandbox *s)
{
	return arena_fmt(a, "unix_socket_directories=%s", s->socket_dir);
}

static void
command(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s,
	struct proc_spec *ret)
{
	size_t n = 0, given = count_settings(spec);
	char **argv = arena_array(a, 2 * (given + 32), sizeof(*argv));
	const char *own[] = {socket_setting(a, s),
		arena_fmt(a, "config_file=%s/postgresql.conf", s->directory),
		arena_fmt(a, "hba_file=%s/pg_hba.conf", s->directory),
		arena_fmt(a, "ident_file=%s/pg_ident.conf", s->directory)};

	argv[n++] = arena_strdup(a, "postgres");
	argv[n++] = arena_strdup(a, "-D");
	argv[n++] = arena_strdup(a, s->data);
	ret->path = path_join(a, s->bin, "postgres");
	ret->argv = argv;
	if (spec->primary)
		return;
	if (spec->populate == NULL)
		add_settings(a, argv, &n, fresh, ARRAY_LEN(fresh));
	else
		add_settings(a, argv, &n, foreign, ARRAY_LEN(foreign));
	if (spec->settings != NULL)
		add_settings(a, argv, &n, spec->settings, given);
	add_settings(a, argv, &n, always, ARRAY_LEN(always));
	add_settings(a, argv, &n, apart, ARRAY_LEN(apart));
	add_settings(a, argv, &n, own, spec->populate == NULL ? 1 : ARRAY_LEN(own));
}

static void
conf_settings(struct str *out, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t name = strcspn(list[i], "=");

		str_fmt(out, "%.*s = '", (int)name, list[i]);
		for (const char *p = list[i] + name + 1; *p != '\0'; p++) {
			if (*p == '\'' || *p == '\\')
				str_addc(out, *p);
			str_addc(out, *p);
		}
		str_add(out, "'\n");
	}
}

/*
 * A primary's settings are where a server's are: a person, and a backup of it, finds them there.
 * PostgreSQL reads postgresql.auto.conf last.
 */
static bool
init(struct arena *a, const struct sandbox_spec *spec, const struct sandbox *s, struct err *err)
{
	static const char *const primary[] = {"wal_level=replica", "max_wal_senders=4"};
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	const char *socket = socket_setting(a, s);

	if (!initdb(a, spec, s, err))
		return false;
	if (!spec->primary)
		return true;
	conf_settings(&text, always, ARRAY_LEN(always));
	conf_settings(&text, primary, ARRAY_LEN(primary));
	conf_settings(&text, &socket, 1);
	conf_settings(&text, spec->settings, count_settings(spec));
	return file_replace(path_join(a, s->data, "postgresql.auto.conf"), str_text(&text),
		       text.len, 0600, err) &&
	       sandbox_place_give(s->data, &s->user, err);
}

/* The server writes its state into line 8 of postmaster.pid (src/include/utils/pidfile.h). */
static bool
ready(struct arena *a, const struct sandbox *s)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	CLEANUP(err_done) struct err why = ERR_INIT;
	const char *p;

	if (!file_read(path_join(a, s->data, "postmaster.pid"), 4 * KIB, &text, &why))
		return false;
	p = str_text(&text);
	for (int line = 1; line < 8 && p != NULL; line++) {
		p = strchr(p, '\n');
		p = p != NULL ? p + 1 : NULL;
	}
	return p != NULL && (util_starts(p, "ready") || util_starts(p, "standby"));
}

static const char *
conninfo(struct arena *a, const struct sandbox *s)
{
	return arena_fmt(a, "host=%s port=5432 user=%s dbname=postgres sslmode=disable",
		pg_conninfo_value(a, s->socket_dir), pg_conninfo_value(a, s->superuser));
}

static const char *const users[] = {"postgres", "nobody", NULL};

const struct sandbox_ops sandbox_pg = {
	.program = "postgres",
	.exe = "postgres",
	.title = "PostgreSQL",
	.users = users,
	.socket = ".s.PGSQL.5432",
	.stop_signal = SIGQUIT,
	.find = find,
	.init = init,
	.adopt = adopt,
	.command = command,
	.ready = ready,
	.conninfo = conninfo,
};

/*
 * demo_wal: continuous archiving of the demo's server, and a base backup to begin with.
 */
#include "base/banned.h"
#include "demo/demo.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BASE_MS 120000
#define BEAT_MS 5000

/*
 * A segment appears in the archive whole or not at all, and is on the disk before PostgreSQL may
 * forget it; one that is there already is never replaced (FACTS: `cp` alone does none of it).
 * The server's working directory is its data directory.
 */
const char *const demo_wal_settings[] = {"archive_mode=on", "archive_timeout=60",
	"archive_command=test ! -f ../backup/postgresql/wal/%f"
	" && cp %p ../backup/postgresql/wal/.%f.part"
	" && sync ../backup/postgresql/wal/.%f.part"
	" && mv ../backup/postgresql/wal/.%f.part ../backup/postgresql/wal/%f",
	NULL};

bool
demo_wal_prepare(struct demo *d, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *wal = path_join(&a, d->directory, "backup/postgresql/wal");

	if (!file_mkdirs(wal, 0755, err))
		return false;
	if (d->server.user.drop && chown(wal, d->server.user.uid, d->server.user.gid) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot give %s to the server", wal);
	return true;
}

static const char *
log_path(struct demo *d, struct arena *a)
{
	return path_join(a, d->directory, "pg_basebackup.log");
}

bool
demo_base_begin(struct demo *d, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(util_close) int log = -1;
	const char *bases = path_join(&a, d->directory, "backup/postgresql/base");
	const char *name = demo_name(&a, "base_", clock_now(), "");
	const char *argv[] = {"pg_basebackup", "--format=tar", "--gzip", "--compress=1",
		"--checkpoint=fast", "--no-sync", "--no-password", "--label", name, "--pgdata",
		path_join(&a, bases, name), "--dbname", d->server.conninfo, NULL};
	struct proc_env env;
	struct proc_spec p = {.path = path_join(&a, d->server.bin, "pg_basebackup"),
		.argv = (char *const *)argv,
		.nfds = 3,
		.group = true,
		.death_signal = SIGKILL};

	if (!file_mkdirs(bases, 0755, err))
		return false;
	log = open(log_path(d, &a), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log < 0)
		return err_sys(err, ERR_IO, errno, "Cannot create %s", log_path(d, &a));
	p.fds[0] = -1;
	p.fds[1] = p.fds[2] = log;
	proc_env_init(&env, &a);
	p.envp = proc_env_list(&env, &a);
	return proc_spawn(&p, &d->base_backup, err);
}

static bool
base_failed(struct demo *d, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB), why = STR_INIT(8 * KIB);
	CLEANUP(err_done) struct err later = ERR_INIT;

	if (file_read(log_path(d, &a), 32 * KIB, &text, &later))
		text_visible(&why, str_text(&text), MIN(text.len, 2 * KIB), TEXT_LINES);
	return err_set(err, ERR_IO, "pg_basebackup failed: %s", str_text(&why));
}

bool
demo_base_end(struct demo *d, struct err *err)
{
	int64_t deadline = clock_mono_ms() + BASE_MS;
	struct timespec nap = {0, 5000000};
	int status;

	while (waitpid(d->base_backup, &status, WNOHANG) == 0) {
		if (demo_interrupted(d))
			return err_set(err, ERR_STOPPED, "Stopped.");
		if (clock_mono_ms() > deadline)
			return err_set(err, ERR_TIMEOUT, "pg_basebackup does not come to an end.");
		nanosleep(&nap, NULL);
	}
	d->base_backup = 0;
	return (WIFEXITED(status) && WEXITSTATUS(status) == 0) || base_failed(d, err);
}

void
demo_base_stop(struct demo *d)
{
	if (d->base_backup <= 0)
		return;
	kill(-d->base_backup, SIGKILL);
	proc_wait(d->base_backup);
	d->base_backup = 0;
}

void
demo_beat(struct demo *d)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct pg_options o = {.conninfo = d->server.conninfo,
		.timeout_ms = BEAT_MS,
		.interrupt_fd = d->spec->interrupt_fd};
	struct pg_query message = {.sql = "SELECT pg_logical_emit_message(true, 'demo', 'beat')",
		.timeout_ms = BEAT_MS};
	struct pg_query archive = {.sql = "SELECT pg_switch_wal()", .timeout_ms = BEAT_MS};
	struct pg_result r;
	struct pg *pg;

	if (!pg_connect(&o, &pg, &why))
		return;
	if (!pg_query(pg, &a, &message, &r, &why) || !pg_query(pg, &a, &archive, &r, &why))
		err_done(&why);
	pg_free(pg);
}

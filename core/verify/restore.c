#include "base/banned.h"
#include "verify/checks.h"
#include "verify/restore_private.h"
#include "base/clock.h"

#include <signal.h>
#include <sys/signalfd.h>

/* Many tables in one transaction need many locks; nobody else is there to take connections. */
static const char *const settings[] = {
	"max_connections=20", "max_locks_per_transaction=8192", "maintenance_work_mem=256MB", NULL};

static const char *const shape_names[] = {
	"pg_dump_plain", "pg_dump_custom", "pg_dump_tar", "pg_dump_directory"};

static bool
start_sandbox(struct restore *x, struct err *err)
{
	struct sandbox_spec spec = {.state = x->spec->state,
		.kind = SANDBOX_POSTGRESQL,
		.run = x->spec->run,
		.keep_s = x->spec->keep_s,
		.settings = settings,
		/* Not postgres: pg_dumpall's dumps make that role themselves. */
		.superuser = "lifeboat"};
	int major;

	if (x->dump_major > 0 && sandbox_postgresql_bin(x->a, x->dump_major, &major) != NULL)
		spec.major = x->dump_major;
	if (!sandbox_start(&spec, x->a, &x->sandbox, err))
		return false;
	x->started = true;
	x->result->major = x->sandbox.major;
	report_add(x->report, PROOF_PASS, "sandbox", "PostgreSQL %d%s%s%s.", x->sandbox.major,
		x->server[0] != '\0' ? ", for a dump of " : "", x->server,
		x->dump_major > x->sandbox.major ? ", which is newer" : "");
	return true;
}

static bool
load(struct restore *x, struct err *err)
{
	int64_t begin = clock_mono_ms();

	if (!restore_load(x, err))
		return false;
	x->result->seconds = (double)(clock_mono_ms() - begin) / 1000;
	report_add(x->report, PROOF_PASS, "load", "Loaded without an error in %.1f s.",
		x->result->seconds);
	return x->shape != SHAPE_PLAIN || restore_compare_rows(x, err);
}

static bool
check(struct restore *x, struct err *err)
{
	struct checks_place place = {
		.site = x->spec->site, .throw_away = true, .interrupt_fd = x->stop_fd};
	bool good;

	if (x->spec->database != NULL && x->databases)
		x->database = x->spec->database;
	if (x->database == NULL)
		return err_set(err, ERR_CONFIG, "The dump holds no database to look into.");
	if (!restore_connect(x, x->database, &place.pg, err))
		return false;
	good = checks_run(&place, x->spec->checks, x->report, err);
	pg_free(place.pg);
	return good;
}

/* Each step adds to the report what it found; the first that fails ends it. */
static bool
steps(struct restore *x, struct err *err)
{
	static const struct {
		const char *name;
		bool (*run)(struct restore *x, struct err *err);
	} all[] = {{"format", restore_recognize}, {"sandbox", start_sandbox}, {"load", load},
		{"checks", check}};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		CLEANUP(err_done) struct err why = ERR_INIT;

		if (all[i].run(x, &why)) {
			x->report->format = shape_names[x->shape];
			continue;
		}
		if (why.code == ERR_STOPPED)
			return err_move(err, &why);
		report_err(x->report, all[i].name, &why);
		return true;
	}
	return true;
}

static void
put_away(struct restore *x)
{
	CLEANUP(err_done) struct err why = ERR_INIT;

	pg_free(x->admin);
	flow_free(x->flow);
	if (x->spec->source == NULL)
		source_free(x->source);
	if (x->sql.arena != NULL)
		sqlscan_done(&x->sql);
	if (!x->started)
		return;
	if (x->spec->keep_s > 0) {
		x->result->sandbox = arena_strdup(x->report->arena, x->sandbox.id);
		x->result->conninfo = arena_strdup(x->report->arena,
			restore_conninfo(x, x->database != NULL ? x->database : "postgres"));
	} else if (!sandbox_stop(x->spec->state, x->sandbox.id, &why)) {
		report_err(x->report, "sandbox", &why);
	}
}

bool
restore_dump(const struct restore_spec *spec, struct report *r, struct restore_result *ret,
	struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct restore x = {.spec = spec, .report = r, .result = ret, .a = &a};
	struct signalfd_siginfo info;
	sigset_t ours, old;
	bool good;

	*ret = (struct restore_result){.seconds = -1};
	/* Before any thread is started, so that none of them takes these instead. */
	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ours, &old);
	x.stop_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	good = steps(&x, err);
	put_away(&x);
	while (x.stop_fd >= 0 && read(x.stop_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (good)
			good = err_set(err, ERR_STOPPED, "Stopped while restoring the backup.");
	util_close(&x.stop_fd);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return good;
}

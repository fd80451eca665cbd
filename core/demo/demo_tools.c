/*
 * demo_tools: what the files of the demo share.
 */
#include "base/banned.h"
#include "demo/demo.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/proc.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#define TOOL_MS 120000

/* PostgreSQL's programs of the server's version, else whatever the system has. */
static bool
find_program(struct demo *d, struct arena *a, const char *name, const char **ret, struct err *err)
{
	*ret = path_join(a, d->server.bin, name);
	return access(*ret, X_OK) == 0 || path_tool(a, name, ret, err);
}

bool
demo_run(struct demo *d, const char *program, const char **argv, struct err *err)
{
	CLEANUP(proc_result_done) struct proc_result r = PROC_RESULT_INIT(16 * KIB);
	CLEANUP(str_done) struct str why = STR_INIT(4 * KIB);
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct proc_env env;
	struct proc_spec p = {.argv = (char *const *)argv, .death_signal = SIGKILL};

	if (!find_program(d, &a, program, &p.path, err))
		return false;
	argv[0] = p.path; /* pg_dumpall looks for pg_dump beside itself */
	proc_env_init(&env, &a);
	p.envp = proc_env_list(&env, &a);
	if (!proc_run(&p, NULL, TOOL_MS, &r, err))
		return false;
	if (r.exit.exited && r.exit.status == 0)
		return true;
	text_visible(&why, str_text(&r.errors), MIN(r.errors.len, 2 * KIB), TEXT_LINES);
	return err_set(err, ERR_IO, "%s failed: %s", program, str_text(&why));
}

bool
demo_age(const char *path, int64_t at, struct err *err)
{
	struct timespec times[2] = {{.tv_sec = at}, {.tv_sec = at}};

	if (utimensat(AT_FDCWD, path, times, 0) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot set the time of %s", path);
	return true;
}

bool
demo_interrupted(const struct demo *d)
{
	struct pollfd p = {d->spec->interrupt_fd, POLLIN, 0};

	return poll(&p, 1, 0) > 0;
}

bool
demo_server(struct demo *d, const struct sandbox_spec *spec, const char *what, struct sandbox *ret,
	struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;

	if (sandbox_start(spec, d->arena, ret, &why))
		return true;
	if (why.code != ERR_TOOL_MISSING)
		return err_move(err, &why);
	d->spec->say(d->spec->arg, arena_fmt(d->arena, "%s left out: %s (%s)", what, why.msg,
					   why.hint != NULL ? why.hint : ""));
	return true;
}

const char *
demo_name(struct arena *a, const char *prefix, int64_t at, const char *suffix)
{
	char now[CLOCK_TEXT];

	clock_format(at, now);
	return arena_fmt(a, "%s%.4s%.2s%.2s_%.2s%.2s%.2s%s", prefix, now, now + 5, now + 8,
		now + 11, now + 14, now + 17, suffix);
}

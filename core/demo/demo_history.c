/*
 * demo_history: real dumps of the growing database, with names and times of the past, as a
 * daily job and a grandfather-father-son retention would have left them.
 */
#include "base/banned.h"
#include "demo/demo.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>

#define DAY       86400LL
#define HOUR_OF   (2 * 3600LL) /* the job starts at 02:00 UTC */
#define HISTORY_S (400 * DAY)  /* since the application went live */
#define DAILY     7
#define WEEKLY    3
#define MONTHLY   3
#define DUMPS_MAX (DAILY + WEEKLY + MONTHLY)

/* The days (since 1970) of which a dump is left, newest first. */
static size_t
days_kept(int64_t newest, int64_t *ret)
{
	int64_t day = newest, year;
	size_t n = 0;
	int month, date;

	for (; n < DAILY; day--)
		ret[n++] = day;
	/* Day 3 was a Sunday. */
	for (size_t weeks = 0; weeks < WEEKLY; day--)
		if ((day - 3) % 7 == 0) {
			ret[n++] = day;
			weeks++;
		}
	for (size_t months = 0; months < MONTHLY; day--) {
		clock_civil(day, &year, &month, &date);
		if (date == 1) {
			ret[n++] = day;
			months++;
		}
	}
	return n;
}

/* As `sha256sum` writes it. */
static bool
write_sidecar(struct arena *a, const char *path, int64_t at, struct err *err)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	const char *sidecar = arena_fmt(a, "%s.sha256", path), *line;
	char hex[DIGEST_HEX];

	if (fd < 0)
		return err_sys(err, ERR_IO, errno, "Cannot open %s", path);
	if (!digest_fd(fd, path, hex, err))
		return false;
	line = arena_fmt(a, "%s  %s\n", hex, path_base(path));
	return file_replace(sidecar, line, strlen(line), 0644, err) && demo_age(sidecar, at, err);
}

static bool
dump(struct demo *d, int64_t at, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *name = demo_name(&a, "aragora_", at, ".dump"), *path, *globals;

	path = path_join(&a, d->backups, name);
	globals = arena_fmt(&a, "%s-globals.sql", path);
	const char *dump_argv[] = {"pg_dump", "--format=custom", "--no-password",
		arena_fmt(&a, "--file=%s", path), arena_fmt(&a, "--dbname=%s", d->conninfo), NULL};
	const char *globals_argv[] = {"pg_dumpall", "--globals-only", "--no-role-passwords",
		"--no-password", arena_fmt(&a, "--file=%s", globals),
		arena_fmt(&a, "--dbname=%s", d->conninfo), NULL};

	/* Such a job takes a while; its last file is written when it is done. */
	if (!demo_run(d, "pg_dump", dump_argv, err) ||
		!demo_run(d, "pg_dumpall", globals_argv, err) ||
		!write_sidecar(&a, path, at + 74, err) || !demo_age(globals, at + 71, err) ||
		!demo_age(path, at + 69, err))
		return false;
	d->newest = arena_strdup(d->arena, name);
	d->dumps++;
	return true;
}

bool
demo_history(struct demo *d, struct err *err)
{
	int64_t now = clock_now(), days[DUMPS_MAX], newest = now / DAY;
	size_t n;

	/* Today's job has run, or it is not its time yet. */
	if (now - newest * DAY < HOUR_OF + 300)
		newest--;
	n = days_kept(newest, days);
	d->newest_at = newest * DAY + HOUR_OF;
	if (!file_mkdirs(d->backups, 0755, err))
		return false;
	for (size_t i = n; i > 0; i--) {
		int64_t at = days[i - 1] * DAY + HOUR_OF;

		if (demo_interrupted(d))
			return err_set(err, ERR_STOPPED, "Stopped.");
		if (!demo_grow(d, d->newest_at - HISTORY_S, at, err) || !dump(d, at, err))
			return err_prefix(err, "The demo's history can't be made");
	}
	return true;
}

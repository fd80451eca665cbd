#include "base/banned.h"
#include "verify/sandbox_recover.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "net/pg.h"
#include "verify/extract.h"
#include "verify/sandbox_private.h"
#include "wal/aim.h"
#include "wal/demands.h"
#include "wal/holdings.h"
#include "wal/recovery_log.h"
#include "wal/window_report.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define WAL_DIR    "lifeboat_wal"
#define AUTO_CONF  "postgresql.auto.conf"
#define CHUNK      ((size_t)(256 * KIB))
#define CONTROL_MS 30000
#define LOG_MAX    MIB
#define TAKEN_MAX  10000 /* timelines without a history */

struct recovery {
	const struct recover_spec *spec;
	struct arena *arena;
	struct window_report report;
	struct aim_way way;
	struct demands demands;
	struct sandbox_user user;
	const char *bin; /* programs of the backup's version */
	char superuser[64];
	bool keep; /* the data directory is good as it is */
	uint64_t linked, copied;
};

static void say(struct recovery *r, const char *fmt, ...) PRINTF(2, 3);

static void
say(struct recovery *r, const char *fmt, ...)
{
	CLEANUP(str_done) struct str line = STR_INIT(8 * KIB);
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(&line, fmt, ap);
	va_end(ap);
	if (r->spec->say != NULL)
		r->spec->say(r->spec->arg, str_text(&line));
}

static struct walset *
set_of(const struct recovery *r)
{
	return r->way.windows->set;
}

static uint32_t
segment_bytes(const struct recovery *r)
{
	return set_of(r)->archive->header.bytes;
}

static const struct basebackup *
base_of(const struct recovery *r)
{
	return &r->way.window->backup->base;
}

/* A plain segment under its own name, which the server itself can read. */
static const char *
linkable(struct recovery *r, const struct archive_segment *s, const char *object)
{
	struct archive *archive = set_of(r)->archive;
	const char *path = source_path(archive->source, r->arena, object);
	struct segment_file f;
	struct stat st;

	segment_parse(path_base(object), &f);
	if (path == NULL || !archive_plain(archive, s) || f.hashed || f.suffix[0] != '\0' ||
		stat(path, &st) < 0 || st.st_size != (off_t)segment_bytes(r) ||
		!sandbox_user_reads(&r->user, path))
		return NULL;
	return path_absolute(r->arena, path);
}

static bool
copy_segment(struct recovery *r, const struct archive_segment *s, const char *to, struct err *err)
{
	CLEANUP(util_free) unsigned char *chunk = util_alloc(CHUNK);
	CLEANUP(util_close) int fd = -1;
	struct packed *p;
	ssize_t n;

	if (!archive_open(set_of(r)->archive, s, &p, err))
		return false;
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		packed_free(p);
		return err_sys(err, ERR_IO, errno, "Cannot create %s", to);
	}
	while ((n = packed_read(p, chunk, CHUNK, err)) > 0)
		if (!file_write_all(fd, chunk, (size_t)n)) {
			n = -1;
			err_sys(err, ERR_IO, errno, "Cannot write %s", to);
			break;
		}
	packed_free(p);
	return n == 0;
}

static bool
stage_segment(struct recovery *r, const char *dir, uint64_t number, struct err *err)
{
	struct archive *archive = set_of(r)->archive;
	uint32_t tli = history_at(r->way.window->way, number, segment_bytes(r));
	const struct archive_segment *s = archive_find(archive, tli, number);
	const char *to, *object, *path;
	char name[SEGMENT_NAME];
	struct stat st;

	segment_name(tli, number, segment_bytes(r), name);
	if (s == NULL)
		return err_set(err, ERR_NOT_FOUND, "The segment %s went away.", name);
	to = path_join(r->arena, dir, name);
	if (lstat(to, &st) == 0)
		return true;
	if (!archive_path(archive, r->arena, s, &object, err))
		return false;
	path = linkable(r, s, object);
	if (path == NULL) {
		r->copied++;
		return copy_segment(r, s, to, err);
	}
	r->linked++;
	return symlink(path, to) == 0 || err_sys(err, ERR_IO, errno, "Cannot make the link %s", to);
}

static bool
write_file(const char *path, const char *text, size_t len, struct err *err)
{
	CLEANUP(util_close)
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	return (fd >= 0 && file_write_all(fd, text, len)) ||
	       err_sys(err, ERR_IO, errno, "Cannot write %s", path);
}

static uint32_t
newest_timeline(const struct archive *archive)
{
	uint32_t tli = archive->n > 0 ? archive->segments[archive->n - 1].tli : 1;
	const struct archive_extra *x;

	vec_each (&archive->histories, x)
		tli = MAX(tli, x->tli);
	return tli;
}

/*
 * A recovery reads the histories of its timelines before anything else. At its promotion the
 * server asks for those that follow, one by one, and takes the first number that has none: where
 * the archive knows the timeline but lost its history, or never got it, something else says that
 * the number is taken. WAL of the same name would be refused by the archive, or overwrite it.
 */
static bool
stage_histories(struct recovery *r, const char *dir, struct err *err)
{
	static const char taken[] = "# The archive has WAL of this timeline, and no history.\n";
	struct archive *archive = set_of(r)->archive;
	uint32_t newest = newest_timeline(archive);
	const struct archive_extra *x;
	const char *to;

	newest = newest - r->way.target.tli < TAKEN_MAX ? newest : r->way.target.tli;
	for (uint32_t tli = r->way.target.tli; tli < newest; tli++) {
		to = arena_fmt(r->arena, "%s/%08X.history", dir, (unsigned)tli + 1);
		if (!write_file(to, taken, sizeof(taken) - 1, err))
			return false;
	}
	vec_each (&archive->histories, x) {
		CLEANUP(str_done) struct str text = STR_INIT(HISTORY_SIZE_MAX);

		to = arena_fmt(r->arena, "%s/%08X.history", dir, (unsigned)x->tli);
		if (!archive_text(archive, x->name, HISTORY_SIZE_MAX, &text, err) ||
			!write_file(to, str_text(&text), text.len, err))
			return false;
	}
	return true;
}

/* What must be copied fits, or it is said before hours of work. */
static bool
check_space(struct recovery *r, const char *dir, uint64_t segments, struct err *err)
{
	struct statvfs fs;
	uint64_t wanted = segments * segment_bytes(r);

	if (statvfs(dir, &fs) < 0 || (uint64_t)fs.f_bavail * fs.f_frsize > wanted)
		return true;
	err_set(err, ERR_LIMIT, "The WAL to replay takes %llu MiB in %s; %llu MiB are free.",
		(unsigned long long)(wanted / MIB), dir,
		(unsigned long long)((uint64_t)fs.f_bavail * fs.f_frsize / MIB));
	return err_hint(err, "A newer base backup needs less WAL; $TMPDIR decides where it lies.");
}

static bool
stage(struct recovery *r, const char *data, struct err *err)
{
	const char *dir = path_join(r->arena, data, WAL_DIR);
	uint64_t first = r->way.replay_from / segment_bytes(r);
	/* The record at which it stops may end in the next segment. */
	uint64_t last = MIN(r->way.window->last, r->way.replay_to / segment_bytes(r) + 1);

	if (!file_mkdirs(dir, 0700, err))
		return false;
	for (uint64_t i = first; i <= last; i++) {
		CLEANUP(arena_done) struct arena scratch = ARENA_INIT;
		struct arena *kept = r->arena;
		uint64_t copies = r->copied;
		bool good;

		r->arena = &scratch;
		good = stage_segment(r, dir, i, err);
		r->arena = kept;
		if (!good || (copies == 0 && r->copied == 1 && !check_space(r, dir, last - i, err)))
			return false;
	}
	return stage_histories(r, dir, err);
}

/* In a shell's single quotes, and with the percent signs that PostgreSQL would replace doubled. */
static const char *
restore_command(struct recovery *r, const char *data)
{
	CLEANUP(str_done) struct str out = STR_INIT(16 * KIB);

	str_add(&out, "cp '");
	for (const char *p = data; *p != '\0'; p++) {
		if (*p == '\'')
			str_add(&out, "'\\'");
		if (*p == '%')
			str_addc(&out, '%');
		str_addc(&out, *p);
	}
	str_add(&out, "/" WAL_DIR "/%f' \"%p\"");
	return arena_strdup(r->arena, str_text(&out));
}

/*
 * Some settings must not be smaller than they were where the WAL was written: the control file
 * says how large they were at the backup, the WAL what they were raised to since.
 */
static bool
add_sizes(struct recovery *r, const char *data, struct str *out, struct err *err)
{
	static const struct {
		const char *label, *setting;
		uint64_t least;
	} sizes[DEMANDS_SIZES] = {{"max_connections setting:", "max_connections", 100},
		{"max_worker_processes setting:", "max_worker_processes", 8},
		{"max_wal_senders setting:", "max_wal_senders", 10},
		{"max_prepared_xacts setting:", "max_prepared_transactions", 0},
		{"max_locks_per_xact setting:", "max_locks_per_transaction", 64}};
	CLEANUP(proc_result_done) struct proc_result got = PROC_RESULT_INIT(64 * KIB);
	char *argv[] = {
		arena_strdup(r->arena, "pg_controldata"), arena_strdup(r->arena, data), NULL};
	char *env[] = {arena_strdup(r->arena, "LC_ALL=C"), NULL};
	struct proc_spec p = {
		.path = path_join(r->arena, r->bin, "pg_controldata"), .argv = argv, .envp = env};

	if (!proc_run(&p, NULL, CONTROL_MS, &got, err))
		return err_prefix(err, "Cannot read the control file");
	if (!got.exit.exited || got.exit.status != 0)
		return err_set(err, ERR_DAMAGED, "pg_controldata can't read the control file: %s",
			str_text(&got.errors));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		const char *at = strstr(str_text(&got.out), sizes[i].label);
		long long n = at != NULL ? strtoll(at + strlen(sizes[i].label), NULL, 10) : 0;
		unsigned long long size = MAX(sizes[i].least, r->demands.sizes[i]);

		if (n > 0 && n < 1000000)
			size = MAX(size, (unsigned long long)n);
		str_fmt(out, "%s = %llu\n", sizes[i].setting, size);
	}
	return true;
}

static bool
append(const char *path, const char *text, size_t len, struct err *err)
{
	CLEANUP(util_close)
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	return (fd >= 0 && file_write_all(fd, text, len)) ||
	       err_sys(err, ERR_IO, errno, "Cannot write %s", path);
}

/* What ALTER SYSTEM had set there is in force again when the recovery's settings are taken away. */
static bool
keep_settings(struct recovery *r, const char *data, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(MIB);
	CLEANUP(err_done) struct err why = ERR_INIT;

	if (!file_read(path_join(r->arena, data, AUTO_CONF), MIB, &text, &why) &&
		why.code != ERR_NOT_FOUND)
		return err_move(err, &why);
	return write_file(
		path_join(r->arena, data, WAL_DIR "/" AUTO_CONF), str_text(&text), text.len, err);
}

/* The last lines of postgresql.auto.conf win: what an earlier recovery wrote there stays behind. */
static bool
configure(struct recovery *r, const char *data, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);

	str_add(&text, "\n# recovery to a moment\n");
	r->way.target.archives = r->spec->archives;
	return recovery_settings(&r->way.target, restore_command(r, data), &text, err) &&
	       add_sizes(r, data, &text, err) &&
	       append(path_join(r->arena, data, AUTO_CONF), str_text(&text), text.len, err) &&
	       append(path_join(r->arena, data, "recovery.signal"), "", 0, err);
}

static bool
populate(const char *data, void *arg, struct err *err)
{
	struct recovery *r = arg;
	const struct basebackup *b = base_of(r);

	if (r->spec->move != NULL && !r->keep &&
		(!file_remove_tree(data, err) || !file_mkdirs(data, 0700, err)))
		return false;
	if (!r->keep && !extract_base(r->arena, b->source, b->tar != NULL ? b->tar : b->path, data,
				r->spec->meter, r->superuser, err))
		return false;
	if (!stage(r, data, err) || (!r->keep && !keep_settings(r, data, err)) ||
		!configure(r, data, err))
		return false;
	say(r, "WAL: %llu segments linked, %llu copied.", (unsigned long long)r->linked,
		(unsigned long long)r->copied);
	return true;
}

/* Whether the sandbox is on the way already: not promoted, and not beyond the new target. */
static bool
still_before(struct recovery *r, const struct sandbox *s)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	struct pg_options o = {.conninfo = s->conninfo, .database = "template1", .read_only = true};
	const char *text = NULL;
	uint64_t lsn;
	struct pg *pg;
	bool good;

	if (!pg_connect(&o, &pg, &ignored))
		return false;
	good = pg_text(pg, r->arena,
		"SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()::text END",
		NULL, 0, &text, &ignored);
	pg_free(pg);
	return good && text != NULL && lsn_parse(text, &lsn) && lsn <= r->way.replay_to;
}

/* In words, where the log is one that is known. */
static bool
explain(struct recovery *r, struct err *err)
{
	struct recovery_fault fault;

	if (err->code != ERR_UNREACHABLE ||
		!recovery_explain(r->arena, err->msg, strlen(err->msg), &fault))
		return false;
	err_set(err, ERR_CHECK_FAILED, "The recovery failed: %s (%s)", fault.what, fault.line);
	return err_hint(err, "%s", fault.way_out);
}

static bool
start_sandbox(struct recovery *r, struct recovered *ret, struct err *err)
{
	const struct recover_spec *spec = r->spec;
	struct sandbox_spec s = {.state = spec->state,
		.kind = SANDBOX_POSTGRESQL,
		.major = set_of(r)->archive->header.version,
		.run = spec->run,
		.populate = populate,
		.populate_arg = r,
		.found_superuser = r->superuser,
		.timeout_ms = spec->timeout_ms};

	if (spec->move != NULL) {
		if (!sandbox_find(spec->state, spec->move, r->arena, &ret->sandbox, err))
			return false;
		r->keep = still_before(r, &ret->sandbox);
		say(r, r->keep ? "It goes on from where it is."
			       : "It begins anew from the base backup.");
		if (!sandbox_restart(&s, spec->move, r->arena, &ret->sandbox, err))
			return explain(r, err);
	} else if (!sandbox_start(&s, r->arena, &ret->sandbox, err)) {
		return explain(r, err);
	}
	ret->kept = r->keep;
	ret->sandbox.superuser = arena_strdup(r->arena, ret->sandbox.superuser);
	ret->data = ret->sandbox.data;
	ret->log = path_join(r->arena, ret->sandbox.directory, "server.log");
	return true;
}

/* Whose the directory is, or the one above it when root made it, theirs is the server. */
static void
choose_owner(struct recovery *r, const char *path)
{
	struct stat st;

	if (geteuid() != 0)
		return;
	if ((stat(path, &st) == 0 && st.st_uid != 0) ||
		(stat(path_dir(r->arena, path), &st) == 0 && st.st_uid != 0))
		r->user = (struct sandbox_user){st.st_uid, st.st_gid, true};
}

static bool
fill_directory(struct recovery *r, struct recovered *ret, struct err *err)
{
	const struct recover_spec *spec = r->spec;
	const char *path = path_absolute(r->arena, spec->directory);
	bool moved = false;

	choose_owner(r, path);
	ret->data = path;
	if (spec->aside != NULL && !sandbox_place_aside(path, spec->aside, spec->run, &moved, err))
		return false;
	if (moved) {
		ret->aside = spec->aside;
		say(r, "What was in %s is kept: %s", path, spec->aside);
	}
	return sandbox_place_claim(path, spec->run, err) && populate(path, r, err) &&
	       sandbox_place_give(path, &r->user, err) &&
	       sandbox_place_release(path, WAL_DIR "/restored", err);
}

static bool
choose_way(struct recovery *r, struct err *err)
{
	struct aim_options o = {
		.set = r->report.options, .backup = r->spec->backup, .tli = r->spec->tli};
	struct aim aim;
	int major;

	if (!aim_parse(r->arena, r->spec->to, &aim, err) ||
		!window_report_make(&r->report, r->spec->holdings, err) ||
		!aim_find(r->report.sets.v, r->report.sets.n, &aim, &o, &r->way, err))
		return false;
	if (base_of(r)->form != BASEBACKUP_PLAIN && base_of(r)->form != BASEBACKUP_TAR)
		return err_set(err, ERR_UNSUPPORTED,
			"The backup %s is restored by the tool that made it.", base_of(r)->name);
	major = set_of(r)->archive->header.version;
	r->bin = sandbox_postgresql_bin(r->arena, major, &major);
	if (r->bin != NULL)
		return true;
	err_set(err, ERR_TOOL_MISSING, "PostgreSQL %d is not installed here.", major);
	return err_hint(err, "apt-get install postgresql-%d, from apt.postgresql.org", major);
}

/*
 * A tablespace that is created on the way comes to lie where it lay in production. Where something
 * is there, it is most likely production's own: the server would read it, and write to it.
 */
static bool
check_demands(struct recovery *r, struct err *err)
{
	const struct demands_space *space;
	char lsn[LSN_TEXT];

	if (!demands_read(r->arena, set_of(r), r->way.window, r->way.replay_from, r->way.replay_to,
		    &r->demands, err))
		return false;
	vec_each (&r->demands.spaces, space) {
		CLEANUP(str_done) struct str shown = STR_INIT(8 * KIB);

		if (!file_exists(space->location) || sandbox_place_is_empty(space->location))
			continue;
		text_visible(&shown, space->location, strlen(space->location), 0);
		err_set(err, ERR_REFUSED,
			"On the way the WAL creates a tablespace in %s (at %s), and something is "
			"there: the recovery would work in it.",
			str_text(&shown), lsn_format(space->lsn, lsn));
		return err_hint(err, "Recover on a host that has nothing there, or from a base "
				     "backup that was taken later: it holds the tablespace.");
	}
	return true;
}

static void
say_way(struct recovery *r, struct recovered *ret)
{
	CLEANUP(str_done) struct str target = STR_INIT(8 * KIB), ended = STR_INIT(100);
	char from[LSN_TEXT], to[LSN_TEXT], text[CLOCK_TEXT];
	const struct basebackup *b = base_of(r);
	uint64_t bytes = r->way.replay_to - MIN(r->way.replay_from, r->way.replay_to);

	recovery_text(&target, &r->way.target);
	ret->target = arena_strdup(r->arena, str_text(&target));
	ret->backup = b->set != NULL ? arena_fmt(r->arena, "%s/%s", b->set, b->name)
				     : arena_strdup(r->arena, b->name);
	ret->tli = r->way.target.tli;
	ret->replay_from = r->way.replay_from;
	ret->replay_to = r->way.replay_to;
	if (b->finished_at != CLOCK_NONE)
		str_fmt(&ended, ", ended %s", clock_format(b->finished_at, text));
	say(r, "Base backup %s%s.", ret->backup, str_text(&ended));
	say(r, "WAL to replay: %s to %s, %llu MiB.", lsn_format(r->way.replay_from, from),
		lsn_format(r->way.replay_to, to), (unsigned long long)(bytes / MIB));
	say(r, "It stops at: %s.", ret->target);
}

bool
sandbox_recover(
	const struct recover_spec *spec, struct arena *a, struct recovered *ret, struct err *err)
{
	struct recovery r = {.spec = spec, .arena = a};
	bool good;

	*ret = (struct recovered){.data = NULL};
	r.report = (struct window_report){
		.arena = a, .options = {.now = clock_now()}, .rate = WINDOW_REPORT_RATE};
	good = sandbox_choose_user(&sandbox_pg, &r.user, err) && choose_way(&r, err);
	if (good)
		say_way(&r, ret);
	good = good && check_demands(&r, err);
	if (good) {
		good = spec->directory != NULL ? fill_directory(&r, ret, err)
					       : start_sandbox(&r, ret, err);
	}
	window_report_done(&r.report);
	return good;
}

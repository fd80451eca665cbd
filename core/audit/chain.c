#include "base/banned.h"
#include "audit/chain_private.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/filelock.h"
#include "base/json.h"
#include "base/path.h"
#include "conf/json_read.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

/* How much of the end is read to find the last record: two of the longest. */
#define TAIL_MAX (2 * RECORD_MAX + 2)

bool
chain_fail(const struct chain *c, struct err *err, int errnum, const char *what)
{
	err_sys(err, ERR_AUDIT, errnum, "%s %s", what, c->path);
	if (errnum == ENOSPC || errnum == EDQUOT)
		return err_hint(err, "Nothing runs without a record of it. Make room on that file "
				     "system and try again.");
	return err_hint(err, "Nothing runs without a record of it.");
}

static bool
lock(struct chain *c, struct err *err)
{
	pid_t holder;

	if (filelock_take(c->fd, c->mode == CHAIN_SHARED ? CHAIN_LOCK_MS : 0))
		return true;
	if (errno != EWOULDBLOCK)
		return chain_fail(c, err, errno, "Cannot lock");
	holder = filelock_holder(c->fd);
	err_set(err, ERR_LOCK_HELD, "%s is being written by another process (pid %d).", c->path,
		(int)holder);
	return err_hint(err, "`lifeboat runs` shows what is running.");
}

static void
unlock(struct chain *c)
{
	if (c->mode == CHAIN_SHARED)
		filelock_release(c->fd);
}

/* F16: what we hold must still be what the name says. */
static bool
still_there(const struct chain *c, struct err *err)
{
	struct stat ours, named;

	if (fstat(c->fd, &ours) == 0 && lstat(c->path, &named) == 0 &&
		ours.st_ino == named.st_ino && ours.st_dev == named.st_dev && ours.st_nlink == 1)
		return true;
	err_set(err, ERR_AUDIT, "%s was replaced, renamed or removed while it was in use.",
		c->path);
	return err_hint(
		err, "Find out who did it. `lifeboat audit verify` examines what is there.");
}

/* Appends from now on, or writes over what is torn behind the last record. */
static bool
position(struct chain *c, bool over_torn)
{
	if (!over_torn)
		return fcntl(c->fd, F_SETFL, O_APPEND) == 0;
	return fcntl(c->fd, F_SETFL, 0) == 0 && lseek(c->fd, c->size, SEEK_SET) == c->size;
}

/*
 * Writes what is formatted behind the last record and syncs it. On a failed write the file is
 * cut back to where it was, so that a record is whole or absent (F05). Over torn bytes it is
 * not: they stay, or a mixture of them, for the next one who opens the log to save and record.
 */
static bool
write_over(struct chain *c, struct chain_head head, bool over_torn, struct err *err)
{
	if (c->line.full || c->line.len > RECORD_MAX)
		return err_set(err, ERR_AUDIT, "A record for %s is longer than 1 MiB.", c->path);
	if ((over_torn && !position(c, true)) || !file_write_all(c->fd, c->line.buf, c->line.len)) {
		int errnum = errno;

		if (over_torn || ftruncate(c->fd, c->size) < 0)
			c->failed = true;
		return chain_fail(c, err, errnum, "Cannot write");
	}
	if (over_torn &&
		(!position(c, false) || ftruncate(c->fd, c->size + (off_t)c->line.len) < 0)) {
		c->failed = true;
		return chain_fail(c, err, errno, "Cannot cut the torn record off");
	}
	if (fdatasync(c->fd) < 0) {
		c->failed = true;
		return chain_fail(c, err, errno, "Cannot sync");
	}
	c->size += (off_t)c->line.len;
	c->head = head;
	return true;
}

static void
note_event(struct chain *c, const char *line, size_t len)
{
	c->closed = record_is(line, len, "chain.rotated");
	c->sealed = record_is(line, len, "audit.sealed");
}

bool
chain_write_line(struct chain *c, struct chain_head head, struct err *err)
{
	return write_over(c, head, false, err);
}

static bool
append_locked(struct chain *c, const struct record *r, struct err *err)
{
	struct chain_head head = c->head;

	str_cut(&c->line, 0);
	c->line.full = false;
	record_format(&c->line, r, &head);
	if (!chain_write_line(c, head, err))
		return false;
	note_event(c, c->line.buf, c->line.len);
	return true;
}

/* The record that every log begins with: what it is, and which one. */
static void
format_opening(struct chain *c, struct chain_head *head)
{
	CLEANUP(str_done) struct str data = STR_INIT(4 * KIB);
	struct record r = {.run = c->run, .event = "chain.opened", .actor = c->actor};
	struct json j = json_new(&data);
	unsigned char id[16];
	char hex[2 * sizeof(id) + 1];

	digest_random(id, sizeof(id));
	json_object(&j, NULL);
	json_string(&j, "kind", c->kind);
	json_int(&j, "format", 1);
	json_string(&j, "file_id", digest_hex(id, sizeof(id), hex));
	json_string(&j, "boot_id", clock_boot_id());
	json_string(&j, "version", LIFEBOAT_VERSION);
	json_object_end(&j);
	r.data = str_text(&data);
	record_format(&c->line, &r, head);
}

static bool
begin_file(struct chain *c, struct err *err)
{
	struct chain_head head = c->head;

	str_cut(&c->line, 0);
	format_opening(c, &head);
	/* F10: after a crash the name must be there as well as the bytes. */
	return chain_write_line(c, head, err) && chain_sync_names(c, err);
}

/*
 * F11: the bytes behind the last good record go into a file of their own; then the record that
 * says so takes their place, in one write, so that they never go without it.
 */
static bool
save_torn(struct chain *c, const char *bytes, size_t len, struct err *err)
{
	CLEANUP(str_done) struct str data = STR_INIT(4 * KIB), aside = STR_INIT(PATH_MAX);
	struct record r = {.run = c->run, .event = "chain.recovered", .actor = c->actor};
	struct chain_head head = c->head;
	struct json j = json_new(&data);
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	digest_of(bytes, len, sum);
	digest_hex(sum, DIGEST_SIZE, hex);
	str_fmt(&aside, "%s.torn-%.16s", c->path, hex);
	if (!file_replace(str_text(&aside), bytes, len, 0640, err)) {
		err->code = ERR_AUDIT;
		return err_prefix(err, "A torn record at the end of %s can't be saved", c->path);
	}
	json_object(&j, NULL);
	json_string(&j, "torn_sha256", hex);
	json_int(&j, "torn_bytes", (int64_t)len);
	json_string(&j, "saved_as", path_base(aside.buf));
	json_object_end(&j);
	r.data = str_text(&data);
	str_cut(&c->line, 0);
	if (c->size == 0)
		format_opening(c, &head);
	record_format(&c->line, &r, &head);
	c->torn = true;
	return write_over(c, head, true, err);
}

static bool
damaged(const struct chain *c, struct err *err)
{
	err_set(err, ERR_AUDIT, "The last record of %s is damaged; nothing is written behind it.",
		c->path);
	return err_hint(err, "`lifeboat audit verify` tells what is wrong. Keep the file, move it "
			     "aside, and a new log begins.");
}

/* Looks at the end of the file: the last record, and whether something torn is behind it. */
static bool
read_tail(struct chain *c, off_t size, struct err *err)
{
	CLEANUP(util_free) char *tail = NULL;
	off_t from = MAX(size - (off_t)TAIL_MAX, 0);
	struct record_link link;
	const char *line, *end;
	ssize_t n;

	tail = util_alloc((size_t)(size - from));
	n = file_pread(c->fd, tail, (size_t)(size - from), from);
	if (n != size - from)
		return chain_fail(c, err, errno, "Cannot read");
	end = memrchr(tail, '\n', (size_t)n);
	if (end == NULL) {
		/* Not one whole line: a log that was torn while it was being created. */
		c->size = 0;
		return from == 0 ? true : damaged(c, err);
	}
	line = memrchr(tail, '\n', (size_t)(end - tail));
	line = line != NULL ? line + 1 : tail;
	if (!record_check(line, (size_t)(end - line), &link))
		return damaged(c, err);
	c->head.seq = link.seq;
	memcpy(c->head.hash, link.hash, 64);
	c->size = from + (end + 1 - tail);
	note_event(c, line, (size_t)(end - line));
	return true;
}

/* F16: the record that we saw last still ends where it ended. */
static bool
unchanged(const struct chain *c)
{
	char end[64 + 3];
	off_t from = c->size - (off_t)sizeof(end);

	return c->head.seq == 0 ||
	       (file_pread(c->fd, end, sizeof(end), from) == (ssize_t)sizeof(end) &&
		       memcmp(end, c->head.hash, 64) == 0 && memcmp(end + 64, "\"}\n", 3) == 0);
}

bool
chain_catch_up(struct chain *c, struct err *err)
{
	CLEANUP(util_free) char *rest = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(c->fd, &st) < 0)
		return chain_fail(c, err, errno, "Cannot examine");
	if (st.st_size < c->size) {
		c->failed = true;
		err_set(err, ERR_AUDIT, "%s became shorter while it was in use.", c->path);
		return err_hint(err, "Somebody cut records off. `lifeboat audit verify "
				     "--expect-head` shows what is missing.");
	}
	if (!unchanged(c)) {
		c->failed = true;
		err_set(err, ERR_AUDIT, "%s was rewritten while it was in use.", c->path);
		return err_hint(err, "`lifeboat audit verify --expect-head %llu:%s` shows it.",
			(unsigned long long)c->head.seq, c->head.hash);
	}
	if (st.st_size == c->size)
		return true;
	if (!read_tail(c, st.st_size, err))
		return false;
	if (st.st_size == c->size)
		return true;
	rest = util_alloc((size_t)(st.st_size - c->size));
	n = file_pread(c->fd, rest, (size_t)(st.st_size - c->size), c->size);
	if (n != st.st_size - c->size)
		return chain_fail(c, err, errno, "Cannot read");
	return save_torn(c, rest, (size_t)n, err);
}

bool
chain_open_file(struct chain *c, int flags, struct err *err)
{
	struct stat st;

	c->fd = open(c->path,
		flags | O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0640);
	if (c->fd < 0 && errno == ELOOP)
		return err_set(err, ERR_AUDIT, "%s is a symbolic link; a log must be a plain file.",
			c->path);
	if (c->fd < 0)
		return chain_fail(c, err, errno, "Cannot open");
	if (fstat(c->fd, &st) < 0)
		return chain_fail(c, err, errno, "Cannot examine");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_AUDIT, "%s is not a regular file.", c->path);
	if (st.st_nlink != 1)
		return err_set(err, ERR_AUDIT, "%s has %lu names (hard links); a log has one.",
			c->path, (unsigned long)st.st_nlink);
	if ((st.st_mode & 002) != 0) {
		err_set(err, ERR_AUDIT, "%s can be written by everybody.", c->path);
		return err_hint(err, "chmod o-w %s", c->path);
	}
	return true;
}

cJSON *
chain_opening(int fd)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	char head[4 * KIB];
	ssize_t n = file_pread(fd, head, sizeof(head), 0);
	const char *end = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;

	if (n >= 0)
		errno = 0;
	return end != NULL ? json_parse(head, (size_t)(end - head), &ignored) : NULL;
}

/* A run's journal is no audit log. */
bool
chain_identify(struct chain *c, struct err *err)
{
	CLEANUP(json_free) cJSON *j = chain_opening(c->fd);
	int errnum = j == NULL ? errno : 0;
	const cJSON *data = json_get(j, "data");
	const char *id = json_get_text(data, "file_id");
	int64_t part = json_get_int(data, "part", 1);

	if (errnum != 0)
		return chain_fail(c, err, errnum, "Cannot read");
	if (util_streq(json_get_text(data, "kind"), c->kind) && id != NULL &&
		strlen(id) < sizeof(c->file_id) && part > 0) {
		snprintf(c->file_id, sizeof(c->file_id), "%s", id);
		c->part = (uint64_t)part;
		return true;
	}
	err_set(err, ERR_AUDIT, "%s is not a log of the kind \"%s\".", c->path, c->kind);
	return err_hint(err, "Keep the file, move it aside, and a new log begins.");
}

/* The newest file of a log that was rotated is never made anew: that would hide that it is gone. */
static bool
may_begin(const struct chain *c, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *first = chain_part_path(&a, c->path, 1);

	if (c->mode != CHAIN_SHARED || file_exists(c->path) || !file_exists(first))
		return true;
	err_set(err, ERR_AUDIT, "%s is missing, though %s is there.", c->path, first);
	return err_hint(err, "Put it back. To begin a new log, move the old one's files aside.");
}

bool
chain_open(const char *path, enum chain_mode mode, const char *kind, const char *run,
	const char *actor, struct chain **ret, struct err *err)
{
	struct chain *c = util_alloc(sizeof(*c));
	bool good;

	c->path = util_strdup(path);
	c->actor = util_strdup(actor);
	c->kind = util_strdup(kind);
	c->run = run != NULL ? util_strdup(run) : NULL;
	c->mode = mode;
	c->fd = -1;
	c->line = (struct str)STR_INIT(RECORD_MAX + KIB);
	good = may_begin(c, err) && chain_open_file(c, O_CREAT, err) && lock(c, err);
	if (good) {
		good = chain_catch_up(c, err) && (c->size > 0 || begin_file(c, err)) &&
		       chain_identify(c, err) && chain_finish_rotation(c, err);
		unlock(c);
	}
	if (!good) {
		chain_free(c);
		return false;
	}
	*ret = c;
	return true;
}

void
chain_free(struct chain *c)
{
	if (c == NULL)
		return;
	util_close(&c->fd);
	str_done(&c->line);
	free(c->path);
	free(c->actor);
	free(c->kind);
	free(c->run);
	free(c);
}

static bool
usable(const struct chain *c, struct err *err)
{
	if (!c->failed)
		return true;
	err_set(err, ERR_AUDIT, "%s failed earlier and is not trusted any more.", c->path);
	return err_hint(err, "Mend the disk, then resume the run.");
}

/* The lock, and behind it the file that the name means now, read to its end. */
static bool
take(struct chain *c, struct err *err)
{
	if (!usable(c, err) || (c->mode == CHAIN_SHARED && !lock(c, err)))
		return false;
	if (still_there(c, err) ? chain_catch_up(c, err) && chain_finish_rotation(c, err)
				: chain_follow(c, err))
		return true;
	unlock(c);
	return false;
}

bool
chain_settle(struct chain *c, struct err *err)
{
	if (!take(c, err))
		return false;
	unlock(c);
	return true;
}

bool
chain_append_made(struct chain *c, chain_make make, void *arg, struct err *err)
{
	struct record r = {.run = c->run, .actor = c->actor};
	bool good;

	if (!take(c, err))
		return false;
	good = make(c, &r, arg, err) && append_locked(c, &r, err);
	unlock(c);
	return good;
}

static bool
as_given(const struct chain *c, struct record *ret, void *arg, struct err *err)
{
	*ret = *(const struct record *)arg;
	return true;
}

bool
chain_append(struct chain *c, const struct record *r, struct err *err)
{
	return chain_append_made(c, as_given, (void *)r, err);
}

bool
chain_reserve(struct chain *c, size_t bytes, struct err *err)
{
	if (!usable(c, err))
		return false;
	if (fallocate(c->fd, FALLOC_FL_KEEP_SIZE, c->size, (off_t)bytes) == 0 ||
		errno == EOPNOTSUPP || errno == ENOSYS)
		return true;
	return chain_fail(c, err, errno, "Cannot put room aside in");
}

const struct chain_head *
chain_head(const struct chain *c)
{
	return &c->head;
}

const char *
chain_last_line(const struct chain *c, size_t *ret_len)
{
	const char *before;

	*ret_len = 0;
	if (c->line.len == 0)
		return "";
	/* Recovering writes two at once. */
	*ret_len = c->line.len - 1;
	before = memrchr(c->line.buf, '\n', *ret_len);
	if (before == NULL)
		return c->line.buf;
	*ret_len -= (size_t)(before + 1 - c->line.buf);
	return before + 1;
}

const char *
chain_path(const struct chain *c)
{
	return c->path;
}

const char *
chain_file_id(const struct chain *c)
{
	return c->file_id;
}

uint64_t
chain_part(const struct chain *c)
{
	return c->part;
}

bool
chain_is_sealed(const struct chain *c)
{
	return c->sealed;
}

int64_t
chain_bytes(const struct chain *c)
{
	return c->size;
}

bool
chain_was_torn(const struct chain *c)
{
	return c->torn;
}

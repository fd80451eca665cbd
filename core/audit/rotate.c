/*
 * rotate: a log goes on in a new file.
 *
 *   PATH            the newest file
 *   PATH.000001     the oldest, and so on
 *   PATH.next       while a rotation is under way: first the new file, then the closed one
 *
 * In this order, each step durable before the next: the record chain.rotated closes the file;
 * PATH.next is written with the record chain.continued, which follows from it; the two names are
 * exchanged; PATH.next, which is the closed file now, gets its number. A crash in between leaves
 * one of four states, and from each there is one way on.
 */
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
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

const char *
chain_part_path(struct arena *a, const char *path, uint64_t part)
{
	return arena_fmt(a, "%s.%06llu", path, (unsigned long long)part);
}

bool
chain_read_id(const char *path, char ret[CHAIN_ID])
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	CLEANUP(json_free) cJSON *j = fd >= 0 ? chain_opening(fd) : NULL;
	const char *id = json_get_text(json_get(j, "data"), "file_id");

	if (id == NULL || strlen(id) >= CHAIN_ID || strspn(id, "0123456789abcdef") != strlen(id))
		return false;
	snprintf(ret, CHAIN_ID, "%s", id);
	return true;
}

static const char *
next_path(struct arena *a, const struct chain *c)
{
	return arena_fmt(a, "%s.next", c->path);
}

static bool
exchange_failed(const struct chain *c, struct err *err)
{
	chain_fail(c, err, errno, "Cannot exchange");
	if (errno == EINVAL || errno == ENOSYS)
		return err_hint(err, "This file system can't exchange two names; the audit log "
				     "can't be rotated here.");
	return false;
}

bool
chain_sync_names(const struct chain *c, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	if (file_sync_dir(path_dir(&a, c->path), err))
		return true;
	err->code = ERR_AUDIT;
	return err_hint(err, "Nothing runs without a record of it.");
}

/* Whether the file is this part of the log. */
static bool
is_part(const struct chain *c, const char *path, uint64_t part)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	CLEANUP(json_free) cJSON *j = fd >= 0 ? chain_opening(fd) : NULL;
	const cJSON *data = json_get(j, "data");

	return util_streq(json_get_text(data, "file_id"), c->file_id) &&
	       json_get_int(data, "part", 1) == (int64_t)part;
}

/* The last step: the closed file gets its number. */
static bool
number_closed(struct chain *c, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *closed = chain_part_path(&a, c->path, c->part - 1), *next = next_path(&a, c);

	if (file_exists(closed) || !is_part(c, next, c->part - 1))
		return true; /* done; or gone, which verify will tell */
	if (renameat2(AT_FDCWD, next, AT_FDCWD, closed, RENAME_NOREPLACE) < 0)
		return chain_fail(c, err, errno, "Cannot number the file before");
	return chain_sync_names(c, err);
}

static void
format_continued(struct chain *c, struct chain_head *head, const char *before)
{
	CLEANUP(str_done) struct str data = STR_INIT(4 * KIB);
	struct record r = {.run = c->run, .event = "chain.continued", .actor = c->actor};
	struct json j = json_new(&data);

	json_object(&j, NULL);
	json_string(&j, "kind", c->kind);
	json_int(&j, "format", 1);
	json_string(&j, "file_id", c->file_id);
	json_int(&j, "part", (int64_t)c->part + 1);
	json_string(&j, "before", path_base(before));
	json_string(&j, "boot_id", clock_boot_id());
	json_string(&j, "version", LIFEBOAT_VERSION);
	json_object_end(&j);
	r.data = str_text(&data);
	str_cut(&c->line, 0);
	record_format(&c->line, &r, head);
}

/* The new file, whole and durable under PATH.next. */
static bool
write_next(struct chain *c, const char *next, struct chain_head *head, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct stat st;

	if (fstat(c->fd, &st) < 0)
		return chain_fail(c, err, errno, "Cannot examine");
	format_continued(c, head, chain_part_path(&a, c->path, c->part));
	if (!file_replace(next, c->line.buf, c->line.len, st.st_mode & 0777, err)) {
		err->code = ERR_AUDIT;
		return err_prefix(err, "The next file of %s can't be written", c->path);
	}
	/* Those who could write the log go on being able to. */
	if (chown(next, st.st_uid, st.st_gid) < 0 && chown(next, (uid_t)-1, st.st_gid) < 0)
		return chain_fail(c, err, errno, "Cannot give away the next file of");
	return true;
}

/* c goes over to the file that its name means now; it is locked and read. */
static bool
go_over(struct chain *c, struct err *err)
{
	int old = c->fd;

	if (!chain_open_file(c, 0, err)) {
		util_close(&c->fd);
		c->fd = old;
		return false;
	}
	close(old);
	if (!filelock_take(c->fd, CHAIN_LOCK_MS))
		return chain_fail(c, err, errno, "Cannot lock");
	c->size = 0;
	c->head = (struct chain_head){0};
	c->closed = false;
	return chain_catch_up(c, err) && chain_identify(c, err);
}

bool
chain_finish_rotation(struct chain *c, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct chain_head head = c->head;
	const char *next = next_path(&a, c);

	if (c->part > 1 && !number_closed(c, err))
		return false;
	if (!c->closed)
		return true;
	if (!write_next(c, next, &head, err))
		return false;
	if (renameat2(AT_FDCWD, next, AT_FDCWD, c->path, RENAME_EXCHANGE) < 0)
		return exchange_failed(c, err);
	return chain_sync_names(c, err) && go_over(c, err) && number_closed(c, err);
}

/* Whether the file's first record is the one that follows from our last. */
static bool
continues(const struct chain *c, const char *path)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char head[4 * KIB];
	ssize_t n = fd >= 0 ? file_pread(fd, head, sizeof(head), 0) : -1;
	const char *end = n > 0 ? memchr(head, '\n', (size_t)n) : NULL;
	struct record_link link;

	return end != NULL && record_check(head, (size_t)(end - head), &link) &&
	       link.seq == c->head.seq + 1 && memcmp(link.prev, c->head.hash, 64) == 0;
}

/* The files between ours and the newest, when it was rotated more than once. */
static bool
is_ancestor(struct arena *a, const struct chain *c, uint64_t newest)
{
	uint64_t next = c->part + 1;

	return continues(c, next == newest ? c->path : chain_part_path(a, c->path, next));
}

bool
chain_follow(struct chain *c, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct chain now = {.path = c->path, .kind = c->kind, .fd = -1, .mode = c->mode};
	bool ours;

	/* *err says already that the file was replaced (F16). */
	if (c->mode != CHAIN_SHARED || !chain_catch_up(c, &why) || !c->closed)
		return false;
	ours = chain_open_file(&now, 0, &why) && chain_identify(&now, &why) &&
	       strcmp(now.file_id, c->file_id) == 0 && now.part > c->part &&
	       is_ancestor(&a, c, now.part);
	util_close(&now.fd);
	if (!ours)
		return false;
	err_done(err);
	*err = (struct err)ERR_INIT;
	return go_over(c, err) && chain_finish_rotation(c, err);
}

static bool
closing_record(const struct chain *c, struct record *ret, void *arg, struct err *err)
{
	*ret = (struct record){.event = "chain.rotated", .actor = c->actor, .data = arg};
	return true;
}

/* A log that is closed must go on: whether the names can be exchanged is tried before, with two
 * files that mean nothing. */
static bool
can_exchange(const struct chain *c, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *one = arena_fmt(&a, "%s.try1", c->path),
		   *two = arena_fmt(&a, "%s.try2", c->path);
	struct stat st;
	bool good;

	if (fstat(c->fd, &st) < 0)
		return chain_fail(c, err, errno, "Cannot examine");
	if (st.st_uid != geteuid() && geteuid() != 0) {
		err_set(err, ERR_PERMISSION, "%s belongs to another user, who alone can rotate it.",
			c->path);
		return false;
	}
	good = file_replace(one, "", 0, 0600, err) && file_replace(two, "", 0, 0600, err) &&
	       (renameat2(AT_FDCWD, one, AT_FDCWD, two, RENAME_EXCHANGE) == 0 ||
		       exchange_failed(c, err));
	unlink(one);
	unlink(two);
	return good;
}

bool
chain_rotate(struct chain *c, struct err *err)
{
	char data[100];

	if (c->mode != CHAIN_SHARED)
		BUG("only shared logs are rotated");
	if (!can_exchange(c, err)) {
		err->code = err->code == ERR_PERMISSION ? ERR_PERMISSION : ERR_AUDIT;
		return false;
	}
	snprintf(data, sizeof(data), "{\"part\":%llu}", (unsigned long long)c->part);
	/* Whoever has the lock next finds it closed and does the rest. */
	return chain_append_made(c, closing_record, data, err) && chain_settle(c, err);
}

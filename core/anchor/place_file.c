/*
 * place_file: a line appended to a file that somebody else owns: with `chattr +a`, or with a
 * daemon of that user behind a FIFO. A file of our own would prove nothing against ourselves.
 */
#include "base/banned.h"
#include "anchor/anchor.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
of_another(const struct stat *st, const char *path, struct err *err)
{
	if (st->st_uid != geteuid())
		return true;
	err_set(err, ERR_UNSAFE, "%s belongs to ourselves; it can vouch for nothing.", path);
	return err_hint(err,
		"Give it to another user, and us the right to append: "
		"chown OTHER %s; chmod 620 %s; chattr +a %s",
		path, path, path);
}

static bool
push(const struct anchor_conf *c, const struct anchor *a, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(ANCHOR_LINE_MAX);
	/* Opening a FIFO waits for its reader: that is for the deadline of our process. */
	CLEANUP(util_close)
	int fd = open(c->file, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno == EACCES ? ERR_PERMISSION : ERR_IO, errno,
			"Cannot append to %s", c->file);
	if (!of_another(&st, c->file, err))
		return false;
	anchor_format(&line, a);
	str_addc(&line, '\n');
	if (write(fd, line.buf, line.len) != (ssize_t)line.len)
		return err_sys(err, ERR_IO, errno, "Cannot append to %s", c->file);
	if (S_ISREG(st.st_mode) && fdatasync(fd) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot sync %s", c->file);
	return true;
}

static bool
fetch(const struct anchor_conf *c, const char *file_id, struct arena *a, anchor_list *ret,
	struct err *err)
{
	struct stat st;

	if (stat(c->file, &st) < 0)
		return err_sys(err, ERR_IO, errno, "Cannot examine %s", c->file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_UNSUPPORTED,
			"%s is no regular file: what it was told is kept elsewhere.", c->file);
	if (!of_another(&st, c->file, err))
		return false;
	return anchor_read_file(a, c->file, c->file, ret, err);
}

const struct anchor_place anchor_place_file = {.kind = "file", .push = push, .fetch = fetch};

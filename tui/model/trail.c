#include "base/banned.h"
#include "tui/model/trail.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

void
trail_init(struct trail *t, const char *path)
{
	*t = (struct trail){.path = util_strdup(path), .bytes = STR_INIT(2 * TRAIL_BYTES)};
}

void
trail_done(struct trail *t)
{
	free(t->path);
	free(t->lines);
	str_done(&t->bytes);
	err_done(&t->err);
}

static void
forget(struct trail *t)
{
	str_cut(&t->bytes, 0);
	t->n = 0;
	t->end = 0;
	t->cut = false;
}

/* Finds the lines again after bytes came or went. */
static void
index_lines(struct trail *t)
{
	const char *nl;
	size_t at = 0;

	t->n = 0;
	for (;;) {
		if (t->n + 1 >= t->cap) {
			t->cap = t->cap > 0 ? t->cap * 2 : 1024;
			t->lines = util_realloc(t->lines, t->cap, sizeof(*t->lines));
		}
		t->lines[t->n] = at;
		nl = at < t->bytes.len ? memchr(t->bytes.buf + at, '\n', t->bytes.len - at) : NULL;
		if (nl == NULL)
			return;
		at = (size_t)(nl - t->bytes.buf) + 1;
		t->n++;
	}
}

/* Takes the file from `from` to its end, behind what is kept. */
static bool
take(struct trail *t, int fd, int64_t from, int64_t to)
{
	static char chunk[64 * KIB];

	while (from < to) {
		ssize_t n =
			file_pread(fd, chunk, (size_t)MIN((int64_t)sizeof(chunk), to - from), from);

		if (n <= 0)
			return n == 0 || err_sys(&t->err, ERR_IO, errno, "Cannot read %s", t->path);
		str_addn(&t->bytes, chunk, (size_t)n);
		from += n;
	}
	return true;
}

/* The oldest go when there are too many; a line that began before what is kept goes, too. */
static void
drop_old(struct trail *t, bool torn)
{
	size_t drop = t->bytes.len > TRAIL_BYTES ? t->bytes.len - TRAIL_BYTES : 0;
	const char *nl;

	if (drop == 0 && !torn)
		return;
	nl = memchr(t->bytes.buf + drop, '\n', t->bytes.len - drop);
	str_drop(&t->bytes, nl != NULL ? (size_t)(nl - t->bytes.buf) + 1 : t->bytes.len);
	t->cut = true;
}

bool
trail_poll(struct trail *t)
{
	CLEANUP(util_close) int fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int64_t from;
	struct stat st;
	bool had = t->err.code != ERR_NONE;

	err_done(&t->err);
	if (fd < 0 || fstat(fd, &st) < 0) {
		err_sys(&t->err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno, "Cannot read %s",
			t->path);
		forget(t);
		return !had;
	}
	/* Another file, or one that was cut: from the start. */
	if ((int64_t)st.st_ino != t->inode || st.st_size < t->end)
		forget(t);
	t->inode = (int64_t)st.st_ino;
	if (st.st_size == t->end)
		return had;
	from = MAX(t->end, st.st_size - TRAIL_BYTES);
	if (from > t->end)
		forget(t);
	if (!take(t, fd, from, st.st_size))
		return true;
	drop_old(t, from > 0 && t->end == 0);
	t->end = st.st_size;
	index_lines(t);
	return true;
}

const char *
trail_line(const struct trail *t, size_t i, size_t *ret_len)
{
	size_t line = t->n - 1 - i;

	*ret_len = t->lines[line + 1] - t->lines[line] - 1;
	return t->bytes.buf + t->lines[line];
}

uint64_t
trail_seq(const struct trail *t, size_t i)
{
	static const char start[] = "{\"seq\":";
	size_t len;
	const char *line = trail_line(t, i, &len);
	uint64_t seq = 0;

	if (len < sizeof(start) || memcmp(line, start, sizeof(start) - 1) != 0)
		return i;
	for (size_t k = sizeof(start) - 1; k < len && line[k] >= '0' && line[k] <= '9'; k++)
		seq = seq * 10 + (uint64_t)(line[k] - '0');
	return seq;
}

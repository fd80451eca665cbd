/*
 * listing_writer: texts stream into the file; rows are sorted in runs of RUN, spilled into a
 * nameless file and merged at the end, so that memory does not grow with the listing.
 */
#include "base/banned.h"
#include "catalog/listing.h"
#include "catalog/listing_format.h"
#include "base/file.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define RUN    32768
#define BUFFER (256 * KIB)
#define WINDOW 1024 /* rows of one run in memory while merging */

struct listing_writer {
	char *path;
	int fd, spill; /* spill: -1 until the first full run */
	struct str buffer;
	uint64_t at; /* written to fd so far, the buffer not included */
	struct listing_row *rows;
	size_t n;
	uint64_t runs, total;
	bool finished;
};

/* One run while it is merged. */
struct run {
	struct listing_row *rows;
	size_t n, next;
	uint64_t left; /* rows not read yet */
	off_t offset;
};

bool
listing_writer_new(const char *path, struct listing_writer **ret, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	struct listing_header none = {.version = 0};
	struct listing_writer *w;

	if (fd < 0 || fchmod(fd, 0644) < 0) {
		err_sys(err, ERR_IO, errno, "Cannot create %s", path);
		util_close(&fd);
		return false;
	}
	w = util_alloc(sizeof(*w));
	w->path = util_strdup(path);
	w->fd = fd;
	w->spill = -1;
	w->buffer = (struct str)STR_INIT(2 * BUFFER + LISTING_TEXTS * (LISTING_TEXT + 1));
	w->rows = util_alloc(RUN * sizeof(*w->rows));
	str_addn(&w->buffer, &none, sizeof(none));
	*ret = w;
	return true;
}

static bool
write_failed(const struct listing_writer *w, struct err *err)
{
	err_sys(err, ERR_IO, errno, "Cannot write %s", w->path);
	if (errno == ENOSPC || errno == EDQUOT)
		return err_hint(err, "Make room on the file system of the state directory.");
	return false;
}

static bool
flush(struct listing_writer *w, struct err *err)
{
	if (!file_write_all(w->fd, w->buffer.buf, w->buffer.len))
		return write_failed(w, err);
	w->at += w->buffer.len;
	str_cut(&w->buffer, 0);
	return true;
}

static int
compare(const void *va, const void *vb)
{
	const struct listing_row *a = va, *b = vb;

	if (a->finished_at != b->finished_at)
		return a->finished_at < b->finished_at ? 1 : -1;
	if (a->mtime != b->mtime)
		return a->mtime < b->mtime ? 1 : -1;
	return a->texts_at < b->texts_at ? -1 : a->texts_at > b->texts_at;
}

static bool
spill(struct listing_writer *w, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	if (w->spill < 0)
		w->spill = open(path_dir(&a, w->path), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (w->spill < 0)
		return write_failed(w, err);
	qsort(w->rows, w->n, sizeof(*w->rows), compare);
	if (!file_write_all(w->spill, w->rows, w->n * sizeof(*w->rows)))
		return write_failed(w, err);
	w->runs++;
	w->n = 0;
	return true;
}

bool
listing_add(struct listing_writer *w, const struct backup *b, struct err *err)
{
	const char *texts[] = {b->name, b->path, b->etag, b->note, b->detail};
	struct listing_row *row = &w->rows[w->n];

	if (w->total >= LISTING_MAX)
		return err_set(
			err, ERR_LIMIT, "There are more than %d backups in one set.", LISTING_MAX);
	*row = (struct listing_row){.finished_at = b->finished_at,
		.mtime = b->mtime,
		.size = b->size,
		.texts_at = w->at + w->buffer.len,
		.time_from = (uint8_t)b->time_from,
		.state = (uint8_t)b->state,
		.directory = b->directory};
	for (size_t k = 0; k < LISTING_TEXTS; k++) {
		size_t length = strlen(texts[k]);

		if (length > LISTING_TEXT)
			return err_set(
				err, ERR_LIMIT, "A name or note of %zu bytes is too long.", length);
		row->length[k] = (uint16_t)length;
		str_addn(&w->buffer, texts[k], length + 1);
	}
	w->total++;
	if (++w->n == RUN && !spill(w, err))
		return false;
	return w->buffer.len < BUFFER || flush(w, err);
}

/* The row that comes next in this run; NULL at its end. */
static const struct listing_row *
peek(struct listing_writer *w, struct run *r, struct err *err, bool *bad)
{
	if (r->next < r->n)
		return &r->rows[r->next];
	if (r->left == 0)
		return NULL;
	r->n = (size_t)MIN(r->left, WINDOW);
	r->next = 0;
	if (file_pread(w->spill, r->rows, r->n * sizeof(*r->rows), r->offset) !=
		(ssize_t)(r->n * sizeof(*r->rows))) {
		*bad = !err_sys(err, ERR_IO, errno, "Cannot read back %s", w->path);
		return NULL;
	}
	r->offset += (off_t)(r->n * sizeof(*r->rows));
	r->left -= r->n;
	return r->rows;
}

/* Runs are few (LISTING_MAX / RUN at most), so the smallest is looked for one by one. */
static bool
merge(struct listing_writer *w, struct run *runs, struct err *err)
{
	bool bad = false;

	for (;;) {
		const struct listing_row *best = NULL, *row;
		struct run *from = NULL;

		for (uint64_t i = 0; i < w->runs && !bad; i++) {
			row = peek(w, &runs[i], err, &bad);
			if (row != NULL && (best == NULL || compare(row, best) < 0)) {
				best = row;
				from = &runs[i];
			}
		}
		if (bad || best == NULL)
			return !bad;
		str_addn(&w->buffer, best, sizeof(*best));
		from->next++;
		if (w->buffer.len >= BUFFER && !flush(w, err))
			return false;
	}
}

static bool
merge_runs(struct listing_writer *w, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct run *runs;

	if (w->n > 0 && !spill(w, err))
		return false;
	runs = arena_array(&a, w->runs, sizeof(*runs));
	for (uint64_t i = 0; i < w->runs; i++) {
		runs[i].rows = arena_array(&a, WINDOW, sizeof(struct listing_row));
		runs[i].left = MIN(w->total - i * RUN, RUN);
		runs[i].offset = (off_t)(i * RUN * sizeof(struct listing_row));
	}
	return merge(w, runs, err);
}

static bool
write_rows(struct listing_writer *w, struct err *err)
{
	if (w->runs > 0)
		return merge_runs(w, err);
	qsort(w->rows, w->n, sizeof(*w->rows), compare);
	if (!flush(w, err))
		return false;
	if (!file_write_all(w->fd, w->rows, w->n * sizeof(*w->rows)))
		return write_failed(w, err);
	w->at += w->n * sizeof(*w->rows);
	return true;
}

bool
listing_finish(struct listing_writer *w, struct err *err)
{
	struct listing_header h = {.version = LISTING_VERSION,
		.order = LISTING_ORDER,
		.header_size = sizeof(h),
		.row_size = sizeof(struct listing_row),
		.texts_at = sizeof(h)};

	memcpy(h.magic, LISTING_MAGIC, sizeof(h.magic));
	h.texts_size = w->at + w->buffer.len - h.texts_at;
	while ((w->at + w->buffer.len) % sizeof(int64_t) != 0)
		str_addc(&w->buffer, '\0');
	h.rows_at = w->at + w->buffer.len;
	if (!write_rows(w, err) || !flush(w, err))
		return false;
	h.rows = w->total;
	h.file_size = w->at;
	digest_of(&h, offsetof(struct listing_header, digest), h.digest);
	if (pwrite(w->fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return write_failed(w, err);
	w->finished = true;
	return true;
}

void
listing_writer_free(struct listing_writer *w)
{
	if (w == NULL)
		return;
	if (!w->finished)
		unlink(w->path);
	util_close(&w->fd);
	util_close(&w->spill);
	str_done(&w->buffer);
	free(w->rows);
	free(w->path);
	free(w);
}

#include "base/banned.h"
#include "catalog/listing.h"
#include "catalog/listing_format.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

struct listing {
	const char *map;
	size_t size;
	struct listing_header header;
	const struct listing_row *rows;
	char *path;
};

static bool
damaged(const char *path, const char *what, struct err *err)
{
	err_set(err, ERR_DAMAGED, "%s is not a listing of this version of Lifeboat: %s.", path,
		what);
	return err_hint(err, "It is only a cache: `lifeboat collect` makes a new one.");
}

static bool
check_header(const struct listing_header *h, uint64_t size, const char *path, struct err *err)
{
	unsigned char digest[DIGEST_SIZE];
	uint64_t rows_size, end;

	if (memcmp(h->magic, LISTING_MAGIC, sizeof(h->magic)) != 0 ||
		h->version != LISTING_VERSION || h->order != LISTING_ORDER ||
		h->header_size != sizeof(*h) || h->row_size != sizeof(struct listing_row))
		return damaged(path, "it is another kind of file", err);
	digest_of(h, offsetof(struct listing_header, digest), digest);
	if (memcmp(digest, h->digest, sizeof(digest)) != 0)
		return damaged(path, "its header is damaged", err);
	if (h->file_size != size)
		return damaged(path, "it is incomplete", err);
	if (h->rows > LISTING_MAX || h->texts_at != sizeof(*h) || h->texts_size > size ||
		__builtin_mul_overflow(h->rows, sizeof(struct listing_row), &rows_size) ||
		h->rows_at < h->texts_at + h->texts_size || h->rows_at % sizeof(int64_t) != 0 ||
		__builtin_add_overflow(h->rows_at, rows_size, &end) || end != size)
		return damaged(path, "its header contradicts itself", err);
	return true;
}

bool
listing_open(const char *path, struct listing **ret, struct err *err)
{
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct listing_header header;
	struct listing *l;
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open %s", path);
	if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(header))
		return damaged(path, "it is too short", err);
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_sys(err, ERR_IO, errno, "Cannot map %s", path);
	memcpy(&header, map, sizeof(header));
	if (!check_header(&header, (uint64_t)st.st_size, path, err)) {
		munmap(map, (size_t)st.st_size);
		return false;
	}
	l = util_alloc(sizeof(*l));
	l->map = map;
	l->size = (size_t)st.st_size;
	l->header = header;
	l->rows = (const struct listing_row *)(const void *)(l->map + header.rows_at);
	l->path = util_strdup(path);
	*ret = l;
	return true;
}

void
listing_free(struct listing *l)
{
	if (l == NULL)
		return;
	munmap((void *)(uintptr_t)l->map, l->size);
	free(l->path);
	free(l);
}

uint64_t
listing_count(const struct listing *l)
{
	return l->header.rows;
}

bool
listing_get(const struct listing *l, uint64_t i, struct backup *ret, struct err *err)
{
	const char **text[] = {&ret->name, &ret->path, &ret->etag, &ret->note, &ret->detail};
	uint64_t at, end = l->header.texts_at + l->header.texts_size;
	const struct listing_row *row;

	if (i >= l->header.rows)
		BUG("row %llu of %llu", (unsigned long long)i, (unsigned long long)l->header.rows);
	row = &l->rows[i];
	at = row->texts_at;
	if (at < l->header.texts_at || row->time_from > TIME_MTIME || row->state > BACKUP_FAILED)
		return damaged(l->path, "a row is damaged", err);
	for (size_t k = 0; k < LISTING_TEXTS; k++) {
		uint64_t length = row->length[k];

		if (at >= end || length >= end - at || l->map[at + length] != '\0')
			return damaged(l->path, "a row is damaged", err);
		*text[k] = l->map + at;
		at += length + 1;
	}
	ret->finished_at = row->finished_at;
	ret->mtime = row->mtime;
	ret->size = row->size;
	ret->time_from = row->time_from;
	ret->state = row->state;
	ret->directory = row->directory != 0;
	return true;
}

uint64_t
listing_seek(const struct listing *l, int64_t at)
{
	uint64_t low = 0, high = l->header.rows;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (l->rows[middle].finished_at > at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

#include "base/banned.h"
#include "verify/tape.h"
#include "base/bytes.h"
#include "verify/lib_archive.h"

#include <errno.h>

#define BLOCK          512
#define END_SIZE       ((size_t)2 * BLOCK)
#define NAME_MAX_BYTES 4096

struct tape {
	const struct lib_archive *lib;
	struct archive *archive;
	struct scan *in;
	struct scan data;
	struct err err; /* what the input failed with, behind libarchive's back */
	/* what libarchive was given last */
	const unsigned char *chunk;
	size_t chunk_len;
	uint64_t fed;
	unsigned char end[END_SIZE]; /* the last bytes of it all */
	uint64_t before;             /* how much was used when the next member was asked for */
	bool any, sealed;
};

static la_ssize_t
feed(struct archive *a, void *arg, const void **ret)
{
	struct tape *t = arg;
	ssize_t n = scan_pull(t->in, &t->chunk, &t->err);

	*ret = t->chunk;
	if (n < 0) {
		t->lib->archive_set_error(a, EIO, "input");
		return ARCHIVE_FATAL;
	}
	t->chunk_len = (size_t)n;
	t->fed += (uint64_t)n;
	if ((size_t)n >= END_SIZE) {
		memcpy(t->end, t->chunk + n - END_SIZE, END_SIZE);
	} else if (n > 0) {
		memmove(t->end, t->end + n, END_SIZE - (size_t)n);
		memcpy(t->end + END_SIZE - n, t->chunk, (size_t)n);
	}
	return n;
}

static bool
failed(struct tape *t, struct err *err)
{
	const char *why = t->lib->archive_error_string(t->archive);

	if (t->err.code != ERR_NONE)
		return err_move(err, &t->err);
	if (why != NULL && strcasestr(why, "encrypt") != NULL)
		return err_set(err, ERR_UNSUPPORTED, "The archive is encrypted.");
	return err_set(err, ERR_DAMAGED, "The archive is damaged or cut off after %llu bytes (%s).",
		(unsigned long long)t->lib->archive_filter_bytes(t->archive, -1),
		why != NULL ? why : "no reason given");
}

static ssize_t
pull_data(void *arg, const unsigned char **ret, struct err *err)
{
	struct tape *t = arg;
	const void *block;
	size_t size;
	la_int64_t offset;
	int status;

	do {
		status = t->lib->archive_read_data_block(t->archive, &block, &size, &offset);
	} while (status == ARCHIVE_OK && size == 0);
	if (status == ARCHIVE_EOF)
		return 0;
	if (status != ARCHIVE_OK) {
		failed(t, err);
		return -1;
	}
	*ret = block;
	return (ssize_t)size;
}

bool
tape_open(struct scan *in, bool any, struct tape **ret, struct err *err)
{
	const struct lib_archive *lib = lib_archive(err);
	struct tape *t;

	if (lib == NULL)
		return false;
	t = util_alloc(sizeof(*t));
	t->lib = lib;
	t->in = in;
	t->any = any;
	t->archive = lib->archive_read_new();
	if (t->archive == NULL)
		BUG("out of memory (libarchive)");
	memset(t->end, 1, sizeof(t->end));
	lib->archive_read_support_format_tar(t->archive);
	if (any) {
		lib->archive_read_support_format_zip_streamable(t->archive);
		lib->archive_read_support_format_cpio(t->archive);
	}
	if (lib->archive_read_open2(t->archive, t, NULL, feed, NULL, NULL) != ARCHIVE_OK) {
		failed(t, err);
		tape_free(t);
		return false;
	}
	*ret = t;
	return true;
}

static bool
all_zero(const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != 0)
			return false;
	return true;
}

static int
trailing(struct err *err)
{
	err_set(err, ERR_DAMAGED, "Something stands behind the end of the archive.");
	return -1;
}

/* Zip archives end with a directory of their members, and that with a record of its own, behind
 * which only a comment stands whose length it gives. */
static bool
zip_ends(const struct tape *t)
{
	size_t have = (size_t)MIN(t->fed, (uint64_t)END_SIZE), record = 22;

	for (size_t comment = 0; comment + record <= have; comment++) {
		const unsigned char *p = t->end + END_SIZE - record - comment;

		if (memcmp(p, "PK\5\6", 4) == 0)
			return bytes_u16(p + 20) == comment;
	}
	return false;
}

/* Whole blocks, and two of zeros behind the last member, whose own data may end with zeros. */
static bool
tar_ends(const struct tape *t)
{
	uint64_t members = (t->before + BLOCK - 1) / BLOCK * BLOCK;

	return t->fed % BLOCK == 0 && t->fed >= members + END_SIZE && all_zero(t->end, END_SIZE);
}

/* libarchive has seen the end, or the end of the input: which? */
static int
end(struct tape *t, struct err *err)
{
	uint64_t used = (uint64_t)t->lib->archive_filter_bytes(t->archive, -1);
	size_t left = (size_t)MIN(t->fed - MIN(used, t->fed), (uint64_t)t->chunk_len);
	int format = t->lib->archive_format(t->archive) & ARCHIVE_FORMAT_BASE_MASK;
	bool zip = format == ARCHIVE_FORMAT_ZIP;
	const void *rest;
	la_ssize_t n;

	if (!zip && left > 0 && !all_zero(t->chunk + t->chunk_len - left, left))
		return trailing(err);
	while ((n = feed(t->archive, t, &rest)) > 0)
		if (!zip && !all_zero(rest, (size_t)n))
			return trailing(err);
	if (n < 0) {
		failed(t, err);
		return -1;
	}
	if ((format == ARCHIVE_FORMAT_TAR && !tar_ends(t)) || (zip && !zip_ends(t))) {
		err_set(err, ERR_DAMAGED,
			"The archive is cut off after %llu bytes: its end mark is missing.",
			(unsigned long long)t->fed);
		return -1;
	}
	return 0;
}

static enum tape_kind
kind_of(struct tape *t, struct archive_entry *e, const char **ret_link)
{
	*ret_link = t->lib->archive_entry_hardlink(e);
	if (*ret_link != NULL)
		return TAPE_HARDLINK;
	switch (t->lib->archive_entry_filetype(e)) {
	case AE_IFREG: return TAPE_FILE;
	case AE_IFDIR: return TAPE_DIRECTORY;
	case AE_IFLNK: *ret_link = t->lib->archive_entry_symlink(e); return TAPE_SYMLINK;
	default: return TAPE_OTHER;
	}
}

int
tape_next(struct tape *t, struct tape_entry *ret, struct err *err)
{
	struct archive_entry *e;
	int status;

	t->before = (uint64_t)t->lib->archive_filter_bytes(t->archive, -1);
	status = t->lib->archive_read_next_header(t->archive, &e);

	if (status == ARCHIVE_EOF)
		return end(t, err);
	if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
		failed(t, err);
		return -1;
	}
	ret->name = t->lib->archive_entry_pathname(e);
	if (ret->name == NULL) /* not to be had in this locale */
		ret->name = t->lib->archive_entry_pathname_utf8(e);
	if (ret->name == NULL || strlen(ret->name) > NAME_MAX_BYTES) {
		err_set(err, ERR_DAMAGED, "A member of the archive has no readable name.");
		return -1;
	}
	ret->kind = kind_of(t, e, &ret->link);
	ret->size = t->lib->archive_entry_size_is_set(e) ? t->lib->archive_entry_size(e) : -1;
	t->sealed = (t->lib->archive_format(t->archive) & ARCHIVE_FORMAT_BASE_MASK) ==
		    ARCHIVE_FORMAT_ZIP;
	t->data = scan_new(pull_data, t);
	return 1;
}

struct scan *
tape_scan(struct tape *t)
{
	return &t->data;
}

bool
tape_sealed(const struct tape *t)
{
	return t->sealed;
}

void
tape_free(struct tape *t)
{
	if (t == NULL)
		return;
	t->lib->archive_read_free(t->archive);
	err_done(&t->err);
	free(t);
}

/* Octal with leading spaces, ended by a space or NUL. */
static bool
octal(const unsigned char *p, size_t len, uint64_t *ret)
{
	size_t i = 0;

	*ret = 0;
	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		*ret = *ret << 3 | (uint64_t)(p[i] - '0');
	return i == len || p[i] == ' ' || p[i] == 0;
}

bool
tape_is_tar(const unsigned char *p, size_t len)
{
	uint64_t stored, sum = 8 * ' '; /* the checksum's own field counts as spaces */

	if (len < BLOCK || p[0] == 0 || !octal(p + 148, 8, &stored))
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		if (i < 148 || i >= 156)
			sum += p[i];
	return sum == stored;
}

size_t
tape_first_name(const unsigned char *p, size_t len, char ret[256])
{
	while (tape_is_tar(p, len)) {
		uint64_t size;
		char type = (char)p[156];

		if (type != 'x' && type != 'g' && type != 'L' && type != 'K') {
			memcpy(ret, p, 100);
			ret[100] = '\0';
			return strlen(ret);
		}
		if (!octal(p + 124, 12, &size) || size > len)
			return 0;
		size = BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
		if (size >= len)
			return 0;
		p += size;
		len -= size;
	}
	return 0;
}

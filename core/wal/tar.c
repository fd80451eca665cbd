#include "base/banned.h"
#include "wal/tar.h"
#include "base/bytes.h"
#include "base/path.h"

#define BLOCK     512
#define PIECE     ((size_t)(64 * KIB))
#define NAME_SIZE 101
#define SIZE_AT   124
#define SUM_AT    148

/* An octal number that ends with a blank or NUL. */
static bool
octal(const unsigned char *p, size_t len, uint64_t *ret)
{
	uint64_t value = 0;
	size_t i = 0;

	while (i < len && p[i] == ' ')
		i++;
	for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
		value = value << 3 | (uint64_t)(p[i] - '0');
	if (i < len && p[i] != ' ' && p[i] != '\0')
		return false;
	*ret = value;
	return true;
}

/* Sizes of 8 GiB and more are binary, marked by the first bit. */
static bool
member_size(const unsigned char *header, uint64_t *ret)
{
	const unsigned char *p = header + SIZE_AT;

	if ((p[0] & 0x80) == 0)
		return octal(p, 12, ret);
	*ret = bytes_big(p + 4, 8);
	return *ret < (1ULL << 62);
}

static bool
is_header(const unsigned char *header)
{
	uint64_t sum, want;

	if (!octal(header + SUM_AT, 8, &want))
		return false;
	sum = 8 * ' ';
	for (int i = 0; i < BLOCK; i++)
		if (i < SUM_AT || i >= SUM_AT + 8)
			sum += header[i];
	return sum == want;
}

static bool
read_all(struct packed *p, unsigned char *data, size_t len, struct err *err)
{
	ssize_t n = packed_read(p, data, len, err);

	if (n >= 0 && (size_t)n < len)
		return err_set(err, ERR_DAMAGED, "The tar ends in the middle.");
	return n >= 0;
}

/* The content and its padding, piece by piece; to nobody when the visitor is NULL. */
static bool
take_content(struct packed *p, uint64_t size, const struct tar_visitor *v, unsigned char *piece,
	struct err *err)
{
	uint64_t padded = (size + BLOCK - 1) / BLOCK * BLOCK;

	while (padded > 0) {
		size_t n = MIN(padded, PIECE);

		if (!read_all(p, piece, n, err))
			return false;
		if (v != NULL && size > 0)
			v->data(piece, MIN(n, size), v->arg);
		size -= MIN(n, size);
		padded -= n;
	}
	return true;
}

/* One header; *ret_end at the zeros behind the last member. */
static bool
read_header(struct packed *p, bool first, char name[NAME_SIZE], uint64_t *ret_size, bool *ret_end,
	struct err *err)
{
	unsigned char header[BLOCK];

	if (!read_all(p, header, sizeof(header), err))
		return false;
	*ret_end = !first && header[0] == '\0';
	if (*ret_end)
		return true;
	if (!is_header(header) || !member_size(header, ret_size))
		return err_set(err, ERR_DAMAGED, "It is no tar.");
	snprintf(name, NAME_SIZE, "%.100s", (const char *)header);
	return true;
}

bool
tar_walk(struct packed *p, uint64_t look, const struct tar_visitor *v, bool *ret_whole,
	struct err *err)
{
	CLEANUP(util_free) unsigned char *piece = util_alloc(PIECE);
	uint64_t at = 0, size = 0;
	char name[NAME_SIZE];

	*ret_whole = false;
	while (at < look) {
		bool wanted;

		if (!read_header(p, at == 0, name, &size, ret_whole, err))
			return false;
		if (*ret_whole)
			break;
		at += BLOCK + size;
		wanted = v->wants(name, size, v->arg);
		if (!wanted && at >= look)
			break;
		if (!take_content(p, size, wanted ? v : NULL, piece, err))
			return false;
		if (wanted && !v->end(v->arg))
			break;
	}
	return true;
}

struct member {
	const char *name;
	struct str *out;
	bool found;
};

static bool
wants_member(const char *name, uint64_t size, void *arg)
{
	const struct member *m = arg;

	return strcmp(path_base(name), m->name) == 0 && size <= m->out->max;
}

static void
take_member(const unsigned char *data, size_t len, void *arg)
{
	str_addn(((struct member *)arg)->out, data, len);
}

static bool
end_member(void *arg)
{
	((struct member *)arg)->found = true;
	return false;
}

bool
tar_member(struct packed *p, const char *name, uint64_t look, struct str *out, struct err *err)
{
	struct member m = {.name = name, .out = out};
	struct tar_visitor v = {wants_member, take_member, end_member, &m};
	bool whole;

	if (!tar_walk(p, look, &v, &whole, err))
		return false;
	if (!m.found)
		return err_set(
			err, ERR_NOT_FOUND, "There is no %s at the beginning of the tar.", name);
	return true;
}

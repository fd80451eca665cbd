#include "base/banned.h"
#include "wal/tarhead.h"
#include "base/path.h"

#define BLOCK   512
#define SIZE_AT 124
#define SUM_AT  148

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
	*ret = 0;
	for (int i = 4; i < 12; i++)
		*ret = *ret << 8 | p[i];
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

/* Passes over `len` bytes and the padding, or keeps them. */
static bool
take_content(struct packed *p, uint64_t len, struct str *out, struct err *err)
{
	unsigned char block[BLOCK];

	for (; len > 0; len -= MIN(len, BLOCK)) {
		if (!read_all(p, block, sizeof(block), err))
			return false;
		if (out != NULL)
			str_addn(out, block, MIN(len, BLOCK));
	}
	return true;
}

bool
tarhead_read(struct packed *p, const char *name, uint64_t look, struct str *out, struct err *err)
{
	unsigned char header[BLOCK];
	uint64_t at = 0, size;
	char member[101];

	while (at < look) {
		if (!read_all(p, header, sizeof(header), err))
			return false;
		if (at > 0 && header[0] == '\0')
			break;
		if (!is_header(header) || !member_size(header, &size))
			return err_set(err, ERR_DAMAGED, "It is no tar.");
		snprintf(member, sizeof(member), "%.100s", (const char *)header);
		if (strcmp(path_base(member), name) == 0 && size <= out->max)
			return take_content(p, size, out, err);
		at += BLOCK + (size + BLOCK - 1) / BLOCK * BLOCK;
		if (at < look && !take_content(p, size, NULL, err))
			return false;
	}
	return err_set(err, ERR_NOT_FOUND, "There is no %s at the beginning of the tar.", name);
}

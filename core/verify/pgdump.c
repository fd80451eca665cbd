#include "base/banned.h"
#include "verify/pgdump.h"
#include "base/bytes.h"
#include "base/text.h"

#define MAGIC       "PGDMP"
#define MINOR_MIN   10
#define MINOR_MAX   16
#define ENTRIES_MAX 50000000
#define STRING_MAX  (1LL << 30)
#define FIELD_MAX   1024

/* Where the data of an entry are, of the custom format. */
enum offset_state { OFFSET_NOT_SET = 1, OFFSET_SET = 2, OFFSET_NO_DATA = 3 };

bool
pgdump_is(const unsigned char *p, size_t len, enum pgdump_format format)
{
	/* magic, major, minor, revision, int size, offset size, format */
	return len >= 11 && memcmp(p, MAGIC, 5) == 0 && p[10] == format;
}

static bool
nonsense(const struct scan *s, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED,
		"The table of contents makes no sense before byte %llu (%s).",
		(unsigned long long)s->offset, what);
}

bool
pgdump_int(struct scan *s, const struct pgdump *d, int64_t *ret, struct err *err)
{
	unsigned char b[9];
	uint64_t value;

	if (!scan_read(s, b, (uint64_t)d->int_size + 1, err))
		return false;
	value = bytes_little(b + 1, (size_t)d->int_size);
	if (b[0] > 1 || value > INT64_MAX)
		return nonsense(s, "an impossible number", err);
	*ret = b[0] == 1 ? -(int64_t)value : (int64_t)value;
	return true;
}

static bool
ranged(struct scan *s, const struct pgdump *d, int64_t min, int64_t max, int64_t *ret,
	struct err *err)
{
	if (!pgdump_int(s, d, ret, err))
		return false;
	return (*ret >= min && *ret <= max) || nonsense(s, "a number out of its range", err);
}

/* A text in pieces: no zero byte, and UTF-8 where that is declared. */
static bool
text_piece(const struct scan *s, const struct pgdump *d, const char *p, size_t len, bool last,
	size_t *ret_used, struct err *err)
{
	size_t i = 0, n;
	uint32_t code;

	if (memchr(p, 0, len) != NULL)
		return nonsense(s, "a zero byte in a text", err);
	while (d->utf8 && i < len) {
		if ((p[i] & 0x80) == 0) {
			i++;
			continue;
		}
		n = text_decode(p + i, len - i, &code);
		if (n == 0 && !last && len - i < 4)
			break; /* perhaps it goes on in the next piece */
		if (n == 0)
			return nonsense(s, "a text that is not UTF-8", err);
		i += n;
	}
	*ret_used = d->utf8 ? i : len;
	return true;
}

/* Reads a string; its first FIELD_MAX - 1 bytes into field, which may be NULL. *ret_len is -1
 * for none. */
static bool
string(struct scan *s, const struct pgdump *d, char *field, int64_t *ret_len, struct err *err)
{
	char buf[4096];
	size_t carry = 0, stored = 0;
	int64_t left;

	if (!ranged(s, d, -1, STRING_MAX, ret_len, err))
		return false;
	for (left = *ret_len; left > 0;) {
		size_t n = (size_t)MIN(left, (int64_t)(sizeof(buf) - carry)), used = 0;

		if (!scan_read(s, buf + carry, n, err))
			return false;
		left -= (int64_t)n;
		if (field != NULL && stored < FIELD_MAX - 1) {
			size_t keep = MIN(n, FIELD_MAX - 1 - stored);

			memcpy(field + stored, buf + carry, keep);
			stored += keep;
		}
		if (!text_piece(s, d, buf, carry + n, left == 0, &used, err))
			return false;
		carry = carry + n - used;
		memmove(buf, buf + used, carry);
	}
	if (field != NULL)
		field[stored] = '\0';
	return true;
}

static bool
skip_strings(struct scan *s, const struct pgdump *d, int count, struct err *err)
{
	int64_t len;

	for (int i = 0; i < count; i++)
		if (!string(s, d, NULL, &len, err))
			return false;
	return true;
}

static bool
kept_string(struct scan *s, struct pgdump *d, const char **ret, struct err *err)
{
	char field[FIELD_MAX];
	int64_t len;

	if (!string(s, d, field, &len, err))
		return false;
	*ret = len >= 0 ? arena_strdup(d->arena, field) : NULL;
	return true;
}

/* Object ids as text, "" or none in old versions. */
static bool
digits(struct scan *s, const struct pgdump *d, bool *ret_none, struct err *err)
{
	char field[FIELD_MAX];
	int64_t len;
	uint64_t value;

	if (!string(s, d, field, &len, err))
		return false;
	*ret_none = len < 0;
	return len <= 0 || (util_parse_u64(field, &value) && value <= UINT32_MAX) ||
	       nonsense(s, "a number that is none", err);
}

static bool
read_compression(struct scan *s, struct pgdump *d, struct err *err)
{
	static const enum packing algorithms[] = {PACK_NONE, PACK_ZLIB, PACK_LZ4, PACK_ZSTD};
	unsigned char algorithm;
	int64_t level;

	if (d->minor < 15) {
		if (!ranged(s, d, -1, 9, &level, err))
			return false;
		d->packing = level == 0 ? PACK_NONE : PACK_ZLIB;
		return true;
	}
	if (!scan_byte(s, &algorithm, err))
		return false;
	if (algorithm >= ARRAY_LEN(algorithms))
		return err_set(err, ERR_UNSUPPORTED,
			"Its data are compressed in a way (%d) that is not known here.", algorithm);
	d->packing = algorithms[algorithm];
	return true;
}

static bool
read_header(struct scan *s, struct pgdump *d, struct err *err)
{
	static const int max[] = {
		60, 59, 23, 31, 11, 1000, 1}; /* sec min hour day month year dst */
	unsigned char h[11];
	int64_t value;

	if (!scan_read(s, h, sizeof(h), err))
		return false;
	if (memcmp(h, MAGIC, 5) != 0)
		return err_set(err, ERR_DAMAGED, "It does not begin with %s.", MAGIC);
	d->minor = h[6];
	d->int_size = h[8];
	d->off_size = h[9];
	d->format = h[10];
	if (h[5] != 1 || d->minor < MINOR_MIN || d->minor > MINOR_MAX)
		return err_set(err, ERR_UNSUPPORTED,
			"This is version %d.%d of pg_dump's archives; 1.%d to 1.%d are known here.",
			h[5], d->minor, MINOR_MIN, MINOR_MAX);
	if ((d->int_size != 4 && d->int_size != 8) || (d->off_size != 4 && d->off_size != 8))
		return nonsense(s, "impossible sizes of numbers", err);
	if (!read_compression(s, d, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(max); i++)
		if (!ranged(s, d, i == 6 ? -1 : 0, max[i], &value, err))
			return false;
	return kept_string(s, d, &d->database, err) && kept_string(s, d, &d->server, err) &&
	       kept_string(s, d, &d->tool, err);
}

/* "TABLE DATA", "FK CONSTRAINT", "ACL" */
static bool
is_kind(const char *p, int64_t len)
{
	if (len <= 0 || len > 60)
		return false;
	for (; *p != '\0'; p++)
		if ((*p < 'A' || *p > 'Z') && *p != ' ')
			return false;
	return true;
}

static bool
add_data(struct scan *s, struct pgdump *d, int64_t id, const char *kind, const char *file,
	int64_t offset, struct err *err)
{
	if (d->format != PGDUMP_CUSTOM && file == NULL)
		return nonsense(s, "data without a file", err);
	/* Names in there become names that are opened: one plain component each. */
	if (file != NULL && (strchr(file, '/') != NULL || file[0] == '.' || file[0] == '\0'))
		return nonsense(s, "a file that leads elsewhere", err);
	*vec_push(d->arena, &d->data) = (struct pgdump_data){
		.id = id,
		.offset = offset,
		.file = file,
		.blobs = strcmp(kind, "BLOBS") == 0,
	};
	return true;
}

/* What each format adds to an entry: the offset of its data, or their file. */
static bool
read_extra(struct scan *s, struct pgdump *d, int64_t id, bool has_data, const char *kind,
	struct err *err)
{
	unsigned char b[9];
	const char *file;
	uint64_t offset;

	if (d->format != PGDUMP_CUSTOM) {
		if (!kept_string(s, d, &file, err))
			return false;
		return !has_data || add_data(s, d, id, kind, file, -1, err);
	}
	if (!scan_read(s, b, (uint64_t)d->off_size + 1, err))
		return false;
	offset = bytes_little(b + 1, (size_t)d->off_size);
	if (b[0] < OFFSET_NOT_SET || b[0] > OFFSET_NO_DATA || has_data != (b[0] != OFFSET_NO_DATA))
		return nonsense(s, "a bad mark of where data are", err);
	if (!has_data)
		return true;
	return add_data(s, d, id, kind, NULL, b[0] == OFFSET_SET ? (int64_t)offset : -1, err);
}

static bool
read_dependencies(struct scan *s, const struct pgdump *d, struct err *err)
{
	for (bool none = false; !none;)
		if (!digits(s, d, &none, err))
			return false;
	return true;
}

static bool
read_entry(struct scan *s, struct pgdump *d, struct err *err)
{
	char kind[FIELD_MAX], definition[FIELD_MAX], oids[FIELD_MAX];
	int64_t id, dumper, len, section;
	bool none;

	if (!ranged(s, d, 1, INT32_MAX, &id, err) || !ranged(s, d, 0, 1, &dumper, err) ||
		!digits(s, d, &none, err) || !digits(s, d, &none, err) ||
		!skip_strings(s, d, 1, err) || !string(s, d, kind, &len, err))
		return false;
	if (!is_kind(kind, len))
		return nonsense(s, "a kind of object that is none", err);
	if (d->minor >= 11 && !ranged(s, d, 1, 4, &section, err))
		return false;
	if (!string(s, d, definition, &len, err))
		return false;
	if (strcmp(kind, "ENCODING") == 0 && len > 0)
		d->utf8 = strstr(definition, "'UTF8'") != NULL;
	/* drop and copy statements, name space, table space, then access method since 1.14 */
	if (!skip_strings(s, d, d->minor >= 14 ? 5 : 4, err))
		return false;
	if (d->minor >= 16 && !ranged(s, d, 0, 255, &section, err)) /* relation kind */
		return false;
	if (!skip_strings(s, d, 1, err) || !string(s, d, oids, &len, err))
		return false;
	if (len > 0 && strcmp(oids, "true") != 0 && strcmp(oids, "false") != 0)
		return nonsense(s, "neither true nor false", err);
	return read_dependencies(s, d, err) && read_extra(s, d, id, dumper == 1, kind, err);
}

static int
by_id(const void *a, const void *b)
{
	int64_t x = ((const struct pgdump_data *)a)->id, y = ((const struct pgdump_data *)b)->id;

	return (x > y) - (x < y);
}

struct pgdump_data *
pgdump_find(struct pgdump *d, int64_t id)
{
	struct pgdump_data key = {.id = id};

	if (d->data.n == 0)
		return NULL;
	return bsearch(&key, d->data.v, d->data.n, sizeof(key), by_id);
}

bool
pgdump_read(struct scan *s, struct arena *a, struct pgdump *ret, struct err *err)
{
	int64_t count;

	*ret = (struct pgdump){.arena = a};
	if (!read_header(s, ret, err) || !ranged(s, ret, 1, ENTRIES_MAX, &count, err))
		return false;
	for (int64_t i = 0; i < count; i++)
		if (!read_entry(s, ret, err))
			return false;
	ret->entries = (uint64_t)count;
	if (ret->data.n > 0)
		qsort(ret->data.v, ret->data.n, sizeof(ret->data.v[0]), by_id);
	for (size_t i = 1; i < ret->data.n; i++)
		if (ret->data.v[i].id == ret->data.v[i - 1].id)
			return nonsense(s, "two entries of one number", err);
	return true;
}

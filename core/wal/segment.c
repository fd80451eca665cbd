#include "base/banned.h"
#include "wal/segment.h"
#include "base/bytes.h"

#define LONG_HEADER 0x0002

/* XLOG_PAGE_MAGIC of each major version. */
static const struct {
	uint16_t magic;
	int version;
} versions[] = {
	{0xD101, 12},
	{0xD106, 13},
	{0xD10D, 14},
	{0xD110, 15},
	{0xD113, 16},
	{0xD116, 17},
};

static const char *const suffixes[] = {"", ".gz", ".lz4", ".zst", ".bz2", ".xz", ".lzma", ".br"};

/* PostgreSQL writes upper case only, and reads nothing else. */
static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Eight digits. */
static bool
field(const char *p, uint32_t *ret)
{
	uint32_t value = 0;

	for (int i = 0; i < 8; i++) {
		int d = digit(p[i]);

		if (d < 0)
			return false;
		value = value << 4 | (uint32_t)d;
	}
	*ret = value;
	return true;
}

static bool
known_suffix(const char *suffix)
{
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++)
		if (strcmp(suffix, suffixes[i]) == 0)
			return true;
	return false;
}

/* What follows the 24 digits of a segment. */
static enum segment_kind
parse_tail(const char *p, struct segment_file *ret)
{
	enum segment_kind kind = SEGMENT_WAL;

	if (p[0] == '-' && strspn(p + 1, "0123456789abcdef") == 40) {
		ret->hashed = true;
		p += 41;
	} else if (util_starts(p, ".partial")) {
		kind = SEGMENT_PARTIAL;
		p += strlen(".partial");
	} else if (p[0] == '.' && field(p + 1, &ret->offset) && util_starts(p + 9, ".backup")) {
		kind = SEGMENT_BACKUP;
		p += 9 + strlen(".backup");
	}
	ret->suffix = p;
	return known_suffix(p) ? kind : SEGMENT_OTHER;
}

void
segment_parse(const char *name, struct segment_file *ret)
{
	*ret = (struct segment_file){.kind = SEGMENT_OTHER, .suffix = ""};
	if (!field(name, &ret->tli))
		return;
	if (util_starts(name + 8, ".history")) {
		ret->suffix = name + 8 + strlen(".history");
		if (known_suffix(ret->suffix))
			ret->kind = SEGMENT_HISTORY;
		return;
	}
	if (field(name + 8, &ret->log) && field(name + 16, &ret->seg))
		ret->kind = parse_tail(name + 24, ret);
}

bool
segment_number(uint32_t log, uint32_t seg, uint32_t bytes, uint64_t *ret)
{
	uint64_t per_log = (1ULL << 32) / bytes;

	if (seg >= per_log)
		return false;
	*ret = log * per_log + seg;
	return true;
}

const char *
segment_name(uint32_t tli, uint64_t number, uint32_t bytes, char *name)
{
	uint64_t per_log = (1ULL << 32) / bytes;

	snprintf(name, SEGMENT_NAME, "%08X%08X%08X", tli, (uint32_t)(number / per_log),
		(uint32_t)(number % per_log));
	return name;
}

const char *
lsn_format(uint64_t lsn, char *text)
{
	snprintf(text, LSN_TEXT, "%X/%X", (uint32_t)(lsn >> 32), (uint32_t)lsn);
	return text;
}

/* One to eight digits of either case. */
static bool
half(const char **p, uint64_t *ret)
{
	size_t n = strspn(*p, "0123456789abcdefABCDEF");

	if (n == 0 || n > 8)
		return false;
	*ret = strtoull(*p, NULL, 16);
	*p += n;
	return true;
}

bool
lsn_scan(const char *text, uint64_t *ret, const char **ret_end)
{
	uint64_t high, low;

	if (!half(&text, &high) || *text++ != '/' || !half(&text, &low))
		return false;
	*ret = high << 32 | low;
	*ret_end = text;
	return true;
}

bool
lsn_parse(const char *text, uint64_t *ret)
{
	const char *end;
	uint64_t lsn;

	if (!lsn_scan(text, &lsn, &end) || *end != '\0')
		return false;
	*ret = lsn;
	return true;
}

int
segment_version(uint16_t magic)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++)
		if (versions[i].magic == magic)
			return versions[i].version;
	return 0;
}

static bool
power_of_two(uint32_t n, uint32_t min, uint32_t max)
{
	return n >= min && n <= max && (n & (n - 1)) == 0;
}

bool
segment_header_read(
	const unsigned char *data, size_t len, struct segment_header *ret, struct err *err)
{
	static const unsigned char zeros[SEGMENT_HEADER];
	struct segment_header h;
	uint16_t magic;

	if (len < SEGMENT_HEADER)
		return err_set(err, ERR_DAMAGED, "It is only %zu bytes long.", len);
	if (memcmp(data, zeros, SEGMENT_HEADER) == 0)
		return err_set(err, ERR_DAMAGED, "It begins with zeros instead of a header.");
	magic = bytes_u16(data);
	h.version = segment_version(magic);
	h.tli = bytes_u32(data + 4);
	h.lsn = bytes_u64(data + 8);
	h.system_identifier = bytes_u64(data + 24);
	h.bytes = bytes_u32(data + 32);
	h.page = bytes_u32(data + 36);
	/* All versions since 9.3 begin with 0xD0 or 0xD1 in the high byte. */
	if ((magic >> 8 != 0xD0 && magic >> 8 != 0xD1) ||
		(bytes_u16(data + 2) & LONG_HEADER) == 0 || h.tli == 0 ||
		!power_of_two(h.bytes, SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX) ||
		!power_of_two(h.page, 1024, 65536) || h.lsn % h.bytes != 0)
		return err_set(err, ERR_DAMAGED, "It does not begin with the header of a segment.");
	*ret = h;
	return true;
}

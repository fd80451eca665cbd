#include "base/banned.h"
#include "base/text.h"
#include "base/arena.h"

#include <ctype.h>
#include <string.h>

size_t
text_decode(const char *bytes, size_t len, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)bytes;
	uint32_t code, least;
	size_t n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80) {
		*ret = p[0];
		return 1;
	} else if (p[0] >= 0xc2 && p[0] < 0xe0) {
		n = 2, code = p[0] & 0x1f, least = 0x80;
	} else if (p[0] >= 0xe0 && p[0] < 0xf0) {
		n = 3, code = p[0] & 0x0f, least = 0x800;
	} else if (p[0] >= 0xf0 && p[0] < 0xf5) {
		n = 4, code = p[0] & 0x07, least = 0x10000;
	} else {
		return 0;
	}
	if (len < n)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	*ret = code;
	return n;
}

bool
text_valid(const char *bytes, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t code;

		n = text_decode(bytes + i, len - i, &code);
		if (n == 0)
			return false;
	}
	return true;
}

void
text_encode(struct str *out, uint32_t code)
{
	char b[4];

	if (code < 0x80) {
		str_addc(out, (char)code);
	} else if (code < 0x800) {
		b[0] = (char)(0xc0 | code >> 6);
		b[1] = (char)(0x80 | (code & 0x3f));
		str_addn(out, b, 2);
	} else if (code < 0x10000) {
		b[0] = (char)(0xe0 | code >> 12);
		b[1] = (char)(0x80 | (code >> 6 & 0x3f));
		b[2] = (char)(0x80 | (code & 0x3f));
		str_addn(out, b, 3);
	} else {
		b[0] = (char)(0xf0 | code >> 18);
		b[1] = (char)(0x80 | (code >> 12 & 0x3f));
		b[2] = (char)(0x80 | (code >> 6 & 0x3f));
		b[3] = (char)(0x80 | (code & 0x3f));
		str_addn(out, b, 4);
	}
}

/*
 * Controls, bidirectional overrides (Unicode TR 36), zero-width and invisible characters, line
 * separators, private use, non-characters and tags: all that can hide or disguise something.
 */
bool
text_is_unsafe(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} ranges[] = {{0x00, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x034f, 0x034f}, {0x061c, 0x061c},
		{0x115f, 0x1160}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x200b, 0x200f},
		{0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xe000, 0xf8ff},
		{0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
		{0xfffe, 0xffff}, {0xe0000, 0x10ffff}};

	for (size_t i = 0; i < ARRAY_LEN(ranges); i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

/*
 * Of what is beyond ASCII, a name keeps the letters of Latin-1, Latin Extended-A and -B: their
 * marks show, but for the dotless i and the clicks, which look like l and !.
 */
static bool
is_foreign(uint32_t c)
{
	return c < 0xc0 || c > 0x24f || c == 0x131 || (c >= 0x1c0 && c <= 0x1c3);
}

bool
text_is_escaped(uint32_t c, unsigned flags)
{
	return text_is_unsafe(c) ||
	       (c >= 0x80 && ((flags & TEXT_ASCII) || ((flags & TEXT_NAME) && is_foreign(c))));
}

size_t
text_escape(char *out, uint32_t code)
{
	return (size_t)snprintf(out, TEXT_ESCAPE,
		code < 0x100     ? "\\x%02x"
		: code < 0x10000 ? "\\u%04x"
				 : "\\U%08x",
		code);
}

static void
add_escape(struct str *out, uint32_t code)
{
	char escape[TEXT_ESCAPE];

	str_addn(out, escape, text_escape(escape, code));
}

void
text_visible(struct str *out, const char *bytes, size_t len, unsigned flags)
{
	size_t line = out->len;

	for (size_t i = 0; i < len && !out->full;) {
		unsigned char c = (unsigned char)bytes[i];
		uint32_t code;
		size_t n;

		if (c >= 0x20 && c < 0x7f) {
			size_t run = i + 1;

			while (run < len && bytes[run] >= 0x20 && bytes[run] < 0x7f)
				run++;
			str_addn(out, bytes + i, run - i);
			i = run;
			continue;
		}
		if ((flags & TEXT_LINES) && c == '\n') {
			str_addc(out, '\n');
			line = out->len;
			i++;
			continue;
		}
		if ((flags & TEXT_LINES) && c == '\t') {
			str_pad(out, line + ((out->len - line) / 8 + 1) * 8);
			i++;
			continue;
		}
		n = text_decode(bytes + i, len - i, &code);
		if (n == 0) {
			add_escape(out, c);
			i++;
			continue;
		}
		if (text_is_escaped(code, flags))
			add_escape(out, code);
		else
			str_addn(out, bytes + i, n);
		i += n;
	}
}

static const char *
safe(struct arena *a, const char *s, unsigned flags)
{
	struct str out = STR_INIT(64 * KIB);
	const char *copy;

	text_visible(&out, s, strlen(s), flags);
	copy = arena_strdup(a, str_text(&out));
	str_done(&out);
	return copy;
}

const char *
text_safe(struct arena *a, const char *s)
{
	return safe(a, s, 0);
}

const char *
text_name(struct arena *a, const char *s)
{
	return safe(a, s, TEXT_NAME);
}

void
text_size(struct str *out, int64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1023.95 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1024;
		unit++;
	}
	str_fmt(out, unit == 0 || value >= 99.95 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

void
text_duration(struct str *out, int64_t seconds)
{
	unsigned long long s = (unsigned long long)seconds;

	if (seconds < 0) {
		str_addc(out, '-');
		s = -s;
	}
	if (s < 120)
		str_fmt(out, "%llus", s);
	else if (s < 2 * 3600)
		str_fmt(out, "%llum", s / 60);
	else if (s < 48 * 3600)
		str_fmt(out, "%lluh%02llu", s / 3600, s / 60 % 60);
	else if (s < 100 * 86400ULL)
		str_fmt(out, "%llud%lluh", s / 86400, s / 3600 % 24);
	else
		str_fmt(out, "%llud", s / 86400);
}

void
text_clock(struct str *out, int64_t seconds)
{
	long long s = seconds < 0 ? 0 : seconds;

	str_fmt(out, "%02lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
}

void
text_roff(struct str *out, const char *text)
{
	bool bold = false;

	for (; *text != '\0'; text++) {
		/* At the start of a line these two begin a request. */
		if ((*text == '.' || *text == '\'') &&
			(out->len == 0 || out->buf[out->len - 1] == '\n'))
			str_add(out, "\\&");
		if (*text == '`') {
			bold = !bold;
			str_add(out, bold ? "\\fB" : "\\fR");
		} else if (*text == '\\') {
			str_add(out, "\\e");
		} else if (*text == '-') {
			str_add(out, "\\-");
		} else {
			str_addc(out, *text);
		}
	}
}

bool
text_contains(const char *haystack, const char *needle)
{
	size_t n = strlen(needle);

	for (; n > 0 && *haystack != '\0'; haystack++)
		if (strncasecmp(haystack, needle, n) == 0)
			return true;
	return n == 0;
}

#define DISTANCE_MAX 64

size_t
text_distance(const char *a, const char *b, size_t limit)
{
	size_t row[DISTANCE_MAX + 1], n = strlen(a), m = strlen(b);

	if (n > DISTANCE_MAX || m > DISTANCE_MAX)
		return limit;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t up = row[j];
			size_t change = diagonal + (a[i - 1] != b[j - 1]);

			row[j] = MIN(change, MIN(up, row[j - 1]) + 1);
			diagonal = up;
		}
	}
	return MIN(row[m], limit);
}

uint64_t
text_hash(const char *bytes, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return h;
}

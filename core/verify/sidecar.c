#include "base/banned.h"
#include "verify/sidecar.h"
#include "base/path.h"
#include "base/str.h"
#include "base/digest.h"

#include <ctype.h>

#define SIDECAR_MAX ((size_t)(64 * KIB))

static const char *const endings[] = {".sha256", ".sha512", ".sha1", ".md5"};

/* Up to 128 digits of either case from p; the count. */
static size_t
digits_at(const char *p, const char *end, char lower[SUM_HEX])
{
	size_t n = 0;

	while (p + n < end && n < SUM_HEX - 1 && isxdigit((unsigned char)p[n])) {
		lower[n] = (char)tolower((unsigned char)p[n]);
		n++;
	}
	lower[n] = '\0';
	return n;
}

/* Whether a name in a sidecar means the object: the base names agree. */
static bool
names(const char *p, const char *end, const char *object)
{
	size_t len = strlen(object);

	while (end > p && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	if ((size_t)(end - p) < len || memcmp(end - len, object, len) != 0)
		return false;
	return end - len == p || end[-(ptrdiff_t)len - 1] == '/';
}

/* One line: the sum, and whether the line speaks of the object. */
static bool
parse_line(const char *p, const char *end, const char *object, struct sidecar *ret, bool *ret_named)
{
	const char *open = memchr(p, '(', (size_t)(end - p)), *hex = p;
	char lower[SUM_HEX];
	size_t n;

	*ret_named = false;
	if (open != NULL && memmem(open, (size_t)(end - open), ") = ", 4) != NULL) {
		const char *close = memmem(open, (size_t)(end - open), ") = ", 4);

		*ret_named = names(open + 1, close, object);
		hex = close + 4;
	}
	n = digits_at(hex, end, lower);
	if (!sum_by_digits(n, &ret->kind) || !digest_unhex(lower, n / 2, ret->sum))
		return false;
	hex += n;
	if (hex < end && strchr(" \t\r", *hex) == NULL)
		return false;
	while (hex < end && strchr(" \t*", *hex) != NULL)
		hex++;
	*ret_named = *ret_named || names(hex, end, object);
	return true;
}

bool
sidecar_parse(const char *text, size_t len, const char *object, struct sidecar *ret)
{
	const char *end = text + len;
	struct sidecar found = {.kind = SUM_NONE};
	size_t lines = 0;

	while (text < end) {
		const char *line_end = memchr(text, '\n', (size_t)(end - text));
		struct sidecar line = {.kind = SUM_NONE};
		bool named;

		if (line_end == NULL)
			line_end = end;
		if (parse_line(text, line_end, object, &line, &named)) {
			lines++;
			if (named || lines == 1)
				found = line;
			if (named)
				break;
		} else if (line_end > text && *text != '#' && *text != '\r') {
			return false;
		}
		text = line_end + (line_end < end);
		/* Of several files, and none is ours: not for guessing. */
		if (lines > 1 && text >= end)
			return false;
	}
	ret->kind = found.kind;
	memcpy(ret->sum, found.sum, SUM_MAX);
	return found.kind != SUM_NONE;
}

static bool
read_all(struct source *s, const char *name, struct str *out, struct err *err)
{
	struct stream *st;
	char buf[4096];
	ssize_t n;

	if (!source_read(s, name, 0, -1, &st, err))
		return false;
	while ((n = stream_read(st, buf, sizeof(buf), err)) > 0 && !out->full)
		str_addn(out, buf, (size_t)n);
	stream_free(st);
	return n >= 0;
}

bool
sidecar_find(
	struct source *s, struct arena *a, const char *object, struct sidecar *ret, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(SIDECAR_MAX);
	struct err missing = ERR_INIT;
	struct object o;

	*ret = (struct sidecar){.kind = SUM_NONE};
	for (size_t i = 0; i < ARRAY_LEN(endings) && ret->name == NULL; i++) {
		const char *name = arena_fmt(a, "%s%s", object, endings[i]);

		if (source_stat(s, a, name, &o, &missing) && !o.directory)
			ret->name = name;
		else if (missing.code != ERR_NOT_FOUND && missing.code != ERR_NONE)
			return err_move(err, &missing);
		err_done(&missing);
	}
	if (ret->name == NULL)
		return true;
	if (!read_all(s, ret->name, &text, err))
		return false;
	if (!sidecar_parse(str_text(&text), text.len, path_base(object), ret))
		return err_set(err, ERR_DAMAGED,
			"%s holds no checksum for this file in the form of sha256sum.",
			path_base(ret->name));
	return true;
}

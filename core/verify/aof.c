#include "base/banned.h"
#include "verify/aof.h"

#include <strings.h>

#define ARGS_MAX   (1LL << 31)
#define STRING_MAX (1LL << 40)
#define LINE_MAX_  1024 /* of manifests; Redis reads no longer ones */

bool
aof_is(const unsigned char *p, size_t len)
{
	if (len >= 5 && memcmp(p, "#TS:", 4) == 0)
		return true;
	if (len < 8 || p[0] != '*' || p[1] < '1' || p[1] > '9')
		return false;
	for (size_t i = 2; i < MIN(len - 1, 12); i++)
		if (p[i] < '0' || p[i] > '9')
			return p[i] == '\r' && p[i + 1] == '\n' &&
			       (i + 2 == len || p[i + 2] == '$');
	return false;
}

static bool
damaged(const struct scan *s, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "The append-only file is damaged before byte %llu (%s).",
		(unsigned long long)s->offset, what);
}

/* A line up to CR LF, its text without them. */
static bool
line(struct scan *s, char *ret, size_t size, struct err *err)
{
	size_t n = 0;
	unsigned char c;

	for (;;) {
		if (!scan_byte(s, &c, err))
			return false;
		if (c == '\r')
			break;
		if (n + 1 == size || c == '\0')
			return damaged(s, "a line is too long", err);
		ret[n++] = (char)c;
	}
	ret[n] = '\0';
	if (!scan_byte(s, &c, err))
		return false;
	return c == '\n' || damaged(s, "a line without its end", err);
}

/* "$3" */
static bool
number(struct scan *s, char mark, int64_t max, int64_t *ret, struct err *err)
{
	char text[32];

	if (!line(s, text, sizeof(text), err))
		return false;
	return (text[0] == mark && util_parse_i64(text + 1, ret) && *ret >= 0 && *ret <= max) ||
	       damaged(s, "a length makes no sense", err);
}

/* Takes one string; the first bytes of it go to head. */
static bool
argument(struct scan *s, char head[8], struct err *err)
{
	unsigned char end[2];
	int64_t len;
	size_t n;

	if (!number(s, '$', STRING_MAX, &len, err))
		return false;
	n = (size_t)MIN(len, 7);
	if (!scan_read(s, head, n, err) || !scan_read(s, NULL, (uint64_t)len - n, err) ||
		!scan_read(s, end, 2, err))
		return false;
	head[n] = '\0';
	if (len > 7)
		head[0] = '\0'; /* longer than anything that is looked for */
	return (end[0] == '\r' && end[1] == '\n') || damaged(s, "a string without its end", err);
}

static bool
command(struct scan *s, struct aof *a, bool *in_multi, struct err *err)
{
	char name[8] = "", rest[8] = "";
	int64_t args;

	if (!number(s, '*', ARGS_MAX, &args, err))
		return false;
	for (int64_t i = 0; i < args; i++)
		if (!argument(s, i == 0 ? name : rest, err))
			return false;
	a->commands++;
	if (strcasecmp(name, "multi") == 0) {
		if (*in_multi)
			return damaged(s, "a MULTI inside of a MULTI", err);
		*in_multi = true;
	} else if (strcasecmp(name, "exec") == 0) {
		if (!*in_multi)
			return damaged(s, "an EXEC without a MULTI", err);
		*in_multi = false;
	}
	return true;
}

static bool
annotation(struct scan *s, struct aof *a, struct err *err)
{
	char text[LINE_MAX_];
	int64_t t;

	if (!line(s, text, sizeof(text), err))
		return false;
	if (util_starts(text, "#TS:") && util_parse_i64(text + 4, &t))
		a->timestamp = t;
	return true;
}

bool
aof_read(struct scan *s, struct aof *ret, struct err *err)
{
	const unsigned char *p;
	bool in_multi = false;
	ssize_t n;

	*ret = (struct aof){.whole = s->offset};
	while ((n = scan_view(s, &p, err)) > 0) {
		if (!(*p == '#' ? annotation(s, ret, err) : command(s, ret, &in_multi, err)))
			return false;
		if (!in_multi)
			ret->whole = s->offset;
	}
	if (n == 0 && in_multi)
		return damaged(s, "it ends between MULTI and EXEC", err);
	return n == 0;
}

bool
aof_manifest_is(const unsigned char *p, size_t len)
{
	const unsigned char *end = len > 0 ? memchr(p, '\n', MIN(len, LINE_MAX_)) : NULL;
	size_t n = end != NULL ? (size_t)(end - p) : 0;

	return n > 5 && memcmp(p, "file ", 5) == 0 && memmem(p, n, " seq ", 5) != NULL &&
	       memmem(p, n, " type ", 6) != NULL;
}

static bool
bad_manifest(size_t number, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "Line %zu of the manifest makes no sense.", number);
}

/* The next word of a line; quoted when it holds blanks. Its end is overwritten. */
static char *
word(char **p)
{
	char *start;

	*p += strspn(*p, " ");
	if (**p == '"') {
		start = ++*p;
		*p += strcspn(*p, "\"");
	} else {
		start = *p;
		*p += strcspn(*p, " ");
	}
	if (**p != '\0')
		*(*p)++ = '\0';
	return start;
}

static bool
manifest_line(struct arena *a, char *text, struct aof_part *ret)
{
	*ret = (struct aof_part){.name = NULL};
	for (;;) {
		const char *key = word(&text), *value;

		if (key[0] == '\0')
			break;
		value = word(&text);
		if (strcmp(key, "file") == 0)
			ret->name = arena_strdup(a, value);
		else if (strcmp(key, "seq") == 0 && !util_parse_u64(value, &ret->sequence))
			return false;
		else if (strcmp(key, "type") == 0)
			ret->type = strlen(value) == 1 ? value[0] : '?';
	}
	return ret->name != NULL && ret->name[0] != '\0' && strchr(ret->name, '/') == NULL &&
	       ret->name[0] != '.' && ret->sequence > 0 && ret->type != '\0' &&
	       strchr("bih", ret->type) != NULL;
}

/* One base at most, increments in order. */
static bool
check_parts(const struct aof_manifest *m, struct err *err)
{
	uint64_t last = 0;
	size_t bases = 0;

	for (size_t i = 0; i < m->parts.n; i++) {
		const struct aof_part *p = &m->parts.v[i];

		bases += p->type == 'b';
		if (p->type == 'i' && p->sequence <= last)
			return err_set(err, ERR_DAMAGED, "The manifest's parts are out of order.");
		if (p->type == 'i')
			last = p->sequence;
	}
	if (bases > 1 || m->parts.n == 0)
		return err_set(err, ERR_DAMAGED, "The manifest names %s.",
			m->parts.n == 0 ? "no parts" : "more than one base");
	return true;
}

bool
aof_manifest_read(
	struct arena *a, const char *text, size_t len, struct aof_manifest *ret, struct err *err)
{
	const char *end = text + len;
	size_t count = 0;

	*ret = (struct aof_manifest){.parts = {NULL, 0, 0}};
	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		struct aof_part part;

		count++;
		if (eol == NULL || eol - text > LINE_MAX_ ||
			memchr(text, '\0', (size_t)(eol - text)) != NULL)
			return bad_manifest(count, err);
		if (*text != '#') {
			if (!manifest_line(a, arena_strndup(a, text, (size_t)(eol - text)), &part))
				return bad_manifest(count, err);
			*vec_push(a, &ret->parts) = part;
		}
		text = eol + 1;
	}
	return check_parts(ret, err);
}

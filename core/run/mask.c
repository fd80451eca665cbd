#include "base/banned.h"
#include "run/mask.h"
#include "base/json.h"
#include "base/text.h"

struct needle {
	struct needle *next;
	size_t len;
	size_t period; /* how far apart two of it can stand that overlap */
	char bytes[];
};

struct mask {
	struct needle *first;
	size_t longest;
};

struct mask *
mask_new(void)
{
	return util_alloc(sizeof(struct mask));
}

void
mask_free(struct mask *m)
{
	if (m == NULL)
		return;
	while (m->first != NULL) {
		struct needle *n = m->first;

		m->first = n->next;
		explicit_bzero(n->bytes, n->len);
		free(n);
	}
	free(m);
}

bool
mask_empty(const struct mask *m)
{
	return m->first == NULL;
}

/* The smallest p for which bytes[i] == bytes[i + p] throughout. */
static size_t
period_of(const char *bytes, size_t len)
{
	size_t *border = util_alloc((len + 1) * sizeof(*border)), k = 0, period;

	for (size_t i = 1; i < len; i++) {
		while (k > 0 && bytes[i] != bytes[k])
			k = border[k - 1];
		k += bytes[i] == bytes[k];
		border[i] = k;
	}
	period = len - k;
	free(border);
	return period;
}

static void
add_needle(struct mask *m, const char *bytes, size_t len)
{
	struct needle *n;

	if (len < MASK_SECRET_MIN)
		return;
	for (n = m->first; n != NULL; n = n->next)
		if (n->len == len && memcmp(n->bytes, bytes, len) == 0)
			return;
	n = util_alloc(sizeof(*n) + len);
	n->len = len;
	n->period = period_of(bytes, len);
	memcpy(n->bytes, bytes, len);
	n->next = m->first;
	m->first = n;
	m->longest = MAX(m->longest, len);
}

/* Each line of what a program prints in lines of `width`, from the secret's start on. */
static void
add_wrapped(struct mask *m, const char *text, size_t len, size_t width)
{
	for (size_t at = 0; len > width && at < len; at += width)
		add_needle(m, text + at, MIN(width, len - at));
}

/*
 * The part of the base64 of (shift unknown bytes + secret + unknown bytes) that depends on the
 * secret alone.
 */
static void
add_base64(struct mask *m, const char *secret, size_t len, size_t shift)
{
	static const char *const alphabets[] = {
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

	for (size_t a = 0; a < ARRAY_LEN(alphabets); a++) {
		struct str out = STR_INIT(64 * KIB);
		uint32_t bits = 0;
		int have = 0;

		for (size_t i = 0; i < len + shift; i++) {
			bits = bits << 8 | (i < shift ? 0 : (unsigned char)secret[i - shift]);
			have += 8;
			for (; have >= 6; have -= 6)
				str_addc(&out, alphabets[a][bits >> (have - 6) & 63]);
		}
		/* The first characters mix with what stands before. */
		str_drop(&out, shift == 0 ? 0 : shift + 1);
		add_needle(m, str_text(&out), out.len);
		if (shift == 0)
			add_wrapped(m, str_text(&out), out.len, 76); /* base64(1) */
		str_wipe(&out);
	}
}

/* %XX for all but letters, digits and `keep`; `space` is what a space becomes, 0: %20. */
static void
add_url(struct mask *m, const char *secret, size_t len, const char *keep, char space, bool upper)
{
	struct str out = STR_INIT(64 * KIB);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)secret[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c != '\0' && strchr(keep, c) != NULL))
			str_addc(&out, (char)c);
		else if (c == ' ' && space != '\0')
			str_addc(&out, space);
		else
			str_fmt(&out, upper ? "%%%02X" : "%%%02x", c);
	}
	add_needle(m, str_text(&out), out.len);
	str_wipe(&out);
}

/* As our own records have it, and as writers do that keep to ASCII. */
static void
add_json(struct mask *m, const char *secret, size_t len, bool ascii)
{
	struct str out = STR_INIT(64 * KIB), piece = STR_INIT(KIB);

	for (size_t i = 0, n; i < len; i += n) {
		uint32_t code = 0;

		n = text_decode(secret + i, len - i, &code);
		if (n == 0)
			n = 1;
		str_cut(&piece, 0);
		json_quote(&piece, secret + i, n);
		if (!ascii || n == 1)
			str_addn(&out, piece.buf + 1, piece.len - 2);
		else if (code < 0x10000)
			str_fmt(&out, "\\u%04x", code);
		else
			str_fmt(&out, "\\u%04x\\u%04x", 0xd800 + ((code - 0x10000) >> 10),
				0xdc00 + ((code - 0x10000) & 0x3ff));
	}
	add_needle(m, str_text(&out), out.len);
	str_wipe(&out);
	str_wipe(&piece);
}

/* What stands for a character inside of quotes, or without any. */
struct escape {
	char c;
	const char *as;
};

static void
add_replaced(struct mask *m, const char *secret, size_t len, const struct escape *escapes)
{
	struct str out = STR_INIT(64 * KIB);

	for (size_t i = 0; i < len; i++) {
		const struct escape *e = escapes;

		while (e->as != NULL && e->c != secret[i])
			e++;
		if (e->as != NULL)
			str_add(&out, e->as);
		else
			str_addc(&out, secret[i]);
	}
	add_needle(m, str_text(&out), out.len);
	str_wipe(&out);
}

/* With a backslash before all but what needs none: printf %q. */
static void
add_backslashes(struct mask *m, const char *secret, size_t len)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_@%+=:,./-";
	struct str out = STR_INIT(64 * KIB);

	for (size_t i = 0; i < len; i++) {
		/* Newer shells leave more as it is than older ones; UTF-8 none touches. */
		if (secret[i] > 0 && strchr(plain, secret[i]) == NULL)
			str_addc(&out, '\\');
		str_addc(&out, secret[i]);
	}
	add_needle(m, str_text(&out), out.len);
	str_wipe(&out);
}

static void
add_quoted(struct mask *m, const char *secret, size_t len)
{
	static const struct escape single[] = {{'\'', "'\\''"}, {0, NULL}},
				   python[] = {{'\'', "'\"'\"'"}, {0, NULL}},
				   sql[] = {{'\'', "''"}, {0, NULL}},
				   twice[] = {{'"', "\\\""}, {'$', "\\$"}, {'`', "\\`"},
					   {'\\', "\\\\"}, {0, NULL}},
				   c_style[] = {{'\'', "\\'"}, {'\\', "\\\\"}, {'\n', "\\n"},
					   {'\t', "\\t"}, {'\r', "\\r"}, {'\x1b', "\\E"},
					   {0, NULL}},
				   html[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"},
					   {'"', "&quot;"}, {'\'', "&#39;"}, {0, NULL}},
				   xml[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"},
					   {0, NULL}},
				   go_json[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"},
					   {'\t', "\\t"}, {'<', "\\u003c"}, {'>', "\\u003e"},
					   {'&', "\\u0026"}, {0, NULL}},
				   slashes[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\n', "\\n"},
					   {'\t', "\\t"}, {'/', "\\/"}, {0, NULL}};
	static const struct escape *const all[] = {
		single, python, sql, twice, c_style, html, xml, go_json, slashes};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		add_replaced(m, secret, len, all[i]);
	add_backslashes(m, secret, len);
}

static void
add_hex(struct mask *m, const char *secret, size_t len)
{
	for (int upper = 0; upper < 2; upper++) {
		struct str out = STR_INIT(64 * KIB);

		for (size_t i = 0; i < len; i++)
			str_fmt(&out, upper ? "%02X" : "%02x", (unsigned char)secret[i]);
		add_needle(m, str_text(&out), out.len);
		add_wrapped(m, str_text(&out), out.len, 60); /* xxd -p */
		str_wipe(&out);
	}
}

bool
mask_add(struct mask *m, const char *secret, size_t len)
{
	if (len < MASK_SECRET_MIN)
		return false;
	add_needle(m, secret, len);
	for (size_t shift = 0; shift < 3; shift++)
		add_base64(m, secret, len, shift);
	add_hex(m, secret, len);
	add_quoted(m, secret, len);
	for (int upper = 0; upper < 2; upper++) {
		add_url(m, secret, len, "-_.~", '\0', upper);
		add_url(m, secret, len, "-_.~/", '\0', upper);
		add_url(m, secret, len, "-_.*", '+', upper);
	}
	add_json(m, secret, len, false);
	add_json(m, secret, len, true);
	/* A secret of several lines is often printed line by line. */
	if (memchr(secret, '\n', len) != NULL) {
		for (size_t i = 0; i < len;) {
			const char *end = memchr(secret + i, '\n', len - i);
			size_t n = end != NULL ? (size_t)(end - secret) - i : len - i;

			add_needle(m, secret + i, n);
			i += n + 1;
		}
	}
	return true;
}

/* Marks every byte that belongs to a needle, overlapping ones included. */
static bool
mark_all(const struct mask *m, const char *bytes, size_t len, char *marks)
{
	bool any = false;

	for (const struct needle *n = m->first; n != NULL; n = n->next) {
		const char *p = bytes, *end = bytes + len, *hit, *to;

		while ((hit = memmem(p, (size_t)(end - p), n->bytes, n->len)) != NULL) {
			/* Text that goes on with the needle's period holds it again and again. */
			to = hit + n->len;
			while (to < end && *to == to[-(ptrdiff_t)n->period])
				to++;
			to -= (size_t)(to - hit - (ptrdiff_t)n->len) % n->period;
			memset(marks + (hit - bytes), 1, (size_t)(to - hit));
			any = true;
			p = to - n->len + 1;
		}
	}
	return any;
}

/* How many bytes of the end could be the beginning of a needle. */
static size_t
undecided(const struct mask *m, const char *bytes, size_t len)
{
	for (size_t k = MIN(m->longest - 1, len); k > 0; k--)
		for (const struct needle *n = m->first; n != NULL; n = n->next)
			if (n->len > k && bytes[len - k] == n->bytes[0] &&
				memcmp(bytes + len - k, n->bytes, k) == 0)
				return k;
	return 0;
}

/* Gives out len bytes: runs of marked ones as three stars, once for each run. */
static void
give(struct mask_state *st, const char *bytes, const char *marks, size_t len, struct str *out)
{
	for (size_t i = 0, n; i < len; i += n) {
		const char *other = memchr(marks + i, marks[i] ? 0 : 1, len - i);

		n = other != NULL ? (size_t)(other - marks) - i : len - i;
		if (!marks[i])
			str_addn(out, bytes + i, n);
		else if (!st->starred)
			str_add(out, "***");
		st->starred = marks[i];
	}
}

/* The bytes begin with what was held back, of which st->covered belong to a needle for sure. */
static void
replace(const struct mask *m, struct mask_state *st, const char *bytes, size_t len, bool end,
	struct str *held, struct str *out)
{
	size_t keep = end ? 0 : undecided(m, bytes, len), covered = 0;
	char *marks = util_alloc(len + 1);

	memset(marks, 1, st->covered);
	if (mark_all(m, bytes, len, marks) || st->covered > 0) {
		give(st, bytes, marks, len - keep, out);
	} else if (len > keep) {
		str_addn(out, bytes, len - keep);
		st->starred = false;
	}
	str_addn(held, bytes + len - keep, keep);
	while (covered < keep && marks[len - keep + covered])
		covered++;
	st->covered = covered;
	free(marks);
}

void
mask_stream(
	const struct mask *m, struct mask_state *st, const char *bytes, size_t len, struct str *out)
{
	struct str joined = st->held;

	if (m->first == NULL) {
		str_addn(out, bytes, len);
		return;
	}
	st->held = (struct str)STR_INIT(MIB);
	if (joined.len == 0) {
		replace(m, st, bytes, len, false, &st->held, out);
	} else {
		joined.max = joined.len + len;
		str_addn(&joined, bytes, len);
		replace(m, st, joined.buf, joined.len, false, &st->held, out);
	}
	str_wipe(&joined);
}

void
mask_end(const struct mask *m, struct mask_state *st, struct str *out)
{
	struct str rest = STR_INIT(1);

	if (st->held.len > 0)
		replace(m, st, st->held.buf, st->held.len, true, &rest, out);
	str_done(&rest);
	str_wipe(&st->held);
	st->covered = 0;
	st->starred = false;
}

void
mask_text(const struct mask *m, const char *bytes, size_t len, struct str *out)
{
	struct mask_state st = {.covered = 0};

	if (m->first == NULL) {
		str_addn(out, bytes, len);
		return;
	}
	mask_stream(m, &st, bytes, len, out);
	mask_end(m, &st, out);
}

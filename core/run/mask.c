#include "base/banned.h"
#include "run/mask.h"

struct needle {
	struct needle *next;
	size_t len;
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

static void
add_needle(struct mask *m, const char *bytes, size_t len)
{
	struct needle *n;

	if (len < MASK_SECRET_MIN)
		return;
	n = util_alloc(sizeof(*n) + len);
	n->len = len;
	memcpy(n->bytes, bytes, len);
	n->next = m->first;
	m->first = n;
	m->longest = MAX(m->longest, len);
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
		str_wipe(&out);
	}
}

static void
add_escaped(struct mask *m, const char *secret, size_t len, bool url)
{
	struct str out = STR_INIT(64 * KIB);

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)secret[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			     (c >= '0' && c <= '9') || (c != '\0' && strchr("-_.~", c) != NULL);

		if (url && !plain)
			str_fmt(&out, "%%%02X", c);
		else if (!url && (c == '"' || c == '\\'))
			str_fmt(&out, "\\%c", c);
		else if (!url && c == '\n')
			str_add(&out, "\\n");
		else if (!url && c < 0x20)
			str_fmt(&out, "\\u%04x", c);
		else
			str_addc(&out, (char)c);
	}
	if (out.len != len || memcmp(str_text(&out), secret, len) != 0)
		add_needle(m, str_text(&out), out.len);
	str_wipe(&out);
}

bool
mask_add(struct mask *m, const char *secret, size_t len)
{
	if (len < MASK_SECRET_MIN)
		return false;
	add_needle(m, secret, len);
	for (size_t shift = 0; shift < 3; shift++)
		add_base64(m, secret, len, shift);
	add_escaped(m, secret, len, true);
	add_escaped(m, secret, len, false);
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

/* The first place where any needle begins; its length in *ret_len. */
static const char *
first_hit(const struct mask *m, const char *bytes, size_t len, size_t *ret_len)
{
	const char *best = NULL;

	for (const struct needle *n = m->first; n != NULL; n = n->next) {
		const char *hit = memmem(bytes, len, n->bytes, n->len);

		if (hit != NULL &&
			(best == NULL || hit < best || (hit == best && n->len > *ret_len))) {
			best = hit;
			*ret_len = n->len;
		}
	}
	return best;
}

/* How many bytes of the end could be the beginning of a needle. */
static size_t
undecided(const struct mask *m, const char *bytes, size_t len)
{
	for (size_t k = MIN(m->longest - 1, len); k > 0; k--)
		for (const struct needle *n = m->first; n != NULL; n = n->next)
			if (n->len > k && memcmp(bytes + len - k, n->bytes, k) == 0)
				return k;
	return 0;
}

static void
replace(const struct mask *m, const char *bytes, size_t len, bool end, struct str *held,
	struct str *out)
{
	while (len > 0) {
		size_t n = 0, keep;
		const char *hit = first_hit(m, bytes, len, &n);

		if (hit == NULL) {
			keep = end ? 0 : undecided(m, bytes, len);
			str_addn(out, bytes, len - keep);
			str_addn(held, bytes + len - keep, keep);
			return;
		}
		str_addn(out, bytes, (size_t)(hit - bytes));
		str_add(out, "***");
		len -= (size_t)(hit - bytes) + n;
		bytes = hit + n;
	}
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
		replace(m, bytes, len, false, &st->held, out);
	} else {
		joined.max = joined.len + len;
		str_addn(&joined, bytes, len);
		replace(m, joined.buf, joined.len, false, &st->held, out);
	}
	str_wipe(&joined);
}

void
mask_end(const struct mask *m, struct mask_state *st, struct str *out)
{
	struct str rest = STR_INIT(1);

	if (st->held.len > 0)
		replace(m, st->held.buf, st->held.len, true, &rest, out);
	str_wipe(&st->held);
}

void
mask_text(const struct mask *m, const char *bytes, size_t len, struct str *out)
{
	struct str rest = STR_INIT(1);

	replace(m, bytes, len, true, &rest, out);
}

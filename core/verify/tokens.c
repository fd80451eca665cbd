#include "base/banned.h"
#include "verify/tokens.h"
#include "base/text.h"

void
tokens_init(struct tokens *t, struct scan *s)
{
	*t = (struct tokens){.scan = s, .text = STR_INIT(TOKENS_STRING)};
}

void
tokens_done(struct tokens *t)
{
	str_done(&t->text);
}

static bool
bad(struct tokens *t, const char *what, struct err *err)
{
	return err_set(err, ERR_DAMAGED, "This is not JSON at byte %llu (%s).",
		(unsigned long long)t->scan->offset, what);
}

/* The next byte without taking it; -1 at the end, -2 with *err. */
static int
peek(struct tokens *t, struct err *err)
{
	const unsigned char *p;
	ssize_t n = scan_view(t->scan, &p, err);

	return n > 0 ? *p : n == 0 ? -1 : -2;
}

static int
peek_past_blanks(struct tokens *t, struct err *err)
{
	int c;

	while ((c = peek(t, err)) == ' ' || c == '\n' || c == '\r' || c == '\t')
		scan_take(t->scan, 1);
	return c;
}

static bool
hex4(struct tokens *t, uint32_t *ret, struct err *err)
{
	unsigned char b[4];

	if (!scan_read(t->scan, b, 4, err))
		return false;
	*ret = 0;
	for (int i = 0; i < 4; i++) {
		int digit = b[i] >= '0' && b[i] <= '9'   ? b[i] - '0'
			    : b[i] >= 'a' && b[i] <= 'f' ? b[i] - 'a' + 10
			    : b[i] >= 'A' && b[i] <= 'F' ? b[i] - 'A' + 10
							 : -1;

		if (digit < 0)
			return bad(t, "a bad \\u escape", err);
		*ret = *ret << 4 | (uint32_t)digit;
	}
	return true;
}

static bool
escape_unicode(struct tokens *t, struct err *err)
{
	uint32_t code, low;
	unsigned char b[2];

	if (!hex4(t, &code, err))
		return false;
	if (code >= 0xd800 && code < 0xdc00) {
		if (!scan_read(t->scan, b, 2, err))
			return false;
		if (b[0] != '\\' || b[1] != 'u' || !hex4(t, &low, err) || low < 0xdc00 ||
			low > 0xdfff)
			return err->code != ERR_NONE ? false : bad(t, "half a surrogate", err);
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	} else if (code >= 0xdc00 && code < 0xe000) {
		return bad(t, "half a surrogate", err);
	}
	text_encode(&t->text, code);
	return true;
}

static bool
escape(struct tokens *t, struct err *err)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	unsigned char c;

	if (!scan_byte(t->scan, &c, err))
		return false;
	if (c == 'u')
		return escape_unicode(t, err);
	at = c != 0 ? strchr(from, c) : NULL;
	if (at == NULL)
		return bad(t, "an unknown escape", err);
	str_addc(&t->text, to[at - from]);
	return true;
}

static bool
read_string(struct tokens *t, struct err *err)
{
	scan_take(t->scan, 1);
	str_cut(&t->text, 0);
	t->text.full = false;
	for (;;) {
		const unsigned char *p;
		ssize_t n = scan_view(t->scan, &p, err), i = 0;

		if (n <= 0)
			return n < 0 ? false : bad(t, "it ends inside of a text", err);
		while (i < n && p[i] != '"' && p[i] != '\\' && p[i] >= 0x20)
			i++;
		str_addn(&t->text, p, (size_t)i);
		scan_take(t->scan, (size_t)i);
		if (i == n)
			continue;
		if (p[i] < 0x20)
			return bad(t, "a control character in a text", err);
		scan_take(t->scan, 1);
		if (p[i] == '"')
			return true;
		if (!escape(t, err))
			return false;
	}
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static bool
is_number(const char *p)
{
	size_t n;

	p += *p == '-';
	n = strspn(p, "0123456789");
	if (n == 0 || (n > 1 && *p == '0'))
		return false;
	p += n;
	if (*p == '.') {
		n = strspn(++p, "0123456789");
		if (n == 0)
			return false;
		p += n;
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '+' || *p == '-';
		n = strspn(p, "0123456789");
		if (n == 0)
			return false;
		p += n;
	}
	return *p == '\0';
}

/* A number, or one of three words. */
static bool
read_word(struct tokens *t, enum token *ret, struct err *err)
{
	int c;

	str_cut(&t->text, 0);
	while ((c = peek(t, err)) > 0 && strchr(" \t\r\n,]}:\"{[", c) == NULL && t->text.len < 64) {
		str_addc(&t->text, (char)c);
		scan_take(t->scan, 1);
	}
	if (c == -2)
		return false;
	if (strcmp(str_text(&t->text), "true") == 0)
		*ret = TOKEN_TRUE;
	else if (strcmp(t->text.buf, "false") == 0)
		*ret = TOKEN_FALSE;
	else if (strcmp(t->text.buf, "null") == 0)
		*ret = TOKEN_NULL;
	else if (is_number(t->text.buf))
		*ret = TOKEN_NUMBER;
	else
		return bad(t, "neither a text, a number, true, false nor null", err);
	return true;
}

static void
value_ended(struct tokens *t)
{
	t->want = t->depth > 0 ? WANT_COMMA : WANT_NOTHING;
}

static bool
open_scope(struct tokens *t, bool object, enum token *ret, struct err *err)
{
	if (t->depth == TOKENS_DEPTH)
		return bad(t, "nested too deep", err);
	scan_take(t->scan, 1);
	t->in_object[t->depth++] = object;
	t->want = WANT_FIRST;
	*ret = object ? TOKEN_OBJECT : TOKEN_ARRAY;
	return true;
}

static bool
read_value(struct tokens *t, int c, enum token *ret, struct err *err)
{
	if (c == '{' || c == '[')
		return open_scope(t, c == '{', ret, err);
	value_ended(t);
	if (c == '"') {
		*ret = TOKEN_STRING;
		return read_string(t, err);
	}
	return read_word(t, ret, err);
}

static bool
read_key(struct tokens *t, int c, enum token *ret, struct err *err)
{
	if (c != '"')
		return bad(t, "a key is missing", err);
	if (!read_string(t, err))
		return false;
	c = peek_past_blanks(t, err);
	if (c != ':')
		return c == -2 ? false : bad(t, "a colon is missing", err);
	scan_take(t->scan, 1);
	t->want = WANT_VALUE;
	*ret = TOKEN_KEY;
	return true;
}

static bool
close_scope(struct tokens *t, enum token *ret)
{
	scan_take(t->scan, 1);
	*ret = t->in_object[--t->depth] ? TOKEN_OBJECT_END : TOKEN_ARRAY_END;
	value_ended(t);
	return true;
}

bool
tokens_next(struct tokens *t, enum token *ret, struct err *err)
{
	int c = peek_past_blanks(t, err);
	bool object = t->depth > 0 && t->in_object[t->depth - 1];

	if (c == -2)
		return false;
	if (t->want == WANT_NOTHING) {
		*ret = TOKEN_END;
		return c == -1 || bad(t, "something stands behind its end", err);
	}
	if (c == -1)
		return bad(t, "it ends too early", err);
	if (t->depth > 0 && c == (object ? '}' : ']') && t->want != WANT_VALUE &&
		t->want != WANT_KEY)
		return close_scope(t, ret);
	if (t->want == WANT_COMMA) {
		if (c != ',')
			return bad(t, "a comma is missing", err);
		scan_take(t->scan, 1);
		t->want = object ? WANT_KEY : WANT_VALUE;
		return tokens_next(t, ret, err);
	}
	if (t->want == WANT_KEY || (t->want == WANT_FIRST && object))
		return read_key(t, c, ret, err);
	return read_value(t, c, ret, err);
}

bool
tokens_skip(struct tokens *t, enum token first, struct err *err)
{
	int depth = first == TOKEN_OBJECT || first == TOKEN_ARRAY;
	enum token token;

	while (depth > 0) {
		if (!tokens_next(t, &token, err))
			return false;
		if (token == TOKEN_OBJECT || token == TOKEN_ARRAY)
			depth++;
		else if (token == TOKEN_OBJECT_END || token == TOKEN_ARRAY_END)
			depth--;
	}
	return true;
}

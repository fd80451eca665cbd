#include "base/banned.h"
#include "tui/term/input.h"
#include "base/text.h"

#define PASTE_START "\033[200~"
#define PASTE_END   "\033[201~"

/* What a look at the front of the buffer said. */
enum found {
	FOUND_KEY,    /* *key holds it, or K_NONE: swallow */
	FOUND_MORE,   /* may become something with more bytes */
	FOUND_PASTE,  /* a paste begins */
	FOUND_STRING, /* a control string begins */
};

struct look {
	enum found found;
	size_t len; /* bytes used up */
	uint32_t key;
};

void
input_init(struct input *in)
{
	*in = (struct input){.paste = STR_INIT(INPUT_PASTE_MAX)};
}

void
input_done(struct input *in)
{
	str_done(&in->paste);
}

void
input_bind(struct input *in, const char *bytes, uint32_t key)
{
	struct input_binding *b = &in->bindings[in->nbindings];
	size_t len = bytes != NULL ? strlen(bytes) : 0;

	/* One byte keys (DEL, Tab) have fixed meanings; only sequences are learnt. */
	if (len < 2 || len > sizeof(b->bytes) || bytes[0] != '\033' ||
		in->nbindings == ARRAY_LEN(in->bindings))
		return;
	memcpy(b->bytes, bytes, len);
	b->len = (uint8_t)len;
	b->key = key;
	in->nbindings++;
}

void
input_feed(struct input *in, const void *bytes, size_t len, int64_t now_ms)
{
	/* What input_next leaves undecided is shorter than the slack behind INPUT_CHUNK. */
	if (len > sizeof(in->buf) - in->len)
		len = sizeof(in->buf) - in->len;
	memcpy(in->buf + in->len, bytes, len);
	in->len += len;
	in->fed_ms = now_ms;
}

static void
consume(struct input *in, size_t len)
{
	in->len -= len;
	memmove(in->buf, in->buf + len, in->len);
}

static uint32_t
tilde_key(unsigned number)
{
	static const struct {
		uint8_t number;
		uint32_t key;
	} keys[] = {{1, K_HOME}, {2, K_INSERT}, {3, K_DELETE}, {4, K_END}, {5, K_PGUP}, {6, K_PGDN},
		{7, K_HOME}, {8, K_END}, {11, K_F(1)}, {12, K_F(2)}, {13, K_F(3)}, {14, K_F(4)},
		{15, K_F(5)}, {17, K_F(6)}, {18, K_F(7)}, {19, K_F(8)}, {20, K_F(9)}, {21, K_F(10)},
		{23, K_F(11)}, {24, K_F(12)}};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].number == number)
			return keys[i].key;
	return K_NONE;
}

static uint32_t
letter_key(char final)
{
	switch (final) {
	case 'A': return K_UP;
	case 'B': return K_DOWN;
	case 'C': return K_RIGHT;
	case 'D': return K_LEFT;
	case 'F': return K_END;
	case 'H': return K_HOME;
	case 'M': return K_ENTER; /* of the keypad, behind ESC O */
	case 'P': return K_F(1);
	case 'Q': return K_F(2);
	case 'R': return K_F(3);
	case 'S': return K_F(4);
	case 'Z': return K_BACKTAB;
	default: return K_NONE;
	}
}

/* xterm's modifier parameter: 1 + shift 1, alt 2, control 4 */
static uint32_t
modified(uint32_t key, unsigned parameter)
{
	unsigned bits = parameter > 1 && parameter <= 8 ? parameter - 1 : 0;

	if (key == K_NONE)
		return K_NONE;
	return key | (bits & 1 ? K_SHIFT : 0) | (bits & 2 ? K_ALT : 0) | (bits & 4 ? K_CONTROL : 0);
}

/* CSI: ESC [ parameters 0x30-0x3f, intermediates 0x20-0x2f, final 0x40-0x7e (ECMA-48 5.4) */
static struct look
look_csi(const char *b, size_t len)
{
	unsigned numbers[2] = {0, 0}, n = 0;
	bool plain = true;
	size_t i = 2;

	if (len > 2 && b[2] == '[') { /* the Linux console's F1 to F5 */
		if (len < 4)
			return (struct look){FOUND_MORE, 3, K_NONE};
		return (struct look){
			FOUND_KEY, 4, b[3] >= 'A' && b[3] <= 'E' ? K_F(b[3] - 'A' + 1) : K_NONE};
	}
	for (; i < len && b[i] >= 0x20 && b[i] < 0x40; i++) {
		if (b[i] >= '0' && b[i] <= '9' && n < 2 && numbers[n] < 1000)
			numbers[n] = numbers[n] * 10 + (unsigned)(b[i] - '0');
		else if (b[i] == ';')
			n++;
		else
			plain = false;
	}
	if (i == len)
		return (struct look){FOUND_MORE, len, K_NONE};
	if (b[i] < 0x40 || b[i] > 0x7e) /* broken off: what follows is something else */
		return (struct look){FOUND_KEY, i, K_NONE};
	if (b[i] == 'M' && i == 2) { /* a mouse report, though nobody asked: three more bytes */
		return (struct look){len < 6 ? FOUND_MORE : FOUND_KEY, MIN(len, 6), K_NONE};
	}
	if (!plain)
		return (struct look){FOUND_KEY, i + 1, K_NONE};
	if (b[i] == '~' && numbers[0] == 200 && n == 0)
		return (struct look){FOUND_PASTE, i + 1, K_NONE};
	return (struct look){FOUND_KEY, i + 1,
		modified(b[i] == '~' ? tilde_key(numbers[0]) : letter_key(b[i]), numbers[1])};
}

/* The longest sequence of terminfo's that the buffer starts with; FOUND_MORE if one may come. */
static bool
look_bindings(const struct input *in, struct look *ret)
{
	bool may_come = false;

	ret->len = 0;
	for (size_t i = 0; i < in->nbindings; i++) {
		const struct input_binding *b = &in->bindings[i];

		if (memcmp(in->buf, b->bytes, MIN(b->len, in->len)) != 0)
			continue;
		if (b->len > in->len)
			may_come = true;
		else if (b->len > ret->len)
			*ret = (struct look){FOUND_KEY, b->len, b->key};
	}
	if (ret->len == 0 && may_come)
		*ret = (struct look){FOUND_MORE, in->len, K_NONE};
	return ret->len > 0;
}

static struct look
look_text(const char *b, size_t len)
{
	unsigned char c = (unsigned char)b[0];
	size_t n, want = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	uint32_t code;

	if (c == '\b')
		return (struct look){FOUND_KEY, 1, K_BACKSPACE};
	n = text_decode(b, len, &code);
	if (n > 0)
		return (struct look){FOUND_KEY, n, code};
	/* Part of a character, or no UTF-8 at all */
	if (c >= 0xc2 && c < 0xf5 && len < want)
		return (struct look){FOUND_MORE, 1, K_NONE};
	return (struct look){FOUND_KEY, 1, K_NONE};
}

static struct look
look_alt(const char *b, size_t len)
{
	struct look look = look_text(b + 1, len - 1);

	look.len++;
	if (look.key != K_NONE)
		look.key |= K_ALT;
	return look;
}

static struct look
look_escape(const struct input *in)
{
	const char *b = in->buf;
	struct look look;

	if (in->len == 1)
		return (struct look){FOUND_MORE, 1, K_ESC};
	if (look_bindings(in, &look))
		return look;
	switch (b[1]) {
	case '\033': return (struct look){FOUND_KEY, 1, K_ESC};
	case '[':
		if (in->len == 2)
			return (struct look){FOUND_MORE, 2, K_ALT | '['};
		return look_csi(b, in->len);
	case 'O':
		if (in->len == 2)
			return (struct look){FOUND_MORE, 2, K_ALT | 'O'};
		return (struct look){FOUND_KEY, 3, letter_key(b[2])};
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		if (in->len == 2)
			return (struct look){FOUND_MORE, 2, K_ALT | (unsigned char)b[1]};
		return (struct look){FOUND_STRING, 2, K_NONE};
	default: return look_alt(b, in->len);
	}
}

/* The bytes before `end` that are there already; the whole buffer but a possible beginning. */
static size_t
before_end(const struct input *in, const char *end, bool *ret_complete)
{
	size_t n = strlen(end);
	const char *at = memmem(in->buf, in->len, end, n);

	*ret_complete = at != NULL;
	if (at != NULL)
		return (size_t)(at - in->buf);
	for (size_t keep = MIN(n - 1, in->len); keep > 0; keep--)
		if (memcmp(in->buf + in->len - keep, end, keep) == 0)
			return in->len - keep;
	return in->len;
}

static bool
next_paste(struct input *in, int64_t now_ms, struct event *ret)
{
	bool complete, late = now_ms - in->fed_ms >= INPUT_PASTE_MS;
	size_t n = before_end(in, PASTE_END, &complete);

	str_addn(&in->paste, in->buf, n);
	consume(in, n + (complete ? strlen(PASTE_END) : 0));
	if (!complete && !late)
		return false;
	in->pasting = false;
	*ret = (struct event){.type = EVENT_PASTE,
		.text = str_text(&in->paste),
		.len = in->paste.len,
		.cut = in->paste.full || !complete,
		.at_ms = in->fed_ms};
	return true;
}

/* Skips a control string to its end: BEL or ESC \ (ST), or a silence. */
static void
skip_string(struct input *in, int64_t now_ms)
{
	for (size_t i = 0; i < in->len; i++) {
		bool st = in->buf[i] == '\033' && i + 1 < in->len && in->buf[i + 1] == '\\';

		if (in->buf[i] == '\a' || st) {
			in->dropping = false;
			consume(in, i + 1 + st);
			return;
		}
	}
	if (now_ms - in->fed_ms >= INPUT_STRING_MS) {
		in->dropping = false;
		consume(in, in->len);
	} else if (in->len > 1) { /* the last byte may be half of an ST */
		consume(in, in->len - 1);
	}
}

bool
input_next(struct input *in, int64_t now_ms, struct event *ret)
{
	while (in->len > 0 || in->pasting) {
		struct look look;

		if (in->pasting)
			return next_paste(in, now_ms, ret);
		if (in->dropping) {
			skip_string(in, now_ms);
			if (in->dropping)
				return false;
			continue;
		}
		look = in->buf[0] == '\033' ? look_escape(in) : look_text(in->buf, in->len);
		if (look.found == FOUND_MORE && now_ms - in->fed_ms < INPUT_ESC_MS &&
			in->len < sizeof(in->buf) - INPUT_CHUNK)
			return false;
		consume(in, look.len);
		if (look.found == FOUND_PASTE) {
			in->pasting = true;
			str_cut(&in->paste, 0);
			in->paste.full = false;
		} else if (look.found == FOUND_STRING) {
			in->dropping = true;
		} else if (look.key != K_NONE) {
			*ret = (struct event){
				.type = EVENT_KEY, .key = look.key, .at_ms = in->fed_ms};
			return true;
		}
	}
	return false;
}

int64_t
input_wait(const struct input *in, int64_t now_ms)
{
	int64_t limit = in->pasting    ? INPUT_PASTE_MS
			: in->dropping ? INPUT_STRING_MS
				       : INPUT_ESC_MS;

	if (in->len == 0 && !in->pasting && !in->dropping)
		return -1;
	return MAX(in->fed_ms + limit - now_ms, 0);
}

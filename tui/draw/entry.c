#include "base/banned.h"
#include "tui/draw/entry.h"
#include "tui/draw/width.h"
#include "tui/keys.h"

void
entry_init(struct entry *f, size_t max, bool secret)
{
	*f = (struct entry){.text = STR_INIT(max), .secret = secret};
	/* All of it at once: growing would leave copies of a secret behind. */
	str_pad(&f->text, max);
	str_cut(&f->text, 0);
}

void
entry_done(struct entry *f)
{
	if (f->secret)
		str_wipe(&f->text);
	str_done(&f->text);
}

void
entry_set(struct entry *f, const char *text)
{
	struct event paste = {.type = EVENT_PASTE, .text = text, .len = strlen(text)};

	str_cut(&f->text, 0);
	f->cursor = f->first = 0;
	entry_event(f, &paste);
}

const char *
entry_text(struct entry *f)
{
	return str_text(&f->text);
}

/* Bytes of the character at `at`, its combining marks included. */
static size_t
step_right(struct entry *f, size_t at)
{
	uint32_t code;
	size_t n;

	if (at >= f->text.len)
		return 0;
	n = text_decode(f->text.buf + at, f->text.len - at, &code);
	for (size_t more; at + n < f->text.len; n += more) {
		more = text_decode(f->text.buf + at + n, f->text.len - at - n, &code);
		if (more == 0 || width_code(code) != 0)
			break;
	}
	return MAX(n, 1);
}

static size_t
step_left(struct entry *f, size_t at)
{
	size_t start = at;
	uint32_t code;

	while (start > 0) {
		start--;
		while (start > 0 && ((unsigned char)f->text.buf[start] & 0xc0) == 0x80)
			start--;
		if (text_decode(f->text.buf + start, f->text.len - start, &code) == 0 ||
			width_code(code) != 0)
			break;
	}
	return at - start;
}

/* All of it, or nothing when there is no room. */
static bool
insert(struct entry *f, const char *bytes, size_t len)
{
	CLEANUP(str_wipe) struct str tail = STR_INIT(f->text.max);

	if (len > f->text.max - f->text.len)
		return false;
	str_addn(&tail, str_text(&f->text) + f->cursor, f->text.len - f->cursor);
	str_cut(&f->text, f->cursor);
	str_addn(&f->text, bytes, len);
	str_addn(&f->text, str_text(&tail), tail.len);
	f->cursor += len;
	return true;
}

static void
erase(struct entry *f, size_t from, size_t len)
{
	memmove(f->text.buf + from, f->text.buf + from + len, f->text.len - from - len);
	str_cut(&f->text, f->text.len - len);
	f->cursor = from;
}

static unsigned
paste(struct entry *f, const struct event *ev)
{
	size_t n;

	for (size_t i = 0; i < ev->len && ev->text[i] != '\n' && ev->text[i] != '\r'; i += n) {
		uint32_t code;

		n = text_decode(ev->text + i, ev->len - i, &code);
		if (n == 0) {
			n = 1;
			continue;
		}
		if (!text_is_unsafe(code) && !insert(f, ev->text + i, n))
			break;
	}
	return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
}

static size_t
word_left(struct entry *f)
{
	size_t at = f->cursor;

	while (at > 0 && f->text.buf[at - 1] == ' ')
		at--;
	while (at > 0 && f->text.buf[at - 1] != ' ')
		at--;
	return f->cursor - at;
}

static unsigned
type(struct entry *f, uint32_t key)
{
	CLEANUP(str_wipe) struct str one = STR_INIT(8);

	text_encode(&one, key);
	insert(f, str_text(&one), one.len);
	return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
}

unsigned
entry_event(struct entry *f, const struct event *ev)
{
	size_t n;

	if (ev->type == EVENT_PASTE)
		return paste(f, ev);
	if (ev->type != EVENT_KEY)
		return ANSWER_IGNORED;
	if (key_is_text(ev->key))
		return type(f, ev->key);
	switch (keys_find(CONTEXT_FIELD, ev->key)) {
	case ACTION_CURSOR_LEFT: f->cursor -= step_left(f, f->cursor); break;
	case ACTION_CURSOR_RIGHT: f->cursor += step_right(f, f->cursor); break;
	case ACTION_CURSOR_START: f->cursor = 0; break;
	case ACTION_CURSOR_END: f->cursor = f->text.len; break;
	case ACTION_ERASE:
		n = step_left(f, f->cursor);
		erase(f, f->cursor - n, n);
		return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
	case ACTION_ERASE_NEXT:
		erase(f, f->cursor, step_right(f, f->cursor));
		return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
	case ACTION_ERASE_WORD:
		n = word_left(f);
		erase(f, f->cursor - n, n);
		return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
	case ACTION_ERASE_ALL:
		erase(f, 0, f->cursor);
		return ANSWER_HANDLED | ANSWER_REDRAW | ANSWER_CHANGED;
	default: return ANSWER_IGNORED;
	}
	return ANSWER_HANDLED | ANSWER_REDRAW;
}

/* Columns between two bytes; a secret's characters are one star each. */
static int
columns(struct entry *f, size_t from, size_t to, unsigned flags)
{
	int n = 0;

	if (!f->secret)
		return (int)width_text(f->text.buf + from, to - from, flags, CANVAS_MAX);
	for (size_t at = from; at < to; at += step_right(f, at))
		n++;
	return n;
}

void
entry_draw(struct entry *f, struct area a, bool focus)
{
	unsigned style = focus ? ROLE_FOCUS : ROLE_FIELD, flags = a.c->ascii ? TEXT_ASCII : 0;
	struct area row = area_cut(a, 0, 0, a.w, 1);
	int stars;

	f->first = MIN(f->first, f->cursor);
	while (f->first < f->cursor &&
		columns(f, f->first, f->cursor, flags) > row.w - 1 - (f->first > 0))
		f->first += step_right(f, f->first);
	draw_fill(row, style);
	if (f->first > 0) /* the text goes on to the left */
		draw_glyph(area_left(&row, 1), 0, 0, style, '<');
	stars = f->secret ? columns(f, f->first, f->text.len, flags) : 0;
	for (int x = 0; x < stars; x++)
		draw_glyph(row, x, 0, style, '*');
	if (!f->secret)
		draw_field(
			row, 0, 0, row.w, style, f->text.buf + f->first, f->text.len - f->first, 0);
	if (focus)
		draw_cursor(row, columns(f, f->first, f->cursor, flags), 0);
}

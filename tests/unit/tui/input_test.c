#include "base/banned.h"
#include "sketch.h"
#include "tui/term/input.h"

/* Events as words: "j Up paste(text)". */
static void
drain(struct input *in, int64_t now, struct str *out)
{
	char label[KEY_TEXT];
	struct event ev;

	while (input_next(in, now, &ev)) {
		str_add(out, out->len > 0 ? " " : "");
		if (ev.type == EVENT_PASTE)
			str_fmt(out, "paste%s(%.*s)", ev.cut ? "!" : "", (int)ev.len, ev.text);
		else
			str_add(out, key_label(ev.key, label));
	}
}

/* The bytes in pieces of `piece`, then a long silence. */
static const char *
decode(const char *bytes, size_t len, size_t piece)
{
	static struct str out = STR_INIT(64 * KIB);
	struct input in;

	str_cut(&out, 0);
	input_init(&in);
	input_bind(&in, "\033[1~", K_HOME);
	input_bind(&in, "\033OA", K_UP);
	input_bind(&in, "\033Ot", K_F(5));
	input_bind(&in, "\177", K_DELETE);
	input_bind(&in, NULL, K_DELETE);
	for (size_t at = 0; at < len; at += piece) {
		input_feed(&in, bytes + at, MIN(piece, len - at), 1000);
		drain(&in, 1000, &out);
	}
	drain(&in, 1000 + INPUT_PASTE_MS, &out);
	assert_int_equal(in.len, 0);
	assert_int_equal(input_wait(&in, 5000), -1);
	input_done(&in);
	return str_text(&out);
}

static void
test_sequences(void **state)
{
	static const struct {
		const char *bytes, *events;
	} rows[] = {
		{"jk", "j k"},
		{"\r\t\177\b ", "Enter Tab Backspace Backspace Space"},
		{"\001\014", "Ctrl-A Ctrl-L"},
		{"\xc3\xa9\xe5\x82\x99", "\xc3\xa9 \xe5\x82\x99"},
		{"\033", "Esc"},
		{"\033\033", "Esc Esc"},
		{"\033[A\033[B\033[C\033[D", "Up Down Right Left"},
		{"\033OA\033OB\033OF\033OM", "Up Down End Enter"},
		{"\033[1~\033[4~\033[5~\033[6~\033[2~\033[3~", "Home End PgUp PgDn Insert Delete"},
		{"\033[H\033[F\033[Z", "Home End Shift-Tab"},
		{"\033OP\033[15~\033[24~\033Ot", "F1 F5 F12 F5"},
		{"\033[[A\033[[E", "F1 F5"},
		{"\033[1;5C\033[1;2A\033[3;3~", "Ctrl-Right Shift-Up Alt-Delete"},
		{"\033x\033\xc3\xa9", "Alt-x Alt-\xc3\xa9"},
		/* What is not known is swallowed whole. */
		{"\033[?1;2cj", "j"},
		{"\033[99~j\033[1;2;3;4xj", "j j"},
		{"\033[200;3~j", "j"},
		{"\033[<0;10;10Mj", "j"},
		{"\033[M !!j", "j"},
		{"\033]0;title\007j", "j"},
		{"\033]11;rgb:0/0/0\033\\j", "j"},
		{"\033P1$r0m\033\\j\033_x\033\\\033^y\033\\k", "j k"},
		{"\033[12\001j", "Ctrl-A j"},
		/* Bytes that are no UTF-8 */
		{"\xff\xfe"
		 "j\xc3",
			"j"},
		{"\x80\x9b"
		 "j",
			"j"},
		/* Pastes */
		{"\033[200~hello\nrm -rf /\r\033[201~j", "paste(hello\nrm -rf /\r) j"},
		{"\033[200~\033[A\033[20\033[201~q", "paste(\033[A\033[20) q"},
		{"\033[200~\033[201~", "paste()"},
		{"\033[200~never ends\r", "paste!(never ends\r)"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t piece = 1; piece < 12; piece++)
			assert_string_equal(decode(rows[i].bytes, strlen(rows[i].bytes), piece),
				rows[i].events);
}

/* A lone ESC is a key after a silence; before it, it may begin something. */
static void
test_escape_waits(void **state)
{
	CLEANUP(str_done) struct str out = STR_INIT(100);
	struct input in;
	struct event ev;

	input_init(&in);
	input_feed(&in, "\033", 1, 1000);
	assert_false(input_next(&in, 1000, &ev));
	assert_int_equal(input_wait(&in, 1010), INPUT_ESC_MS - 10);
	input_feed(&in, "[A", 2, 1020);
	drain(&in, 1020, &out);
	assert_string_equal(str_text(&out), "Up");
	input_feed(&in, "\033", 1, 2000);
	assert_false(input_next(&in, 2000 + INPUT_ESC_MS - 1, &ev));
	assert_true(input_next(&in, 2000 + INPUT_ESC_MS, &ev));
	assert_int_equal(ev.key, K_ESC);
	assert_int_equal(ev.at_ms, 2000);
	input_feed(&in, "\033[", 2, 3000);
	assert_true(input_next(&in, 3000 + INPUT_ESC_MS, &ev));
	assert_int_equal(ev.key, K_ALT | '[');
	input_done(&in);
}

static void
test_paste_is_bounded(void **state)
{
	struct input in;
	struct event ev;
	char chunk[INPUT_CHUNK];

	memset(chunk, 'x', sizeof(chunk));
	input_init(&in);
	input_feed(&in, "\033[200~", 6, 0);
	for (int i = 0; i < 100; i++) {
		assert_false(input_next(&in, i, &ev));
		input_feed(&in, chunk, sizeof(chunk), i);
	}
	assert_false(input_next(&in, 100, &ev));
	input_feed(&in, "\033[201~", 6, 100);
	assert_true(input_next(&in, 100, &ev));
	assert_int_equal(ev.type, EVENT_PASTE);
	assert_int_equal(ev.len, INPUT_PASTE_MAX);
	assert_true(ev.cut);
	/* The next one begins afresh. */
	input_feed(&in, "\033[200~ab\033[201~", 14, 200);
	assert_true(input_next(&in, 200, &ev));
	assert_int_equal(ev.len, 2);
	assert_false(ev.cut);
	input_done(&in);
}

/* A control string of any length is dropped without being kept. */
static void
test_long_string(void **state)
{
	struct input in;
	struct event ev;
	char chunk[INPUT_CHUNK];

	memset(chunk, 'j', sizeof(chunk));
	input_init(&in);
	input_feed(&in, "\033]52;c;", 7, 0);
	for (int i = 0; i < 50; i++) {
		assert_false(input_next(&in, i, &ev));
		assert_in_range(in.len, 0, 1);
		input_feed(&in, chunk, sizeof(chunk), i);
	}
	assert_false(input_next(&in, 50, &ev));
	input_feed(&in, "\007k", 2, 51);
	assert_true(input_next(&in, 51, &ev));
	assert_int_equal(ev.key, 'k');
	input_done(&in);
}

static void
test_any_bytes(void **state)
{
	static const char alphabet[] =
		"\033\033\033[[O]P~;?M<0123456789ABCZabc\007\\\r\xc3\xa9\xff ";
	uint32_t seed = 3;

	for (int round = 0; round < 3000; round++) {
		char bytes[48], copy[1000];

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = alphabet[sketch_random(&seed) % (sizeof(alphabet) - 1)];
		snprintf(copy, sizeof(copy), "%s", decode(bytes, sizeof(bytes), sizeof(bytes)));
		/* However it is cut into pieces, without a silence between, it means the same. */
		assert_string_equal(decode(bytes, sizeof(bytes), 1 + (size_t)round % 7), copy);
	}
}

static void
test_names(void **state)
{
	static const char *const names[] = {"Enter", "Tab", "Shift-Tab", "Esc", "Space",
		"Backspace", "Up", "PgDn", "F1", "F12", "Ctrl-A", "Ctrl-Z", "Alt-x", "Ctrl-Left",
		"Alt-Shift-F3", "j", "?", "-", "\xc3\xa9"};
	char label[KEY_TEXT];
	uint32_t key;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(key_parse(names[i], strlen(names[i]), &key));
		assert_string_equal(key_label(key, label), names[i]);
	}
	assert_false(key_parse("", 0, &key));
	assert_false(key_parse("F13", 3, &key));
	assert_false(key_parse("Hyper", 5, &key));
	assert_false(key_parse("\033", 1, &key));
	assert_true(key_is_text('a') && key_is_text(0xe9));
	assert_false(key_is_text(K_UP) || key_is_text(K_ALT | 'a') || key_is_text(0x202e) ||
		     key_is_text('\r') || key_is_text(K_BACKSPACE));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_escape_waits),
		cmocka_unit_test(test_paste_is_bounded),
		cmocka_unit_test(test_long_string),
		cmocka_unit_test(test_any_bytes),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

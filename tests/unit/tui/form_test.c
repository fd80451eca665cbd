#include "base/banned.h"
#include "sketch.h"
#include "tui/draw/form.h"

static unsigned
entry_press(struct entry *e, const char *name)
{
	struct event ev = sketch_key(name, 0);

	return entry_event(e, &ev);
}

static void
test_editing(void **state)
{
	/* Keys, then the text with | at the cursor */
	static const struct {
		const char *keys, *text;
	} rows[] = {
		{"a b c", "abc|"},
		{"a b Left c", "ac|b"},
		{"a b Home c", "c|ab"},
		{"a b Ctrl-A Ctrl-F c Ctrl-E d", "acbd|"},
		{"a b Backspace Backspace Backspace", "|"},
		{"a b Home Delete Delete Delete", "|"},
		{"a b c Left Ctrl-U", "|c"},
		{"a Space b c Ctrl-W", "a |"},
		{"a Space b Space Ctrl-W Ctrl-W", "|"},
		{"\xc3\xa9 \xe5\x82\x99 Left x", "\xc3\xa9x|\xe5\x82\x99"},
		{"\xc3\xa9 \xe5\x82\x99 Backspace", "\xc3\xa9|"},
		/* A combining mark goes with its letter. */
		{"e \xcc\x81 x Left Left Delete", "|x"},
		{"x e \xcc\x81 Backspace", "x|"},
		{"Left Right Home End Delete", "|"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(str_done) struct str with = STR_INIT(100);
		struct entry e;

		entry_init(&e, 50, false);
		for (const char *p = rows[i].keys; *p != '\0';) {
			char name[20] = "";
			size_t n = strcspn(p, " ");

			memcpy(name, p, n);
			entry_press(&e, name);
			p += n + strspn(p + n, " ");
		}
		str_addn(&with, entry_text(&e), e.cursor);
		str_addc(&with, '|');
		str_add(&with, entry_text(&e) + e.cursor);
		assert_string_equal(str_text(&with), rows[i].text);
		entry_done(&e);
	}
}

static void
test_pasting(void **state)
{
	struct event ev = sketch_paste("one\033[A\xff two\nthree", 0);
	struct entry e;

	entry_init(&e, 8, false);
	entry_press(&e, "x");
	assert_true(entry_event(&e, &ev) & ANSWER_CHANGED);
	assert_string_equal(entry_text(&e), "xone[A t"); /* bounded, one line, no controls */
	assert_int_equal(e.cursor, 8);
	assert_int_equal(entry_press(&e, "y") & ANSWER_HANDLED, ANSWER_HANDLED);
	assert_string_equal(entry_text(&e), "xone[A t");
	assert_int_equal(entry_press(&e, "Enter"), ANSWER_IGNORED);
	assert_int_equal(entry_press(&e, "Tab"), ANSWER_IGNORED);
	entry_done(&e);
}

static void
test_scrolling(void **state)
{
	struct canvas *c = canvas_new(6, 1, false);
	struct entry e, secret;

	entry_init(&e, 100, false);
	entry_set(&e, "0123456789");
	entry_draw(&e, canvas_area(c), true);
	assert_string_equal(sketch_row(c, 0), "<6789");
	assert_int_equal(c->cursor_x, 5);
	for (int i = 0; i < 7; i++)
		entry_press(&e, "Left");
	entry_draw(&e, canvas_area(c), true);
	assert_string_equal(sketch_row(c, 0), "<3456>");
	assert_int_equal(c->cursor_x, 1);
	entry_init(&secret, 100, true);
	entry_set(&secret, "p\xc3\xa4ss");
	entry_draw(&secret, canvas_area(c), true);
	assert_string_equal(sketch_row(c, 0), "****");
	assert_int_equal(c->cursor_x, 4);
	entry_done(&e);
	entry_done(&secret);
	canvas_free(c);
}

static const char *const choices[] = {"newest", "by name", NULL};
static const struct form_item items[] = {
	{FORM_TEXT, "backup", "Its name.", 20, "a.dump", NULL},
	{FORM_CHOICE, "choose", NULL, 0, "by name", choices},
	{FORM_SECRET, "password", "It is wiped.", 20, NULL, NULL},
	{FORM_CHECK, "drill", NULL, 0, NULL, NULL},
};

static unsigned
press(struct form *f, const char *name)
{
	struct event ev = sketch_key(name, 0);

	return form_event(f, &ev);
}

static bool
password_given(struct form *f, void *arg)
{
	if (form_text(f, 2)[0] != '\0')
		return true;
	f->values[2].error = "A password is needed.";
	return false;
}

static void
test_form(void **state)
{
	struct canvas *c = canvas_new(80, 24, false);
	struct form f;

	form_init(&f, "Restore", "Go on", items, ARRAY_LEN(items));
	f.check = password_given;
	form_draw(&f, canvas_area(c));
	assert_true(sketch_has(c, "Its name."));
	assert_true(sketch_has(c, "a.dump"));
	assert_string_equal(form_text(&f, 1), "by name");
	press(&f, "2");
	assert_string_equal(form_text(&f, 0), "a.dump2");
	press(&f, "Enter");
	press(&f, "Right"); /* from the last choice to the first */
	assert_string_equal(form_text(&f, 1), "newest");
	press(&f, "Left");
	assert_string_equal(form_text(&f, 1), "by name");
	press(&f, "Tab");
	press(&f, "Down");
	press(&f, "Space");
	assert_true(f.values[3].checked);
	press(&f, "Tab");
	assert_int_equal(f.focus, 4);
	assert_false(press(&f, "Enter") & ANSWER_ACCEPTED);
	assert_int_equal(f.focus, 2); /* what is wrong has the focus, and says so */
	canvas_clear(c);
	form_draw(&f, canvas_area(c));
	assert_true(sketch_has(c, "A password is needed."));
	press(&f, "x");
	assert_null(f.values[2].error);
	canvas_clear(c);
	form_draw(&f, canvas_area(c));
	assert_false(sketch_has(c, "password is needed"));
	press(&f, "Tab");
	press(&f, "Tab");
	assert_true(press(&f, "Enter") & ANSWER_ACCEPTED);
	press(&f, "Tab");
	assert_true(press(&f, "Enter") & ANSWER_CANCELLED);
	assert_true(press(&f, "Esc") & ANSWER_CANCELLED);
	form_done(&f);
	canvas_free(c);
}

static void
test_form_without_room(void **state)
{
	for (int w = 1; w < 80; w += 5) {
		for (int h = 1; h < 16; h++) {
			struct canvas *c = canvas_new(w, h, true);
			struct form f;

			form_init(&f, "Restore", "Go on", items, ARRAY_LEN(items));
			for (int i = 0; i < 8; i++) {
				form_draw(&f, canvas_area(c));
				press(&f, "Tab");
			}
			form_done(&f);
			canvas_free(c);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_editing),
		cmocka_unit_test(test_pasting),
		cmocka_unit_test(test_scrolling),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_form_without_room),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

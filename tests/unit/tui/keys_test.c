#include "base/banned.h"
#include "sketch.h"
#include "tui/draw/keybar.h"
#include "tui/help.h"
#include "tui/palette.h"

/* Contexts that a screen looks keys up in together. */
static const unsigned together[] = {
	CONTEXT_GLOBAL | CONTEXT_LIST,
	CONTEXT_GLOBAL | CONTEXT_PAGER,
	CONTEXT_GLOBAL | CONTEXT_TIMELINE,
	CONTEXT_GLOBAL | CONTEXT_LIST | CONTEXT_SET,
	CONTEXT_GLOBAL | CONTEXT_PAGER | CONTEXT_SET,
	CONTEXT_GLOBAL | CONTEXT_LIST | CONTEXT_BACKUP | CONTEXT_BACKUPS,
	CONTEXT_GLOBAL | CONTEXT_PAGER | CONTEXT_BACKUP,
	CONTEXT_GLOBAL | CONTEXT_LIST | CONTEXT_RUNBOOK,
	CONTEXT_GLOBAL | CONTEXT_PAGER | CONTEXT_RUNBOOK,
	CONTEXT_GLOBAL | CONTEXT_PAGER | CONTEXT_PLAN,
	CONTEXT_GLOBAL | CONTEXT_LIST | CONTEXT_RUN,
	CONTEXT_GLOBAL | CONTEXT_PAGER | CONTEXT_RUN,
	CONTEXT_GLOBAL | CONTEXT_LIST | CONTEXT_AUDIT,
	CONTEXT_FORM,
	CONTEXT_FIELD,
};

static void
test_every_row_is_bound_and_documented(void **state)
{
	for (enum action id = 1; id < ACTION_COUNT; id++) {
		const struct action_row *row = keys_row(id);

		assert_int_equal(row->id, id);
		assert_ptr_equal(keys_by_name(row->name), row); /* the name is its own */
		assert_int_equal(
			strspn(row->name, "abcdefghijklmnopqrstuvwxyz-"), strlen(row->name));
		assert_true(strlen(row->summary) > 5);
		assert_string_not_equal(keys_place(row), "");
		/* Without a key it must be reached through the palette, which is global. */
		assert_true(row->nkeys > 0 || row->contexts & CONTEXT_GLOBAL);
		for (size_t i = 0; i < row->nkeys; i++)
			assert_int_equal(keys_find(row->contexts, row->keys[i]), id);
	}
	assert_null(keys_by_name("no-such-action"));
	assert_int_equal(keys_find(~0u, K_F(9)), ACTION_NONE);
}

static void
test_no_key_means_two_things(void **state)
{
	for (size_t t = 0; t < ARRAY_LEN(together); t++) {
		for (enum action a = 1; a < ACTION_COUNT; a++) {
			const struct action_row *row = keys_row(a);

			for (size_t i = 0; row->contexts & together[t] && i < row->nkeys; i++)
				assert_int_equal(keys_find(together[t], row->keys[i]), a);
		}
	}
}

/* CONSOLE.md: nothing unsafe on Enter, Ctrl-D or Ctrl-K. */
static void
test_nothing_unsafe_by_habit(void **state)
{
	for (enum action id = 1; id < ACTION_COUNT; id++) {
		const struct action_row *row = keys_row(id);

		for (size_t i = 0; row->flags & KEYS_UNSAFE && i < row->nkeys; i++)
			assert_true(row->keys[i] != K_ENTER && row->keys[i] != K_CTRL('D') &&
				    row->keys[i] != K_CTRL('K'));
	}
	assert_int_equal(keys_find(~0u, K_CTRL('K')), ACTION_NONE);
}

static void
test_manual(void **state)
{
	CLEANUP(str_done) struct str man = STR_INIT(64 * KIB);

	keys_man(&man);
	for (enum action id = 1; id < ACTION_COUNT; id++) {
		CLEANUP(str_done) struct str name = STR_INIT(100);

		for (const char *p = keys_row(id)->name; *p != '\0'; p++)
			str_fmt(&name, *p == '-' ? "\\-" : "%c", *p);
		assert_non_null(strstr(str_text(&man), str_text(&name)));
	}
	assert_non_null(strstr(str_text(&man), ".TP\n\\fBj, Down\\fR (down; lists, text)\n"));
}

static bool
not_open(void *arg, const struct action_row *row)
{
	return row->id != ACTION_OPEN;
}

static void
test_bar(void **state)
{
	struct canvas *c = canvas_new(80, 1, false);
	struct keybar bar = {.contexts = CONTEXT_GLOBAL | CONTEXT_LIST};

	keybar_draw(canvas_area(c), &bar);
	assert_non_null(strstr(sketch_row(c, 0), "Enter open  / filter"));
	assert_true(util_ends(sketch_row(c, 0), "? help"));
	bar.allowed = not_open;
	keybar_draw(canvas_area(c), &bar);
	assert_null(strstr(sketch_row(c, 0), "open"));
	canvas_resize(c, 12, 1);
	keybar_draw(canvas_area(c), &bar);
	assert_string_equal(sketch_row(c, 0), "     ? help");
	/* Where help does not hold it is not offered. */
	bar.contexts = CONTEXT_FORM;
	canvas_resize(c, 80, 1);
	keybar_draw(canvas_area(c), &bar);
	assert_null(strstr(sketch_row(c, 0), "help"));
	assert_non_null(strstr(sketch_row(c, 0), "Esc cancel"));
	canvas_free(c);
}

static unsigned
press(struct palette *p, const char *name)
{
	struct event ev = sketch_key(name, 0);

	return palette_event(p, &ev);
}

static const char *const *
themes(void *arg, const char *what)
{
	static const char *const names[] = {"default", "light", "mono", NULL};

	return strcmp(what, "theme") == 0 ? names : NULL;
}

static void
test_palette(void **state)
{
	struct canvas *c = canvas_new(80, 24, false);
	struct keybar bar = {.contexts = CONTEXT_GLOBAL | CONTEXT_LIST};
	struct event paste = sketch_paste("ref\nresh", 0);
	struct palette p;
	const char *word;

	palette_open(&p, &bar, themes, NULL);
	palette_draw(&p, canvas_area(c));
	assert_true(sketch_has(c, "open what is under the cursor"));
	assert_false(sketch_has(c, "choose an action by its name")); /* itself */
	assert_false(sketch_has(c, "zoom-in"));                      /* of another screen */
	/* A paste fills in, and runs nothing. */
	assert_false(palette_event(&p, &paste) & ANSWER_ACCEPTED);
	assert_string_equal(entry_text(&p.field), "ref");
	assert_true(press(&p, "Enter") & ANSWER_ACCEPTED);
	assert_int_equal(palette_choice(&p, &word), ACTION_REFRESH);
	/* An argument is completed, not guessed. */
	press(&p, "Ctrl-U");
	press(&p, "t");
	press(&p, "h");
	assert_false(press(&p, "Enter") & ANSWER_ACCEPTED);
	assert_string_equal(entry_text(&p.field), "theme ");
	press(&p, "l");
	press(&p, "i");
	palette_draw(&p, canvas_area(c));
	assert_true(sketch_has(c, "light"));
	press(&p, "Tab");
	assert_string_equal(entry_text(&p.field), "theme light");
	assert_true(press(&p, "Enter") & ANSWER_ACCEPTED);
	assert_int_equal(palette_choice(&p, &word), ACTION_THEME);
	assert_string_equal(word, "light");
	press(&p, "x");
	assert_false(press(&p, "Enter") & (ANSWER_ACCEPTED | ANSWER_CANCELLED));
	palette_draw(&p, canvas_area(c));
	assert_true(sketch_has(c, "There is no such action."));
	assert_int_equal(palette_choice(&p, &word), ACTION_NONE);
	assert_true(press(&p, "Esc") & ANSWER_CANCELLED);
	/* A shell is out of reach. */
	press(&p, "Ctrl-U");
	press(&p, "!");
	press(&p, "l");
	press(&p, "s");
	assert_false(press(&p, "Enter") & ANSWER_ACCEPTED);
	palette_done(&p);
	canvas_free(c);
}

static void
test_palette_moves(void **state)
{
	struct keybar bar = {.contexts = CONTEXT_GLOBAL | CONTEXT_LIST};
	struct canvas *c = canvas_new(80, 24, false);
	struct palette p;
	const char *word;
	enum action first, last;

	palette_open(&p, &bar, NULL, NULL);
	first = palette_choice(&p, &word);
	for (int i = 0; i < 200; i++) /* stops at the last one */
		press(&p, "Down");
	last = palette_choice(&p, &word);
	assert_true(last != ACTION_NONE && last != first);
	palette_draw(&p, canvas_area(c));
	assert_true(sketch_has(c, keys_row(last)->summary));
	for (int i = 0; i < 200; i++)
		press(&p, "Up");
	assert_int_equal(palette_choice(&p, &word), first);
	palette_done(&p);
	canvas_free(c);
}

static void
test_help(void **state)
{
	struct canvas *c = canvas_new(80, 24, false);
	struct keybar bar = {.contexts = CONTEXT_GLOBAL | CONTEXT_LIST, .allowed = not_open};
	struct event slash = sketch_key("/", 0), ev;
	struct help h;

	help_open(&h, &bar);
	for (size_t i = 0; i < h.n; i++)
		assert_true(h.rows[i] != ACTION_OPEN && h.rows[i] != ACTION_ZOOM_IN);
	help_draw(&h, canvas_area(c));
	assert_true(sketch_has(c, "show only the rows that hold a text"));
	help_event(&h, &slash);
	for (const char *p = "repaint"; *p != '\0'; p++) {
		char name[2] = {*p, '\0'};

		ev = sketch_key(name, 0);
		assert_false(help_event(&h, &ev) & ANSWER_CANCELLED);
	}
	canvas_clear(c);
	help_draw(&h, canvas_area(c));
	assert_true(sketch_has(c, "Ctrl-L"));
	assert_false(sketch_has(c, "one row down"));
	ev = sketch_key("Esc", 0); /* first the filter, then the screen */
	assert_false(help_event(&h, &ev) & ANSWER_CANCELLED);
	assert_true(help_event(&h, &ev) & ANSWER_CANCELLED);
	help_done(&h);
	canvas_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_bound_and_documented),
		cmocka_unit_test(test_no_key_means_two_things),
		cmocka_unit_test(test_nothing_unsafe_by_habit),
		cmocka_unit_test(test_manual),
		cmocka_unit_test(test_bar),
		cmocka_unit_test(test_palette),
		cmocka_unit_test(test_palette_moves),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

#include "base/banned.h"
#include "sketch.h"
#include "tui/draw/dialog.h"

static const struct dialog_fact facts[] = {
	{"runs", "pg_restore --clean -d service=aragora /backup/a.dump", 0},
	{"target", "prod-db = aragora@10.0.0.5:5432", ROLE_TITLE}};

static const struct dialog_spec destroy = {.title = "Restore",
	.environment = "PRODUCTION",
	.environment_style = ROLE_PRODUCTION | STYLE_REVERSE,
	.facts = facts,
	.nfacts = 2,
	.warning = "This can't be taken back.",
	.typed = "prod-db",
	.action = "Restore",
	.destroys = true};

static const struct dialog_spec harmless = {
	.title = "Take a backup", .facts = facts, .nfacts = 2, .action = "Take it"};

static const struct dialog_spec message = {.title = "Done", .text = "It is proven."};

/* A dialog that stands since 0 ms on a canvas, and a clock for the keys. */
struct scene {
	struct dialog d;
	struct canvas *c;
	int64_t now;
};

static void
open_scene(struct scene *s, const struct dialog_spec *spec, int w, int h)
{
	*s = (struct scene){.c = canvas_new(w, h, false)};
	dialog_open(&s->d, spec, 0);
	dialog_draw(&s->d, canvas_area(s->c));
	s->now = DIALOG_DEAF_MS + 1;
}

static void
close_scene(struct scene *s)
{
	dialog_done(&s->d);
	canvas_free(s->c);
}

/* A key, `after` ms behind the one before. */
static unsigned
press(struct scene *s, const char *name, int64_t after)
{
	struct event ev = sketch_key(name, s->now += after);
	unsigned answer = dialog_event(&s->d, &ev);

	assert_true(answer & ANSWER_HANDLED); /* it is modal */
	canvas_clear(s->c);
	dialog_draw(&s->d, canvas_area(s->c));
	return answer & (ANSWER_ACCEPTED | ANSWER_CANCELLED);
}

static void
type(struct scene *s, const char *text)
{
	for (; *text != '\0'; text++)
		assert_int_equal(press(s, (char[]){*text, '\0'}, 200), 0);
}

static void
test_what_is_shown(void **state)
{
	struct scene s;

	open_scene(&s, &destroy, 80, 24);
	assert_true(sketch_has(s.c, "PRODUCTION"));
	assert_true(sketch_has(s.c, facts[0].value));
	assert_true(sketch_has(s.c, facts[1].value));
	assert_true(sketch_has(s.c, "This can't be taken back."));
	assert_true(sketch_has(s.c, "Type prod-db here:"));
	assert_true(sketch_has(s.c, "[ Cancel ]  [ Restore ]"));
	assert_int_equal(s.d.focus, DIALOG_CANCEL);
	close_scene(&s);
}

/* Cancel has the focus, so everything that is pressed by habit leaves or does nothing. */
static void
test_habits(void **state)
{
	static const char *const harmless_keys[] = {
		"Space", "y", "Y", "Ctrl-D", "Ctrl-K", "j", "G"};
	static const char *const leaving[] = {"Enter", "Esc", "Ctrl-C"};
	struct scene s;

	for (size_t i = 0; i < ARRAY_LEN(harmless_keys); i++) {
		open_scene(&s, &destroy, 80, 24);
		for (int n = 0; n < 5; n++)
			assert_int_equal(press(&s, harmless_keys[i], 500), 0);
		close_scene(&s);
	}
	for (size_t i = 0; i < ARRAY_LEN(leaving); i++) {
		open_scene(&s, &destroy, 80, 24);
		assert_int_equal(press(&s, leaving[i], 500), ANSWER_CANCELLED);
		close_scene(&s);
	}
}

static void
test_destroying(void **state)
{
	struct scene s;

	open_scene(&s, &destroy, 80, 24);
	press(&s, "Tab", 500);
	assert_int_equal(s.d.focus, DIALOG_FIELD);
	type(&s, "prod-d");
	press(&s, "Tab", 500); /* not typed yet: the button is out of reach */
	assert_int_equal(s.d.focus, DIALOG_CANCEL);
	assert_true(sketch_has(s.c, "Type the name first."));
	press(&s, "Shift-Tab", 500);
	assert_int_equal(s.d.focus, DIALOG_FIELD);
	type(&s, "b");
	press(&s, "Tab", 500);
	assert_int_equal(s.d.focus, DIALOG_ACTION);
	assert_int_equal(press(&s, "Enter", 500), 0);
	assert_true(sketch_has(s.c, "Enter does nothing here"));
	assert_int_equal(press(&s, "y", 500), 0);
	assert_int_equal(press(&s, "Space", 500), ANSWER_ACCEPTED);
	close_scene(&s);
}

static void
test_wrong_name(void **state)
{
	static const char *const wrong[] = {"prod-dB", "prod-db ", " prod-db", "prod-db2", "yes"};
	struct scene s;

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		open_scene(&s, &destroy, 80, 24);
		press(&s, "Tab", 500);
		for (const char *p = wrong[i]; *p != '\0'; p++)
			press(&s, *p == ' ' ? "Space" : (char[]){*p, '\0'}, 200);
		press(&s, "Tab", 500);
		assert_int_equal(s.d.focus, DIALOG_CANCEL);
		assert_int_equal(press(&s, "Space", 500), 0);
		close_scene(&s);
	}
}

/* Nothing that comes in a burst confirms: type-ahead, a key that repeats, a paste without brackets.
 */
static void
test_bursts(void **state)
{
	struct scene s;

	open_scene(&s, &harmless, 80, 24);
	s.now = 0;
	press(&s, "Tab", 10); /* typed before the dialog stood there */
	assert_int_equal(s.d.focus, DIALOG_CANCEL);
	assert_int_equal(press(&s, "Enter", 10), 0);
	s.now = 1000;
	press(&s, "Tab", 0);
	assert_int_equal(press(&s, "Enter", 5), 0);
	assert_true(sketch_has(s.c, "too fast"));
	for (int i = 0; i < 20; i++) /* auto-repeat */
		assert_int_equal(press(&s, "Enter", 30), 0);
	assert_int_equal(press(&s, "Enter", 500), ANSWER_ACCEPTED);
	close_scene(&s);

	open_scene(&s, &destroy, 80, 24);
	press(&s, "Tab", 0);
	for (const char *p = "prod-db"; *p != '\0'; p++)
		press(&s, (char[]){*p, '\0'}, 0);
	press(&s, "Tab", 0);
	assert_int_equal(press(&s, "Space", 0), 0);
	close_scene(&s);
	/* Leaving is never too fast. */
	open_scene(&s, &destroy, 80, 24);
	s.now = 0;
	assert_int_equal(press(&s, "Esc", 1), ANSWER_CANCELLED);
	close_scene(&s);
}

static void
test_paste(void **state)
{
	struct event paste = sketch_paste("prod-db\t \r", 5000);
	struct scene s;

	open_scene(&s, &destroy, 80, 24);
	assert_false(dialog_event(&s.d, &paste) & (ANSWER_ACCEPTED | ANSWER_CANCELLED));
	s.now = 5000;
	press(&s, "Tab", 500);
	paste.at_ms = 6000;
	assert_false(dialog_event(&s.d, &paste) & (ANSWER_ACCEPTED | ANSWER_CANCELLED));
	assert_string_equal(entry_text(&s.d.field), "");
	s.now = 6000;
	press(&s, "Tab", 500);
	assert_int_equal(s.d.focus, DIALOG_CANCEL);
	close_scene(&s);
}

static void
test_harmless(void **state)
{
	struct scene s;

	open_scene(&s, &harmless, 80, 24);
	press(&s, "Tab", 500);
	assert_int_equal(s.d.focus, DIALOG_ACTION);
	assert_int_equal(press(&s, "Enter", 500), ANSWER_ACCEPTED);
	close_scene(&s);
	open_scene(&s, &harmless, 80, 24);
	press(&s, "Right", 500);
	assert_int_equal(press(&s, "Space", 500), ANSWER_ACCEPTED);
	close_scene(&s);
	open_scene(&s, &message, 80, 24);
	assert_true(sketch_has(s.c, "[ Close ]"));
	press(&s, "Tab", 500);
	assert_int_equal(s.d.focus, DIALOG_CANCEL);
	assert_int_equal(press(&s, "Enter", 500), ANSWER_CANCELLED);
	close_scene(&s);
}

/* What was not on the screen can't be agreed to. */
static void
test_must_be_read(void **state)
{
	CLEANUP(str_done) struct str text = STR_INIT(8 * KIB);
	struct dialog_spec spec = harmless;
	struct scene s;

	for (int i = 0; i < 40; i++)
		str_fmt(&text, "row %d\n", i);
	spec.text = str_text(&text);
	open_scene(&s, &spec, 80, 24);
	assert_true(sketch_has(s.c, "PgDn shows the rest."));
	press(&s, "Tab", 500);
	assert_int_equal(s.d.focus, DIALOG_CANCEL);
	assert_true(sketch_has(s.c, "Read on first"));
	assert_false(sketch_has(s.c, "row 39"));
	for (int i = 0; i < 4; i++)
		press(&s, "PgDn", 500);
	assert_true(sketch_has(s.c, "row 39"));
	press(&s, "Tab", 500);
	assert_int_equal(s.d.focus, DIALOG_ACTION);
	press(&s, "PgUp", 500);
	assert_true(s.d.seen);
	assert_int_equal(press(&s, "Space", 500), ANSWER_ACCEPTED);
	close_scene(&s);
}

static void
test_no_room(void **state)
{
	for (int w = 1; w < 100; w += 7) {
		for (int h = 1; h < 30; h += 2) {
			struct scene s;

			open_scene(&s, &destroy, w, h);
			if (s.d.cramped) {
				press(&s, "Tab", 500);
				for (const char *p = "prod-db"; *p != '\0'; p++)
					press(&s, (char[]){*p, '\0'}, 200);
				press(&s, "Tab", 500);
				assert_int_equal(press(&s, "Space", 500), 0);
				assert_int_not_equal(s.d.focus, DIALOG_ACTION);
			}
			assert_int_equal(press(&s, "Esc", 500), ANSWER_CANCELLED);
			close_scene(&s);
		}
	}
}

/* F33: hostile names are visible, and can't be typed. */
static void
test_f33_hostile_name(void **state)
{
	struct dialog_spec spec = destroy;
	struct scene s;

	spec.typed = "prod\xe2\x80\xae"
		     "bd";
	spec.environment = "STAGING\033[2J";
	open_scene(&s, &spec, 80, 24);
	assert_true(sketch_has(s.c, "prod\\u202ebd"));
	assert_true(sketch_has(s.c, "STAGING\\x1b[2J"));
	close_scene(&s);
	spec.typed = "gr\xc3\xbc"
		     "n-pr\xd0\xbe"
		     "d"; /* a Cyrillic o */
	open_scene(&s, &spec, 80, 24);
	assert_true(sketch_has(s.c, "Type gr\xc3\xbc"
				    "n-pr\\u043ed here:"));
	close_scene(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_shown),
		cmocka_unit_test(test_habits),
		cmocka_unit_test(test_destroying),
		cmocka_unit_test(test_wrong_name),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_paste),
		cmocka_unit_test(test_harmless),
		cmocka_unit_test(test_must_be_read),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_f33_hostile_name),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

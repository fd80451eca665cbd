#include "base/banned.h"
#include "sketch.h"
#include "base/file.h"
#include "tui/theme.h"

#include <fcntl.h>

/* The tree's themes; tests run from its root. */
#define THEMES "themes/"

static const char *const files[] = {"default", "light", "high-contrast", "colour-blind", "mono"};

static bool
parse(const char *text, size_t len, struct theme *theme, struct problems *p, struct arena *a)
{
	problems_init(p, a, "x.theme");
	return theme_parse(text, len, theme, p);
}

static bool
same(const struct look *x, const struct look *y)
{
	return x->fg == y->fg && x->bg == y->bg && x->attributes == y->attributes;
}

static void
test_default_file_is_the_built_in_one(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str text = STR_INIT(THEME_SIZE_MAX);
	struct theme built_in, file;
	struct problems p;
	struct err err = ERR_INIT;

	theme_default(&built_in);
	assert_true(file_read(THEMES "default.theme", THEME_SIZE_MAX, &text, &err));
	assert_true(parse(str_text(&text), text.len, &file, &p, &a));
	for (int role = 0; role < ROLE_COUNT; role++) {
		for (int d = 0; d < THEME_DEPTHS; d++) {
			CLEANUP(str_done) struct str key = STR_INIT(100);
			const struct look *x = &built_in.looks[role][d], *y = &file.looks[role][d];

			assert_true(
				x->fg == y->fg && x->bg == y->bg && x->attributes == y->attributes);
			/* ... and it is spelled out. */
			str_fmt(&key, "\n%s.%s = ", theme_role_name(role),
				(const char *const[]){"256", "16", "mono"}[d]);
			assert_non_null(strstr(str_text(&text), str_text(&key)));
		}
	}
}

static void
test_every_theme_is_good(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct theme theme;

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		const char *path = arena_fmt(&a, THEMES "%s.theme", files[i]);

		if (!theme_load(&a, path, &theme, &err))
			fail_msg("%s", err.msg);
		for (int d = 0; d < THEME_DEPTHS; d++) {
			const struct look *text = &theme.looks[ROLE_TEXT][d];

			assert_true(theme.looks[ROLE_PRODUCTION][d].attributes & LOOK_REVERSE);
			/* What has the focus never looks like what has not. */
			assert_false(same(&theme.looks[ROLE_SELECTED][d], text));
			assert_false(
				same(&theme.looks[ROLE_FOCUS][d], &theme.looks[ROLE_BUTTON][d]));
		}
	}
	/* The mono theme has no colour anywhere. */
	assert_true(theme_load(&a, THEMES "mono.theme", &theme, &err));
	for (int role = 0; role < ROLE_COUNT; role++)
		for (int d = 0; d < THEME_DEPTHS; d++)
			assert_true(theme.looks[role][d].fg == LOOK_DEFAULT &&
				    theme.looks[role][d].bg == LOOK_DEFAULT);
}

static void
test_readme_lists_the_roles(void **state)
{
	CLEANUP(str_done) struct str text = STR_INIT(THEME_SIZE_MAX), row = STR_INIT(1000);
	struct err err = ERR_INIT;

	assert_true(file_read(THEMES "README.md", THEME_SIZE_MAX, &text, &err));
	for (int role = 0; role < ROLE_COUNT; role++) {
		str_cut(&row, 0);
		str_fmt(&row, "| `%s` | %s |\n", theme_role_name(role), theme_role_doc(role));
		assert_non_null(strstr(str_text(&text), str_text(&row)));
	}
}

static void
test_looks(void **state)
{
	static const char text[] = "# a comment\n\n"
				   "ok.256 = 71 on bright-black bold underline\r\n"
				   "\tlate.16 =  yellow on default\n"
				   "breach.256=9\n"
				   "unknown.256 = on 17\n"
				   "dim.16 = 15 italic\n"
				   "dim.mono = none"; /* no newline at the end */
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct theme theme;
	struct problems p;
	struct look look;

	/* All faults are told, and the rest is read. */
	assert_false(parse(text, sizeof(text) - 1, &theme, &p, &a));
	assert_int_equal(p.errors, 1);
	assert_int_equal(p.list.v[0].line, 5);
	look = theme.looks[ROLE_OK][THEME_256];
	assert_true(
		look.fg == 71 && look.bg == 8 && look.attributes == (LOOK_BOLD | LOOK_UNDERLINE));
	look = theme.looks[ROLE_LATE][THEME_16];
	assert_true(look.fg == 3 && look.bg == LOOK_DEFAULT && look.attributes == 0);
	/* .16 alone counts for 256 as well */
	look = theme.looks[ROLE_LATE][THEME_256];
	assert_true(look.fg == 3);
	look = theme.looks[ROLE_UNKNOWN][THEME_256];
	assert_true(look.fg == LOOK_DEFAULT && look.bg == 17);
	look = theme.looks[ROLE_DIM][THEME_MONO];
	assert_true(look.attributes == 0);
}

static void
test_faults(void **state)
{
	static const struct {
		const char *text, *message, *hint;
		int line, col;
	} rows[] = {
		{"breech.256 = 1", "no such role: \"breech.256\"", "breach", 1, 1},
		{"zzzzzzzzz.256 = 1", "no such role", "README", 1, 1},
		{"ok = 1", ".256, .16 or .mono", "breach.256 = 203 bold", 1, 1},
		{"ok.88 = 1", ".256, .16 or .mono", "breach.256 = 203 bold", 1, 1},
		{"ok.256 71", "must be =", "breach.256 = 203 bold", 1, 8},
		{"ok.256 =", "nothing behind", "Colours are", 1, 9},
		{"\nok.256 = 256", "neither a colour nor an attribute here: \"256\"", "0 to 255", 2,
			10},
		{"ok.16 = 16", "neither", "0 to 15", 1, 9},
		{"ok.mono = red", "neither", "Without colours", 1, 11},
		{"ok.mono = on red", "neither", "Without colours", 1, 11},
		{"ok.256 = on", "not a colour", "Colours are", 1, 12},
		{"ok.256 = bold 71", "neither", "Colours are", 1, 15},
		{"ok.256 = 1\nok.256 = 2", "second time", "line 1", 2, 1},
		{"production.16 = red bold", "reverse video", "reverse", 1, 1},
		{"ok.256 = \033[31m", "neither a colour nor an attribute here: \"\\x1b[31m\"", "",
			1, 10},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		struct theme theme, built_in;
		struct problems p;

		assert_false(parse(rows[i].text, strlen(rows[i].text), &theme, &p, &a));
		assert_true(p.errors > 0);
		assert_non_null(strstr(p.list.v[0].message, rows[i].message));
		assert_non_null(strstr(p.list.v[0].hint, rows[i].hint));
		assert_int_equal(p.list.v[0].line, rows[i].line);
		assert_int_equal(p.list.v[0].col, rows[i].col);
		theme_default(&built_in);
		assert_true(theme.looks[ROLE_TEXT][0].fg == built_in.looks[ROLE_TEXT][0].fg);
	}
}

static void
test_loading(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	char dir[] = "/tmp/lifeboat-theme-XXXXXX";
	struct err err = ERR_INIT;
	struct theme theme;
	const char *path, *mine, **names;

	assert_non_null(mkdtemp(dir));
	setenv("HOME", dir, 1);
	setenv("LIFEBOAT_SHARE", ".", 1);
	assert_true(theme_load(&a, "light", &theme, &err));
	assert_false(theme_load(&a, "nosuch", &theme, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	assert_non_null(strstr(err.hint, "themes"));
	/* One's own comes first. */
	path = arena_fmt(&a, "%s/.config/lifeboat/themes", dir);
	assert_true(file_mkdirs(path, 0700, &err));
	mine = arena_fmt(&a, "%s/light.theme", path);
	assert_true(file_replace(mine, "ok.256 = 33\n", 12, 0600, &err));
	assert_true(theme_load(&a, "light", &theme, &err));
	assert_int_equal(theme.looks[ROLE_OK][THEME_256].fg, 33);
	assert_true(file_replace(mine, "ok.256 = 33\nok.16 = nope\nx\n", 27, 0600, &err));
	assert_false(theme_load(&a, "light", &theme, &err));
	assert_non_null(strstr(err.msg, "light.theme:2:9: "));
	assert_non_null(strstr(err.msg, "and 1 more"));
	assert_non_null(err.hint);
	names = theme_names(&a);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		size_t seen = 0;

		for (size_t n = 0; names[n] != NULL; n++)
			seen += strcmp(names[n], files[i]) == 0;
		assert_int_equal(seen, 1);
	}
	/* Without any file the default is there. */
	setenv("LIFEBOAT_SHARE", dir, 1);
	assert_true(theme_load(&a, "default", &theme, &err));
	err_done(&err);
	assert_true(file_remove_tree(dir, &err));
}

static void
test_any_bytes(void **state)
{
	static const char *const words[] = {"ok", ".256", "=", " ", "\n", "on", "71", "bold",
		"\033", "breach.16", "= red", "#", "\xff", "\t", "production.mono = none\n", "\r"};
	uint32_t seed = 11;

	for (int round = 0; round < 2000; round++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
		struct theme theme;
		struct problems p;

		for (int i = 0; i < 40; i++)
			str_add(&text, words[sketch_random(&seed) % ARRAY_LEN(words)]);
		parse(str_text(&text), text.len, &theme, &p, &a);
		assert_true(theme.looks[ROLE_PRODUCTION][THEME_MONO].attributes & LOOK_REVERSE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default_file_is_the_built_in_one),
		cmocka_unit_test(test_every_theme_is_good),
		cmocka_unit_test(test_readme_lists_the_roles),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_loading),
		cmocka_unit_test(test_any_bytes),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

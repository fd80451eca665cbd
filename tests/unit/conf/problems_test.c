#include "unit/testing.h"

#include "conf/problems.h"

static const char *
text_of(struct problems *p)
{
	struct str out = STR_INIT(MIB);
	const char *text;

	problems_text(p, &out);
	text = arena_strdup(p->arena, str_text(&out));
	str_done(&out);
	return text;
}

static void
test_text(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct problems p;

	problems_init(&p, &a, "a\x1b.yaml");
	assert_string_equal(text_of(&p), "");
	problems_add(&p, PROBLEM_ERROR, 3, 7, "late %s", "\x1b[2J")->hint = "do this";
	problems_add(&p, PROBLEM_WARNING, 3, 2, "early")->rule = "some-rule";
	problems_add(&p, PROBLEM_ERROR, 0, 0, "whole file");
	assert_int_equal(p.errors, 2);
	assert_int_equal(p.warnings, 1);
	assert_string_equal(text_of(&p), "a\\x1b.yaml: error: whole file\n"
					 "a\\x1b.yaml:3:2: warning: early [some-rule]\n"
					 "a\\x1b.yaml:3:7: error: late \\x1b[2J\n"
					 "    do this\n");
}

static void
test_bound(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct problems p;

	problems_init(&p, &a, "f");
	for (int i = 0; i < 150; i++)
		problems_add(&p, PROBLEM_ERROR, i + 1, 1, "x")->hint = "hint";
	assert_int_equal(p.list.n, PROBLEMS_MAX);
	assert_int_equal(p.errors, 150);
	assert_holds(text_of(&p), "\n... and 50 more.\n");
}

static void
test_err(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct problems p;

	problems_init(&p, &a, "f.yaml");
	assert_false(problems_err(&p, &err));
	assert_err(&err, ERR_CONFIG, "f.yaml is not usable.");
	problems_add(&p, PROBLEM_WARNING, 1, 1, "only a warning");
	problems_add(&p, PROBLEM_ERROR, 9, 1, "second");
	assert_false(problems_err(&p, &err));
	assert_err(&err, ERR_CONFIG, "f.yaml:9:1: second");
	problems_add(&p, PROBLEM_ERROR, 2, 1, "first")->hint = "mend it";
	assert_false(problems_err(&p, &err));
	assert_hint(&err, "mend it");
	assert_err(&err, ERR_CONFIG, "f.yaml:2:1: first (and 1 more)");
}

TESTS(T(test_text), T(test_bound), T(test_err))

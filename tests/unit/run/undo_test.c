#include "unit/run/crew.h"

#define BOOK                                                                       \
	"schema: 1\nid: b\ntitle: B\nsteps:\n"                                     \
	"  - {id: a, title: Alpha, kind: command, effect: write, run: [touch, x]," \
	" undo: {run: [rm, \"x y\"]}}\n"                                           \
	"  - {id: b, title: Beta, kind: command, run: [\"true\"]}\n"               \
	"  - {id: c, title: Gamma, kind: command, effect: write, run: [touch, y]," \
	" undo: {instruction: Take y away.}}\n"                                    \
	"  - {id: d, title: Delta, kind: command, effect: write, run: [touch, z]}\n"

static const char *
choices(void)
{
	CLEANUP(str_done) struct str out = STR_INIT(KIB);

	for (size_t i = 0; i < crew.state.ask.choices.n; i++)
		str_fmt(&out, "%s%s", i > 0 ? " " : "", crew.state.ask.choices.v[i]);
	return arena_strdup(&arena, str_text(&out));
}

static void
answer(const char *choice, const char *text)
{
	struct err err = ERR_INIT;

	if (!ask_answer(&crew, crew.state.ask.number, choice, text, "ops@here", &err))
		fail_msg("%s", err.msg);
}

static void
begin(void)
{
	crew_begin(BOOK, PLAN_LIVE);
	crew_result("a", "ok");
	crew_result("b", "ok");
	crew_result("c", "ok");
	crew_result("d", "failed");
	crew_step("d");
}

static void
test_possible(void **state)
{
	crew_begin(BOOK, PLAN_LIVE);
	assert_false(undo_possible(&crew));
	crew_result("a", "ok");
	assert_true(undo_possible(&crew));
	crew_end();
}

/* From the last to the first, each proposed; what only reads or has no way back is left out. */
static void
test_backwards(void **state)
{
	begin();
	undo_begin(&crew);
	undo_next(&crew);
	assert_string_equal(crew.state.ask.kind, "undo");
	assert_string_equal(crew.state.ask.step, "c");
	assert_string_equal(crew.state.ask.show, "Take y away.");
	assert_string_equal(choices(), "by-hand leave enough");
	answer("by-hand", "it is gone");
	assert_int_equal(run_state_step(&crew.state, "c")->status, STEP_UNDONE);
	assert_string_equal(run_state_step(&crew.state, "c")->reason, "it is gone");
	undo_next(&crew);
	assert_string_equal(crew.state.ask.step, "a");
	assert_string_equal(crew.state.ask.show, "rm 'x y'");
	assert_string_equal(choices(), "undo by-hand leave enough");
	answer("leave", NULL);
	assert_int_equal(run_state_step(&crew.state, "a")->status, STEP_OK);
	undo_next(&crew);
	assert_false(crew.undoing);
	assert_int_equal(crew.state.ask.number, 0);
	crew_end();
}

static void
test_enough(void **state)
{
	begin();
	undo_begin(&crew);
	undo_next(&crew);
	answer("enough", NULL);
	assert_false(crew.undoing);
	assert_int_equal(run_state_step(&crew.state, "c")->status, STEP_OK);
	assert_int_equal(crew_count("step.undone"), 0);
	crew_end();
}

TESTS(T(test_possible), T(test_backwards), T(test_enough))

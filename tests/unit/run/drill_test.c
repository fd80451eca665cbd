#include "unit/run/crew.h"

#define BOOK                                   \
	"schema: 1\nid: b\ntitle: B\nsteps:\n" \
	"  - {id: a, title: A, kind: command, run: [\"true\"]}\n"

static bool
inject(const char *text, struct err *err)
{
	CLEANUP(json_free) cJSON *frame = json_parse(text, strlen(text), err);

	assert_non_null(frame);
	return drill_inject(&crew, "boss@here", frame, err);
}

static void
test_never_live(void **state)
{
	struct err err = ERR_INIT;

	crew_begin(BOOK, PLAN_LIVE);
	assert_false(inject("{\"what\":\"fail-step\",\"step\":\"a\"}", &err));
	assert_err(&err, ERR_REFUSED, "This run is live");
	assert_false(drill_clock(&crew, "boss@here", false, &err));
	assert_err(&err, ERR_REFUSED, "This run is live");
	crew_end();
}

static void
test_step(void **state)
{
	struct err err = ERR_INIT;

	crew_begin(BOOK, PLAN_DRILL);
	assert_false(inject("{\"what\":\"fail-step\",\"step\":\"z\"}", &err));
	assert_err(&err, ERR_USAGE, "no step \"z\"");
	assert_false(inject("{\"what\":\"meteor\"}", &err));
	assert_err(&err, ERR_USAGE, "no \"meteor\"");
	assert_false(drill_injected(&crew, "a"));
	assert_true(inject("{\"what\":\"fail-step\",\"step\":\"a\"}", &err));
	assert_int_equal(crew_count("drill.injected"), 1);
	assert_false(drill_injected(&crew, "b"));
	assert_true(drill_injected(&crew, "a"));
	assert_false(drill_injected(&crew, "a"));
	crew_end();
}

/* It hits the next step that takes a backup, whichever that is. */
static void
test_source(void **state)
{
	struct err err = ERR_INIT;

	crew_begin(BOOK, PLAN_DRILL);
	assert_true(inject("{\"what\":\"source-gone\"}", &err));
	assert_false(drill_injected(&crew, "a"));
	crew.resolved.nbackups = 1;
	assert_true(drill_injected(&crew, "a"));
	assert_false(drill_injected(&crew, "a"));
	crew_end();
}

static void
test_clock(void **state)
{
	struct err err = ERR_INIT;

	crew_begin(BOOK, PLAN_DRILL);
	assert_false(drill_clock(&crew, "boss@here", true, &err));
	assert_err(&err, ERR_REFUSED, "is running already");
	assert_true(drill_clock(&crew, "boss@here", false, &err));
	assert_false(drill_clock(&crew, "boss@here", false, &err));
	assert_err(&err, ERR_REFUSED, "stands still already");
	assert_true(crew.state.halted_since_ms >= 0);
	assert_int_equal(run_elapsed_ms(&crew.state, crew.state.halted_since_ms + 60000),
		run_elapsed_ms(&crew.state, crew.state.halted_since_ms));
	assert_true(drill_clock(&crew, "boss@here", true, &err));
	assert_true(crew.state.halted_since_ms < 0);
	crew_end();
}

TESTS(T(test_never_live), T(test_step), T(test_source), T(test_clock))

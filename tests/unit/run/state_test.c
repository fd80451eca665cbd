#include "unit/testing.h"

#include "audit/record.h"
#include "run/state.h"

static struct arena arena;
static struct run_state s;
static int seq;

static void
begin(void)
{
	arena_done(&arena);
	run_state_init(&s, &arena);
	seq = 0;
}

/* A journal line at second `at` of a minute. */
static const char *
line(int number, int at, const char *step, const char *event, const char *data)
{
	static char text[64 * KIB];

	snprintf(text, sizeof(text),
		"{\"seq\":%d,\"at\":\"2026-11-20T14:32:%02d.500Z\",\"mono_ns\":1,\"run\":\"r-1\"%s%"
		"s%s,"
		"\"event\":\"%s\",\"actor\":\"ops@here\",\"data\":%s,\"prev\":\"\",\"hash\":\"\"}",
		number, at, step != NULL ? ",\"step\":\"" : "", step != NULL ? step : "",
		step != NULL ? "\"" : "", event, data);
	return text;
}

static void
apply(int at, const char *step, const char *event, const char *data)
{
	const char *text = line(++seq, at, step, event, data);

	if (!run_state_line(&s, text, strlen(text)))
		fail_msg("refused: %s", text);
	assert_int_equal(s.seq, seq);
}

#define STARTED                                                                                   \
	"{\"runbook\":\"rb\",\"title\":\"T\",\"file\":\"/"                                        \
	"f\",\"sha256\":\"ab\",\"mode\":\"drill\","                                               \
	"\"attended\":false,\"operator\":\"ops\",\"site\":\"here\",\"rto_s\":60,\"pid\":42,"      \
	"\"parameters\":[{\"name\":\"p\",\"text\":\"v\",\"given\":true},"                         \
	"{\"name\":\"s\",\"text\":null,\"given\":false}],"                                        \
	"\"targets\":[{\"var\":\"t\",\"name\":\"prod\",\"conninfo\":\"c\","                       \
	"\"environment\":\"staging\"}],"                                                          \
	"\"steps\":[{\"id\":\"a\",\"title\":\"A\",\"kind\":\"command\",\"effect\":\"write\","     \
	"\"parallel\":\"g\",\"budget_s\":5,\"timeout_s\":9},"                                     \
	"{\"id\":\"b\",\"title\":\"B\",\"kind\":\"manual\",\"effect\":\"read\",\"implied\":true," \
	"\"budget_s\":null,\"timeout_s\":86400}],"                                                \
	"\"parent\":{\"run\":\"r-0\",\"step\":\"outer\"}}"

static void
start(void)
{
	begin();
	apply(0, NULL, "chain.opened", "{\"kind\":\"journal\"}");
	apply(1, NULL, "run.started", STARTED);
}

static struct step_state *
step(const char *id)
{
	return run_state_step(&s, id);
}

static void
test_empty(void **state)
{
	begin();
	assert_int_equal(s.phase, RUN_NEW);
	assert_int_equal(s.nsteps, 0);
	assert_null(run_state_step(&s, "a"));
	assert_null(run_state_step(&s, NULL));
	assert_int_equal(run_elapsed_s(&s, 1000), 0);
	apply(0, NULL, "chain.opened", "{}");
	assert_int_equal(s.phase, RUN_NEW);
	assert_string_equal(s.id, "r-1");
}

static void
test_started(void **state)
{
	start();
	assert_int_equal(s.phase, RUN_GOING);
	assert_string_equal(s.runbook, "rb");
	assert_string_equal(s.title, "T");
	assert_string_equal(s.file, "/f");
	assert_string_equal(s.sha256, "ab");
	assert_string_equal(s.site, "here");
	assert_string_equal(s.operator, "ops");
	assert_int_equal(s.mode, PLAN_DRILL);
	assert_false(s.attended);
	assert_int_equal(s.rto_s, 60);
	assert_int_equal(s.pid, 42);
	assert_int_equal(s.nsteps, 2);
	assert_int_equal(step("a")->status, STEP_PENDING);
	assert_int_equal(step("a")->budget_s, 5);
	assert_int_equal(step("b")->budget_s, -1);
	assert_true(step("b")->implied);
	assert_string_equal(step("a")->group, "g");
	assert_null(step("b")->group);
	assert_string_equal(s.parent_run, "r-0");
	assert_string_equal(s.parent_step, "outer");
	assert_string_equal(s.targets.v[0].environment, "staging");
	assert_string_equal(s.parameters.v[0].text, "v");
	assert_null(s.parameters.v[1].text);
	assert_int_equal(s.started_ms % 60000, 1500);
	assert_int_equal(run_elapsed_s(&s, s.started_ms + 9999), 9);
	assert_int_equal(run_elapsed_s(&s, s.started_ms - 5000), 0);
}

/* Only the first start counts: a second one must not tread on the steps of the first. */
static void
test_started_twice(void **state)
{
	start();
	apply(2, "a", "step.intent", "{\"attempt\":1}");
	for (int i = 0; i < 100; i++)
		apply(3, NULL, "run.started", STARTED);
	assert_int_equal(s.nsteps, 2);
	assert_int_equal(s.targets.n, 1);
	assert_int_equal(step("a")->status, STEP_RUNNING);
}

static void
test_forecast(void **state)
{
	start();
	assert_int_equal(run_rest_s(&s, s.started_ms), -1);
	apply(2, NULL, "run.forecast",
		"{\"elapsed_s\":1,\"remaining_s\":80,\"late\":true,\"text\":\"t\"}");
	assert_true(s.forecast_late);
	assert_string_equal(s.forecast_text, "t");
	assert_int_equal(run_rest_s(&s, s.started_ms + 1000), 80);
	assert_int_equal(run_rest_s(&s, s.started_ms + 31000), 50);
	assert_int_equal(run_rest_s(&s, s.started_ms + 3600000), 0);
}

static void
test_company(void **state)
{
	start();
	assert_int_equal(s.operator_uid, -1);
	apply(2, "a", "ask.opened",
		"{\"ask\":3,\"kind\":\"approve\",\"text\":\"t\",\"choices\":[\"stop\"],"
		"\"request\":\"r\",\"digest\":\"d\",\"needed\":2,"
		"\"expires\":\"2026-11-20T15:00:00Z\",\"from\":[\"dba\"]}");
	assert_string_equal(s.ask.request, "r");
	assert_int_equal(s.ask.needed, 2);
	assert_int_equal(s.ask.from.n, 1);
	apply(3, "a", "approval.given", "{\"ask\":9}"); /* of another question */
	assert_int_equal(s.ask.given.n, 0);
	apply(3, "a", "approval.given", "{\"ask\":3,\"identity\":\"dba@x\",\"reason\":\"y\"}");
	apply(3, "a", "approval.given", "{\"ask\":3,\"login_uid\":7}");
	assert_string_equal(s.ask.given.v[0].by, "dba@x");
	assert_true(s.ask.given.v[0].is_signed);
	assert_string_equal(s.ask.given.v[1].by, "ops@here");
	assert_int_equal(s.ask.given.v[1].login_uid, 7);
	apply(4, "a", "ask.closed", "{\"why\":\"late\"}");
	assert_int_equal(s.ask.number, 0);
	assert_int_equal(step("a")->status, STEP_PENDING);
	apply(5, NULL, "wheel.offered", "{\"to\":\"bob\"}");
	assert_string_equal(s.wheel_offer, "bob");
	apply(6, NULL, "wheel.taken", "{\"operator\":\"bob@here\",\"uid\":12,\"from\":\"ops\"}");
	assert_null(s.wheel_offer);
	assert_string_equal(s.operator, "bob@here");
	assert_int_equal(s.operator_uid, 12);
	apply(7, NULL, "run.resumed", "{\"pid\":4,\"operator\":\"eve@here\",\"uid\":13}");
	assert_string_equal(s.operator, "eve@here");
}

/* A drill's clock that stands still is no time of the recovery; an incident is where it began. */
static void
test_clock(void **state)
{
	start();
	apply(10, NULL, "drill.clock", "{\"running\":false}");
	assert_int_equal(run_elapsed_s(&s, s.started_ms + 59000), 9);
	apply(30, NULL, "drill.clock", "{\"running\":true}");
	assert_int_equal(run_elapsed_s(&s, s.started_ms + 30000), 10);
	s.incident_ms = s.started_ms - 100000;
	assert_int_equal(run_elapsed_s(&s, s.started_ms + 30000), 110);
}

static void
test_attempt(void **state)
{
	start();
	apply(2, "a", "step.intent",
		"{\"attempt\":1,\"describe\":\"what\",\"live\":\"app@here\",\"kind\":\"command\"}");
	assert_int_equal(step("a")->status, STEP_RUNNING);
	assert_int_equal(step("a")->attempt, 1);
	assert_string_equal(step("a")->describe, "what");
	assert_string_equal(step("a")->live, "app@here");
	assert_int_equal(step("a")->ended_ms, -1);
	apply(4, "a", "step.result",
		"{\"attempt\":1,\"outcome\":\"failed\",\"exit\":3,\"seconds\":1.5,\"message\":"
		"\"m\","
		"\"hint\":\"h\",\"code\":\"timeout\",\"output_bytes\":7,\"output_sha256\":\"cd\"}");
	assert_int_equal(step("a")->status, STEP_FAILED);
	assert_string_equal(step("a")->message, "m");
	assert_string_equal(step("a")->hint, "h");
	assert_string_equal(step("a")->code, "timeout");
	assert_int_equal(step("a")->output_bytes, 7);
	assert_string_equal(step("a")->output_sha256, "cd");
	assert_true(step("a")->seconds > 1.4 && step("a")->seconds < 1.6);
	assert_int_equal(step("a")->ended_ms - step("a")->started_ms, 2000);
	apply(5, "a", "step.retry", "{\"tries_left\":1}");
	assert_int_equal(step("a")->status, STEP_RETRYING);
	apply(6, "a", "step.intent", "{}");
	assert_int_equal(step("a")->attempt, 2);
	assert_null(step("a")->message);
	assert_true(step("a")->seconds < 0);
	apply(7, "a", "step.result",
		"{\"outcome\":\"ok\",\"value\":\"v\",\"set_names\":[\"x\",\"y\"],"
		"\"set_values\":[\"1\",\"2\"]}");
	assert_int_equal(step("a")->status, STEP_OK);
	assert_string_equal(step("a")->value, "v");
	assert_int_equal(step("a")->set_names.n, 2);
	assert_string_equal(step("a")->set_values.v[1], "2");
	assert_int_equal(s.last_ms % 60000, 7500);
}

static void
test_outcomes(void **state)
{
	static const struct {
		const char *event, *data;
		enum step_status status;
		bool final;
	} cases[] = {
		{"step.result", "{\"outcome\":\"ok\"}", STEP_OK, true},
		{"step.result", "{\"outcome\":\"failed\"}", STEP_FAILED, false},
		{"step.result", "{\"outcome\":\"unknown\"}", STEP_UNKNOWN, false},
		/* What nobody foresaw is no success. */
		{"step.result", "{\"outcome\":\"splendid\"}", STEP_FAILED, false},
		{"step.result", "{}", STEP_FAILED, false},
		{"step.result", "{\"outcome\":1}", STEP_FAILED, false},
		{"step.skipped", "{\"reason\":\"r\"}", STEP_SKIPPED, true},
		{"step.by_hand", "{\"reason\":\"r\"}", STEP_BY_HAND, true},
		{"step.answered", "{\"value\":\"v\"}", STEP_OK, true},
		{"step.simulated", "{\"reason\":\"r\"}", STEP_SIMULATED, true},
		{"step.ignored", "{}", STEP_IGNORED, true},
		{"step.unknown", "{}", STEP_UNKNOWN, false},
		{"step.retry", "{}", STEP_RETRYING, false},
		{"step.intent", "{}", STEP_RUNNING, false},
		{"step.interrupted", "{}", STEP_PENDING, false},
		{"step.cleanup", "{\"outcome\":\"ok\"}", STEP_PENDING, false},
		{"step.of_the_future", "{\"outcome\":\"ok\"}", STEP_PENDING, false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start();
		apply(2, "a", cases[i].event, cases[i].data);
		if (step("a")->status != cases[i].status)
			fail_msg("%s %s is %s", cases[i].event, cases[i].data,
				step_status_name(step("a")->status));
		assert_int_equal(step_status_final(step("a")->status), cases[i].final);
		assert_int_equal(step("b")->status, STEP_PENDING);
	}
	start();
	apply(2, "a", "step.skipped", "{\"reason\":\"because\"}");
	assert_string_equal(step("a")->reason, "because");
	assert_string_equal(step("a")->by, "ops@here");
	start();
	apply(2, "a", "step.answered", "{\"value\":\"v\"}");
	assert_string_equal(step("a")->value, "v");
}

#define ASK                                                                                   \
	"{\"ask\":3,\"kind\":\"confirm\",\"text\":\"T?\",\"choices\":[\"confirm\",\"stop\"]," \
	"\"options\":[\"x\"],\"show\":\"what\",\"type\":\"prod\",\"live\":\"l\","             \
	"\"environment\":\"production\",\"irreversible\":\"gone\"}"

static void
test_questions(void **state)
{
	start();
	apply(2, "a", "ask.opened", ASK);
	assert_int_equal(s.ask.number, 3);
	assert_string_equal(s.ask.step, "a");
	assert_string_equal(s.ask.kind, "confirm");
	assert_string_equal(s.ask.text, "T?");
	assert_string_equal(s.ask.show, "what");
	assert_string_equal(s.ask.type, "prod");
	assert_string_equal(s.ask.live, "l");
	assert_string_equal(s.ask.environment, "production");
	assert_string_equal(s.ask.irreversible, "gone");
	assert_int_equal(s.ask.choices.n, 2);
	assert_int_equal(s.ask.options.n, 1);
	assert_int_equal(step("a")->status, STEP_WAITING);
	apply(3, "a", "ask.answered", "{\"ask\":3,\"choice\":\"confirm\",\"text\":\"prod\"}");
	assert_int_equal(s.ask.number, 0);
	assert_int_equal(step("a")->status, STEP_PENDING);
	/* A question about a step that failed leaves it failed. */
	apply(4, "a", "step.result", "{\"outcome\":\"failed\"}");
	apply(5, "a", "ask.opened", "{\"ask\":6,\"kind\":\"failed\"}");
	assert_int_equal(step("a")->status, STEP_FAILED);
	apply(6, "a", "ask.answered", "{}");
	assert_int_equal(step("a")->status, STEP_FAILED);
	/* A question without a step, and one about a step that is not there. */
	apply(7, NULL, "ask.opened", "{\"ask\":8}");
	assert_null(s.ask.step);
	apply(8, NULL, "ask.answered", "{}");
	apply(9, "z", "ask.opened", "{\"ask\":10}");
	assert_int_equal(s.ask.choices.n, 0);
}

static void
test_life(void **state)
{
	start();
	apply(2, NULL, "run.paused", "{}");
	assert_true(s.paused);
	apply(3, NULL, "run.continued", "{}");
	assert_false(s.paused);
	apply(4, NULL, "run.note", "{\"text\":\"hello\"}");
	assert_int_equal(s.notes.n, 1);
	assert_string_equal(s.notes.v[0].text, "hello");
	assert_string_equal(s.notes.v[0].who, "ops@here");
	apply(5, NULL, "run.stopping", "{}");
	assert_true(s.stopping);
	apply(6, NULL, "run.recovered", "{\"seconds\":5}");
	assert_int_equal(run_elapsed_s(&s, s.started_ms + 100000), 5);
	apply(7, NULL, "run.cleaning", "{}");
	assert_int_equal(s.phase, RUN_CLEANING);
	apply(8, NULL, "run.finished",
		"{\"outcome\":\"stopped\",\"exit\":4,\"message\":\"m\",\"hint\":\"h\"}");
	assert_int_equal(s.phase, RUN_FINISHED);
	assert_string_equal(s.outcome, "stopped");
	assert_int_equal(s.exit, 4);
	assert_string_equal(s.message, "m");
	assert_string_equal(s.hint, "h");
	assert_int_equal(s.ended_ms % 60000, 8500);
	/* An end that does not say how is none to be glad about. */
	start();
	apply(2, NULL, "run.finished", "{}");
	assert_int_equal(s.exit, 2);
	assert_string_equal(s.outcome, "unknown");
}

static void
test_clients(void **state)
{
	start();
	apply(2, NULL, "client.attached", "{\"client\":\"a/1\",\"role\":\"operator\"}");
	apply(2, NULL, "client.attached", "{\"client\":\"b/2\",\"role\":\"observer\"}");
	assert_int_equal(s.clients.n, 2);
	apply(3, NULL, "client.detached", "{\"client\":\"nobody\"}");
	apply(3, NULL, "client.detached", "{\"client\":\"a/1\"}");
	apply(3, NULL, "client.attached", "{}");
	assert_int_equal(s.clients.n, 1);
	assert_string_equal(s.clients.v[0], "b/2");
	apply(4, NULL, "run.finished", "{}");
	assert_int_equal(s.clients.n, 0);
}

/* F53: a new runner finds what the old one left. */
static void
test_f53_resumed(void **state)
{
	start();
	apply(2, "a", "ask.opened", ASK);
	apply(3, NULL, "client.attached", "{\"client\":\"a/1\"}");
	apply(3, NULL, "run.paused", "{}");
	apply(3, NULL, "run.stopping", "{}");
	apply(4, NULL, "run.resumed", "{\"pid\":43}");
	assert_int_equal(s.phase, RUN_GOING);
	assert_int_equal(s.pid, 43);
	assert_int_equal(s.ask.number, 0);
	assert_int_equal(step("a")->status, STEP_PENDING);
	assert_false(s.paused || s.stopping);
	assert_int_equal(s.clients.n, 0);
	apply(5, "a", "step.intent", "{\"attempt\":1}");
	apply(6, NULL, "run.resumed", "{\"pid\":44}");
	/* Still running as far as the journal knows; the runner says next that it is unknown. */
	assert_int_equal(step("a")->status, STEP_RUNNING);
	apply(7, "a", "step.unknown", "{}");
	assert_int_equal(step("a")->status, STEP_UNKNOWN);
	apply(8, NULL, "run.finished", "{\"outcome\":\"unknown\",\"exit\":2}");
	apply(9, NULL, "run.resumed", "{\"pid\":45}");
	assert_null(s.outcome);
	assert_int_equal(s.ended_ms, -1);
}

static void
assert_not_taken(const char *text)
{
	uint64_t before = s.seq;

	if (run_state_line(&s, text, strlen(text)))
		fail_msg("taken: %s", text);
	assert_int_equal(s.seq, before);
}

static void
test_not_records(void **state)
{
	struct str big = STR_INIT(4 * MIB);

	start();
	assert_not_taken("");
	assert_not_taken("{}");
	assert_not_taken("[]");
	assert_not_taken("null");
	assert_not_taken("{\"seq\":3}");
	assert_not_taken(line(seq, 2, NULL, "run.paused", "{}"));
	assert_not_taken(line(seq + 2, 2, NULL, "run.paused", "{}"));
	assert_not_taken(line(0, 2, NULL, "run.paused", "{}"));
	assert_not_taken(line(-1, 2, NULL, "run.paused", "{}"));
	assert_not_taken("{\"seq\":3,\"at\":\"2026-11-20T14:32:00Z\",\"event\":\"run.paused\"}");
	assert_not_taken("{\"seq\":3,\"at\":\"then\",\"event\":\"run.paused\",\"actor\":\"x\"}");
	assert_not_taken("{\"seq\":3,\"at\":\"2026-11-20T14:32:00Z\",\"actor\":\"x\"}");
	assert_not_taken("{\"seq\":\"3\",\"at\":\"2026-11-20T14:32:00Z\",\"event\":\"e\","
			 "\"actor\":\"x\"}");
	assert_not_taken("{\"seq\":3.5,\"at\":\"2026-11-20T14:32:00Z\",\"event\":\"e\","
			 "\"actor\":\"x\"}");
	assert_false(s.paused);
	/* Data of other types than those foreseen. */
	apply(3, NULL, "run.note", "{\"text\":[1]}");
	apply(3, "a", "step.result", "null");
	apply(3, "a", "step.result", "[1,2]");
	apply(3, "a", "ask.opened",
		"{\"ask\":\"x\",\"choices\":{\"a\":\"b\"},\"options\":[1,null,\"y\"]}");
	assert_int_equal(s.ask.number, 0);
	assert_int_equal(s.ask.choices.n, 0);
	assert_int_equal(s.ask.options.n, 1);
	apply(3, NULL, "client.attached", "{\"client\":7}");
	apply(3, NULL, "of.the.future", "{\"a\":1}");
	/* Longer than a record may be. */
	str_fmt(&big,
		"{\"seq\":%d,\"at\":\"2026-11-20T14:32:00Z\",\"event\":\"run.paused\","
		"\"actor\":\"x\",\"data\":{\"x\":\"",
		seq + 1);
	while (big.len < RECORD_MAX)
		str_addc(&big, 'x');
	str_add(&big, "\"}}");
	assert_not_taken(str_text(&big));
	str_done(&big);
}

static const char *
journal(const char *const *lines, const char *end)
{
	struct str text = STR_INIT(8 * MIB);
	const char *path;

	for (; *lines != NULL; lines++)
		str_fmt(&text, "%s\n", *lines);
	str_add(&text, end);
	path = test_file("journal.jsonl", str_text(&text), text.len, 0600);
	str_done(&text);
	return path;
}

static const char *
copy(const char *text)
{
	static char lines[16][8192];
	static unsigned next;
	char *to = lines[next++ % ARRAY_LEN(lines)];

	snprintf(to, sizeof(lines[0]), "%.8000s", text);
	return to;
}

static void
test_load(void **state)
{
	const char *const good[] = {copy(line(1, 0, NULL, "chain.opened", "{}")),
		copy(line(2, 1, NULL, "run.started", STARTED)),
		copy(line(3, 2, "a", "step.intent", "{}")), NULL};
	const char *const gap[] = {
		good[0], good[1], copy(line(4, 2, "a", "step.intent", "{}")), NULL};
	struct err err = ERR_INIT;

	begin();
	assert_true(run_state_load(&s, journal(good, ""), &err));
	assert_int_equal(s.seq, 3);
	assert_int_equal(step("a")->status, STEP_RUNNING);
	/* What a crash tore off is left out. */
	begin();
	assert_true(run_state_load(&s, journal(good, "{\"seq\":4,\"at\":\"20"), &err));
	assert_int_equal(s.seq, 3);
	begin();
	assert_false(run_state_load(&s, journal(gap, ""), &err));
	assert_err(&err, ERR_DAMAGED, "is damaged behind record 2.");
	begin();
	assert_false(run_state_load(&s, journal(good, "rubbish\n"), &err));
	assert_err(&err, ERR_DAMAGED, "is damaged behind record 3.");
	begin();
	assert_false(run_state_load(&s, test_path("none"), &err));
	assert_err(&err, ERR_NOT_FOUND, "Cannot open the journal");
	assert_int_equal(symlink(journal(good, ""), test_path("link")), 0);
	begin();
	assert_false(run_state_load(&s, test_path("link"), &err));
	err_done(&err);
	begin();
	assert_true(run_state_load(&s, test_text_file("empty", ""), &err));
	assert_int_equal(s.phase, RUN_NEW);
}

/* The run goes back to an earlier step, and only where the record of a success says so. */
static void
test_again(void **state)
{
	start();
	apply(2, "a", "step.intent", "{\"attempt\":1}");
	apply(3, "a", "step.result", "{\"outcome\":\"ok\",\"value\":\"1\"}");
	apply(4, "b", "step.intent", "{\"attempt\":1}");
	apply(5, "b", "step.result", "{\"outcome\":\"failed\",\"again\":\"a\"}");
	assert_int_equal(step("a")->status, STEP_OK);
	assert_int_equal(step("b")->status, STEP_FAILED);
	apply(6, "b", "step.intent", "{\"attempt\":2}");
	apply(7, "b", "step.result", "{\"outcome\":\"ok\",\"again\":\"a\"}");
	assert_int_equal(step("a")->status, STEP_PENDING);
	assert_int_equal(step("b")->status, STEP_PENDING);
	assert_int_equal(step("a")->attempt, 1);
	/* To itself, to what comes behind it, to nowhere: nothing before is touched. */
	apply(8, "a", "step.intent", "{\"attempt\":2}");
	apply(9, "a", "step.result", "{\"outcome\":\"ok\",\"again\":\"b\"}");
	assert_int_equal(step("a")->status, STEP_OK);
	apply(10, "b", "step.intent", "{\"attempt\":3}");
	apply(11, "b", "step.result", "{\"outcome\":\"ok\",\"again\":\"nowhere\"}");
	assert_int_equal(step("b")->status, STEP_OK);
	arena_done(&arena);
}

/* A journal longer than what is read at once, and a line without an end. */
static void
test_load_long(void **state)
{
	struct str text = STR_INIT(32 * MIB);
	struct err err = ERR_INIT;

	begin();
	str_fmt(&text, "%s\n", line(1, 0, NULL, "chain.opened", "{}"));
	str_fmt(&text, "%s\n", line(2, 1, NULL, "run.started", STARTED));
	for (int i = 3; i < 30000; i++)
		str_fmt(&text, "%s\n", line(i, 2, NULL, "run.note", "{\"text\":\"0123456789\"}"));
	assert_true(text.len > 4 * MIB);
	assert_true(run_state_load(&s, test_file("long", text.buf, text.len, 0600), &err));
	assert_int_equal(s.notes.n, 29997);
	for (int i = 0; i < 3 * MIB; i++)
		str_addc(&text, 'x');
	begin();
	assert_false(run_state_load(&s, test_file("long", text.buf, text.len, 0600), &err));
	assert_err(&err, ERR_DAMAGED, "is damaged behind record 29999.");
	str_done(&text);
	arena_done(&arena);
}

TESTS(T(test_empty), T(test_started), T(test_started_twice), T(test_forecast), T(test_company),
	T(test_clock), T(test_attempt), T(test_again), T(test_outcomes), T(test_questions),
	T(test_life), T(test_clients), T(test_f53_resumed), T(test_not_records), T(test_load),
	T(test_load_long))

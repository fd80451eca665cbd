#include "unit/run/crew.h"

#include "run/forecast.h"

#define BOOK                                                                   \
	"schema: 1\nid: b\ntitle: B\nrto: 100s\nsteps:\n"                      \
	"  - {id: a, title: A, kind: command, run: [\"true\"], budget: 40s}\n" \
	"  - {id: b, title: B, kind: command, run: [\"true\"], budget: 50s}\n" \
	"  - {id: c, title: C, kind: command, run: [\"true\"]}\n"

/* An earlier run of that runbook in the same state directory, in which `a` took so long. */
static void
earlier(int number, const char *runbook, double seconds, int64_t size)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	const char *dir =
		arena_fmt(&arena, "%s/runs/20200101-00000%d-abcd", crew.state_dir, number);
	const char *plan =
		arena_fmt(&arena, "{\"backups\":[{\"var\":\"x\",\"size\":%lld}]}", (long long)size);
	struct err err = ERR_INIT;
	const char *const records[] = {
		arena_fmt(&arena,
			"\"event\":\"run.started\",\"actor\":\"x\",\"data\":{\"runbook\":\"%s\","
			"\"steps\":[{\"id\":\"a\"}]}",
			runbook),
		"\"step\":\"a\",\"event\":\"step.intent\",\"actor\":\"x\",\"data\":{\"attempt\":1}",
		arena_fmt(&arena,
			"\"step\":\"a\",\"event\":\"step.result\",\"actor\":\"x\",\"data\":"
			"{\"outcome\":\"ok\",\"seconds\":%.1f}",
			seconds)};

	assert_true(file_mkdirs(dir, 0700, &err));
	for (size_t i = 0; i < ARRAY_LEN(records); i++)
		str_fmt(&text,
			"{\"seq\":%zu,\"at\":\"2020-01-01T00:00:00.000Z\",\"run\":\"r\",%s}\n",
			i + 1, records[i]);
	assert_true(file_replace(run_dir_journal(&arena, dir), text.buf, text.len, 0600, &err));
	if (size >= 0)
		assert_true(file_replace(
			path_join(&arena, dir, "plan.json"), plan, strlen(plan), 0600, &err));
}

static struct forecast_rest
look(int64_t size, int64_t ms_later)
{
	struct forecast *f = forecast_new(crew.state_dir, &crew.state, size);
	struct forecast_rest rest;

	forecast_look(f, &crew.state, crew.state.nsteps, crew.state.started_ms + ms_later, &rest);
	forecast_free(f);
	return rest;
}

static void
begin(void)
{
	crew_begin(BOOK, PLAN_LIVE);
	crew.state.rto_s = 100;
	for (size_t i = 0; i < crew.state.nsteps; i++)
		crew.state.steps[i].budget_s = item_at(&crew.plan->steps, struct step, i)->budget_s;
}

static void
test_budgets(void **state)
{
	struct forecast_rest r;

	begin();
	r = look(-1, 5000);
	assert_int_equal(r.rest_ms, 90000);
	assert_int_equal(r.elapsed_ms, 5000);
	assert_int_equal(r.unknown, 1);
	assert_false(r.late);
	/* Late before it is too late. */
	assert_true(look(-1, 10001).late);
	crew_end();
}

/* Steps that run at once take as long as the longest of them. */
static void
test_at_once(void **state)
{
	int64_t began;

	begin();
	crew.state.steps[0].group = crew.state.steps[1].group = "g";
	assert_int_equal(look(-1, 0).rest_ms, 50000);
	ledger_data(crew.ledger);
	assert_true(runner_end(&crew, "b", "step.intent", NULL));
	began = crew.state.steps[1].started_ms - crew.state.started_ms;
	assert_int_equal(look(-1, began + 20000).rest_ms, 40000);
	crew_result("a", "ok");
	assert_int_equal(look(-1, began + 20000).rest_ms, 30000);
	/* Those of another group come after them. */
	crew.state.steps[1].group = "h";
	crew.state.steps[0].status = STEP_PENDING;
	assert_int_equal(look(-1, began).rest_ms, 40000 + 50000);
	crew_end();
}

static void
test_as_it_goes(void **state)
{
	int64_t began;

	begin();
	ledger_data(crew.ledger);
	assert_true(runner_end(&crew, "a", "step.intent", NULL));
	began = crew.state.steps[0].started_ms - crew.state.started_ms;
	assert_int_equal(look(-1, began + 30000).rest_ms, 10000 + 50000);
	assert_int_equal(look(-1, began + 99000).rest_ms, 50000);
	crew_result("a", "ok");
	crew_result("c", "ok");
	assert_int_equal(look(-1, 0).rest_ms, 50000);
	assert_int_equal(look(-1, 0).unknown, 0);
	crew_end();
}

/* What it took is better known than what it should take: the median, of the like only. */
static void
test_earlier_runs(void **state)
{
	begin();
	earlier(1, "b", 10, 1000);
	earlier(2, "b", 12, 1900);
	earlier(3, "b", 80, 600);
	earlier(4, "other", 99, 1000);
	earlier(5, "b", 500, 100000);
	assert_int_equal(look(1000, 0).rest_ms, 12000 + 50000);
	assert_int_equal(look(100000, 0).rest_ms, 500000 + 50000);
	assert_int_equal(look(-1, 0).rest_ms, 90000);
	earlier(6, "b", 20, -1);
	assert_int_equal(look(-1, 0).rest_ms, 20000 + 50000);
	crew_end();
}

static void
test_text(void **state)
{
	struct str out = STR_INIT(KIB);
	struct forecast_rest r = {.rest_ms = 4200, .elapsed_ms = 60000, .unknown = 1};

	forecast_text(&r, 3600, &out);
	assert_string_equal(str_text(&out), "60s of 60m are gone, the rest takes at least 5s");
	str_cut(&out, 0);
	r.unknown = 0;
	r.late = true;
	forecast_text(&r, 3600, &out);
	assert_string_equal(str_text(&out),
		"60s of 60m are gone, the rest takes about 5s: the RTO will be missed");
	str_done(&out);
}

TESTS(T(test_budgets), T(test_as_it_goes), T(test_at_once), T(test_earlier_runs), T(test_text))

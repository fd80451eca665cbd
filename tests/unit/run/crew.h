/*
 * crew: a runner with a plan, a journal and an audit log of its own, for the tests of what
 * people do to a run. Nothing of it runs: the loop is turned by the test, or not at all.
 */
#ifndef UNIT_CREW_H
#define UNIT_CREW_H

#include "unit/runbook/plans.h"

#include "base/path.h"
#include "run/dir.h"
#include "run/engine.h"

#define OPERATOR_UID 4001 /* nobody of this machine */
#define ALICE_UID    4002
#define BOB_UID      4003

static struct runner crew;

static void
crew_record_start(const struct plan *p)
{
	struct json *j = ledger_data(crew.ledger);

	json_string(j, "runbook", p->runbook->id);
	json_string(j, "mode", plan_mode_names[p->mode]);
	json_bool(j, "attended", true);
	json_string(j, "operator", "ops@here");
	json_int(j, "uid", OPERATOR_UID);
	json_int(j, "login_uid", -1);
	json_array(j, "steps");
	for (size_t i = 0; i < p->steps.n; i++) {
		json_object(j, NULL);
		json_string(j, "id", item_at(&p->steps, struct step, i)->id);
		json_object_end(j);
	}
	json_array_end(j);
	assert_true(runner_end(&crew, NULL, "run.started", "ops@here"));
}

/* A run of the runbook `text`, just begun. */
static void
crew_begin(const char *text, enum plan_mode mode)
{
	static int number;
	struct err err = ERR_INIT;

	crew = (struct runner){.listen_fd = -1};
	if (!test_build(text, mode, NULL, &crew.plan, &err))
		fail_msg("%s", err.msg);
	crew.state_dir = arena_fmt(&arena, "%s/state%d", test_dir(), ++number);
	crew.loop = loop_new();
	crew.mask = mask_new();
	run_state_init(&crew.state, &crew.arena);
	if (!run_dir_new(&crew.arena, crew.state_dir, &crew.id, &crew.dir, &err) ||
		!ledger_open(crew.state_dir, crew.dir, crew.id, "ops@here", &crew.ledger, &err) ||
		!run_state_load(&crew.state, run_dir_journal(&crew.arena, crew.dir), &err))
		fail_msg("%s", err.msg);
	crew.actor = "ops@here";
	crew_record_start(crew.plan);
}

static void
crew_end(void)
{
	ledger_free(crew.ledger);
	mask_free(crew.mask);
	loop_free(crew.loop);
	arena_done(&crew.step_arena);
	arena_done(&crew.arena);
	arena_done(&arena);
}

/* The step is at hand, and what it would run is known. */
UNUSED static const struct step *
crew_step(const char *id)
{
	struct err err = ERR_INIT;

	crew.step = runbook_step(crew.plan->runbook, id);
	assert_non_null(crew.step);
	arena_done(&crew.step_arena);
	crew.resolved = (struct resolved){0};
	if (!step_resolve(crew.step, &crew.plan->scope, 0, &crew.step_arena, &crew.resolved, &err))
		fail_msg("%s", err.msg);
	return crew.step;
}

UNUSED static void
crew_result(const char *id, const char *outcome)
{
	struct json *j = ledger_data(crew.ledger);

	json_int(j, "attempt", 1);
	assert_true(runner_end(&crew, id, "step.intent", NULL));
	j = ledger_data(crew.ledger);
	json_int(j, "attempt", 1);
	json_string(j, "outcome", outcome);
	assert_true(runner_end(&crew, id, "step.result", NULL));
}

/* How often the journal has the event. */
UNUSED static size_t
crew_count(const char *event)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * MIB);
	const char *wanted = arena_fmt(&arena, "\"event\":\"%s\"", event), *at;
	struct err err = ERR_INIT;
	size_t n = 0;

	if (!file_read(run_dir_journal(&arena, crew.dir), 4 * MIB, &text, &err))
		fail_msg("%s", err.msg);
	for (at = str_text(&text); (at = strstr(at, wanted)) != NULL; at++)
		n++;
	return n;
}

#endif

/*
 * journal: any bytes fold into some state of a run without harm; what was folded counts up, and
 * the step, the question and the people of that state can be asked for.
 */
#include "fuzz/fuzz.h"

#include "run/state.h"

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct run_state s;
	const char *end;

	run_state_init(&s, &a);
	for (const char *at = data; (end = memchr(at, '\n', len - (size_t)(at - data))) != NULL;
		at = end + 1) {
		uint64_t before = s.seq;
		bool folded = run_state_line(&s, at, (size_t)(end - at));

		FUZZ_HOLDS(s.seq == before + (folded ? 1 : 0));
	}
	for (size_t i = 0; i < s.nsteps; i++)
		FUZZ_HOLDS(step_status_name(s.steps[i].status) != NULL &&
			   run_state_step(&s, s.steps[i].id) != NULL);
	FUZZ_HOLDS(s.phase == RUN_NEW || (s.operator!= NULL && s.runbook != NULL));
	FUZZ_HOLDS(s.ask.number == 0 || (s.ask.kind != NULL && s.ask.text != NULL));
	FUZZ_HOLDS(run_elapsed_ms(&s, s.last_ms) >= 0);
}

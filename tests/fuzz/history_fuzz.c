/* history: .history files. Whatever is taken must lead upwards, from timeline 1 on. */
#include "fuzz/fuzz.h"

#include "wal/history.h"

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct history h;

	if (!history_parse(&a, UINT32_MAX, data, len, &h, &err)) {
		err_done(&err);
		return;
	}
	FUZZ_HOLDS(h.n >= 2 && h.steps[h.n - 1].tli == UINT32_MAX);
	for (size_t i = 1; i < h.n; i++) {
		FUZZ_HOLDS(h.steps[i].tli > h.steps[i - 1].tli);
		FUZZ_HOLDS(h.steps[i].begin == h.steps[i - 1].end);
		FUZZ_HOLDS(h.steps[i].end >= h.steps[i].begin);
	}
	for (uint64_t number = 0; number < 100; number++)
		FUZZ_HOLDS(history_find(&h, history_at(&h, number, (uint32_t)MIB)) != NULL);
}

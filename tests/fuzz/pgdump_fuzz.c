/*
 * pgdump: any bytes as a custom dump: table of contents and data blocks.
 */
#include "fuzz/fuzz.h"

#include "verify/pgdump_data.h"

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct scan s = scan_memory(data, len);
	struct pgdump_totals totals;
	struct pgdump d;

	if (!pgdump_read(&s, &a, &d, &err)) {
		FUZZ_HOLDS(err.code != ERR_NONE);
		return;
	}
	FUZZ_HOLDS(s.offset <= len && d.data.n <= d.entries);
	if (!pgdump_read_blocks(&s, &d, &totals, &err)) {
		FUZZ_HOLDS(err.code != ERR_NONE);
		return;
	}
	FUZZ_HOLDS(s.offset == len && totals.blocks <= d.data.n);
}

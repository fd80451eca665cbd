/*
 * tape: any bytes as a tar, zip or cpio archive, and what the members of it would do.
 */
#include "fuzz/fuzz.h"

#include "verify/members.h"
#include "verify/tape.h"

static void
walk(struct tape *t, struct members *m)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct tape_entry e;
	int more;

	while ((more = tape_next(t, &e, &err)) > 0) {
		FUZZ_HOLDS(e.name != NULL);
		if (!members_add(m, &e, &err) || !scan_drain(tape_scan(t), &err)) {
			more = -1;
			break;
		}
	}
	FUZZ_HOLDS(more == 0 || err.code != ERR_NONE);
}

void
fuzz_one(const char *data, size_t len)
{
	char name[256];

	tape_first_name((const unsigned char *)data, len, name);
	for (int any = 0; any < 2; any++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		CLEANUP(err_done) struct err err = ERR_INIT;
		struct scan s = scan_memory(data, len);
		struct members m;
		struct report r;
		struct tape *t;

		report_init(&r, &a, "x", LEVEL_INTACT);
		members_init(&m, &r, any);
		if (tape_open(&s, any, &t, &err)) {
			walk(t, &m);
			tape_free(t);
		}
		if (!members_end(&m))
			FUZZ_HOLDS(report_result(&r) == PROOF_FAIL);
	}
}

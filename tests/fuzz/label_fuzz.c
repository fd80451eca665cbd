/* label: backup labels, manifests' ends, pgBackRest's and Barman's lists, server logs, tars. */
#include "fuzz/fuzz.h"

#include "base/clock.h"
#include "wal/barman.h"
#include "wal/label.h"
#include "wal/manifest.h"
#include "wal/pgbackrest.h"
#include "wal/recovery_log.h"

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct basebackups found = {.arena = &a};
	struct manifest_wal wal;
	struct recovery_fault fault;
	struct basebackup backup;
	int64_t start, stop;
	struct label label;
	struct err err = ERR_INIT;
	const char *archive;

	if (label_parse(&a, data, len, &label, &err)) {
		FUZZ_HOLDS(label.start != 0);
		label_times(&label, CLOCK_NONE, &start, &stop);
		label_times(&label, 1795962727, &start, &stop);
		FUZZ_HOLDS(start == CLOCK_NONE || label.start_time != NULL);
	}
	if (manifest_wal(data, MIN(len, MANIFEST_HEAD), data, MIN(len, MANIFEST_TAIL), &wal, &err))
		FUZZ_HOLDS(wal.start != 0 && wal.tli != 0);
	if (pgbackrest_parse(data, len, &found, &archive, &err))
		FUZZ_HOLDS(archive != NULL);
	if (barman_parse(&a, data, len, &backup, &err))
		FUZZ_HOLDS(backup.why != NULL || (backup.start != 0 && backup.tli != 0));
	if (recovery_explain(&a, data, len, &fault))
		FUZZ_HOLDS(fault.code != NULL && fault.what != NULL && fault.way_out != NULL);
	err_done(&err);
}

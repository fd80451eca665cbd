/*
 * aof: any bytes as an append-only file, and as a manifest of one.
 */
#include "fuzz/fuzz.h"

#include "verify/aof.h"

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct scan s = scan_memory(data, len);
	struct aof_manifest m;
	struct aof aof;

	if (aof_read(&s, &aof, &err))
		FUZZ_HOLDS(aof.whole == len);
	else
		FUZZ_HOLDS(aof.whole <= len && err.code != ERR_NONE);
	err_done(&err);
	aof_is((const unsigned char *)data, len);
	aof_manifest_is((const unsigned char *)data, len);
	if (!aof_manifest_read(&a, data, len, &m, &err)) {
		FUZZ_HOLDS(err.code != ERR_NONE);
		return;
	}
	for (size_t i = 0; i < m.parts.n; i++)
		FUZZ_HOLDS(strchr(m.parts.v[i].name, '/') == NULL && m.parts.v[i].name[0] != '\0');
}

/*
 * walwalk: any bytes as WAL segments. The first two bytes say how long the first segment is; the
 * rest is the second one, so that what crosses the border is reached.
 */
#include "fuzz/fuzz.h"

#include "verify/walwalk.h"

static void
walk(struct wal_walk *w, const char *data, size_t len)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct scan s = scan_memory(data, len);

	if (!wal_walk_segment(w, &s, true, &err))
		FUZZ_HOLDS(err.code != ERR_NONE);
	else
		FUZZ_HOLDS(s.offset <= len);
}

void
fuzz_one(const char *data, size_t len)
{
	struct wal_walk w;
	size_t first;

	if (len < 2)
		return;
	first = ((size_t)(unsigned char)data[0] << 8 | (unsigned char)data[1]) % (len - 1);
	wal_walk_init(&w);
	walk(&w, data + 2, MIN(first, len - 2));
	walk(&w, data + 2 + MIN(first, len - 2), len - 2 - MIN(first, len - 2));
	wal_walk_done(&w);
}

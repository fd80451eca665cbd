/* segment: names of files in an archive, LSNs, headers. Input: a name, or a header as it is. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "wal/segment.h"

static void
names(const char *name)
{
	struct segment_file f;
	char out[SEGMENT_NAME];
	uint64_t number;

	segment_parse(name, &f);
	if (f.kind == SEGMENT_OTHER)
		return;
	FUZZ_HOLDS(f.suffix >= name && f.suffix <= name + strlen(name));
	for (uint32_t bytes = SEGMENT_BYTES_MIN; bytes <= SEGMENT_BYTES_MAX; bytes *= 2) {
		if (f.kind == SEGMENT_HISTORY || !segment_number(f.log, f.seg, bytes, &number))
			continue;
		segment_name(f.tli, number, bytes, out);
		FUZZ_HOLDS(memcmp(out, name, 24) == 0);
	}
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *text = arena_strndup(&a, data, len);
	struct segment_header h;
	struct err err = ERR_INIT;
	char out[LSN_TEXT];
	uint64_t lsn, back;

	names(text);
	if (lsn_parse(text, &lsn))
		FUZZ_HOLDS(lsn_parse(lsn_format(lsn, out), &back) && back == lsn);
	if (segment_header_read((const unsigned char *)data, len, &h, &err))
		FUZZ_HOLDS(h.bytes >= SEGMENT_BYTES_MIN && h.lsn % h.bytes == 0 && h.page >= 1024);
	err_done(&err);
}

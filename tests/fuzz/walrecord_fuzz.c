/*
 * walrecord: WAL from a hostile archive. The input is read as pages, and again as records one
 * behind the other, as if their checksums were right: a checksum keeps nobody out who means harm.
 */
#include "fuzz/fuzz.h"
#include "base/bytes.h"

#include "wal/damage.h"
#include "wal/reader.h"
#include "wal/unpack.h"

static bool
count(const struct record *r, void *arg)
{
	FUZZ_HOLDS(r->length >= RECORD_HEADER && r->data != NULL);
	++*(size_t *)arg;
	return true;
}

static void
pages(const unsigned char *data, size_t len)
{
	struct segment_header h = {.version = 15, .bytes = (uint32_t)MIB, .page = 1024};
	struct reader r;
	size_t seen = 0;

	for (size_t piece = 1024; piece <= 8192; piece *= 8) {
		reader_init(&r, &h, 0, count, &seen);
		reader_seek(&r, len > 16 ? bytes_u64(data + 8) / MIB * MIB : 0);
		for (size_t at = 0; at + piece <= len; at += piece)
			if (reader_feed(&r, data + at, piece) == READER_DAMAGED)
				FUZZ_HOLDS(r.why != NULL);
		FUZZ_HOLDS(seen >= r.records);
		reader_done(&r);
	}
}

/* Records lie behind each other; each one's own length says how long it is, within reason. */
static void
records(const unsigned char *data, size_t len, int version)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct damage_filter filter = {.least = 1};
	struct names *names = names_new(&a);
	struct damage *d = damage_new(&a, names, &filter);
	struct err err = ERR_INIT;
	uint64_t lsn = 1;

	while (len >= RECORD_HEADER) {
		size_t n = MAX(MIN((size_t)bytes_u16(data), len), (size_t)RECORD_HEADER);
		struct record r = {.lsn = lsn,
			.xid = bytes_u32(data + 4) % 8,
			.length = (uint32_t)n,
			.info = data[16],
			.rmgr = data[17] % 12,
			.version = version,
			.data = data};

		if (!damage_record(d, &r, 0, INT64_MAX, &err))
			err_done(&err);
		data += n;
		len -= n;
		lsn += n;
	}
	damage_resolve(d);
	damage_free(d);
}

void
fuzz_one(const char *bytes, size_t len)
{
	const unsigned char *data = (const unsigned char *)bytes;
	unsigned char out[512];

	pages(data, len);
	records(data, len, len > 0 && (data[0] & 1) ? 17 : 14);
	if (unpack_pglz(data, len, out, sizeof(out)))
		FUZZ_HOLDS(len > 0);
}

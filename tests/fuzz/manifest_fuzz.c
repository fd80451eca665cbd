/*
 * manifest: any bytes as a backup_manifest; and with their own checksum behind them, so that what
 * comes behind it is reached too.
 */
#include "fuzz/fuzz.h"

#include "base/digest.h"
#include "base/str.h"
#include "verify/manifest.h"

static void
read_it(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct scan s = scan_memory(data, len);
	struct manifest m;

	if (!manifest_read(&s, &a, &m, &err)) {
		FUZZ_HOLDS(err.code != ERR_NONE);
		return;
	}
	for (size_t i = 0; i < m.files.n; i++)
		FUZZ_HOLDS(manifest_find(&m, m.files.v[i].path) == &m.files.v[i]);
	for (size_t i = 0; i < m.ranges.n; i++)
		FUZZ_HOLDS(m.ranges.v[i].start < m.ranges.v[i].end);
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(str_done) struct str text = STR_INIT(16 * MIB);
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	read_it(data, len);
	str_addn(&text, data, len);
	str_add(&text, ",\n");
	digest_of(text.buf, text.len, sum);
	str_fmt(&text, "\"Manifest-Checksum\": \"%s\"}\n", digest_hex(sum, DIGEST_SIZE, hex));
	read_it(text.buf, text.len);
}

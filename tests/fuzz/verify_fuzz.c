/*
 * verify: any bytes as a file that somebody calls a backup: recognized, verified, reported. What
 * must hold: it comes back, and there is a result.
 */
#include "fuzz/fuzz.h"

#include "base/file.h"
#include "verify/verify.h"

#include <sys/mman.h>

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str out = STR_INIT(MIB);
	CLEANUP(util_close) int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct verify_options o = {.level = LEVEL_INTACT, .pages = true};
	struct json j = json_new(&out);
	struct report r;

	if (fd < 0 || !file_write_all(fd, data, len))
		return;
	verify_uri(&a, arena_fmt(&a, "/proc/self/fd/%d", fd), &o, &r);
	FUZZ_HOLDS(r.checks.n > 0);
	report_json(&r, NULL, &j);
	report_text(&r, true, &out);
	for (size_t i = 0; i < out.len; i++)
		FUZZ_HOLDS((unsigned char)out.buf[i] >= 0x20 || out.buf[i] == '\n');
}

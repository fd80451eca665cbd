/* text: whatever the bytes, no terminal acts on what comes out (F31 to F34). */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "base/text.h"

static void
check_visible(const char *data, size_t len, unsigned flags)
{
	CLEANUP(str_done) struct str out = STR_INIT(MIB), again = STR_INIT(MIB);
	size_t i = 0;

	text_visible(&out, data, len, flags);
	while (i < out.len) {
		uint32_t code = 0;
		size_t n = text_decode(out.buf + i, out.len - i, &code);

		FUZZ_HOLDS(n > 0 || out.full);
		if (n == 0)
			return;
		FUZZ_HOLDS(!text_is_unsafe(code) || (code == '\n' && (flags & TEXT_LINES)));
		FUZZ_HOLDS(code < 0x80 || !(flags & TEXT_ASCII));
		FUZZ_HOLDS(code < 0x250 || !(flags & TEXT_NAME));
		i += n;
	}
	/* What is visible stays as it is. */
	text_visible(&again, str_text(&out), out.len, flags);
	FUZZ_HOLDS(again.len == out.len && memcmp(str_text(&again), str_text(&out), out.len) == 0);
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str roff = STR_INIT(MIB);
	const char *text = arena_strndup(&a, data, len);

	for (unsigned flags = 0; flags < 8; flags++)
		check_visible(data, len, flags);
	text_roff(&roff, text);
	text_distance(text, "daily-dump", 4);
	FUZZ_HOLDS(text_contains(text, ""));
}

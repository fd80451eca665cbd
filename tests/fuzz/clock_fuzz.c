/*
 * clock: times, durations, sizes and name patterns from anybody. Input: text, then a pattern
 * behind a newline.
 */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "base/clock.h"

static void
times(const char *text)
{
	char out[CLOCK_TEXT];
	int64_t t, back, us;

	if (!clock_parse(text, &t))
		return;
	FUZZ_HOLDS(clock_parse_us(text, &us));
	clock_format_short(t, 1795962727, out);
	clock_format(t, out);
	/* A zone may move the year 0 or 9999 to where four digits don't reach. */
	if (strlen(out) == 20 && out[0] != '-')
		FUZZ_HOLDS(clock_parse(out, &back) && back == t);
}

void
fuzz_one(const char *data, size_t len)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *end = memchr(data, '\n', len);
	size_t n = end != NULL ? (size_t)(end - data) : len, matched;
	const char *text = arena_strndup(&a, data, n);
	char out[CLOCK_TEXT];
	int64_t value;

	times(text);
	if (clock_parse_duration(text, &value))
		FUZZ_HOLDS(value >= 0 && value <= 200LL * 366 * 86400);
	if (clock_parse_size(text, &value))
		FUZZ_HOLDS(value >= 0);
	if (end != NULL && clock_match(text, end + 1, len - n - 1, &value, &matched)) {
		FUZZ_HOLDS(matched <= strlen(text));
		clock_format(value, out);
	}
}

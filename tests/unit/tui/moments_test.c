#include "base/banned.h"
#include "sketch.h"
#include "base/clock.h"
#include "tui/model/harm.h"
#include "tui/model/moments.h"

#define WINDOW(from, to, quiet)                                                             \
	"{\"timeline\":1,\"earliest\":\"2026-11-20T" from "Z\",\"latest\":\"2026-11-20T" to \
	"Z\",\"quiet_until\":\"2026-11-20T" quiet "Z\",\"base_backup\":\"b\"}"

static struct moments moments;

static void
begin(const char *windows)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * KIB);
	struct err err = ERR_INIT;

	str_fmt(&text, "{\"asset\":\"db\",\"verdict\":\"ok\",\"windows\":[%s]}", windows);
	assert_true(moments_read(&moments, str_text(&text), text.len, &err));
}

static int64_t
second(const char *time)
{
	CLEANUP(str_done) struct str text = STR_INIT(CLOCK_TEXT + 1);
	int64_t us = 0;

	str_fmt(&text, "2026-11-20T%sZ", time);
	assert_true(clock_parse_us(str_text(&text), &us));
	return us / 1000000;
}

static void
test_reach(void **state)
{
	int64_t from, to;

	begin("");
	assert_false(moments_reach(&moments, &from, &to));
	moments_done(&moments);
	begin(WINDOW("10:00:00", "11:00:00", "11:30:00") "," WINDOW(
		"09:00:00", "09:10:00", "09:10:00"));
	assert_true(moments_reach(&moments, &from, &to));
	assert_int_equal(from / 1000000, second("09:00:00"));
	assert_int_equal(to / 1000000, second("11:30:00"));
	moments_done(&moments);
}

static void
check_none(const char *around, const char *text)
{
	CLEANUP(str_done) struct str out = STR_INIT(KIB);

	harm_none(&moments, second(around), 900, &out);
	assert_string_equal(str_text(&out), text);
}

/* That nothing was found says nothing of what the archive does not hold. */
static void
test_no_damage(void **state)
{
	begin(WINDOW("10:00:00", "12:00:00", "12:00:00"));
	check_none("11:00:00", "None within 15 min of 2026-11-20T11:00:00Z. The archive reaches to "
			       "2026-11-20T12:00:00Z.");
	check_none("11:50:00", "None within 15 min of 2026-11-20T11:50:00Z. The archive reaches to "
			       "2026-11-20T12:00:00Z: what was committed later is not in it yet.");
	check_none("10:05:00",
		"None within 15 min of 2026-11-20T10:05:00Z. What can be reached begins "
		"at 2026-11-20T10:00:00Z. The archive reaches to "
		"2026-11-20T12:00:00Z.");
	moments_done(&moments);
	begin("");
	check_none("11:00:00", "None within 15 min of 2026-11-20T11:00:00Z.");
	moments_done(&moments);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_no_damage),
	};

	return cmocka_run_group_tests(tests, sketch_locale, NULL);
}

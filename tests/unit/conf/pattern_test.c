#include "unit/testing.h"

#include "base/clock.h"
#include "conf/pattern.h"

static struct arena arena;

static void
names(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool is;
		int64_t time; /* CLOCK_NONE: none */
	} rows[] = {
		{"a/x_{time:%Y%m%d_%H%M%S}.dump", "x_20261120_020304.dump", true, 1795140184},
		{"a/x_{time:%Y%m%d_%H%M%S}.dump", "x_20261120_020304.dump.sha256", false,
			CLOCK_NONE},
		{"a/x_{time:%Y%m%d_%H%M%S}.dump", "x_20261320_020304.dump", false, CLOCK_NONE},
		{"a/x_{time:%Y%m%d_%H%M%S}.dump", "x_2026112_020304.dump", false, CLOCK_NONE},
		{"a/x_{time:%Y%m%d_%H%M%S}.dump", "y_20261120_020304.dump", false, CLOCK_NONE},
		{"{time:%s}", "1795140184", true, 1795140184},
		{"*-{time:%Y-%m-%d}*", "db-main-2026-11-20-full.gz", true, 1795132800},
		{"*.dump", "x.dump", true, CLOCK_NONE},
		{"*.dump", "x.dump.partial", false, CLOCK_NONE},
		{"x*", "x.dump.md5", false, CLOCK_NONE},
		{"x*", "x-globals.sql", false, CLOCK_NONE},
		{"x*.sql", "x-globals.sql", false, CLOCK_NONE},
		{"*-globals.sql", "x-globals.sql", true, CLOCK_NONE},
		{"c_{time:%Y%m%d}.json", "c_20261120.json", true, 1795132800},
		{"*", ".hidden", false, CLOCK_NONE},
		{".h*", ".hidden", true, CLOCK_NONE},
		{"", "anything", true, CLOCK_NONE},
		{"", "anything.tmp", false, CLOCK_NONE},
		{"dir/", "x.dump", true, CLOCK_NONE},
		{"dir/", "x.dump.json", false, CLOCK_NONE},
		/* Neither a crash nor an eternity */
		{"*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false,
			CLOCK_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct pattern p;
		int64_t time;

		assert_true(pattern_parse(&arena, rows[i].pattern, &p, &err));
		if (pattern_match(&p, rows[i].name, &time) != rows[i].is)
			fail_msg("%s and %s", rows[i].pattern, rows[i].name);
		if (rows[i].is && time != rows[i].time)
			fail_msg("%s in %s: %lld", rows[i].pattern, rows[i].name, (long long)time);
	}
}

static void
directories(void **state)
{
	static const struct {
		const char *path, *directory, *name;
	} rows[] = {{NULL, "", ""}, {"a/b/", "a/b/", ""}, {"a/b", "a/b/", ""}, {"/a/", "a/", ""},
		{"a/*.dump", "a/", "*.dump"}, {"{time:%Y%m%d}", "", "{time:%Y%m%d}"}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct pattern p;

		assert_true(pattern_parse(&arena, rows[i].path, &p, &err));
		assert_string_equal(p.directory, rows[i].directory);
		assert_string_equal(p.name, rows[i].name);
	}
}

static void
hours(void **state)
{
	struct err err = ERR_INIT;
	struct pattern p;

	assert_true(pattern_parse(&arena, "x_{time:%Y%m%d}", &p, &err));
	assert_false(p.has_hour);
	assert_true(pattern_parse(&arena, "x_{time:%Y%m%d%H}", &p, &err));
	assert_true(p.has_hour);
}

static void
faults(void **state)
{
	static const struct {
		const char *path, *says;
	} rows[] = {
		{"a*/x", "last part only"},
		{"{time:%Y%m%d}/x", "last part only"},
		{"x_{time:%Y%m%d", "without its }"},
		{"x_{time:%Q}", "%Q is not known"},
		{"x_{time:%Y%m%", "without its }"},
		{"x_{time:%Y%m%}", "not known"},
		{"x_{time:%H%M}", "a year and a day"},
		{"x_{time:%Y%m%d}{time:%H}", "more than one time"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = ERR_INIT;
		struct pattern p;

		if (pattern_parse(&arena, rows[i].path, &p, &err))
			fail_msg("%s was taken", rows[i].path);
		assert_err(&err, ERR_CONFIG, rows[i].says);
	}
	arena_done(&arena);
}

TESTS(T(names), T(directories), T(hours), T(faults))

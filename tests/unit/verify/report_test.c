#include "unit/testing.h"

#include "verify/members.h"
#include "verify/report.h"

static void
the_worst_is_the_result(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct report r;

	report_init(&r, &a, "/x", LEVEL_INTACT);
	assert_int_equal(report_result(&r), PROOF_UNKNOWN); /* nothing was found out */
	report_add(&r, PROOF_PASS, "one", "fine");
	assert_int_equal(report_result(&r), PROOF_PASS);
	report_add(&r, PROOF_UNKNOWN, "two", "who knows");
	assert_int_equal(report_result(&r), PROOF_UNKNOWN);
	err_set(&err, ERR_DAMAGED, "Broken.");
	assert_false(report_err(&r, "three", &err));
	assert_int_equal(err.code, ERR_NONE);
	assert_int_equal(report_result(&r), PROOF_FAIL);
	err_set(&err, ERR_IO, "Not to be had.");
	report_err(&r, "four", &err);
	assert_int_equal(r.checks.v[3].result, PROOF_UNKNOWN);
	assert_int_equal(report_result(&r), PROOF_FAIL);
	assert_int_equal(proof_result_status(PROOF_PASS), 0);
	assert_int_equal(proof_result_status(PROOF_FAIL), 1);
	assert_int_equal(proof_result_status(PROOF_UNKNOWN), 2);
}

static void
json_and_text(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str out = STR_INIT(10000);
	struct json j = json_new(&out);
	struct report r;

	report_init(&r, &a, "/x\x1b[m", LEVEL_RESTORED);
	report_add(&r, PROOF_FAIL, "toc", "no %s\x07", "good");
	report_add(&r, PROOF_PASS, "data", "fine");
	report_json(&r, NULL, &j);
	assert_string_equal(str_text(&out),
		"{\"target\":\"/x\\u001b[m\",\"format\":null,\"level\":\"restored\","
		"\"result\":\"fail\",\"checks\":["
		"{\"name\":\"toc\",\"result\":\"fail\",\"detail\":\"no good\\u0007\"},"
		"{\"name\":\"data\",\"result\":\"pass\",\"detail\":\"fine\"}],"
		"\"bytes\":0,\"seconds\":0,\"sha256\":null,\"restore_seconds\":null,"
		"\"sandbox\":null,\"conninfo\":null}");
	str_cut(&out, 0);
	report_text(&r, false, &out);
	assert_holds(out.buf, "FAIL");
	assert_holds(out.buf, "no good\\x07");
	assert_holds_not(out.buf, "fine");
	assert_holds_not(out.buf, "\x1b");
	str_cut(&out, 0);
	report_text(&r, true, &out);
	assert_holds(out.buf, "fine");
}

static void
many_faults_are_counted(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct report_faults f;
	struct report r;

	report_init(&r, &a, "/x", LEVEL_INTACT);
	report_faults_init(&f, &r, "files");
	assert_true(report_faults_end(&f));
	assert_int_equal(r.checks.n, 0);
	report_faults_init(&f, &r, "files");
	for (int i = 0; i < 1000; i++)
		report_faults_add(&f, "file %d is bad.", i);
	assert_false(report_faults_end(&f));
	assert_int_equal(r.checks.n, 1);
	assert_string_equal(r.checks.v[0].detail, "file 0 is bad; file 1 is bad; file 2 is bad; "
						  "file 3 is bad; file 4 is bad; and 995 "
						  "more.");
}

static void
members_of_archives(void **state)
{
	static const struct {
		const char *name, *link;
		enum tape_kind kind;
		bool fault, strict_fault;
	} rows[] = {
		{"a/b", NULL, TAPE_FILE, false, false},
		{"./a/b", NULL, TAPE_FILE, false, false},
		{"a/..b/c..", NULL, TAPE_FILE, false, false},
		{"/etc/passwd", NULL, TAPE_FILE, true, true},
		{"../x", NULL, TAPE_FILE, true, true},
		{"a/../../x", NULL, TAPE_FILE, true, true},
		{"a/..", NULL, TAPE_DIRECTORY, true, true},
		{"d", NULL, TAPE_OTHER, true, true},
		{"l", "a/b", TAPE_SYMLINK, false, false},
		{"x/l", "../a", TAPE_SYMLINK, false, false},
		{"x/l", "../../a", TAPE_SYMLINK, false, true},
		{"x/l", "b/../../../a", TAPE_SYMLINK, false, true},
		{"l", "/etc", TAPE_SYMLINK, false, true},
		{"x/h", "a/b", TAPE_HARDLINK, false, false},
		{"x/h", "../a", TAPE_HARDLINK, true, true},
		{"h", "/etc/shadow", TAPE_HARDLINK, true, true},
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 2 * ARRAY_LEN(rows); i++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		bool strict = i % 2;
		struct tape_entry e = {rows[i / 2].name, rows[i / 2].link, rows[i / 2].kind, 1};
		struct members m;
		struct report r;

		report_init(&r, &a, "/x", LEVEL_INTACT);
		members_init(&m, &r, strict);
		assert_true(members_add(&m, &e, &err));
		if (members_end(&m) == (strict ? rows[i / 2].strict_fault : rows[i / 2].fault))
			fail_msg("%s, strict %d", rows[i / 2].name, strict);
	}
}

static void
through_a_link(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct tape_entry link = {"x/out", "/tmp", TAPE_SYMLINK, 0},
			  near = {"x/outside", NULL, TAPE_FILE, 1},
			  in = {"./x/out/f", NULL, TAPE_FILE, 1};
	struct err err = ERR_INIT;
	struct members m;
	struct report r;

	report_init(&r, &a, "/x", LEVEL_INTACT);
	members_init(&m, &r, false);
	assert_true(members_add(&m, &link, &err) && members_add(&m, &near, &err));
	assert_true(members_end(&m));
	assert_holds(r.checks.v[0].detail, "x/out -> /tmp");
	members_init(&m, &r, false);
	assert_true(members_add(&m, &link, &err) && members_add(&m, &in, &err));
	assert_false(members_end(&m));
	assert_holds(r.checks.v[1].detail, "written through the link");
}

TESTS(T(the_worst_is_the_result), T(json_and_text), T(many_faults_are_counted),
	T(members_of_archives), T(through_a_link))

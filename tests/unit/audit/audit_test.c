#include "unit/audit/logs.h"

#include "audit/audit.h"

#include "fault/shim.c"

static void
test_note(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct record r = {.event = "test.noted", .actor = "ops@here"};
	struct err err = ERR_INIT;
	struct audit_report report;
	struct chain *c;

	assert_string_equal(audit_path(&a, "/state"), "/state/audit/audit.log");
	assert_true(audit_note(test_path("state"), &r, &err));
	assert_true(audit_note(test_path("state"), &r, &err));
	assert_true(audit_open(test_path("state"), "ops@here", &c, &err));
	/* Shared: a note goes through while somebody else has it open. */
	assert_true(audit_note(test_path("state"), &r, &err));
	assert_true(chain_append(c, &r, &err));
	chain_free(c);
	report = log_verify(audit_path(&a, test_path("state")), NULL);
	assert_verdict(report, AUDIT_UNANCHORED);
	assert_int_equal(report.records, 5);
}

/* Promise 5: where no record can be, nothing runs. */
static void
test_nowhere(void **state)
{
	struct record r = {.event = "test.noted", .actor = "ops@here"};
	struct err err = ERR_INIT;
	struct stat st;

	test_text_file("plain", "");
	assert_false(audit_note(test_path("plain"), &r, &err));
	assert_hint(&err, "Nothing runs without a record");
	assert_err(&err, ERR_AUDIT, "Cannot make the directory");
	assert_int_equal(mkdir(test_path("odd"), 0700), 0);
	assert_int_equal(mkdir(test_path("odd/audit"), 0700), 0);
	assert_int_equal(mkfifo(test_path("odd/audit/audit.log"), 0600), 0);
	assert_false(audit_note(test_path("odd"), &r, &err));
	assert_err(&err, ERR_AUDIT, "not a regular file");
	assert_true(audit_note(test_path("new/state"), &r, &err));
	assert_int_equal(stat(test_path("new/state/audit"), &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
}

/* F10: the directories of a new log are names in others, which are durable before there is a
 * record. */
static void
test_f10_new_directories(void **state)
{
	struct record r = {.event = "test.noted", .actor = "ops@here"};
	struct err err = ERR_INIT;
	static const char *const names[] = {"", "f10", "f10/state", "f10/state/audit"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_true(file_remove_tree(test_path("f10"), &err));
		fault_set("fsync", i == 0 ? test_dir() : test_path(names[i]), 1, "EIO", false);
		assert_false(audit_note(test_path("f10/state"), &r, &err));
		assert_int_equal(fault_count(), 1);
		fault_set(NULL, NULL, 0, NULL, false);
		assert_hint(&err, "Nothing runs without a record");
		assert_err(&err, ERR_AUDIT, "Cannot sync the directory");
	}
	assert_true(file_remove_tree(test_path("f10"), &err));
	assert_true(audit_note(test_path("f10/state"), &r, &err));
}

TESTS(T(test_note), T(test_nowhere), T(test_f10_new_directories))

#include "unit/testing.h"

#include "audit/audit.h"
#include "audit/verify.h"
#include "conf/json_read.h"
#include "base/path.h"
#include "run/dir.h"
#include "run/ledger.h"

#include "fault/shim.c"

static struct arena arena;
static const char *state_dir, *dir;

static void
no_faults(void)
{
	fault_set(NULL, NULL, 0, NULL, false);
}

static struct ledger *
open_new(void)
{
	static int n;
	struct err err = ERR_INIT;
	struct ledger *l = NULL;
	const char *id;

	no_faults();
	arena_done(&arena);
	state_dir = path_join(&arena, test_dir(), arena_fmt(&arena, "state%d", ++n));
	if (!run_dir_new(&arena, state_dir, &id, &dir, &err) ||
		!ledger_open(state_dir, dir, id, "ops@here", &l, &err))
		fail_msg("%s", err.msg);
	return l;
}

/* The events of a log, "seq:event/step" each; its chain must be whole. */
static const char *
events(const char *path)
{
	CLEANUP(str_done) struct str text = STR_INIT(4 * MIB), out = STR_INIT(64 * KIB);
	struct audit_report report;
	struct err err = ERR_INIT;
	char *line, *end;

	if (!file_read(path, 4 * MIB, &text, &err) || !audit_verify(path, NULL, &report, &err))
		fail_msg("%s", err.msg);
	if (report.verdict != AUDIT_UNANCHORED)
		fail_msg("%s: %s", path, report.why);
	audit_report_done(&report);
	for (line = text.buf; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		CLEANUP(json_free) cJSON *j = json_parse(line, (size_t)(end - line), &err);

		assert_non_null(j);
		str_fmt(&out, "%s%s", out.len > 0 ? " " : "", json_get_text(j, "event"));
		if (json_get_text(j, "step") != NULL)
			str_fmt(&out, "/%s", json_get_text(j, "step"));
		if (json_get_text(json_get(j, "data"), "failed") != NULL)
			str_fmt(&out, "(%s)", json_get_text(json_get(j, "data"), "failed"));
	}
	return arena_strdup(&arena, str_text(&out));
}

static const char *
journal(void)
{
	return events(run_dir_journal(&arena, dir));
}

static const char *
audit(void)
{
	return events(audit_path(&arena, state_dir));
}

static void
test_all_three(void **state)
{
	struct ledger *l = open_new();
	struct err err = ERR_INIT;
	size_t len;

	ledger_data(l);
	assert_true(ledger_begin(l, NULL, "run.started", NULL, &err));
	json_string(ledger_data(l), "k", "v");
	assert_true(ledger_begin(l, "a", "step.intent", NULL, &err));
	ledger_data(l);
	assert_true(ledger_end(l, "a", "step.result", NULL, &err));
	json_string(ledger_data(l), "text", "x");
	assert_true(ledger_note(l, NULL, "run.note", "else@there", &err));
	assert_holds(
		ledger_last_line(l, &len), "\"actor\":\"else@there\",\"data\":{\"text\":\"x\"}");
	assert_string_equal(
		journal(), "chain.opened run.started step.intent/a step.result/a run.note");
	assert_string_equal(audit(), "chain.opened run.started step.intent/a step.result/a");
	assert_int_equal(ledger_journal_head(l)->seq, 5);
	assert_int_equal(ledger_audit_head(l)->seq, 4);
	assert_false(ledger_failed(l));
	ledger_free(l);
}

/* One run, one runner: the journal is locked as long as it lives. */
static void
test_owned(void **state)
{
	struct ledger *l = open_new(), *second = NULL;
	struct err err = ERR_INIT;

	assert_int_equal(run_dir_runner(dir), getpid());
	assert_false(ledger_open(state_dir, dir, "r", "x@y", &second, &err));
	assert_err(&err, ERR_LOCK_HELD, "is being written by another process");
	assert_null(second);
	ledger_free(l);
	assert_int_equal(run_dir_runner(dir), 0);
	assert_true(ledger_open(state_dir, dir, "r", "x@y", &second, &err));
	ledger_free(second);
}

static void
fault(const char *calls, const char *file, int nth, const char *kind)
{
	fault_set(calls, arena_fmt(&arena, "*/%s", file), nth, kind, false);
}

/* F01: without room for the record, nothing starts, and neither log says that it did. */
static void
test_f01_no_room_for_intent(void **state)
{
	static const struct {
		const char *calls, *file;
	} cases[] = {
		{"fallocate", "audit.log"}, {"fallocate", "journal.jsonl"}, {"write", "audit.log"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct ledger *l = open_new();
		struct err err = ERR_INIT;

		fault(cases[i].calls, cases[i].file, 1, "ENOSPC");
		ledger_data(l);
		assert_false(ledger_begin(l, "a", "step.intent", NULL, &err));
		assert_hint(&err, "Nothing runs without a record of it. Make room");
		assert_err(&err, ERR_AUDIT, "No space left on device");
		no_faults();
		assert_string_equal(journal(), "chain.opened");
		assert_string_equal(audit(), "chain.opened");
		/* Room was made: it goes on. */
		ledger_data(l);
		assert_true(ledger_begin(l, "a", "step.intent", NULL, &err));
		assert_string_equal(journal(), "chain.opened step.intent/a");
		ledger_free(l);
	}
}

/* F04: other ways to have no room. */
static void
test_f04_quota_and_read_only(void **state)
{
	static const char *const kinds[] = {"EDQUOT", "EROFS", "EIO", "EACCES"};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct ledger *l = open_new();
		struct err err = ERR_INIT;

		fault("write", "audit.log", 1, kinds[i]);
		ledger_data(l);
		assert_false(ledger_begin(l, "a", "step.intent", NULL, &err));
		assert_err(&err, ERR_AUDIT, "Cannot write");
		no_faults();
		assert_string_equal(journal(), "chain.opened");
		ledger_free(l);
	}
}

/* F07: the audit log has it, the journal does not: nothing starts, and the audit log says so. */
static void
test_f07_intent_in_one_only(void **state)
{
	struct ledger *l = open_new();
	struct err err = ERR_INIT;

	fault("write", "journal.jsonl", 1, "ENOSPC");
	ledger_data(l);
	assert_false(ledger_begin(l, "a", "step.intent", NULL, &err));
	assert_err(&err, ERR_AUDIT, "journal.jsonl");
	no_faults();
	assert_string_equal(journal(), "chain.opened");
	assert_string_equal(audit(), "chain.opened step.intent/a ledger.diverged(journal)");
	assert_true(ledger_failed(l));
	ledger_data(l);
	assert_false(ledger_begin(l, "b", "step.intent", NULL, &err));
	assert_hint(&err, "Mend the disk");
	assert_err(&err, ERR_AUDIT, "failed earlier; nothing more is started");
	ledger_free(l);
}

/* F02: the outcome is in the log that still works, and nothing further starts. */
static void
test_f02_result_in_one_only(void **state)
{
	struct ledger *l = open_new();
	struct err err = ERR_INIT;

	ledger_data(l);
	assert_true(ledger_begin(l, "a", "step.intent", NULL, &err));
	fault("write", "journal.jsonl", 1, "ENOSPC");
	ledger_data(l);
	assert_false(ledger_end(l, "a", "step.result", NULL, &err));
	assert_err(&err, ERR_AUDIT, "journal.jsonl");
	no_faults();
	assert_string_equal(journal(), "chain.opened step.intent/a");
	assert_string_equal(
		audit(), "chain.opened step.intent/a step.result/a ledger.diverged(journal)");
	ledger_data(l);
	assert_false(ledger_begin(l, "b", "step.intent", NULL, &err));
	err_done(&err);
	ledger_free(l);

	l = open_new();
	ledger_data(l);
	assert_true(ledger_begin(l, "a", "step.intent", NULL, &err));
	fault("write", "audit.log", 1, "EIO");
	ledger_data(l);
	assert_false(ledger_end(l, "a", "step.result", NULL, &err));
	assert_err(&err, ERR_AUDIT, "audit.log");
	no_faults();
	assert_string_equal(audit(), "chain.opened step.intent/a");
	assert_string_equal(
		journal(), "chain.opened step.intent/a step.result/a ledger.diverged(audit)");
	assert_true(ledger_failed(l));
	ledger_free(l);
}

/* Both are gone: it is an error, and nothing else. */
static void
test_f07_both_fail(void **state)
{
	struct ledger *l = open_new();
	struct err err = ERR_INIT;

	ledger_data(l);
	assert_true(ledger_begin(l, "a", "step.intent", NULL, &err));
	fault_set("write", "*", 1, "EIO", true);
	ledger_data(l);
	assert_false(ledger_end(l, "a", "step.result", NULL, &err));
	assert_err(&err, ERR_AUDIT, "journal.jsonl");
	assert_true(ledger_failed(l));
	no_faults();
	ledger_free(l);
}

/* F03: after a failed sync a log is not believed any more, and never synced again. */
static void
test_f03_sync(void **state)
{
	static const char *const files[] = {"journal.jsonl", "audit.log"};

	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct ledger *l = open_new();
		struct err err = ERR_INIT;

		fault("fdatasync", files[i], 1, "EIO");
		ledger_data(l);
		assert_false(ledger_begin(l, "a", "step.intent", NULL, &err));
		assert_err(&err, ERR_AUDIT, "Cannot sync");
		ledger_data(l);
		assert_false(ledger_begin(l, "a", "step.intent", NULL, &err));
		assert_err(&err, ERR_AUDIT, "failed earlier");
		assert_int_equal(fault_count(), 1);
		no_faults();
		ledger_free(l);
	}
}

/* F16: what the run writes to is still what the name says. */
static void
test_f16_replaced(void **state)
{
	struct ledger *l = open_new();
	struct err err = ERR_INIT;
	const char *log = audit_path(&arena, state_dir);

	assert_int_equal(rename(log, arena_fmt(&arena, "%s.away", log)), 0);
	ledger_data(l);
	assert_false(ledger_begin(l, "a", "step.intent", NULL, &err));
	assert_err(&err, ERR_AUDIT, "was replaced, renamed or removed while it was in use.");
	assert_string_equal(journal(), "chain.opened");
	ledger_free(l);
}

/* What does not fit a record is refused whole: half of a JSON object would be none. */
static void
test_too_long(void **state)
{
	struct ledger *l = open_new();
	struct err err = ERR_INIT;
	struct str big = STR_INIT(2 * MIB);
	struct json *j;

	for (int i = 0; i < 2 * MIB; i++)
		str_addc(&big, 'x');
	for (int way = 0; way < 3; way++) {
		j = ledger_data(l);
		json_string(j, "big", str_text(&big));
		assert_false((way == 0   ? ledger_begin
			      : way == 1 ? ledger_end
					 : ledger_note)(l, "a", "step.x", NULL, &err));
		assert_err(&err, ERR_LIMIT, "The record step.x would be longer than 1 MiB.");
	}
	assert_string_equal(journal(), "chain.opened");
	assert_string_equal(audit(), "chain.opened");
	/* The next one is not spoilt by it. */
	ledger_data(l);
	assert_true(ledger_begin(l, "a", "step.intent", NULL, &err));
	str_done(&big);
	ledger_free(l);
}

static void
test_cut_texts(void **state)
{
	struct str out = STR_INIT(MIB), text = STR_INIT(MIB);
	struct json j = json_new(&out);
	CLEANUP(json_free) cJSON *read = NULL;
	struct err err = ERR_INIT;

	json_object(&j, NULL);
	ledger_text(&j, "null", NULL, 100);
	ledger_text(&j, "fits", "abc \"def\"", 13);
	ledger_text(&j, "just_not", "abc \"def\"x", 13);
	for (int i = 0; i < 1000; i++)
		str_add(&text, "\x1b\xe2\x80\xae");
	ledger_text(&j, "escapes", str_text(&text), 900);
	str_cut(&text, 0);
	for (int i = 0; i < 1000; i++)
		str_add(&text, "\xf0\x9f\x9a\xa2");
	ledger_text(&j, "ships", str_text(&text), 906);
	json_object_end(&j);
	read = json_parse(str_text(&out), out.len, &err);
	assert_non_null(read);
	assert_true(cJSON_IsNull(json_get(read, "null")));
	assert_string_equal(json_get_text(read, "fits"), "abc \"def\"");
	assert_string_equal(json_get_text(read, "just_not"), "ab... (8 bytes more)");
	assert_holds(json_get_text(read, "escapes"), "... (3851 bytes more)");
	assert_holds(json_get_text(read, "ships"), "\xf0\x9f\x9a\xa2... (3852 bytes more)");
	str_done(&out);
	str_done(&text);
	arena_done(&arena);
}

TESTS(T(test_all_three), T(test_owned), T(test_f01_no_room_for_intent),
	T(test_f04_quota_and_read_only), T(test_f07_intent_in_one_only),
	T(test_f02_result_in_one_only), T(test_f07_both_fail), T(test_f03_sync),
	T(test_f16_replaced), T(test_too_long), T(test_cut_texts))

#include "unit/audit/logs.h"

#include "fault/shim.c"

static const struct record event = {.run = "r1", .event = "test.event", .actor = "tester"};

static struct chain *
open_shared(const char *path)
{
	struct err err = ERR_INIT;
	struct chain *c = NULL;

	if (!chain_open(path, CHAIN_SHARED, "audit", NULL, "tester@here", &c, &err))
		fail_msg("%s", err.msg);
	return c;
}

static void
append(struct chain *c)
{
	struct err err = ERR_INIT;

	if (!chain_append(c, &event, &err))
		fail_msg("%s", err.msg);
}

static void
rotate(struct chain *c)
{
	struct err err = ERR_INIT;

	if (!chain_rotate(c, &err))
		fail_msg("%s", err.msg);
}

static const char *
part_of(const char *path, uint64_t number)
{
	static struct arena a;

	return chain_part_path(&a, path, number);
}

/* A log of three files: 1, 2 and 3 events of ours in them. */
static const char *
log_of_three(const char *name)
{
	const char *path = test_path(name);
	struct chain *c = open_shared(path);

	for (int file = 1; file <= 3; file++) {
		for (int i = 0; i < file; i++)
			append(c);
		if (file < 3)
			rotate(c);
	}
	chain_free(c);
	return path;
}

static void
test_chain_goes_on(void **state)
{
	const char *path = log_of_three("three");
	struct audit_report r = log_verify(path, NULL);

	assert_verdict(r, AUDIT_UNANCHORED);
	assert_int_equal(r.parts, 3);
	assert_int_equal(r.records, 1 + 1 + 1 + 1 + 2 + 1 + 1 + 3);
	assert_int_equal(r.head.seq, r.records);
	assert_false(file_exists(test_path("three.next")));
	assert_true(file_exists(part_of(path, 1)));
	assert_true(file_exists(part_of(path, 2)));
	/* One part alone says that it is not all. */
	assert_verdict(log_verify(part_of(path, 1), NULL), AUDIT_MISSING);
	assert_verdict(log_verify(part_of(path, 2), NULL), AUDIT_MISSING);
}

/* Writers that have the log open go over to the new file, however often it was rotated. */
static void
test_writers_follow(void **state)
{
	const char *path = test_path("follow");
	struct chain *a = open_shared(path), *b = open_shared(path);

	append(b);
	rotate(a);
	append(b);
	assert_int_equal(chain_part(b), 2);
	rotate(a);
	rotate(a);
	append(b);
	append(a);
	assert_int_equal(chain_part(b), 4);
	assert_int_equal(chain_head(a)->seq, chain_head(b)->seq + 1);
	/* Both at once. */
	rotate(b);
	rotate(a);
	append(b);
	chain_free(a);
	chain_free(b);
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	assert_int_equal(log_verify(path, NULL).parts, 6);
}

/* F16: another file in its place is no rotation, even when the old one was closed by one. */
static void
test_f16_not_a_rotation(void **state)
{
	const char *path = test_path("swap"), *other = test_path("swap.other");
	struct chain *c = open_shared(path), *stranger;
	struct err err = ERR_INIT;

	append(c);
	stranger = open_shared(other);
	append(stranger);
	chain_free(stranger);
	assert_int_equal(rename(other, path), 0);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "was replaced");
	chain_free(c);
	c = open_shared(path);
	stranger = open_shared(path);
	rotate(stranger);
	chain_free(stranger);
	stranger = open_shared(other);
	rotate(stranger);
	chain_free(stranger);
	assert_int_equal(rename(other, path), 0);
	assert_false(chain_append(c, &event, &err));
	assert_err(&err, ERR_AUDIT, "was replaced");
	chain_free(c);
}

static void
die_rotating(void *path)
{
	struct chain *c = open_shared(path);
	struct err err = ERR_INIT;

	if (!chain_rotate(c, &err))
		_exit(1);
	chain_free(c);
}

/* F18: killed before and after each call of a rotation: nothing is lost, nothing twice. */
static void
test_f18_killed_anywhere(void **state)
{
	static const char *const kinds[] = {"kill-before", "kill-half", "kill-after"};
	char said[1000];
	int deaths = 0;

	for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
		for (int nth = 1;; nth++) {
			char dir[30], name[40];
			struct audit_report r;
			struct chain *c;
			int status;

			snprintf(dir, sizeof(dir), "f18-%zu-%d", k, nth);
			snprintf(name, sizeof(name), "%s/log", dir);
			assert_int_equal(mkdir(test_path(dir), 0700), 0);
			c = open_shared(test_path(name));
			append(c);
			append(c);
			fault_set("all", "*", nth, kinds[k], false);
			status = test_in_child(
				die_rotating, (void *)chain_path(c), said, sizeof(said));
			fault_set(NULL, NULL, 0, NULL, false);
			deaths += status == 128 + SIGKILL;
			/* One who had it open, and one who comes. */
			append(c);
			chain_free(c);
			c = open_shared(test_path(name));
			append(c);
			chain_free(c);
			r = log_verify(test_path(name), NULL);
			assert_verdict(r, AUDIT_UNANCHORED);
			if (r.parts == 2)
				assert_true(file_exists(part_of(test_path(name), 1)));
			else
				assert_int_equal(r.parts, 1);
			/* opened, four events; rotated and continued; a torn one of the dead */
			assert_int_equal(r.records - r.recoveries, 5 + 2 * (r.parts - 1));
			assert_true(r.recoveries <= 1);
			assert_false(file_exists(part_of(test_path(name), 2)));
			if (status == 0)
				break;
			assert_int_equal(status, 128 + SIGKILL);
		}
	}
	assert_true(deaths > 12);
}

/* F18: a rotation that fails is made good by the next writer. */
static void
test_f18_failures(void **state)
{
	uint64_t parts;
	int finished = 0;

	for (int nth = 1;; nth++) {
		char name[40];
		struct chain *c;
		struct err err = ERR_INIT;
		bool good;

		snprintf(name, sizeof(name), "fails%d", nth);
		c = open_shared(test_path(name));
		append(c);
		fault_set("rename,fsync", "*", nth, "EIO", false);
		good = chain_rotate(c, &err);
		fault_set(NULL, NULL, 0, NULL, false);
		if (!good)
			assert_err(&err, ERR_AUDIT, "");
		chain_free(c);
		c = open_shared(test_path(name));
		append(c);
		chain_free(c);
		assert_verdict(log_verify(test_path(name), NULL), AUDIT_UNANCHORED);
		/* What fails before the log is closed leaves it as it was. */
		parts = log_verify(test_path(name), NULL).parts;
		finished += !good && parts == 2;
		assert_true(parts == 2 || (!good && parts == 1));
		if (good)
			break;
		assert_true(nth < 30);
	}
	assert_true(finished >= 3);
}

static void
rotate_as_another(void *path)
{
	struct chain *c = open_shared(path);
	struct err err = ERR_INIT;

	if (seteuid(65534) < 0)
		_exit(2);
	_exit(!chain_rotate(c, &err) && err.code == ERR_PERMISSION ? 0 : 1);
}

/* F18: who could not finish a rotation does not begin it. */
static void
test_f18_not_the_owner(void **state)
{
	char said[1000];
	const char *path = test_path("owned");
	struct chain *c;

	if (geteuid() != 0)
		skip();
	c = open_shared(path);
	append(c);
	assert_int_equal(test_in_child(rotate_as_another, (void *)path, said, sizeof(said)), 0);
	append(c);
	assert_int_equal(chain_part(c), 1);
	chain_free(c);
}

/* F24: a file that is gone is not a shorter log. */
static void
test_f24_missing_files(void **state)
{
	const char *path = log_of_three("gone");
	struct err err = ERR_INIT;
	struct chain *c;

	assert_int_equal(rename(part_of(path, 2), test_path("kept")), 0);
	assert_verdict(log_verify(path, NULL), AUDIT_GAP);
	assert_int_equal(log_verify(path, NULL).at_seq, 4);
	assert_int_equal(rename(test_path("kept"), part_of(path, 2)), 0);
	assert_int_equal(rename(part_of(path, 1), test_path("kept")), 0);
	assert_verdict(log_verify(path, NULL), AUDIT_MISSING);
	assert_int_equal(rename(test_path("kept"), part_of(path, 1)), 0);
	assert_int_equal(rename(path, test_path("kept")), 0);
	assert_verdict(log_verify(path, NULL), AUDIT_MISSING);
	/* And nobody begins a new one in its place. */
	assert_false(chain_open(path, CHAIN_SHARED, "audit", NULL, "x", &c, &err));
	assert_hint(&err, "Put it back");
	assert_err(&err, ERR_AUDIT, "is missing, though");
	/* The part before it under its name: it goes on elsewhere. */
	assert_int_equal(rename(part_of(path, 2), path), 0);
	assert_verdict(log_verify(path, NULL), AUDIT_MISSING);
}

/* Parts of two logs do not make one. */
static void
test_f28_parts_of_others(void **state)
{
	const char *path = log_of_three("mixed"), *other = log_of_three("other");

	assert_int_equal(rename(part_of(other, 2), part_of(path, 2)), 0);
	assert_verdict(log_verify(path, NULL), AUDIT_BROKEN);
}

static void
test_no_log_at_all(void **state)
{
	struct audit_trust trust = {.expect = "5:" CHAIN_ZERO};
	struct audit_report r;
	struct err err = ERR_INIT;

	assert_false(audit_verify(test_path("none"), NULL, &r, &err));
	assert_err(&err, ERR_NOT_FOUND, "Cannot open");
	assert_true(audit_verify(test_path("none"), &trust, &r, &err));
	assert_verdict(r, AUDIT_MISSING);
	audit_report_done(&r);
}

TESTS(T(test_chain_goes_on), T(test_writers_follow), T(test_f16_not_a_rotation),
	T(test_f18_killed_anywhere), T(test_f18_failures), T(test_f18_not_the_owner),
	T(test_f24_missing_files), T(test_f28_parts_of_others), T(test_no_log_at_all))

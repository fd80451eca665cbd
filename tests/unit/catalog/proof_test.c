#include "unit/testing.h"

#include "catalog/proof.h"

static struct backup
backup(const char *name)
{
	return (struct backup){.name = name,
		.path = name,
		.etag = "e",
		.note = "",
		.detail = "",
		.finished_at = 1000,
		.mtime = 1010,
		.size = 77};
}

static void
add(const char *id, const struct backup *b, enum level level, enum proof_result result, int64_t at)
{
	struct err err = ERR_INIT;
	struct proof p = proof_of(id, b);

	p.level = level;
	p.result = result;
	p.at = at;
	p.by = "ops@test";
	p.checks = "[{\"name\":\"blocks\",\"result\":\"pass\",\"detail\":\"3\"}]";
	assert_true(proof_add(test_dir(), &p, &err));
}

static void
load(struct proofs *p, struct arena *a, const char *set)
{
	struct err err = ERR_INIT;

	proofs_init(p, a, "db", set);
	assert_true(proofs_load(p, test_dir(), &err));
	proofs_sort(p);
}

static void
round_trip(void **state)
{
	struct arena a = ARENA_INIT;
	struct backup x = backup("x"), y = backup("y/z \"q\"");
	const struct proof *p;
	struct proofs all;

	add("db/one/x", &x, LEVEL_INTACT, PROOF_PASS, 2000);
	add("db/one/y/z \"q\"", &y, LEVEL_RESTORED, PROOF_PASS, 3000);
	load(&all, &a, "one");
	assert_int_equal(all.list.n, 2);
	p = proofs_find(&all, &x);
	assert_non_null(p);
	assert_int_equal(p->level, LEVEL_INTACT);
	assert_int_equal(p->at, 2000);
	assert_int_equal(p->finished_at, 1000);
	assert_string_equal(p->by, "ops@test");
	assert_holds(p->checks, "\"blocks\"");
	p = proofs_find(&all, &y);
	assert_non_null(p);
	assert_int_equal(p->level, LEVEL_RESTORED);
	load(&all, &a, "two");
	assert_int_equal(all.list.n, 0);
	assert_null(proofs_find(&all, &x));
	arena_done(&a);
}

/* Another size, time or ETag is another object. */
static void
changed(void **state)
{
	struct arena a = ARENA_INIT;
	struct backup x = backup("x"), other;
	struct proofs all;

	load(&all, &a, "one");
	other = x;
	other.size++;
	assert_null(proofs_find(&all, &other));
	other = x;
	other.mtime++;
	assert_null(proofs_find(&all, &other));
	other = x;
	other.etag = "f";
	assert_null(proofs_find(&all, &other));
	other = x;
	other.finished_at++; /* how its time was understood is not the object */
	assert_non_null(proofs_find(&all, &other));
	arena_done(&a);
}

static void
failures(void **state)
{
	struct arena a = ARENA_INIT;
	struct backup x = backup("x");
	struct proofs all;

	add("db/f/x", &x, LEVEL_INTACT, PROOF_FAIL, 100);
	add("db/f/x", &x, LEVEL_SEEN, PROOF_PASS, 200);
	load(&all, &a, "f");
	assert_int_equal(
		proofs_find(&all, &x)->result, PROOF_FAIL); /* seen does not outdo intact */
	assert_null(proofs_find_pass(&all, &x, LEVEL_INTACT));
	add("db/f/x", &x, LEVEL_RESTORED, PROOF_UNKNOWN, 300);
	load(&all, &a, "f");
	assert_int_equal(proofs_find(&all, &x)->result, PROOF_FAIL);
	add("db/f/x", &x, LEVEL_RESTORED, PROOF_PASS, 400);
	load(&all, &a, "f");
	assert_int_equal(proofs_find(&all, &x)->result, PROOF_PASS);
	assert_int_equal(proofs_find_pass(&all, &x, LEVEL_RESTORED)->at, 400);
	add("db/f/x", &x, LEVEL_SEEN, PROOF_FAIL, 400); /* within one second: the failure */
	load(&all, &a, "f");
	assert_int_equal(proofs_find(&all, &x)->result, PROOF_FAIL);
	arena_done(&a);
}

static void
torn(void **state)
{
	struct arena a = ARENA_INIT;
	struct backup x = backup("x");
	struct proofs all;
	const char *path = test_path("proofs/db+torn.jsonl");
	int fd;

	add("db/torn/x", &x, LEVEL_SEEN, PROOF_PASS, 1);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_true(file_write_all(fd, "rubbish\n{\"kind\":\"pro", 21));
	close(fd);
	load(&all, &a, "torn");
	assert_int_equal(all.list.n, 1);
	add("db/torn/x", &x, LEVEL_SEEN, PROOF_PASS, 2); /* starts a line of its own */
	load(&all, &a, "torn");
	assert_int_equal(all.list.n, 2);
	arena_done(&a);
}

static void
restores(void **state)
{
	struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct proofs all;
	struct restore r = {.backup = "db/r/x",
		.mode = RESTORE_DRILL,
		.seconds = 12.5,
		.at = 50,
		.by = "run 7"};

	assert_true(restore_add(test_dir(), &r, &err));
	r.at = 40;
	assert_true(restore_add(test_dir(), &r, &err));
	load(&all, &a, "r");
	assert_int_equal(proofs_last_restore(&all)->at, 50);
	assert_int_equal(proofs_last_restore(&all)->mode, RESTORE_DRILL);
	arena_done(&a);
}

static void
outside(void **state)
{
	struct backup x = backup("x");

	add("s3://bucket/x", &x, LEVEL_SEEN, PROOF_PASS, 1);
	add("/../../etc/x", &x, LEVEL_SEEN, PROOF_PASS, 1);
	assert_true(file_exists(test_path("proofs/other.jsonl")));
}

TESTS(T(round_trip), T(changed), T(failures), T(torn), T(restores), T(outside))

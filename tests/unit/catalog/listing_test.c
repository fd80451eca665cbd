#include "unit/testing.h"

#include "catalog/listing.h"
#include "catalog/listing_format.h"

static struct backup
row(const char *name, int64_t at)
{
	return (struct backup){.name = name,
		.path = "dir/x",
		.etag = "",
		.note = "",
		.detail = "",
		.finished_at = at,
		.mtime = at == CLOCK_NONE ? 0 : at + 1,
		.size = at == CLOCK_NONE ? 0 : at * 2,
		.time_from = TIME_NAME,
		.state = BACKUP_COMPLETE};
}

static void
write_rows(const char *path, const int64_t *times, size_t n)
{
	struct err err = ERR_INIT;
	struct listing_writer *w;

	assert_true(listing_writer_new(path, &w, &err));
	for (size_t i = 0; i < n; i++) {
		char name[32];
		struct backup b;

		snprintf(name, sizeof(name), "n%zu", i);
		b = row(name, times[i]);
		assert_true(listing_add(w, &b, &err));
	}
	assert_true(listing_finish(w, &err));
	listing_writer_free(w);
}

static void
order(void **state)
{
	const int64_t times[] = {5, 9, CLOCK_NONE, 7, 9, -3};
	static const char *const want[] = {"n1", "n4", "n3", "n0", "n5", "n2"};
	const char *path = test_path("order");
	struct err err = ERR_INIT;
	struct listing *l;
	struct backup b;

	write_rows(path, times, ARRAY_LEN(times));
	assert_true(listing_open(path, &l, &err));
	assert_int_equal(listing_count(l), ARRAY_LEN(times));
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		assert_true(listing_get(l, i, &b, &err));
		assert_string_equal(b.name, want[i]);
		assert_string_equal(b.path, "dir/x");
	}
	assert_true(listing_get(l, 2, &b, &err));
	assert_int_equal(b.finished_at, 7);
	assert_int_equal(b.mtime, 8);
	assert_int_equal(b.size, 14);
	assert_int_equal(b.time_from, TIME_NAME);
	assert_int_equal(listing_seek(l, 9), 0);
	assert_int_equal(listing_seek(l, 8), 2);
	assert_int_equal(listing_seek(l, -4), 5);
	listing_free(l);
	listing_free(NULL);
}

static void
empty(void **state)
{
	const char *path = test_path("empty");
	struct err err = ERR_INIT;
	struct listing *l;

	write_rows(path, NULL, 0);
	assert_true(listing_open(path, &l, &err));
	assert_int_equal(listing_count(l), 0);
	assert_int_equal(listing_seek(l, 0), 0);
	listing_free(l);
}

/* More than fit into a few runs: sorted by merging, equal times in the order of arrival. */
static void
many(void **state)
{
	const size_t n = 100000;
	int64_t *times = util_alloc(n * sizeof(*times)), last = INT64_MAX;
	const char *path = test_path("many");
	struct err err = ERR_INIT;
	uint64_t number = 0, last_number = 0;
	struct listing *l;
	struct backup b;

	for (size_t i = 0; i < n; i++)
		times[i] = (int64_t)(i * 7919 % 1000);
	write_rows(path, times, n);
	assert_true(listing_open(path, &l, &err));
	assert_int_equal(listing_count(l), n);
	for (size_t i = 0; i < n; i++) {
		assert_true(listing_get(l, i, &b, &err));
		assert_true(util_parse_u64(b.name + 1, &number));
		assert_int_equal(b.finished_at, times[number]);
		assert_true(
			b.finished_at < last || (b.finished_at == last && number > last_number));
		last = b.finished_at;
		last_number = number;
	}
	listing_free(l);
	free(times);
}

static void
bounds(void **state)
{
	const char *path = test_path("bounds");
	char *big = util_alloc(LISTING_TEXT + 2);
	struct err err = ERR_INIT;
	struct listing_writer *w;
	struct backup b = row(big, 1);

	memset(big, 'x', LISTING_TEXT + 1);
	assert_true(listing_writer_new(path, &w, &err));
	assert_false(listing_add(w, &b, &err));
	assert_err(&err, ERR_LIMIT, "too long");
	listing_writer_free(w);
	assert_false(file_exists(path)); /* unfinished: gone */
	assert_false(listing_writer_new(test_path("no/where"), &w, &err));
	assert_err(&err, ERR_IO, "Cannot create");
	free(big);
}

/* Whatever byte is changed or cut off: a sentence, never a crash. */
static void
damage(void **state)
{
	const int64_t times[] = {1, 2, 3};
	const char *path = test_path("whole"), *bad;
	struct str whole = STR_INIT(MIB);
	struct err err = ERR_INIT;
	struct listing *l;

	write_rows(path, times, ARRAY_LEN(times));
	assert_true(file_read(path, MIB, &whole, &err));
	for (size_t i = 0; i < whole.len; i++) {
		for (int cut = 0; cut < 2; cut++) {
			struct backup b;

			whole.buf[i] ^= 0x41;
			bad = test_file("bad", whole.buf, cut ? i : whole.len, 0600);
			whole.buf[i] ^= 0x41;
			if (!listing_open(bad, &l, &err)) {
				assert_err(&err, ERR_DAMAGED, "not a listing of this version");
				continue;
			}
			assert_true(i >= sizeof(struct listing_header));
			for (uint64_t k = 0; k < listing_count(l); k++)
				if (!listing_get(l, k, &b, &err))
					assert_err(&err, ERR_DAMAGED, "a row is damaged");
			listing_free(l);
		}
	}
	assert_false(listing_open(test_path("absent"), &l, &err));
	assert_err(&err, ERR_NOT_FOUND, "absent");
	str_done(&whole);
}

TESTS(T(order), T(empty), T(many), T(bounds), T(damage))

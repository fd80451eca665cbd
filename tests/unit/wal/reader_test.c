/* Against real WAL and pg_waldump: tests/live/test_wal_records.py. */
#include "unit/testing.h"

#include "unit/wal/wal_writer.h"

struct seen {
	struct record records[100];
	unsigned char first[100]; /* byte of the main data */
	size_t n;
	size_t stop_at; /* stop at this one; 0: never */
};

static bool
take(const struct record *r, void *arg)
{
	struct seen *s = arg;

	s->first[s->n] = r->length > 26 ? r->data[26] : 0;
	s->records[s->n] = *r;
	s->records[s->n++].data = NULL;
	return s->n != s->stop_at && s->n < 100;
}

static const struct segment_header header = {
	.version = 15, .tli = 1, .bytes = WRITER_SEGMENT, .page = WRITER_PAGE};

/* Reads all of it in pieces of so many pages. */
static enum reader_state
read_all(struct reader *r, struct writer *w, struct seen *s, size_t pages)
{
	enum reader_state state = READER_MORE;

	memset(s, 0, sizeof(*s));
	reader_init(r, &header, 0, take, s);
	reader_seek(r, w->base);
	for (size_t at = 0; at < w->size; at += pages * WRITER_PAGE) {
		state = reader_feed(r, w->data + at, MIN(pages * WRITER_PAGE, w->size - at));
		if (state != READER_MORE && state != READER_SWITCH)
			break;
	}
	return state;
}

/* Records in one page, over pages, over a whole page and over a segment boundary. */
static void
test_boundaries(void **state)
{
	static unsigned char big[40000];
	uint64_t lsns[60];
	struct writer w;
	struct reader r;
	struct seen s;
	size_t n = 0;

	memset(big, 7, sizeof(big));
	writer_init(&w, 5, 3);
	lsns[n++] = writer_record(&w, RMGR_XLOG, 0x20, 0, "x", 1);
	lsns[n++] = writer_record(&w, RMGR_HEAP, 0, 9, big, 8000);
	lsns[n++] = writer_record(&w, RMGR_HEAP, 0, 9, big, 300);
	while (w.at < 6 * MIB - 30000)
		lsns[n++] = writer_record(&w, RMGR_HEAP, 0, 9, big, sizeof(big));
	lsns[n++] = writer_record(&w, RMGR_HEAP2, 0, 10, big, sizeof(big)); /* into the next */
	lsns[n++] = writer_commit(&w, 9, 1000000);
	for (size_t pages = 1; pages < 300; pages = pages * 3 + 1) {
		assert_int_equal(read_all(&r, &w, &s, pages), READER_END);
		assert_int_equal(s.n, n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(s.records[i].lsn, lsns[i]);
		assert_int_equal(s.records[1].length, 24 + 5 + 8000);
		assert_int_equal(s.first[0], 'x');
		assert_int_equal(s.records[n - 1].prev, lsns[n - 2]);
		assert_int_equal(r.last, lsns[n - 1]);
		assert_int_equal(r.last_end, w.at);
		assert_int_equal(r.records, n);
		reader_done(&r);
	}
	writer_done(&w);
}

/* Coming in the middle of a record that spans several pages. */
static void
test_fresh_start(void **state)
{
	static unsigned char big[50000];
	struct writer w;
	struct reader r;
	struct seen s = {.n = 0};
	uint64_t next;

	writer_init(&w, 1, 2);
	while (w.at < 2 * MIB - 25000)
		writer_record(&w, RMGR_HEAP, 0, 9, big, 20000);
	writer_record(&w, RMGR_HEAP, 0, 9, big, sizeof(big));
	next = writer_commit(&w, 9, 5);
	reader_init(&r, &header, 0, take, &s);
	reader_seek(&r, 2 * MIB);
	assert_int_equal(reader_feed(&r, w.data + MIB, MIB), READER_END);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.records[0].lsn, next);
	reader_done(&r);
	writer_done(&w);
}

static void
test_switch(void **state)
{
	struct writer w;
	struct reader r;
	struct seen s;
	uint64_t last;

	writer_init(&w, 3, 2);
	writer_commit(&w, 3, 1);
	writer_switch(&w);
	last = writer_commit(&w, 4, 2);
	assert_int_equal(read_all(&r, &w, &s, 4), READER_END);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.records[2].lsn, last);
	assert_int_equal(last, 4 * MIB + 40);
	reader_done(&r);
	writer_done(&w);
}

static void
test_wanted_and_stop(void **state)
{
	struct seen s = {.stop_at = 2};
	struct writer w;
	struct reader r;

	writer_init(&w, 1, 1);
	for (int i = 0; i < 4; i++) {
		writer_record(&w, RMGR_HEAP, 0, 9, "a", 1);
		writer_commit(&w, 9, 5);
	}
	reader_init(&r, &header, 1ULL << RMGR_XACT, take, &s);
	reader_seek(&r, w.base);
	assert_int_equal(reader_feed(&r, w.data, MIB), READER_STOPPED);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.records[1].rmgr, RMGR_XACT);
	reader_done(&r);
	writer_done(&w);
}

/* What is wrong, where it is made so, and what is said. */
static void
test_damage(void **state)
{
	static const struct {
		size_t at;
		unsigned char to;
		enum reader_state state;
		size_t records;
		const char *why;
	} cases[] = {
		{0, 0, READER_DAMAGED, 0, "without a valid header"},
		{2, 0, READER_DAMAGED, 0, "wrong kind of header"},
		{10, 0x20, READER_DAMAGED, 0, "another position"},
		{10, 0x00, READER_END, 0, NULL}, /* an older file's page */
		{40, 3, READER_DAMAGED, 0, "impossible length"},
		{43, 0x7f, READER_DAMAGED, 0, "impossible length"},
		{57, 99, READER_DAMAGED, 0, "unknown kind"},
		{66, 0xff, READER_DAMAGED, 0, "wrong checksum"},
		{60, 1, READER_DAMAGED, 0, "wrong checksum"},
		{40 + 40 + 8, 1, READER_DAMAGED, 1, "does not follow"},
		{WRITER_PAGE, 0, READER_DAMAGED, 2, "without a valid header"},
		{WRITER_PAGE + 2, 0, READER_DAMAGED, 2, "does not go on"},
		{WRITER_PAGE + 16, 1, READER_DAMAGED, 2, "does not go on"},
	};
	static unsigned char big[20000];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct writer w;
		struct reader r;
		struct seen s;

		writer_init(&w, 1, 1);
		writer_commit(&w, 3, 1);
		writer_commit(&w, 4, 2);
		writer_record(&w, RMGR_HEAP, 0, 9, big, sizeof(big));
		w.data[cases[i].at] = cases[i].to;
		if (read_all(&r, &w, &s, 8) != cases[i].state || s.n != cases[i].records)
			fail_msg("case %zu: state %d, %zu records, %s", i, (int)r.state, s.n,
				r.why != NULL ? r.why : "-");
		if (cases[i].why != NULL)
			assert_holds(r.why, cases[i].why);
		reader_done(&r);
		writer_done(&w);
	}
}

/* A crash left half a record; the server went on behind it on a page that says so. */
static void
test_overwritten(void **state)
{
	static unsigned char big[9000];
	struct writer w;
	struct reader r;
	struct seen s;
	uint64_t kept, after;

	writer_init(&w, 1, 1);
	kept = writer_commit(&w, 3, 1);
	writer_record(&w, RMGR_HEAP, 0, 9, big, sizeof(big));
	w.at = w.base + WRITER_PAGE;
	memset(w.data + WRITER_PAGE, 0, WRITER_PAGE);
	writer_page(&w, 0);
	w.data[WRITER_PAGE + 2] = 0x08;
	w.prev = kept;
	after = writer_commit(&w, 5, 2);
	assert_int_equal(read_all(&r, &w, &s, 1), READER_END);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.records[1].lsn, after);
	reader_done(&r);
	writer_done(&w);
}

/* Only what is pending is completed, and nothing behind it is looked at. */
static void
test_finish(void **state)
{
	static unsigned char big[9000];
	struct writer w;
	struct reader r;
	struct seen s = {.n = 0};

	writer_init(&w, 1, 1);
	writer_record(&w, RMGR_HEAP, 0, 9, big, sizeof(big));
	writer_commit(&w, 3, 1);
	reader_init(&r, &header, 0, take, &s);
	reader_seek(&r, w.base);
	assert_int_equal(reader_feed(&r, w.data, WRITER_PAGE), READER_MORE);
	assert_true(r.pending_at != 0);
	r.finish = true;
	assert_int_equal(reader_feed(&r, w.data + WRITER_PAGE, WRITER_PAGE), READER_MORE);
	assert_int_equal(r.pending_at, 0);
	assert_int_equal(s.n, 1);
	reader_done(&r);
	writer_done(&w);
}

TESTS(T(test_boundaries), T(test_fresh_start), T(test_switch), T(test_wanted_and_stop),
	T(test_damage), T(test_overwritten), T(test_finish))

#include "unit/testing.h"

#include "base/crc32c.h"
#include "verify/walwalk.h"

#define SEGMENT ((size_t)MIB)
#define PAGE    8192

/* A segment that is written record by record, as the server does. */
struct writer {
	unsigned char *p;
	uint64_t lsn, start, prev;
};

static void
put(unsigned char *p, uint64_t value, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (unsigned char)(value >> 8 * i);
}

static void
page_header(struct writer *w, uint32_t remaining)
{
	unsigned char *p = w->p + (w->lsn - w->start);
	bool first = w->lsn == w->start;

	put(p, 0xd110, 2);
	put(p + 2, (first ? 2 : 0) | (remaining > 0 ? 1 : 0), 2);
	put(p + 4, 1, 4);
	put(p + 8, w->lsn, 8);
	put(p + 16, remaining, 4);
	if (first) {
		put(p + 24, 4711, 8);
		put(p + 32, SEGMENT, 4);
		put(p + 36, PAGE, 4);
	}
	w->lsn += first ? 40 : 24;
}

/* Bytes of a record, over as many pages as they take and as the segment has. The rest. */
static size_t
put_bytes(struct writer *w, const unsigned char *p, size_t len)
{
	while (len > 0 && w->lsn < w->start + SEGMENT) {
		size_t room;

		if (w->lsn % PAGE == 0)
			page_header(w, (uint32_t)len);
		room = PAGE - w->lsn % PAGE;
		room = MIN(room, len);
		memcpy(w->p + (w->lsn - w->start), p, room);
		w->lsn += room;
		p += room;
		len -= room;
	}
	return len;
}

static unsigned char record[100000];

static size_t
make_record(struct writer *w, size_t len, uint8_t rmid, uint8_t info)
{
	for (size_t i = 24; i < len; i++)
		record[i] = (unsigned char)(i * 3 + len);
	put(record, len, 4);
	put(record + 4, 99, 4);
	put(record + 8, w->prev, 8);
	record[16] = info;
	record[17] = rmid;
	record[18] = record[19] = 0;
	put(record + 20, ~crc32c_add(crc32c_add(CRC32C_START, record + 24, len - 24), record, 20),
		4);
	return len;
}

static size_t
add(struct writer *w, size_t len, uint8_t rmid, uint8_t info)
{
	w->lsn = (w->lsn + 7) & ~7ULL;
	if (w->lsn % PAGE == 0)
		page_header(w, 0);
	make_record(w, len, rmid, info);
	w->prev = w->lsn;
	return put_bytes(w, record, len);
}

static void
begin(struct writer *w, unsigned char *p, uint64_t start)
{
	memset(p, 0, SEGMENT);
	w->p = p;
	w->lsn = w->start = start;
}

/* Records of all lengths, the last of which goes on in the next segment: so many bytes of it. */
static size_t
make(struct writer *w, unsigned char *p)
{
	size_t rest = 0;

	*w = (struct writer){.prev = 0xfffffff0};
	begin(w, p, 0x100000000);
	while (rest == 0)
		rest = add(w, 24 + w->lsn % 5000, 10, 0);
	return rest;
}

static bool
walk(struct wal_walk *w, const void *p, size_t len, bool partial, struct err *err)
{
	struct scan s = scan_memory(p, len);

	return wal_walk_segment(w, &s, partial, err);
}

static void
names(void **state)
{
	char name[WAL_NAME + 1], text[WAL_LSN];
	uint32_t timeline, high, low;
	uint64_t lsn;

	wal_name_format(1, 0x1a2b000000, 16 << 20, name);
	assert_string_equal(name, "000000010000001A0000002B");
	wal_name_format(7, 0x1a40000000, 1 << 30, name);
	assert_string_equal(name, "000000070000001A00000001");
	assert_true(wal_name_parse(name, &timeline, &high, &low));
	assert_true(timeline == 7 && high == 0x1a && low == 1);
	assert_false(wal_name_parse("000000070000001A0000000", &timeline, &high, &low));
	assert_false(wal_name_parse("000000070000001a00000001", &timeline, &high, &low));
	assert_true(wal_name_parse("000000070000001A00000001.partial", &timeline, &high, &low));
	assert_string_equal(wal_lsn_text(0x16b374d848, text), "16/B374D848");
	assert_true(wal_lsn_parse("16/B374D848", &lsn) && lsn == 0x16b374d848);
	assert_false(wal_lsn_parse("16/", &lsn));
	assert_false(wal_lsn_parse("16B374D848", &lsn));
	assert_false(wal_lsn_parse("1/2/3", &lsn));
	assert_false(wal_lsn_parse("123456789/0", &lsn));
	assert_string_equal(wal_version(0xd110), "15");
	assert_null(wal_version(0xd099));
}

static void
whole_segment(void **state)
{
	unsigned char *one = util_alloc(SEGMENT);
	struct err err = ERR_INIT;
	struct writer writer;
	struct wal_walk w;
	size_t rest = make(&writer, one);

	wal_walk_init(&w);
	assert_true(walk(&w, one, SEGMENT, false, &err));
	assert_true(w.records > 100 && w.first_record == 0x100000028 && w.unchecked == 0);
	assert_int_equal(wal_walk_owed(&w), rest);
	assert_true(w.header.system_identifier == 4711 && w.header.timeline == 1 && !w.ended);
	/* short, long */
	assert_false(walk(&w, one, SEGMENT - 1, false, &err));
	assert_err(&err, ERR_DAMAGED, "too short");
	assert_false(walk(&w, one, SEGMENT - PAGE, false, &err));
	assert_err(&err, ERR_DAMAGED, "too short");
	assert_true(walk(&w, one, SEGMENT - PAGE, true, &err));
	assert_false(walk(&w, one, SEGMENT - 100, true, &err));
	err_done(&err);
	wal_walk_done(&w);
	free(one);
}

static void
a_record_across_two_segments(void **state)
{
	unsigned char *one = util_alloc(SEGMENT), *two = util_alloc(SEGMENT);
	struct err err = ERR_INIT;
	struct writer writer;
	struct wal_walk w;
	size_t rest = make(&writer, one), len = (size_t)record[0] | (size_t)record[1] << 8;

	begin(&writer, two, 0x100000000 + SEGMENT);
	put_bytes(&writer, record + len - rest, rest);
	add(&writer, 100, 10, 0);
	wal_walk_init(&w);
	assert_true(walk(&w, one, SEGMENT, false, &err));
	assert_true(walk(&w, two, SEGMENT, false, &err));
	assert_true(w.runs == 1 && w.first_record == 0x100000028 && w.unchecked == 0);
	/* alone, its beginning can't be checked; in a row, a change of it is seen */
	wal_walk_done(&w);
	wal_walk_init(&w);
	two[45] ^= 1;
	assert_true(walk(&w, two, SEGMENT, false, &err) && w.unchecked == rest);
	wal_walk_done(&w);
	wal_walk_init(&w);
	assert_true(walk(&w, one, SEGMENT, false, &err));
	assert_false(walk(&w, two, SEGMENT, false, &err));
	assert_err(&err, ERR_DAMAGED, "CRC is wrong");
	wal_walk_done(&w);
	free(one);
	free(two);
}

static void
every_kind_of_byte_matters(void **state)
{
	unsigned char *one = util_alloc(SEGMENT);
	size_t passed = 0, tried = 0;
	struct err err = ERR_INIT;
	struct writer writer;

	make(&writer, one);
	/* single bits of the first pages: nothing but padding between records may pass */
	for (size_t at = 0; at < 3 * PAGE; at += 7) {
		struct wal_walk w;

		wal_walk_init(&w);
		one[at] ^= 0x10;
		tried++;
		passed += walk(&w, one, SEGMENT, false, &err);
		err_done(&err);
		one[at] ^= 0x10;
		wal_walk_done(&w);
	}
	assert_true(passed * 50 < tried);
	free(one);
}

static void
a_switch_ends_a_segment(void **state)
{
	unsigned char *p = util_alloc(SEGMENT);
	struct writer w = {.prev = 0xfffffff0};
	struct err err = ERR_INIT;
	struct wal_walk walker;

	begin(&w, p, 0x100000000);
	add(&w, 200, 10, 0);
	add(&w, 24, 0, 0x40);
	wal_walk_init(&walker);
	assert_true(walk(&walker, p, SEGMENT, false, &err));
	assert_true(walker.switched && !walker.ended);
	assert_true(walker.valid_until == 0x100000000 + SEGMENT);
	p[SEGMENT - 1] = 1;
	assert_false(walk(&walker, p, SEGMENT, false, &err));
	assert_err(&err, ERR_DAMAGED, "page header makes no sense");
	p[SEGMENT - 1] = 0;
	p[w.lsn - w.start + 40] = 1;
	assert_false(walk(&walker, p, SEGMENT, false, &err));
	assert_err(&err, ERR_DAMAGED, "follows a segment switch");
	wal_walk_done(&walker);
	free(p);
}

static void
zeros_without_a_switch(void **state)
{
	unsigned char *p = util_alloc(SEGMENT);
	struct writer w = {.prev = 0xfffffff0};
	struct err err = ERR_INIT;
	struct wal_walk walker;

	begin(&w, p, 0x100000000);
	add(&w, 200, 10, 0);
	wal_walk_init(&walker);
	assert_true(walk(&walker, p, SEGMENT, false, &err));
	assert_true(walker.ended && walker.valid_until == ((w.lsn + 7) & ~7ULL));
	/* something behind the zeros is no good, unless nobody needs it */
	p[5 * PAGE] = 1;
	assert_false(walk(&walker, p, SEGMENT, false, &err));
	err_done(&err);
	walker.stop_at = 0x100000000 + 100;
	assert_true(walk(&walker, p, SEGMENT, false, &err));
	wal_walk_done(&walker);
	free(p);
}

static void
other_clusters_and_zeros(void **state)
{
	unsigned char *one = util_alloc(SEGMENT), *two = util_alloc(SEGMENT);
	struct err err = ERR_INIT;
	struct writer writer;
	struct wal_walk w;

	make(&writer, one);
	wal_walk_init(&w);
	assert_true(walk(&w, one, SEGMENT, false, &err));
	memcpy(two, one, SEGMENT);
	put(two + 24, 4712, 8);
	assert_false(walk(&w, two, SEGMENT, false, &err));
	assert_err(&err, ERR_DAMAGED, "another cluster");
	memset(two, 0, SEGMENT);
	assert_false(walk(&w, two, SEGMENT, false, &err));
	assert_err(&err, ERR_DAMAGED, "never written");
	assert_false(walk(&w, "x", 1, false, &err));
	assert_err(&err, ERR_DAMAGED, "does not begin");
	wal_walk_done(&w);
	free(one);
	free(two);
}

TESTS(T(names), T(whole_segment), T(a_record_across_two_segments), T(every_kind_of_byte_matters),
	T(a_switch_ends_a_segment), T(zeros_without_a_switch), T(other_clusters_and_zeros))

/* Ends of transactions in the forms of versions 12 to 17. */
#include "unit/testing.h"

#include "unit/wal/wal_writer.h"
#include "wal/xact.h"

#define AT 1795962727123456LL

struct blob {
	unsigned char v[512];
	size_t n;
};

static void
add(struct blob *b, uint64_t value, size_t bytes)
{
	writer_put(b->v + b->n, value, bytes);
	b->n += bytes;
}

static unsigned char record_data[1024];

/* A record of this version with main data alone. */
static struct record
make(int version, uint8_t rmgr, uint8_t info, const struct blob *b)
{
	struct record r = {.xid = 77, .info = info, .rmgr = rmgr, .version = version};

	memset(record_data, 0, sizeof(record_data));
	record_data[24] = 254;
	writer_put(record_data + 25, b->n, 4);
	memcpy(record_data + 29, b->v, b->n);
	r.length = (uint32_t)(29 + b->n);
	r.data = record_data;
	return r;
}

/* Everything that a commit can carry, dropped statistics (15 and later) included. */
static struct blob
full_commit(int version)
{
	struct blob b = {.n = 0};

	add(&b, (uint64_t)(AT - WRITER_2000_US), 8);
	add(&b, 1u | 2u | 4u | 8u | 16u | 32u | (version >= 15 ? 256u : 0u) | 1u << 30, 4);
	add(&b, 5, 4); /* database, tablespace */
	add(&b, 1663, 4);
	add(&b, 2, 4); /* subtransactions */
	add(&b, 78, 4);
	add(&b, 79, 4);
	add(&b, 1, 4); /* files */
	add(&b, 1663, 4);
	add(&b, 5, 4);
	add(&b, 16384, 4);
	if (version >= 15) {
		add(&b, 1, 4); /* statistics */
		add(&b, 2, 4);
		add(&b, 5, 4);
		add(&b, 16384, 4);
	}
	add(&b, 2, 4); /* invalidations: a catalog's, a relation's */
	add(&b, 50, 8);
	add(&b, 0, 8);
	add(&b, 0xfe, 4);
	add(&b, 5, 4);
	add(&b, 16390, 4);
	add(&b, 0, 4);
	add(&b, 123, 4);                /* prepared transaction */
	add(&b, 0x1122334455667788, 8); /* origin */
	add(&b, 0, 8);
	return b;
}

static void
test_full_commit(void **state)
{
	for (int version = 12; version <= 17; version++) {
		struct blob b = full_commit(version);
		struct record r = make(version, RMGR_XACT, 0x30 | 0x80, &b);
		uint32_t relation = 0;
		struct xact x;

		assert_true(xact_parse(&r, &x));
		assert_true(x.commit);
		assert_int_equal(x.xid, 123);
		assert_int_equal(x.at_us, AT);
		assert_int_equal(x.database, 5);
		assert_int_equal(x.children.n, 2);
		assert_int_equal(xact_child(&x, 1), 79);
		assert_int_equal(x.removed.n, 1);
		assert_int_equal(xact_removed(&x, 0).file, 16384);
		assert_int_equal(xact_removed(&x, 0).database, 5);
		assert_int_equal(x.messages.n, 2);
		assert_false(xact_invalidates(&x, 0, &relation));
		assert_true(xact_invalidates(&x, 1, &relation));
		assert_int_equal(relation, 16390);
		/* Cut anywhere, nothing is read behind its end. */
		for (size_t n = 0; n < b.n - 16; n++) {
			struct blob cut = b;

			cut.n = n;
			r = make(version, RMGR_XACT, 0x30 | 0x80, &cut);
			assert_false(xact_parse(&r, &x));
		}
	}
}

static void
test_kinds(void **state)
{
	static const struct {
		uint8_t info;
		bool ends, commit;
	} kinds[] = {{0x00, true, true}, {0x10, false, false}, {0x20, true, false},
		{0x30, true, true}, {0x40, true, false}, {0x50, false, false}, {0x60, false, false},
		{0x70, false, false}};
	struct blob b = {.n = 0};
	struct xact x;

	add(&b, (uint64_t)(AT - WRITER_2000_US), 8);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct record r = make(15, RMGR_XACT, kinds[i].info, &b);

		assert_int_equal(xact_parse(&r, &x), kinds[i].ends);
		if (kinds[i].ends) {
			assert_int_equal(x.commit, kinds[i].commit);
			assert_int_equal(x.xid, 77);
		}
		r.rmgr = RMGR_HEAP;
		assert_false(xact_parse(&r, &x));
	}
	/* A time from before 1970 or thousands of years away is none. */
	for (int i = 0; i < 2; i++) {
		struct record r;

		b.n = 0;
		add(&b, i == 0 ? 0x7fffffffffffffff : (uint64_t)-WRITER_2000_US - 1, 8);
		r = make(15, RMGR_XACT, 0x00, &b);
		assert_false(xact_parse(&r, &x));
	}
}

static void
test_times(void **state)
{
	struct blob b = {.n = 64};
	struct record r;
	int64_t at;

	/* A checkpoint's time lies 64 bytes into it, in seconds. */
	add(&b, AT / 1000000, 8);
	b.n = 88;
	for (uint8_t info = 0x00; info <= 0x10; info += 0x10) {
		r = make(17, RMGR_XLOG, info, &b);
		assert_true(xact_time(&r, &at));
		assert_int_equal(at, AT / 1000000 * 1000000);
	}
	b.n = 60;
	r = make(17, RMGR_XLOG, 0x10, &b);
	assert_false(xact_time(&r, &at));
	b.n = 0;
	add(&b, (uint64_t)(AT - WRITER_2000_US), 8);
	for (size_t i = 0; i < 2; i++) {
		r = make(15, RMGR_XLOG, i == 0 ? 0x70 : 0x90, &b);
		assert_true(xact_time(&r, &at));
		assert_int_equal(at, AT);
	}
	r = make(15, RMGR_XLOG, 0x30, &b);
	assert_false(xact_time(&r, &at));
	r = make(15, RMGR_XACT, 0x00, &b);
	assert_true(xact_time(&r, &at));
}

/* Block references: images with and without hole, compressed or not, in both generations. */
static void
test_blocks(void **state)
{
	unsigned char page[RECORD_PAGE];
	static unsigned char data[RECORD_PAGE + 200];
	struct record_parts parts;
	struct record r = {.data = data, .rmgr = RMGR_HEAP};
	unsigned char *p = data + 24;

	for (int version = 12; version <= 17; version += 3) {
		p = data + 24;
		*p++ = 0;    /* block 0 */
		*p++ = 0x30; /* image, data */
		writer_put(p, 3, 2);
		writer_put(p + 2, RECORD_PAGE - 8000, 2); /* the image, its hole and flags */
		writer_put(p + 4, 100, 2);
		p[6] = 0x01;
		p += 7;
		writer_put(p, 1663, 4);
		writer_put(p + 4, 5, 4);
		writer_put(p + 8, 16384, 4);
		writer_put(p + 12, 42, 4);
		p += 16;
		*p++ = 1; /* block 1, of the same relation */
		*p++ = 0x80;
		writer_put(p, 0, 2);
		writer_put(p + 2, 43, 4);
		p += 6;
		*p++ = 252; /* top transaction */
		writer_put(p, 99, 4);
		p += 4;
		*p++ = 253; /* origin */
		p += 2;
		*p++ = 255;
		*p++ = 2;
		memset(p, 'i', RECORD_PAGE - 8000);
		p += RECORD_PAGE - 8000;
		memcpy(p, "abcde", 5);
		p += 5;
		r.version = version;
		r.length = (uint32_t)(p - data);
		assert_true(record_parse(&r, &parts));
		assert_int_equal(parts.n, 2);
		assert_int_equal(parts.top_xid, 99);
		assert_int_equal(parts.blocks[0].rel.file, 16384);
		assert_int_equal(parts.blocks[1].rel.file, 16384);
		assert_int_equal(parts.blocks[1].block, 43);
		assert_int_equal(parts.blocks[0].len, 3);
		assert_memory_equal(parts.blocks[0].data, "abc", 3);
		assert_int_equal(parts.len, 2);
		assert_memory_equal(parts.data, "de", 2);
		assert_true(record_image(&r, &parts.blocks[0], page));
		assert_int_equal(page[99], 'i');
		assert_int_equal(page[100], 0);
		assert_int_equal(page[8099], 0);
		assert_int_equal(page[8100], 'i');
		assert_false(record_image(&r, &parts.blocks[1], page));
		/* One byte less or more than the lengths announce. */
		r.length--;
		assert_false(record_parse(&r, &parts));
		r.length += 2;
		assert_false(record_parse(&r, &parts));
	}
}

TESTS(T(test_full_commit), T(test_kinds), T(test_times), T(test_blocks))

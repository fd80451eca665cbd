#include "unit/testing.h"

#include "wal/segment.h"

/* name, kind, tli, log, seg, offset, hashed, suffix */
static const struct {
	const char *name;
	struct segment_file want;
} names[] = {
	{"00000001000000000000000A", {SEGMENT_WAL, 1, 0, 10, 0, false, ""}},
	{"0000002A000001FF00000FFF.gz", {SEGMENT_WAL, 42, 0x1ff, 0xfff, 0, false, ".gz"}},
	{"000000010000000000000002-c8eee2d86f25b1d264938b4e1c3d64487f061971.zst",
		{SEGMENT_WAL, 1, 0, 2, 0, true, ".zst"}},
	{"000000010000000000000002-c8eee2d86f25b1d264938b4e1c3d64487f061971",
		{SEGMENT_WAL, 1, 0, 2, 0, true, ""}},
	{"000000010000000000000003.partial", {SEGMENT_PARTIAL, 1, 0, 3, 0, false, ""}},
	{"000000010000000000000003.partial.lz4", {SEGMENT_PARTIAL, 1, 0, 3, 0, false, ".lz4"}},
	{"000000010000000000000002.00000028.backup", {SEGMENT_BACKUP, 1, 0, 2, 0x28, false, ""}},
	{"0000000A.history", {SEGMENT_HISTORY, 10, 0, 0, 0, false, ""}},
	{"0000000A.history.gz", {SEGMENT_HISTORY, 10, 0, 0, 0, false, ".gz"}},
};

static const char *const foreign[] = {"", "README", "00000001000000000000000", "archive_status",
	"00000001000000000000000a", "000000010000000000000001.tmp", "0000000100000000000000011",
	"00000001000000000000000A.exe", "00000001.historyx",
	"000000010000000000000002.0000002.backup", "000000010000000000000002-c8eee2d8.gz",
	"00000001000000000000000A-", "00000001000000000000000A.gz.gz",
	".00000001000000000000000A.tmp", "0000000G.history"};

static void
test_names(void **state)
{
	struct segment_file got;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct segment_file *want = &names[i].want;

		segment_parse(names[i].name, &got);
		assert_int_equal(got.kind, want->kind);
		assert_int_equal(got.tli, want->tli);
		assert_int_equal(got.log, want->log);
		assert_int_equal(got.seg, want->seg);
		assert_int_equal(got.offset, want->offset);
		assert_int_equal(got.hashed, want->hashed);
		assert_string_equal(got.suffix, want->suffix);
	}
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		segment_parse(foreign[i], &got);
		if (got.kind != SEGMENT_OTHER)
			fail_msg("\"%s\" was taken for WAL", foreign[i]);
	}
}

/* FACTS.md section 1: the largest third field of each size. */
static void
test_numbers(void **state)
{
	static const struct {
		uint32_t bytes, last;
	} sizes[] = {{MIB, 0xfff}, {16 * MIB, 0xff}, {64 * MIB, 0x3f}, {128 * MIB, 0x1f}, {GIB, 3}};
	char name[SEGMENT_NAME];
	uint64_t number;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		uint64_t per_log = sizes[i].last + 1ULL;

		assert_true(segment_number(0, sizes[i].last, sizes[i].bytes, &number));
		assert_int_equal(number, sizes[i].last);
		assert_true(segment_number(7, 0, sizes[i].bytes, &number));
		assert_int_equal(number, 7 * per_log);
		assert_false(segment_number(0, sizes[i].last + 1, sizes[i].bytes, &number));
		/* The neighbour of a log's last segment is the next log's first. */
		snprintf(name, sizeof(name), "%s", "");
		assert_string_equal(segment_name(3, 7 * per_log, sizes[i].bytes, name),
			"000000030000000700000000");
	}
	assert_string_equal(
		segment_name(1, UINT32_MAX, 16 * MIB, name), "0000000100FFFFFF000000FF");
}

static void
test_lsn(void **state)
{
	static const char *const bad[] = {
		"", "/", "1/", "/1", "123456789/0", "0/123456789", "1/2x", " 1/2", "1-2", "g/0"};
	char text[LSN_TEXT];
	const char *end;
	uint64_t lsn;

	assert_true(lsn_parse("1A/2b003C28", &lsn));
	assert_int_equal(lsn, 0x1a2b003c28);
	assert_string_equal(lsn_format(lsn, text), "1A/2B003C28");
	assert_string_equal(lsn_format(UINT64_MAX, text), "FFFFFFFF/FFFFFFFF");
	assert_true(lsn_scan("0/28 (file", &lsn, &end));
	assert_string_equal(end, " (file");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(lsn_parse(bad[i], &lsn));
}

/* The header of a real segment: PostgreSQL 15, 16 MiB, FACTS.md section 1. */
static const unsigned char real[SEGMENT_HEADER] = {0x10, 0xd1, 0x07, 0x00, 0x01, 0, 0, 0, 0, 0, 0,
	0x02, 0, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0x0b, 0x5e, 0x2c, 0x9a, 0x3d, 0x1b, 0x00, 0x6b,
	0, 0, 0, 0x01, 0, 0x20, 0, 0};

static void
test_header(void **state)
{
	unsigned char data[SEGMENT_HEADER];
	struct segment_header h;
	struct err err = ERR_INIT;

	assert_true(segment_header_read(real, sizeof(real), &h, &err));
	assert_int_equal(h.version, 15);
	assert_int_equal(h.tli, 1);
	assert_int_equal(h.lsn, 0x2000000);
	assert_true(h.system_identifier == 0x6b001b3d9a2c5e0b);
	assert_int_equal(h.bytes, 16 * MIB);
	assert_int_equal(h.page, 8192);
	assert_false(segment_header_read(real, 39, &h, &err));
	assert_err(&err, ERR_DAMAGED, "only 39 bytes");
	memset(data, 0, sizeof(data));
	assert_false(segment_header_read(data, sizeof(data), &h, &err));
	assert_err(&err, ERR_DAMAGED, "zeros");
	/* Each field that decides: magic, long header, timeline, LSN, segment size, page size. */
	for (size_t i = 0; i < 6; i++) {
		static const size_t at[] = {1, 2, 4, 8, 34, 37};

		memcpy(data, real, sizeof(data));
		data[at[i]] = at[i] == 2 || at[i] == 4 ? 0 : (unsigned char)(data[at[i]] ^ 0x11);
		assert_false(segment_header_read(data, sizeof(data), &h, &err));
		assert_err(&err, ERR_DAMAGED, "header of a segment");
	}
	/* A version that we don't know is still a segment. */
	memcpy(data, real, sizeof(data));
	data[0] = 0x98;
	data[1] = 0xd0;
	assert_true(segment_header_read(data, sizeof(data), &h, &err));
	assert_int_equal(h.version, 0);
	assert_int_equal(segment_version(0xd101), 12);
	assert_int_equal(segment_version(0xd116), 17);
}

TESTS(T(test_names), T(test_numbers), T(test_lsn), T(test_header))

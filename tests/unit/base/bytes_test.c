#include "unit/testing.h"

#include "base/bytes.h"

static const unsigned char raw[] = {0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8, 0x19};

static void
test_little_endian(void **state)
{
	assert_int_equal(bytes_u16(raw), 0x9281);
	assert_int_equal(bytes_u32(raw), 0xb4a39281u);
	assert_int_equal(bytes_u64(raw), 0xf8e7d6c5b4a39281u);
	assert_int_equal(bytes_u32(raw + 5), 0x19f8e7d6u);
	assert_int_equal(bytes_little(raw, 0), 0);
	assert_int_equal(bytes_little(raw, 3), 0xa39281);
	assert_int_equal(bytes_little(raw, 8), 0xf8e7d6c5b4a39281u);
}

static void
test_big_endian(void **state)
{
	assert_int_equal(bytes_big(raw, 0), 0);
	assert_int_equal(bytes_big(raw, 1), 0x81);
	assert_int_equal(bytes_big(raw, 4), 0x8192a3b4u);
	assert_int_equal(bytes_big(raw + 1, 8), 0x92a3b4c5d6e7f819u);
}

TESTS(T(test_little_endian), T(test_big_endian))

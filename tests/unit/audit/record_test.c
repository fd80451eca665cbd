#include "unit/testing.h"

#include "audit/record.h"
#include "base/clock.h"
#include "conf/json_read.h"

static void
format(struct str *out, struct chain_head *head, const struct record *r)
{
	str_cut(out, 0);
	record_format(out, r, head);
}

static void
test_line(void **state)
{
	struct record r = {.run = "r1",
		.step = "s\n\"1\\",
		.event = "step.intent",
		.actor = "ops@\x1b[31m",
		.data = "{\"n\":1}"};
	struct chain_head head = {.seq = 0};
	struct str out = STR_INIT(10 * KIB);
	struct err err = ERR_INIT;
	char first_hash[DIGEST_HEX];
	struct record_link link;
	cJSON *j;

	record_format(&out, &r, &head);
	assert_int_equal(head.seq, 1);
	/* F36: one record stays one line. */
	assert_ptr_equal(strchr(out.buf, '\n'), out.buf + out.len - 1);
	j = json_parse(out.buf, out.len, &err);
	assert_non_null(j);
	assert_int_equal(json_get_int(j, "seq", 0), 1);
	assert_true(llabs(json_get_time(j, "at") - clock_now()) <= 1);
	assert_true(json_get_int(j, "mono_ns", 0) > 0);
	assert_string_equal(json_get_text(j, "run"), "r1");
	assert_string_equal(json_get_text(j, "step"), "s\n\"1\\");
	assert_string_equal(json_get_text(j, "event"), "step.intent");
	assert_string_equal(json_get_text(j, "actor"), "ops@\x1b[31m");
	assert_int_equal(json_get_int(json_get(j, "data"), "n", 0), 1);
	assert_string_equal(json_get_text(j, "prev"), CHAIN_ZERO);
	assert_string_equal(json_get_text(j, "hash"), head.hash);
	json_free(&j);
	assert_true(record_check(out.buf, out.len - 1, &link));
	assert_int_equal(link.seq, 1);
	assert_memory_equal(link.prev, CHAIN_ZERO, 64);
	assert_memory_equal(link.hash, head.hash, 64);
	memcpy(first_hash, head.hash, sizeof(first_hash));
	r = (struct record){.event = "run.end", .actor = "x"};
	format(&out, &head, &r);
	assert_int_equal(head.seq, 2);
	assert_holds(out.buf, "\"run\":null,\"event\":\"run.end\",\"actor\":\"x\",\"data\":{},");
	assert_true(record_check(out.buf, out.len - 1, &link));
	assert_memory_equal(link.prev, first_hash, 64);
	str_done(&out);
}

/* The hash is what the header says: SHA-256 from the start to prev's closing quote. */
static void
test_hash_by_hand(void **state)
{
	struct record r = {.event = "e", .actor = "a"};
	struct chain_head head = {.seq = 41};
	struct str out = STR_INIT(10 * KIB);
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];
	const char *end;

	memcpy(head.hash, CHAIN_ZERO, DIGEST_HEX);
	record_format(&out, &r, &head);
	end = strstr(out.buf, ",\"hash\":");
	assert_non_null(end);
	digest_of(out.buf, (size_t)(end - out.buf), sum);
	assert_string_equal(digest_hex(sum, DIGEST_SIZE, hex), head.hash);
	str_done(&out);
}

/* F13, F20: every changed bit, every cut, every garbage is refused, within the bytes given. */
static void
test_f20_check_refuses(void **state)
{
	struct record r = {.event = "e", .actor = "a", .data = "{\"hash\":\"x\",\"prev\":\"y\"}"};
	struct chain_head head = {.seq = 0};
	struct str out = STR_INIT(10 * KIB);
	struct record_link link;

	record_format(&out, &r, &head);
	for (size_t n = 0; n < out.len - 1; n++) {
		/* In memory of its own, so that a sanitizer sees a step too far. */
		char *part = util_strndup(out.buf, n);

		assert_false(record_check(part, n, &link));
		free(part);
	}
	for (size_t bit = 0; bit < (out.len - 1) * 8; bit++) {
		out.buf[bit / 8] ^= (char)(1 << bit % 8);
		if (record_check(out.buf, out.len - 1, &link))
			fail_msg("bit %zu of %s", bit, out.buf);
		out.buf[bit / 8] ^= (char)(1 << bit % 8);
	}
	assert_true(record_check(out.buf, out.len - 1, &link));
	assert_false(record_check(out.buf, out.len, &link));
	str_done(&out);
}

/* F13: a number that does not fit is no number, and not what is left of it: this one would be 1. */
static void
test_f13_garbage_number(void **state)
{
	static const struct {
		const char *seq;
		bool good;
	} cases[] = {{"1", true}, {"922337203685477580", true}, {"18446744073709551617", false},
		{"9223372036854775808000", false}, {"-1", false}};
	struct str out = STR_INIT(10 * KIB);
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];
	struct record_link link;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		str_cut(&out, 0);
		str_fmt(&out, "{\"seq\":%s,\"event\":\"e\",\"prev\":\"%s\"", cases[i].seq,
			CHAIN_ZERO);
		digest_of(out.buf, out.len, sum);
		str_fmt(&out, ",\"hash\":\"%s\"}", digest_hex(sum, DIGEST_SIZE, hex));
		if (record_check(out.buf, out.len, &link) != cases[i].good)
			fail_msg("%s", out.buf);
	}
	str_done(&out);
}

static void
test_check_bounds(void **state)
{
	char *big = util_alloc(RECORD_MAX + 10);
	struct record_link link;

	memset(big, '9', RECORD_MAX + 10);
	memcpy(big, "{\"seq\":", 7);
	assert_false(record_check(big, RECORD_MAX, &link));
	assert_false(record_check(big, RECORD_MAX + 1, &link));
	big[8] = ',';
	assert_false(record_check(big, RECORD_MAX, &link));
	free(big);
}

TESTS(T(test_line), T(test_hash_by_hand), T(test_f20_check_refuses), T(test_f13_garbage_number),
	T(test_check_bounds))

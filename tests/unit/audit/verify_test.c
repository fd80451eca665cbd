#include "unit/audit/logs.h"

#include "base/clock.h"

#include "fault/shim.c"

/* The lines of a log, each with its newline. */
struct lines {
	char *bytes;
	size_t len, n;
	const char *at[50];
	size_t size[50];
};

static void
split(struct lines *l, const char *path)
{
	l->bytes = log_bytes(path, &l->len);
	l->n = 0;
	for (char *p = l->bytes; p < l->bytes + l->len; p += l->size[l->n - 1]) {
		l->at[l->n] = p;
		l->size[l->n++] = strcspn(p, "\n") + 1;
	}
}

/* Verifies a log put together from those lines; numbers count from 0. */
static struct audit_report
verify_lines(const struct lines *l, const size_t *which, size_t n)
{
	struct str s = STR_INIT(MIB);
	struct audit_report r;

	for (size_t i = 0; i < n; i++)
		str_addn(&s, l->at[which[i]], l->size[which[i]]);
	r = log_verify_bytes("lines", str_text(&s), s.len, NULL);
	str_done(&s);
	return r;
}

#define VERIFY_LINES(l, ...) \
	verify_lines((l), (const size_t[]){__VA_ARGS__}, ARRAY_LEN(((const size_t[]){__VA_ARGS__})))

static void
test_good(void **state)
{
	struct audit_report r = log_verify(log_new("good", 3), NULL);

	assert_verdict(r, AUDIT_UNANCHORED);
	assert_int_equal(r.records, 4);
	assert_int_equal(r.head.seq, 4);
	assert_int_equal(r.at_seq, 0);
	assert_int_equal(r.recoveries, 0);
	assert_int_equal(r.anchored_seq, 0);
	assert_true(r.bytes > 1000);
	assert_int_equal(strlen(r.file_id), 32);
}

/* Each verdict has its own name, and none but the intact ones ends with 0. */
static void
test_verdicts(void **state)
{
	assert_string_equal(audit_verdict_name(AUDIT_ANCHORED), "OK-TO-ANCHOR");
	assert_string_equal(audit_verdict_name(AUDIT_UNANCHORED), "INTACT-UNANCHORED");
	assert_string_equal(audit_verdict_name(AUDIT_TORN), "TORN-TAIL");
	assert_string_equal(audit_verdict_name(AUDIT_GAP), "GAP");
	assert_string_equal(audit_verdict_name(AUDIT_BROKEN), "BROKEN");
	assert_string_equal(audit_verdict_name(AUDIT_UNSUPPORTED), "UNSUPPORTED");
	for (int v = AUDIT_ANCHORED; v <= AUDIT_UNSUPPORTED; v++)
		assert_true((audit_verdict_status(v) == 0) == (v <= AUDIT_UNANCHORED));
}

/* F20: every single bit. */
static void
test_f20_every_bit(void **state)
{
	size_t len;
	char *bytes = log_bytes(log_new("bits", 2), &len);

	for (size_t bit = 0; bit < len * 8; bit++) {
		struct audit_report r;

		bytes[bit / 8] ^= (char)(1 << bit % 8);
		r = log_verify_bytes("flipped", bytes, len, NULL);
		if (r.verdict <= AUDIT_UNANCHORED)
			fail_msg("bit %zu of byte %zu goes unnoticed", bit % 8, bit / 8);
		bytes[bit / 8] ^= (char)(1 << bit % 8);
	}
	free(bytes);
}

/* F21 */
static void
test_f21_rearranged(void **state)
{
	struct audit_report r;
	struct lines l;

	split(&l, log_new("five", 4));
	assert_int_equal(l.n, 5);
	assert_verdict(VERIFY_LINES(&l, 0, 1, 2, 3, 4), AUDIT_UNANCHORED);
	r = VERIFY_LINES(&l, 0, 1, 3, 4); /* deleted */
	assert_verdict(r, AUDIT_GAP);
	assert_int_equal(r.at_seq, 3);
	assert_int_equal(r.records, 2);
	r = VERIFY_LINES(&l, 0, 1, 2, 2, 3, 4); /* duplicated */
	assert_verdict(r, AUDIT_BROKEN);
	assert_int_equal(r.at_seq, 4);
	r = VERIFY_LINES(&l, 0, 2, 1, 3, 4); /* swapped */
	assert_verdict(r, AUDIT_GAP);
	assert_int_equal(r.at_seq, 2);
	r = VERIFY_LINES(&l, 1, 2, 3, 4); /* the opening deleted */
	assert_verdict(r, AUDIT_GAP);
	assert_int_equal(r.at_seq, 1);
	r = VERIFY_LINES(&l, 4, 3, 2, 1, 0);
	assert_verdict(r, AUDIT_GAP);
	free(l.bytes);
}

/* F21, F28: a record of another log, right number, right form. */
static void
test_f28_foreign_record(void **state)
{
	struct lines ours, theirs;
	struct audit_report r;

	split(&ours, log_new("ours", 3));
	split(&theirs, log_new("theirs", 3));
	ours.at[2] = theirs.at[2];
	ours.size[2] = theirs.size[2];
	r = VERIFY_LINES(&ours, 0, 1, 2, 3);
	assert_verdict(r, AUDIT_BROKEN);
	assert_int_equal(r.at_seq, 3);
	free(ours.bytes);
	free(theirs.bytes);
}

static void
head_text(char text[100], const struct chain_head *h)
{
	snprintf(text, 100, "%llu:%s", (unsigned long long)h->seq, h->hash);
}

/* F22, F25, F28: cut at every record, or all of it rewritten: only an anchor tells. */
static void
test_f22_anchor(void **state)
{
	struct audit_report whole = log_verify(log_new("anchored", 4), NULL), r;
	char expect[100];
	struct lines l;
	size_t len = 0;

	split(&l, test_path("anchored"));
	head_text(expect, &whole.head);
	r = log_verify_bytes("cut", l.bytes, l.len, expect);
	assert_verdict(r, AUDIT_ANCHORED);
	assert_int_equal(r.anchored_seq, 5);
	assert_verdict(
		log_verify_bytes("cut", l.bytes, l.len, strchr(expect, ':') + 1), AUDIT_ANCHORED);
	for (size_t i = 0; i + 1 < l.n; i++) {
		len += l.size[i];
		assert_verdict(log_verify_bytes("cut", l.bytes, len, NULL), AUDIT_UNANCHORED);
		r = log_verify_bytes("cut", l.bytes, len, expect);
		assert_verdict(r, AUDIT_BROKEN);
		assert_int_equal(r.anchored_seq, 0);
	}
	/* Another log, whole and of the same length. */
	assert_verdict(log_verify(log_new("other", 4), expect), AUDIT_BROKEN);
	/* The right hash at a wrong number is no anchor either. */
	expect[0] = '4';
	assert_verdict(log_verify_bytes("cut", l.bytes, l.len, expect), AUDIT_BROKEN);
	free(l.bytes);
}

/* F23: cut and written on: the old head is in no place of the new log. */
static void
test_f23_cut_and_resumed(void **state)
{
	struct audit_report whole = log_verify(log_new("resumed", 4), NULL);
	const char *path = test_path("resumed");
	struct err err = ERR_INIT;
	char expect[100];
	struct chain *c;
	struct lines l;

	head_text(expect, &whole.head);
	split(&l, path);
	test_file("resumed", l.bytes, l.len - l.size[4], 0600);
	free(l.bytes);
	assert_true(chain_open(path, CHAIN_OWNED, "journal", NULL, "x", &c, &err));
	for (int i = 0; i < 3; i++) {
		struct record rec = {.event = "e", .actor = "a"};

		assert_true(chain_append(c, &rec, &err));
	}
	chain_free(c);
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	assert_verdict(log_verify(path, expect), AUDIT_BROKEN);
}

/* A log may go on behind the anchor; that is what it is for. */
static void
test_anchor_in_the_middle(void **state)
{
	struct audit_report early = log_verify(log_new("grows", 2), NULL), r;
	struct err err = ERR_INIT;
	struct record rec = {.event = "e", .actor = "a"};
	char expect[100];
	struct chain *c;

	head_text(expect, &early.head);
	assert_true(chain_open(test_path("grows"), CHAIN_OWNED, "journal", NULL, "x", &c, &err));
	assert_true(chain_append(c, &rec, &err));
	chain_free(c);
	r = log_verify(test_path("grows"), expect);
	assert_verdict(r, AUDIT_ANCHORED);
	assert_int_equal(r.anchored_seq, 3);
	assert_int_equal(r.head.seq, 4);
}

/* F29: an anchor that is none is an error, never a verdict. */
static void
test_f29_bad_anchors(void **state)
{
	static const char *const bad[] = {"", ":", "5", "x:y",
		"0:", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adx",
		"1:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ag",
		"-1:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"1 :ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
	const char *path = log_new("f29", 1);
	struct audit_report r;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(audit_verify(path, &(struct audit_trust){.expect = bad[i]}, &r, &err));
		assert_hint(&err, "SEQ:HASH");
		assert_err(&err, ERR_USAGE, "is not the head of a log");
	}
	/* Upper case is the same hash. */
	assert_verdict(log_verify(path,
			       "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
		AUDIT_BROKEN);
}

/* F13, F29, F30: files that are no logs. */
static void
test_f29_no_logs(void **state)
{
	char *big = util_alloc(6 * MIB);
	struct audit_report r;
	struct err err = ERR_INIT;

	assert_verdict(log_verify_bytes("junk", "", 0, NULL), AUDIT_BROKEN);
	assert_verdict(log_verify_bytes("junk", "\n", 1, NULL), AUDIT_BROKEN);
	assert_verdict(log_verify_bytes("junk", "x", 1, NULL), AUDIT_TORN);
	assert_verdict(log_verify_bytes("junk", "{\"seq\":1}\n", 10, NULL), AUDIT_BROKEN);
	assert_verdict(log_verify_bytes("junk", big, 100, NULL), AUDIT_TORN);
	assert_verdict(log_verify_bytes("junk", big, 6 * MIB, NULL), AUDIT_BROKEN);
	memset(big, '\n', 6 * MIB);
	assert_verdict(log_verify_bytes("junk", big, 6 * MIB, NULL), AUDIT_BROKEN);
	free(big);
	assert_false(audit_verify(test_path("none"), NULL, &r, &err));
	assert_err(&err, ERR_NOT_FOUND, "Cannot open the log");
	assert_false(audit_verify(test_dir(), NULL, &r, &err));
	assert_err(&err, ERR_UNSAFE, "not a regular file");
	assert_false(audit_verify("/dev/null/x", NULL, &r, &err));
	assert_err(&err, ERR_IO, "Cannot open the log");
	assert_int_equal(symlink(test_path("junk"), test_path("link")), 0);
	assert_false(audit_verify(test_path("link"), NULL, &r, &err));
	assert_err(&err, ERR_IO, "Cannot open the log");
}

static struct audit_report
verify_record(const struct record *r)
{
	struct chain_head head = {.seq = 0};
	struct str s = STR_INIT(MIB);
	struct audit_report report;

	record_format(&s, r, &head);
	report = log_verify_bytes("made", s.buf, s.len, NULL);
	str_done(&s);
	return report;
}

static void
test_openings(void **state)
{
	struct record r = {.event = "chain.opened", .actor = "a"};

	r.data = "{\"kind\":\"audit\",\"format\":1,\"file_id\":\"0123\"}";
	assert_verdict(verify_record(&r), AUDIT_UNANCHORED);
	r.data = "{\"kind\":\"audit\",\"format\":2,\"file_id\":\"0123\"}";
	assert_verdict(verify_record(&r), AUDIT_UNSUPPORTED);
	r.data = "{\"kind\":\"audit\",\"file_id\":\"0123\"}";
	assert_verdict(verify_record(&r), AUDIT_UNSUPPORTED);
	r.data = "{\"kind\":\"audit\",\"format\":1}";
	assert_verdict(verify_record(&r), AUDIT_BROKEN);
	r.data = "7";
	assert_verdict(verify_record(&r), AUDIT_BROKEN);
	r.data = "{{";
	assert_verdict(verify_record(&r), AUDIT_BROKEN);
	r = (struct record){.event = "something.else", .actor = "a", .data = "{\"file_id\":\"1\"}"};
	assert_verdict(verify_record(&r), AUDIT_BROKEN);
	/* An id longer than ours is cut, never written beyond its place. */
	r = (struct record){.event = "chain.opened",
		.actor = "a",
		.data = "{\"format\":1,\"file_id\":\"0123456789012345678901234567890123456789\"}"};
	assert_int_equal(strlen(verify_record(&r).file_id), 32);
}

static void
test_torn(void **state)
{
	size_t len;
	char *bytes = log_bytes(log_new("torn", 2), &len);
	struct audit_report r;

	for (size_t cut = 1; cut < 100; cut++) {
		r = log_verify_bytes("torn", bytes, len - cut, NULL);
		assert_verdict(r, AUDIT_TORN);
		assert_int_equal(r.records, 2);
		assert_int_equal(r.at_seq, 3);
	}
	free(bytes);
}

static void
test_unreadable(void **state)
{
	const char *path = log_new("eio", 2);
	struct audit_report r;
	struct err err = ERR_INIT;

	fault_set("read", "*/eio", 1, "EIO", true);
	assert_false(audit_verify(path, NULL, &r, &err));
	assert_err(&err, ERR_IO, "Cannot read the log");
	audit_report_done(&r);
	/* In small pieces it is the same log. */
	fault_set("read", "*/eio", 1, "short", true);
	assert_verdict(log_verify(path, NULL), AUDIT_UNANCHORED);
	fault_set(NULL, NULL, 0, NULL, false);
}

/* A record of somebody else's, whose hash is right, and which has no times. */
static void
test_no_times(void **state)
{
	struct str s = STR_INIT(KIB);
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];
	struct audit_report r;

	str_fmt(&s,
		"{\"seq\":1,\"event\":\"chain.opened\",\"data\":{\"format\":1,\"file_id\":\"1\"}"
		",\"prev\":\"%s\"",
		CHAIN_ZERO);
	digest_of(s.buf, s.len, sum);
	str_fmt(&s, ",\"hash\":\"%s\"}\n", digest_hex(sum, DIGEST_SIZE, hex));
	r = log_verify_bytes("timeless", s.buf, s.len, NULL);
	assert_verdict(r, AUDIT_UNANCHORED);
	assert_int_equal(r.clock_jumps, 0);
	str_done(&s);
}

/* Opens the log with the clock so many seconds off, and appends a record that names the boot. */
static void
append_at(const char *path, long long off, const char *event)
{
	char data[80];
	struct record r = {.event = event, .actor = "a", .data = data};
	struct err err = ERR_INIT;
	struct chain *c;

	snprintf(data, sizeof(data), "{\"boot_id\":\"%s\"}", clock_boot_id());
	orders.clock = off;
	if (!chain_open(path, CHAIN_OWNED, "journal", NULL, "x", &c, &err) ||
		!chain_append(c, &r, &err))
		fail_msg("%s", err.msg);
	chain_free(c);
	orders.clock = 0;
}

/* F19: the clock goes back, ahead, and was at its beginning: a warning each, and no verdict. */
static void
test_f19_clock_jumps(void **state)
{
	static const struct {
		long long off;
		const char *event;
		uint64_t jumps, first;
	} cases[] = {
		{0, "run.started", 0, 0},
		{30, "run.started", 0, 0},   /* within what it is kept by */
		{86400, "test.event", 0, 0}, /* of an unknown boot: it may have been off for long */
		{86400, "run.started", 1, 5}, /* ahead */
		{0, "test.event", 2, 5},      /* back */
		{0, "run.resumed", 2, 5},
	};
	const char *path = test_path("clock");
	struct audit_report r;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		append_at(path, cases[i].off, cases[i].event);
		r = log_verify(path, NULL);
		assert_verdict(r, AUDIT_UNANCHORED);
		assert_int_equal(r.records, i + 2);
		assert_int_equal(r.clock_jumps, cases[i].jumps);
		assert_int_equal(r.clock_seq, cases[i].first);
	}
	append_at(test_path("epoch"), -clock_now(), "test.event");
	r = log_verify(test_path("epoch"), NULL);
	assert_verdict(r, AUDIT_UNANCHORED);
	assert_int_equal(r.clock_jumps, 1);
	assert_int_equal(r.clock_seq, 1);
}

TESTS(T(test_good), T(test_verdicts), T(test_f20_every_bit), T(test_f21_rearranged),
	T(test_f28_foreign_record), T(test_f22_anchor), T(test_f23_cut_and_resumed),
	T(test_anchor_in_the_middle), T(test_f29_bad_anchors), T(test_f29_no_logs),
	T(test_openings), T(test_torn), T(test_unreadable), T(test_no_times),
	T(test_f19_clock_jumps))

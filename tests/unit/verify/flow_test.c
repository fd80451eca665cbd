#include "unit/testing.h"

#include "base/digest.h"
#include "verify/flow.h"
#include "verify/ring.h"

/* A source whose one object is made up as it is read, and can go wrong at a given byte. */
struct fake {
	struct source source;
	uint64_t size, fail_at;
	enum err_code code;
	uint64_t given;
};
struct fake_stream {
	struct stream stream;
	struct fake *fake;
	uint64_t at;
};

static ssize_t
fake_stream_read(struct stream *st, void *buf, size_t len, struct err *err)
{
	struct fake_stream *s = (struct fake_stream *)st;
	size_t n = (size_t)MIN(MIN((uint64_t)len, s->fake->size - s->at), (uint64_t)100000);

	if (s->fake->code != ERR_NONE && s->at >= s->fake->fail_at) {
		err_set(err, s->fake->code, "The fake fails.");
		return -1;
	}
	memset(buf, 'x', n);
	s->at += n;
	s->fake->given = s->at;
	return (ssize_t)n;
}

static void
fake_stream_free(struct stream *st)
{
	free(st);
}

static const struct stream_ops fake_stream_ops = {fake_stream_read, fake_stream_free};

static bool
fake_read(struct source *s, const char *name, int64_t offset, int64_t length, struct stream **ret,
	struct err *err)
{
	struct fake_stream *st = util_alloc(sizeof(*st));

	st->stream.ops = &fake_stream_ops;
	st->fake = (struct fake *)s;
	*ret = &st->stream;
	return true;
}

static const struct source_ops fake_ops = {.read = fake_read};

static struct fake
fake_new(uint64_t size)
{
	return (struct fake){.source = {.ops = &fake_ops}, .size = size};
}

static bool
open_flow(struct fake *f, enum sum_kind digest, struct flow **ret, struct err *err)
{
	struct flow_spec spec = {.source = &f->source, .name = "x", .digest = digest};

	return flow_open(&spec, ret, err);
}

static void
everything_once(void **state)
{
	static const uint64_t sizes[] = {
		0, 1, 99999, RING_CHUNK, RING_CHUNK + 1, 10 * RING_CHUNK + 7};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct fake f = fake_new(sizes[i]);
		unsigned char sum[SUM_MAX], wanted[SUM_MAX];
		struct sum *s = sum_new(SUM_SHA256);
		struct flow *flow;
		const unsigned char *p;

		for (uint64_t k = 0; k < sizes[i]; k++)
			sum_add(s, "x", 1);
		sum_end(s, wanted);
		sum_free(s);
		assert_true(open_flow(&f, SUM_SHA256, &flow, &err));
		/* the first view is the first chunk, or all */
		assert_int_equal(
			scan_view(flow_scan(flow), &p, &err), MIN(sizes[i], (uint64_t)RING_CHUNK));
		assert_true(scan_drain(flow_scan(flow), &err));
		assert_true(flow_scan(flow)->offset == sizes[i]);
		assert_int_equal(flow_digest(flow, sum), 32);
		assert_memory_equal(sum, wanted, 32);
		assert_true(flow_stored(flow) == (int64_t)sizes[i] && !flow_sealed(flow));
		flow_free(flow);
	}
}

static void
who_stops_early_stops_the_reader(void **state)
{
	struct fake f = fake_new(1ULL << 50);
	struct err err = ERR_INIT;
	struct flow *flow;

	assert_true(open_flow(&f, SUM_SHA256, &flow, &err));
	assert_true(scan_read(flow_scan(flow), NULL, 3 * RING_CHUNK, &err));
	flow_free(flow);
	assert_true(f.given < 20 * RING_CHUNK);
	flow_free(NULL);
}

static void
errors_come_through(void **state)
{
	struct fake f = fake_new(1 << 20);
	struct err err = ERR_INIT;
	struct flow *flow;

	f.code = ERR_UNREACHABLE;
	f.fail_at = 600000;
	assert_true(open_flow(&f, SUM_NONE, &flow, &err));
	assert_false(scan_drain(flow_scan(flow), &err));
	assert_err(&err, ERR_UNREACHABLE, "The fake fails.");
	/* and only once; then it is over */
	assert_true(scan_drain(flow_scan(flow), &err));
	flow_free(flow);
	f.fail_at = 0;
	assert_false(open_flow(&f, SUM_NONE, &flow, &err));
	assert_err(&err, ERR_UNREACHABLE, "The fake fails.");
}

static void
cut_compression(void **state)
{
	/* the head of a gzip stream and then rubbish */
	struct err err = ERR_INIT;
	struct source *s = source_dir_new(test_dir());
	struct flow_spec spec = {.source = s, .name = "x.gz"};
	struct flow *flow;

	test_file("x.gz", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x00\x01\x02", 13, 0600);
	assert_true(flow_open(&spec, &flow, &err));
	assert_int_equal(flow_packing(flow), PACK_GZIP);
	assert_false(scan_drain(flow_scan(flow), &err));
	assert_int_equal(err.code, ERR_DAMAGED);
	err_done(&err);
	flow_free(flow);
	spec.stored = true;
	assert_true(flow_open(&spec, &flow, &err));
	assert_true(scan_drain(flow_scan(flow), &err));
	assert_true(flow_scan(flow)->offset == 13 && flow_packing(flow) == PACK_NONE);
	flow_free(flow);
	spec.name = "none";
	assert_false(flow_open(&spec, &flow, &err));
	assert_int_equal(err.code, ERR_NOT_FOUND);
	err_done(&err);
	source_free(s);
}

static void
scans(void **state)
{
	struct scan s = scan_memory("abcdef", 6), inner = scan_new(scan_pull, &s);
	struct err err = ERR_INIT;
	unsigned char c, buf[4];

	assert_true(scan_byte(&s, &c, &err) && c == 'a');
	assert_true(scan_read(&inner, buf, 4, &err));
	assert_memory_equal(buf, "bcde", 4);
	assert_false(scan_at_end(&inner, &err));
	assert_err(&err, ERR_DAMAGED, "from byte 4");
	assert_false(scan_read(&inner, buf, 2, &err));
	assert_err(&err, ERR_DAMAGED, "ends after 5 bytes");
	assert_true(scan_at_end(&inner, &err));
	assert_false(scan_byte(&inner, &c, &err));
	err_done(&err);
}

TESTS(T(everything_once), T(who_stops_early_stops_the_reader), T(errors_come_through),
	T(cut_compression), T(scans))

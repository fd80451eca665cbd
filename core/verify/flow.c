#include "base/banned.h"
#include "verify/flow.h"
#include "base/clock.h"
#include "verify/ring.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#define TICK_MS 200

/* Packed once is 1000:1 at the very most for gzip, but 30000:1 for zstd; nobody waits for a
 * stream that inflates without end. */
#define BOMB_BYTES (1024 * GIB)
#define BOMB_RATIO 2000

struct flow {
	struct stream *stream;
	struct ring *stored, *unpacked; /* unpacked is NULL while nothing is compressed */
	struct ring *from;              /* the one that the parser empties */
	pthread_t reader, unpacker;
	bool reading, unpacking;
	/* the reader's; to be looked at after its end only */
	struct sum *sum;
	unsigned char digest[SUM_MAX];
	size_t digest_len;
	/* the unpacker's */
	struct unpack *unpack;
	enum packing packing;
	bool taken; /* it still holds a chunk of the stored ring */
	bool sealed;
	/* the parser's */
	struct scan scan;
	bool holding; /* a chunk of `from` */
	struct flow_meter *meter;
	int64_t metered;
	_Atomic int64_t bytes;
};

void
flow_meter_add(struct flow_meter *m, int64_t bytes)
{
	int64_t now;

	if (m == NULL)
		return;
	m->done += bytes;
	now = clock_mono_ms();
	if (m->tick != NULL && now - m->last_tick_ms >= TICK_MS) {
		m->last_tick_ms = now;
		m->tick(m);
	}
}

/* Fills chunks to the brim: the first one is what formats are recognized by. */
static ssize_t
fill(struct flow *f, unsigned char *chunk, struct err *err)
{
	size_t len = 0;

	while (len < RING_CHUNK) {
		ssize_t n = stream_read(f->stream, chunk + len, RING_CHUNK - len, err);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
		atomic_fetch_add(&f->bytes, n);
	}
	sum_add(f->sum, chunk, len);
	return (ssize_t)len;
}

static void *
read_main(void *arg)
{
	struct flow *f = arg;
	struct err err = ERR_INIT;
	unsigned char *chunk;
	ssize_t n = 0;

	while ((chunk = ring_reserve(f->stored)) != NULL && (n = fill(f, chunk, &err)) > 0)
		ring_commit(f->stored, (size_t)n);
	if (n == 0)
		f->digest_len = sum_end(f->sum, f->digest);
	ring_finish(f->stored, n < 0 ? &err : NULL);
	return NULL;
}

static ssize_t
pull_stored(void *arg, const unsigned char **ret, struct err *err)
{
	struct flow *f = arg;
	unsigned char *chunk;
	ssize_t n;

	if (f->taken)
		ring_release(f->stored);
	n = ring_take(f->stored, &chunk, err);
	f->taken = n > 0;
	if (n > 0)
		*ret = chunk;
	return n;
}

/* Whether so much came out of so little that it must be a bomb. */
static bool
is_bomb(struct flow *f, uint64_t out, struct err *err)
{
	if (out < (uint64_t)BOMB_BYTES || out / BOMB_RATIO < (uint64_t)atomic_load(&f->bytes))
		return false;
	err_set(err, ERR_LIMIT, "The data unpack to more than %d times their size.", BOMB_RATIO);
	return true;
}

static ssize_t
fill_unpacked(struct flow *f, unsigned char *chunk, uint64_t *out, struct err *err)
{
	size_t len = 0;

	while (len < RING_CHUNK) {
		ssize_t n = unpack_read(f->unpack, chunk + len, RING_CHUNK - len, err);

		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*out += len;
	return is_bomb(f, *out, err) ? -1 : (ssize_t)len;
}

static void *
unpack_main(void *arg)
{
	struct flow *f = arg;
	struct err err = ERR_INIT;
	unsigned char *chunk;
	uint64_t out = 0;
	ssize_t n = 0;

	while ((chunk = ring_reserve(f->unpacked)) != NULL &&
		(n = fill_unpacked(f, chunk, &out, &err)) > 0)
		ring_commit(f->unpacked, (size_t)n);
	f->sealed = n == 0 && unpack_sealed(f->unpack);
	ring_finish(f->unpacked, n < 0 ? &err : NULL);
	if (f->taken)
		ring_release(f->stored);
	ring_abandon(f->stored);
	return NULL;
}

/* Signals are the main thread's business. */
static bool
start(pthread_t *ret, void *(*fn)(void *), struct flow *f, struct err *err)
{
	sigset_t all, old;
	int status;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	status = pthread_create(ret, NULL, fn, f);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return status == 0 || err_sys(err, ERR_IO, status, "Cannot start a thread");
}

static void
meter(struct flow *f)
{
	int64_t bytes = atomic_load(&f->bytes);

	flow_meter_add(f->meter, bytes - f->metered);
	f->metered = bytes;
}

/* What the parser's cursor is filled from. */
static ssize_t
pull_next(void *arg, const unsigned char **ret, struct err *err)
{
	struct flow *f = arg;
	unsigned char *chunk;
	ssize_t n;

	if (f->holding)
		ring_release(f->from);
	n = ring_take(f->from, &chunk, err);
	meter(f);
	f->holding = n > 0;
	if (n > 0)
		*ret = chunk;
	return n;
}

/* The first chunk, which has been looked at, begins with a compressed stream. */
static bool
start_unpacking(struct flow *f, enum packing kind, struct err *err)
{
	if (!unpack_new(kind, pull_stored, f, &f->unpack, err))
		return false;
	f->holding = false; /* the chunk goes back */
	f->scan.len = 0;
	f->packing = kind;
	f->unpacked = f->from = ring_new();
	f->unpacking = start(&f->unpacker, unpack_main, f, err);
	return f->unpacking;
}

bool
flow_open(const struct flow_spec *spec, struct flow **ret, struct err *err)
{
	struct flow *f = util_alloc(sizeof(*f));
	const unsigned char *p;
	enum packing kind;
	ssize_t n;

	f->meter = spec->meter;
	if (!source_read(spec->source, spec->name, 0, -1, &f->stream, err)) {
		free(f);
		return false;
	}
	f->sum = sum_new(spec->digest);
	f->stored = f->from = ring_new();
	f->scan = scan_new(pull_next, f);
	f->reading = start(&f->reader, read_main, f, err);
	if (!f->reading)
		goto fail;
	if (!spec->stored) {
		n = scan_view(&f->scan, &p, err);
		if (n < 0)
			goto fail;
		kind = packing_detect(p, (size_t)n);
		if (kind != PACK_NONE && !start_unpacking(f, kind, err))
			goto fail;
	}
	*ret = f;
	return true;
fail:
	flow_free(f);
	return false;
}

struct scan *
flow_scan(struct flow *f)
{
	return &f->scan;
}

enum packing
flow_packing(const struct flow *f)
{
	return f->packing;
}

int64_t
flow_stored(const struct flow *f)
{
	return atomic_load(&((struct flow *)(uintptr_t)f)->bytes);
}

size_t
flow_digest(const struct flow *f, unsigned char ret[SUM_MAX])
{
	memcpy(ret, f->digest, f->digest_len);
	return f->digest_len;
}

bool
flow_sealed(const struct flow *f)
{
	return f->sealed;
}

void
flow_free(struct flow *f)
{
	if (f == NULL)
		return;
	if (f->unpacked != NULL) {
		ring_abandon(f->unpacked);
		if (f->unpacking)
			pthread_join(f->unpacker, NULL);
	}
	ring_abandon(f->stored);
	if (f->reading)
		pthread_join(f->reader, NULL);
	meter(f);
	unpack_free(f->unpack);
	ring_free(f->unpacked);
	ring_free(f->stored);
	sum_free(f->sum);
	stream_free(f->stream);
	free(f);
}

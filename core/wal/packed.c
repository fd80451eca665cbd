#include "base/banned.h"
#include "wal/packed.h"
#include "wal/unpack.h"

#define INPUT ((size_t)(128 * KIB))

struct packed {
	struct stream *stream;
	char *name;
	const struct unpacker *kind; /* NULL: plain */
	void *state;
	bool in_member; /* a member has begun and not ended */
	bool at_end;    /* of the stream */
	size_t at, filled;
	unsigned char input[INPUT];
};

/* Forms that we know but can't read. */
static const struct {
	const char *magic;
	size_t len;
	const char *what;
} refused[] = {
	{"Salted__", 8, "encrypted (by pgBackRest or OpenSSL)"},
	{"-----BEGIN PGP", 14, "encrypted (PGP)"},
	{"\xfd"
	 "7zXZ\0",
		6, "compressed with xz"},
	{"]\0\0", 3, "compressed with lzma"},
};

/* Keeps what has not been used yet and reads until the buffer is full or the stream ends. */
static bool
fill(struct packed *p, struct err *err)
{
	memmove(p->input, p->input + p->at, p->filled - p->at);
	p->filled -= p->at;
	p->at = 0;
	while (!p->at_end && p->filled < INPUT) {
		ssize_t n = stream_read(p->stream, p->input + p->filled, INPUT - p->filled, err);

		if (n < 0)
			return false;
		p->at_end = n == 0;
		p->filled += (size_t)n;
	}
	return true;
}

/* Why it can't be read; NULL when nothing is known against it. */
static const char *
refusal(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (len >= refused[i].len && memcmp(data, refused[i].magic, refused[i].len) == 0)
			return refused[i].what;
	return NULL;
}

bool
packed_magic(const unsigned char *data, size_t len)
{
	return refusal(data, len) != NULL || unpack_find(data, len) != NULL;
}

static bool
recognise(struct packed *p, struct err *err)
{
	const char *what = refusal(p->input, p->filled);

	if (what != NULL)
		return err_set(err, ERR_UNSUPPORTED, "%s is %s; this version can't read that.",
			p->name, what);
	p->kind = unpack_find(p->input, p->filled);
	if (p->kind == NULL)
		return true;
	if (!p->kind->start(&p->state, err))
		return err_prefix(err, "%s is compressed with %s", p->name, p->kind->name);
	return true;
}

bool
packed_open(struct stream *st, const char *name, struct packed **ret, struct err *err)
{
	struct packed *p = util_alloc(sizeof(*p));

	p->stream = st;
	p->name = util_strdup(name);
	if (!fill(p, err) || !recognise(p, err)) {
		packed_free(p);
		return false;
	}
	*ret = p;
	return true;
}

static ssize_t
read_plain(struct packed *p, unsigned char *buf, size_t len, struct err *err)
{
	size_t done = MIN(len, p->filled - p->at);

	memcpy(buf, p->input + p->at, done);
	p->at += done;
	while (done < len && !p->at_end) {
		ssize_t n = stream_read(p->stream, buf + done, len - done, err);

		if (n < 0)
			return -1;
		p->at_end = n == 0;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static ssize_t
damaged(const struct packed *p, const char *what, struct err *err)
{
	err_set(err, ERR_DAMAGED, "%s: the %s data %s.", p->name, p->kind->name, what);
	return -1;
}

static ssize_t
read_packed(struct packed *p, unsigned char *buf, size_t len, struct err *err)
{
	size_t done = 0;

	while (done < len) {
		struct unpack_io io = {.out = buf + done, .out_len = len - done};
		enum unpack_result result;

		if (p->filled - p->at < INPUT / 2 && !p->at_end && !fill(p, err))
			return -1;
		if (p->at == p->filled && !p->in_member)
			break;
		io.in = p->input + p->at;
		io.in_len = p->filled - p->at;
		p->in_member = true;
		result = p->kind->step(p->state, &io);
		if (result == UNPACK_BAD)
			return damaged(p, "are damaged", err);
		if (result == UNPACK_MORE && io.in_used == 0 && io.out_used == 0)
			return damaged(p, "end in the middle", err);
		p->at += io.in_used;
		done += io.out_used;
		if (result == UNPACK_END)
			p->in_member = false;
	}
	return (ssize_t)done;
}

ssize_t
packed_read(struct packed *p, void *buf, size_t len, struct err *err)
{
	return p->kind == NULL ? read_plain(p, buf, len, err) : read_packed(p, buf, len, err);
}

const char *
packed_format(const struct packed *p)
{
	return p->kind == NULL ? NULL : p->kind->name;
}

void
packed_free(struct packed *p)
{
	if (p == NULL)
		return;
	if (p->state != NULL)
		p->kind->stop(p->state);
	stream_free(p->stream);
	free(p->name);
	free(p);
}

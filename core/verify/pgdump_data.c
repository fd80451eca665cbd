#include "base/banned.h"
#include "verify/pgdump_data.h"

#define BLOCK_DATA  1
#define BLOCK_BLOBS 3
#define CHUNK_MAX   ((int64_t)2 * GIB)
#define OUT_SIZE    ((size_t)(128 * KIB))

struct blocks {
	struct scan *scan;
	struct pgdump *dump;
	struct pgdump_totals *totals;
	unsigned char *out;
	/* of the run of chunks that is being read */
	int64_t left;
	bool run_end;
};

/* The bytes of one run of chunks, without the lengths between them. */
static ssize_t
pull_chunk(void *arg, const unsigned char **ret, struct err *err)
{
	struct blocks *b = arg;
	ssize_t n;

	if (b->run_end)
		return 0;
	if (b->left == 0) {
		if (!pgdump_int(b->scan, b->dump, &b->left, err))
			return -1;
		if (b->left < 0 || b->left > CHUNK_MAX) {
			err_set(err, ERR_DAMAGED, "There is an impossible chunk before byte %llu.",
				(unsigned long long)b->scan->offset);
			return -1;
		}
		b->run_end = b->left == 0;
		if (b->run_end)
			return 0;
	}
	n = scan_view(b->scan, ret, err);
	if (n == 0)
		err_set(err, ERR_DAMAGED, "It ends after %llu bytes, in the middle of a chunk.",
			(unsigned long long)b->scan->offset);
	if (n <= 0)
		return -1;
	if (n > b->left)
		n = (ssize_t)b->left;
	b->left -= n;
	scan_take(b->scan, (size_t)n);
	return n;
}

static bool
read_plain(struct blocks *b, struct err *err)
{
	const unsigned char *p;
	ssize_t n;

	while ((n = pull_chunk(b, &p, err)) > 0) {
		b->totals->bytes += (uint64_t)n;
		b->totals->unsealed = true;
	}
	return n == 0;
}

static bool
read_packed(struct blocks *b, struct scan *run, struct err *err)
{
	struct unpack *u;
	ssize_t n;

	if (!unpack_new(b->dump->packing, scan_pull, run, &u, err))
		return false;
	while ((n = unpack_read(u, b->out, OUT_SIZE, err)) > 0)
		b->totals->bytes += (uint64_t)n;
	b->totals->unsealed |= n == 0 && !unpack_sealed(u);
	unpack_free(u);
	return n == 0;
}

/* One run of chunks. Since 16 a stream without data may have no chunk at all. */
static bool
read_run(struct blocks *b, struct err *err)
{
	struct scan run = scan_new(pull_chunk, b);
	const unsigned char *p;
	ssize_t n;

	b->left = 0;
	b->run_end = false;
	if (b->dump->packing == PACK_NONE)
		return read_plain(b, err);
	n = scan_view(&run, &p, err);
	return n == 0 || (n > 0 && read_packed(b, &run, err));
}

static bool
read_blobs(struct blocks *b, struct err *err)
{
	int64_t oid;

	for (;;) {
		if (!pgdump_int(b->scan, b->dump, &oid, err))
			return false;
		if (oid == 0)
			return true;
		if (oid < 0 || oid > UINT32_MAX)
			return err_set(err, ERR_DAMAGED,
				"There is an impossible large object before byte %llu.",
				(unsigned long long)b->scan->offset);
		b->totals->objects++;
		if (!read_run(b, err))
			return false;
	}
}

static bool
read_block(struct blocks *b, struct err *err)
{
	uint64_t offset = b->scan->offset;
	struct pgdump_data *data;
	unsigned char type;
	int64_t id;

	if (!scan_byte(b->scan, &type, err) || !pgdump_int(b->scan, b->dump, &id, err))
		return false;
	data = pgdump_find(b->dump, id);
	if ((type != BLOCK_DATA && type != BLOCK_BLOBS) || data == NULL || data->seen)
		return err_set(err, ERR_DAMAGED,
			"At byte %llu stands no block of data that the table of contents knows.",
			(unsigned long long)offset);
	if (data->offset >= 0 && (uint64_t)data->offset != offset)
		return err_set(err, ERR_DAMAGED,
			"The data of entry %lld are at byte %llu, not at %lld as the table of "
			"contents says.",
			(long long)id, (unsigned long long)offset, (long long)data->offset);
	data->seen = true;
	b->totals->blocks++;
	if (type == BLOCK_BLOBS ? read_blobs(b, err) : read_run(b, err))
		return true;
	return err_prefix(err, "Data of entry %lld", (long long)id);
}

bool
pgdump_read_blocks(struct scan *s, struct pgdump *d, struct pgdump_totals *totals, struct err *err)
{
	struct blocks b = {.scan = s, .dump = d, .totals = totals, .out = util_alloc(OUT_SIZE)};
	const unsigned char *p;
	ssize_t n;

	*totals = (struct pgdump_totals){.blocks = 0};
	while ((n = scan_view(s, &p, err)) > 0) {
		if (!read_block(&b, err)) {
			n = -1;
			break;
		}
	}
	free(b.out);
	return n == 0;
}

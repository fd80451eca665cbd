/*
 * rdb: any bytes as a Redis RDB, whole and in pieces: both must say the same.
 */
#include "fuzz/fuzz.h"

#include "verify/rdb.h"

struct pieces {
	const char *p;
	size_t len, piece;
};

static ssize_t
pull(void *arg, const unsigned char **ret, struct err *err)
{
	struct pieces *s = arg;
	size_t n = MIN(s->len, s->piece);

	*ret = (const unsigned char *)s->p;
	s->p += n;
	s->len -= n;
	return (ssize_t)n;
}

static bool
read_it(const char *data, size_t len, size_t piece, struct rdb *r, bool *right)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct pieces pieces = {data, len, piece};
	struct scan s = scan_new(pull, &pieces);
	bool good;

	rdb_init(r, &s);
	good = rdb_read(r, &err);
	*right = false;
	if (!good) {
		FUZZ_HOLDS(err.code != ERR_NONE);
		err_done(&err);
		if (!rdb_only_sum(r, right, &err))
			FUZZ_HOLDS(err.code != ERR_NONE);
	}
	return good;
}

void
fuzz_one(const char *data, size_t len)
{
	bool right1, right2, good;
	struct rdb one, two;

	good = read_it(data, len, len + 1, &one, &right1);
	FUZZ_HOLDS(read_it(data, len, 5, &two, &right2) == good);
	FUZZ_HOLDS(right1 == right2 && one.keys == two.keys && one.crc == two.crc);
	FUZZ_HOLDS(one.stored_crc == two.stored_crc);
}

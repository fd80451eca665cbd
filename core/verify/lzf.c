#include "base/banned.h"
#include "verify/lzf.h"

#define MASK (LZF_WINDOW - 1)

struct output {
	struct lzf *lzf;
	uint64_t plain;
	unsigned char *head;
	size_t head_len;
};

static bool
damaged(struct err *err)
{
	return err_set(err, ERR_DAMAGED, "A compressed string is damaged.");
}

static void
put(struct output *o, unsigned char c)
{
	if (o->lzf->out < o->head_len)
		o->head[o->lzf->out] = c;
	o->lzf->window[o->lzf->out++ & MASK] = c;
}

static bool
literals(struct output *o, struct scan *s, uint64_t n, struct err *err)
{
	if (n > o->plain - o->lzf->out)
		return damaged(err);
	for (; n > 0; n--) {
		unsigned char c;

		if (!scan_byte(s, &c, err))
			return false;
		put(o, c);
	}
	return true;
}

static bool
copy(struct output *o, uint64_t n, uint64_t distance, struct err *err)
{
	if (distance > o->lzf->out || n > o->plain - o->lzf->out)
		return damaged(err);
	for (; n > 0; n--)
		put(o, o->lzf->window[(o->lzf->out - distance) & MASK]);
	return true;
}

static bool
one(struct output *o, struct scan *s, uint64_t *left, struct err *err)
{
	unsigned char control, more = 0, low;
	uint64_t used;

	if (!scan_byte(s, &control, err))
		return false;
	if (control < 32) {
		used = 2ULL + control;
		if (used > *left)
			return damaged(err);
		*left -= used;
		return literals(o, s, control + 1ULL, err);
	}
	used = control >> 5 == 7 ? 3 : 2;
	if (used > *left)
		return damaged(err);
	*left -= used;
	if (used == 3 && !scan_byte(s, &more, err))
		return false;
	return scan_byte(s, &low, err) && copy(o, (control >> 5) + 2ULL + more,
						  ((uint64_t)(control & 31) << 8 | low) + 1, err);
}

bool
lzf_read(struct lzf *z, struct scan *s, uint64_t packed, uint64_t plain, unsigned char *head,
	size_t head_len, struct err *err)
{
	struct output o = {z, plain, head, head != NULL ? head_len : 0};

	z->out = 0;
	while (packed > 0)
		if (!one(&o, s, &packed, err))
			return false;
	return z->out == plain || damaged(err);
}

unsigned char
lzf_last(const struct lzf *z)
{
	return z->window[(z->out - 1) & MASK];
}

/*
 * pglz: PostgreSQL's own compression (pg_lzcompress.c): a control byte announces eight items, a
 * bit each: 0 a byte as it is, 1 a match of two or three bytes: length (3 to 18, or up to 273
 * with a third byte) and distance (1 to 4095).
 */
#include "base/banned.h"
#include "wal/unpack.h"

struct match {
	size_t distance, length;
};

/* Returns how many bytes it took, 0 when they are cut short. */
static size_t
read_match(const unsigned char *in, const unsigned char *end, struct match *ret)
{
	if (end - in < 2)
		return 0;
	ret->length = (in[0] & 0x0fu) + 3;
	ret->distance = (size_t)(in[0] & 0xf0) << 4 | in[1];
	if (ret->length < 18)
		return 2;
	if (end - in < 3)
		return 0;
	ret->length += in[2];
	return 3;
}

bool
unpack_pglz(const unsigned char *in, size_t in_len, unsigned char *out, size_t out_len)
{
	const unsigned char *end = in + in_len;
	unsigned char *start = out, *out_end = out + out_len;
	struct match m;

	while (in < end && out < out_end) {
		unsigned control = *in++;

		for (int bit = 0; bit < 8 && in < end && out < out_end; bit++, control >>= 1) {
			size_t n;

			if ((control & 1) == 0) {
				*out++ = *in++;
				continue;
			}
			n = read_match(in, end, &m);
			if (n == 0 || m.distance == 0 || m.distance > (size_t)(out - start))
				return false;
			in += n;
			/* A match may reach into what it writes; byte by byte repeats it. */
			for (m.length = MIN(m.length, (size_t)(out_end - out)); m.length > 0;
				m.length--, out++)
				*out = *(out - m.distance);
		}
	}
	return out == out_end && in == end;
}

/*
 * lzf: undoes LZF, with which Redis compresses strings in RDB files, without keeping the result.
 *
 * A control byte below 32 is followed by that many and one literal bytes; else its upper three
 * bits (7: plus the next byte) and two are a length, its lower five bits and the next byte plus
 * one a distance back, at most 8192.
 */
#ifndef VERIFY_LZF_H
#define VERIFY_LZF_H

#include "verify/scan.h"

#define LZF_WINDOW 8192

struct lzf {
	unsigned char window[LZF_WINDOW]; /* the last bytes that came out, as a ring */
	uint64_t out;                     /* how many came out */
};

/*
 * Takes `packed` bytes, out of which `plain` bytes must come: ERR_DAMAGED otherwise. The first
 * `head_len` of those go to head, which may be NULL.
 */
MUST_CHECK bool lzf_read(struct lzf *z, struct scan *s, uint64_t packed, uint64_t plain,
	unsigned char *head, size_t head_len, struct err *err);
/* The last byte that came out. */
unsigned char lzf_last(const struct lzf *z);

#endif

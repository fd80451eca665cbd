/*
 * bytes: numbers out of raw bytes, at any address, in the order that the format says.
 *
 * PostgreSQL writes in the byte order of its server; every platform that it is commonly run on is
 * little-endian. What archives and network formats call a number is mostly big-endian.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/util.h"

/* Little-endian. */
static inline uint16_t
bytes_u16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t
bytes_u32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t
bytes_u64(const unsigned char *p)
{
	return (uint64_t)bytes_u32(p) | (uint64_t)bytes_u32(p + 4) << 32;
}

/* Of n bytes, at most 8. */
static inline uint64_t
bytes_little(const unsigned char *p, size_t n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | p[n];
	return value;
}

static inline uint64_t
bytes_big(const unsigned char *p, size_t n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | *p++;
	return value;
}

#endif

/*
 * bytes: little-endian numbers out of raw bytes. WAL and catalog pages are written in the byte
 * order of the server; every platform that PostgreSQL is commonly run on is little-endian.
 */
#ifndef WAL_BYTES_H
#define WAL_BYTES_H

#include "base/util.h"

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

/* A TimestampTz of PostgreSQL (microseconds since 2000) as microseconds since 1970. */
static inline int64_t
bytes_time(const unsigned char *p)
{
	return (int64_t)(bytes_u64(p) + 946684800000000u);
}

#endif

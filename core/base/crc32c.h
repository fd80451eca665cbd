/*
 * crc32c: the CRC of PostgreSQL's WAL records, manifests and control file (Castagnoli's
 * polynomial, reflected: 0x82f63b78), by the processor's instruction where it has one.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include "base/util.h"

#define CRC32C_START 0xffffffffu

/* Feeds bytes to a running value that began as CRC32C_START; the result is its complement. */
uint32_t crc32c_add(uint32_t crc, const void *data, size_t len);

#endif

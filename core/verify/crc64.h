/*
 * crc64: the checksum at the end of a Redis RDB file: reflected polynomial 0x95ac9329ac4bc9b5
 * ("Jones"), beginning with 0, no final complement; "123456789" gives 0xe9c6d914c4b8d9ca.
 */
#ifndef VERIFY_CRC64_H
#define VERIFY_CRC64_H

#include "base/util.h"

uint64_t crc64_add(uint64_t crc, const void *data, size_t len);

#endif

#include "base/banned.h"
#include "verify/pgcontrol.h"
#include "base/bytes.h"
#include "base/crc32c.h"

/* Between these the CRC stands in every version so far (288 bytes of 12 to 17, 296 of 18). */
#define CRC_MIN 200
#define CRC_MAX 500

#define NONCE 32 /* bytes of the mock authentication nonce in front of the CRC */

bool
pgcontrol_read(const unsigned char *p, size_t len, struct pgcontrol *ret, struct err *err)
{
	uint32_t crc = crc32c_add(CRC32C_START, p, MIN(len, CRC_MIN));

	for (size_t at = CRC_MIN; at + 4 <= MIN(len, CRC_MAX); at += 4) {
		size_t sums = at - NONCE - 4;

		if (bytes_u32(p + at) != ~crc) {
			crc = crc32c_add(crc, p + at, 4);
			continue;
		}
		*ret = (struct pgcontrol){
			.system_identifier = bytes_u64(p),
			.version = bytes_u32(p + 8),
		};
		/* 18 put a bool, and padding, behind the version of the page checksums. */
		ret->page_checksums = bytes_u32(p + (ret->version >= 1800 ? sums - 4 : sums)) != 0;
		return true;
	}
	return err_set(err, ERR_DAMAGED, "global/pg_control is damaged: its CRC is wrong.");
}

#include "base/banned.h"
#include "verify/crc64.h"
#include "verify/isal.h"

#include <pthread.h>

#define POLYNOMIAL 0x95ac9329ac4bc9b5u

static uint64_t table[8][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void
table_make(void)
{
	for (unsigned i = 0; i < 256; i++) {
		uint64_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][i] = crc;
	}
	for (unsigned i = 0; i < 256; i++)
		for (int k = 1; k < 8; k++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
}

static uint64_t
add_by_table(uint64_t crc, const unsigned char *p, size_t len)
{
	pthread_once(&table_once, table_make);
	for (; len >= 8; p += 8, len -= 8) {
		uint64_t next = 0;

		for (int k = 0; k < 8; k++)
			next ^= table[7 - k][(crc >> 8 * k & 0xff) ^ p[k]];
		crc = next;
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return crc;
}

uint64_t
crc64_add(uint64_t crc, const void *data, size_t len)
{
#if HAVE_ISAL
	const struct isal *isal = isal_open();

	/* ISA-L complements on the way in and out. */
	if (isal != NULL)
		return ~isal->crc64_jones_refl(~crc, data, len);
#endif
	return add_by_table(crc, data, len);
}

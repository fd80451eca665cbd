/*
 * pgcontrol: what global/pg_control says about a cluster (PostgreSQL 12 and later;
 * src/include/catalog/pg_control.h). Its layout changes with versions; what is read here is at
 * its start or counted back from its CRC, which is found by trying.
 */
#ifndef VERIFY_PGCONTROL_H
#define VERIFY_PGCONTROL_H

#include "base/err.h"

#define PGCONTROL_SIZE 8192

struct pgcontrol {
	uint64_t system_identifier;
	uint32_t version;    /* of the layout: 1300 is 13 to 17 */
	bool page_checksums; /* data pages carry checksums */
};

/* ERR_DAMAGED when no CRC in it is right. */
MUST_CHECK bool pgcontrol_read(
	const unsigned char *p, size_t len, struct pgcontrol *ret, struct err *err);

#endif

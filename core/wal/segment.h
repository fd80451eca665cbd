/*
 * segment: WAL segments by name and by header (FACTS.md section 1; PostgreSQL's xlog_internal.h).
 *
 * A segment's name is its timeline and its number; how many segments share a second field
 * depends on the segment size, which is read from a header and never assumed. An LSN is a byte
 * position in the WAL, written as two hexadecimal halves: "1A/2B003C28".
 */
#ifndef WAL_SEGMENT_H
#define WAL_SEGMENT_H

#include "base/err.h"

#define SEGMENT_NAME      25 /* room for 24 digits */
#define SEGMENT_BYTES_MIN ((uint32_t)MIB)
#define SEGMENT_BYTES_MAX ((uint32_t)GIB)
#define SEGMENT_HEADER    40 /* bytes of the long page header that begins every segment */
#define LSN_TEXT          20 /* room for an LSN as text */
#define LSN_NONE          0  /* as in PostgreSQL */

enum segment_kind {
	SEGMENT_OTHER,   /* nothing of WAL */
	SEGMENT_WAL,     /* <24>, perhaps with pgBackRest's checksum and a compressor's suffix */
	SEGMENT_PARTIAL, /* <24>.partial */
	SEGMENT_HISTORY, /* <8>.history */
	SEGMENT_BACKUP,  /* <24>.<8>.backup */
};

/* A file of a WAL archive, as far as its name goes. */
struct segment_file {
	enum segment_kind kind;
	uint32_t tli, log, seg; /* the three fields of the name; log and seg are 0 in a history */
	uint32_t offset;        /* of a backup file: where in the segment the backup starts */
	bool hashed;            /* "-<40>" follows: pgBackRest's SHA-1 of the content */
	const char *suffix;     /* ".gz", ...; "" when plain; points into the name */
};

/* Takes the base name of a file apart. Foreign names give SEGMENT_OTHER. */
void segment_parse(const char *name, struct segment_file *ret);

/* Number of a segment since the beginning of the WAL; false when seg is impossible. */
MUST_CHECK bool segment_number(uint32_t log, uint32_t seg, uint32_t bytes, uint64_t *ret);
/* Into `name`, of SEGMENT_NAME bytes, which is returned. */
const char *segment_name(uint32_t tli, uint64_t number, uint32_t bytes, char *name);

/* Into `text`, of LSN_TEXT bytes, which is returned. */
const char *lsn_format(uint64_t lsn, char *text);
/* The whole text is an LSN. */
MUST_CHECK bool lsn_parse(const char *text, uint64_t *ret);
/* An LSN at its start; *ret_end is behind it. */
MUST_CHECK bool lsn_scan(const char *text, uint64_t *ret, const char **ret_end);

struct segment_header {
	int version;  /* major version of PostgreSQL, 12 to 17; 0 when it is none of them */
	uint32_t tli; /* of the first record on the page */
	uint64_t lsn; /* of the segment's first byte */
	uint64_t system_identifier;
	uint32_t bytes; /* size of a segment */
	uint32_t page;  /* size of a page */
};

/*
 * Reads the header of a segment from its first SEGMENT_HEADER bytes. ERR_DAMAGED says, without
 * a name, what is wrong with it ("it begins with zeros").
 */
MUST_CHECK bool segment_header_read(
	const unsigned char *data, size_t len, struct segment_header *ret, struct err *err);

/* The major version that writes pages with this magic number; 0 when it is not known. */
int segment_version(uint16_t magic);

#endif

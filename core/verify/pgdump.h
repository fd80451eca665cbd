/*
 * pgdump: the header and table of contents that pg_dump's custom, directory and tar formats
 * share (PostgreSQL's src/bin/pg_dump/pg_backup_archiver.c, archive versions 1.10 to 1.16,
 * which is PostgreSQL 8.0 to 18).
 *
 * Integers are a sign byte and int_size bytes, little end first; strings an integer length (-1
 * for none) and the bytes. The table of contents carries no checksum: what can be checked is
 * that it makes sense.
 */
#ifndef VERIFY_PGDUMP_H
#define VERIFY_PGDUMP_H

#include "base/arena.h"
#include "verify/scan.h"
#include "verify/unpack.h"

enum pgdump_format { PGDUMP_CUSTOM = 1, PGDUMP_TAR = 3, PGDUMP_DIRECTORY = 5 };

/* An entry with data. */
struct pgdump_data {
	int64_t id;
	int64_t offset;   /* custom: where its block begins; -1: not recorded */
	const char *file; /* directory, tar: "3353.dat", without the compression's ending */
	bool blobs;       /* large objects: many blocks in one, or a list of files */
	bool seen;
};

struct pgdump {
	struct arena *arena;
	int minor; /* archive version 1.minor */
	int int_size, off_size;
	enum pgdump_format format;
	enum packing packing; /* of the data; PACK_ZLIB stands for gzip too */
	const char *database, *server, *tool;
	uint64_t entries;
	VEC(struct pgdump_data) data;
	bool utf8; /* the texts are declared to be UTF-8 */
};

/* Magic number alone, for detection. */
bool pgdump_is(const unsigned char *p, size_t len, enum pgdump_format format);

/* ERR_UNSUPPORTED for versions that are not known here. */
MUST_CHECK bool pgdump_read(struct scan *s, struct arena *a, struct pgdump *ret, struct err *err);
MUST_CHECK bool pgdump_int(struct scan *s, const struct pgdump *d, int64_t *ret, struct err *err);
struct pgdump_data *pgdump_find(struct pgdump *d, int64_t id); /* data entries only; or NULL */

#endif

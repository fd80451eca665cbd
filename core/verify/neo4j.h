/*
 * neo4j: dumps and backups of Neo4j (org.neo4j.dbms.archive in its source).
 *
 * Four letters: D a dump, B a backup; Z zstd, G gzip; V and a version. Dumps: the compressed
 * stream follows; in zstd the word "zstd", then archive version 1 (32 bits, big-endian), number
 * of files and of bytes (64 bits each), then a tar. In gzip the tar at once. Backups: a
 * description comes first, then the word and the tar. Versions 4 wrote dumps without letters.
 */
#ifndef VERIFY_NEO4J_H
#define VERIFY_NEO4J_H

#include "verify/report.h"
#include "verify/scan.h"

struct neo4j {
	bool backup;
	uint64_t files, bytes;
	bool counted; /* they agree with the numbers in its header */
	bool sealed;  /* checksums of the compression cover it */
};

/* Its first bytes as stored. */
bool neo4j_is(const unsigned char *p, size_t len);
/* Its first bytes when somebody decompressed it already: a dump of version 4. */
bool neo4j_is_unpacked(const unsigned char *p, size_t len);
/* Reads one to its end. False without an err when the report says what is wrong. */
MUST_CHECK bool neo4j_read(struct scan *s, struct report *r, struct neo4j *ret, struct err *err);
MUST_CHECK bool neo4j_read_unpacked(
	struct scan *s, struct report *r, struct neo4j *ret, struct err *err);

#endif

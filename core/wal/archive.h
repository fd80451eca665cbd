/*
 * archive: what a WAL archive holds, by name: flat, or in subdirectories as pgBackRest and
 * Barman lay them out; plain or compressed; read through net/source, so from wherever it is.
 *
 * A segment costs 16 bytes here, a million of them 16 MiB.
 */
#ifndef WAL_ARCHIVE_H
#define WAL_ARCHIVE_H

#include "base/arena.h"
#include "net/source.h"
#include "wal/packed.h"
#include "wal/segment.h"

struct archive_segment {
	uint32_t tli, log, seg;
	uint16_t place; /* directory and suffix: an index into the archive's places */
	bool bad;       /* not usable: see struct continuity's damaged */
};

/* A .history, .backup or .partial file. */
struct archive_extra {
	const char *name; /* in the source */
	uint32_t tli, log, seg, offset;
};

struct archive_place;

struct archive {
	struct arena arena;
	struct source *source;
	const char *prefix; /* in the source; "" or ending with a slash */

	struct archive_segment *segments; /* by timeline and position, each once */
	size_t n;
	VEC(struct archive_extra) histories;
	VEC(struct archive_extra) backups;
	VEC(struct archive_extra) partials;
	/* Segments that are there twice (plain and compressed, say): their other names. */
	VEC(const char *) duplicates;
	size_t duplicate_count;

	/* From the header of a segment (archive_probe). */
	struct segment_header header;

	VEC(struct archive_place) places;
	/* pgBackRest's names end with a hash: the last directory that was looked into. */
	struct arena hashed_arena;
	const char *hashed_directory;
	VEC(const char *) hashed_names;
};

/* Lists the archive below prefix. The source stays the caller's and must outlive the archive. */
MUST_CHECK bool archive_list(
	struct source *s, const char *prefix, struct archive **ret, struct err *err);
void archive_free(struct archive *a);

/*
 * Finds the size of a segment, the system identifier and the server's version in the header of
 * a segment: the newest one that has a header. ERR_UNKNOWN when none of those tried can be read;
 * ERR_NOT_FOUND when there are no segments at all.
 */
MUST_CHECK bool archive_probe(struct archive *a, struct err *err);

/* Number of a segment; needs archive_probe. UINT64_MAX when the name is impossible. */
uint64_t archive_number(const struct archive *a, const struct archive_segment *s);
/* NULL when it is absent or bad. */
struct archive_segment *archive_find(const struct archive *a, uint32_t tli, uint64_t number);
/* The first one of this timeline at or behind this number, bad ones included; NULL. */
struct archive_segment *archive_lower(const struct archive *a, uint32_t tli, uint64_t number);

/* Whether its name promises a file of exactly a segment's size. */
bool archive_plain(const struct archive *a, const struct archive_segment *s);
/* Its name in the source, in the arena. ERR_NOT_FOUND when it went away meanwhile. */
MUST_CHECK bool archive_path(struct archive *a, struct arena *arena,
	const struct archive_segment *s, const char **ret, struct err *err);
MUST_CHECK bool archive_open(
	struct archive *a, const struct archive_segment *s, struct packed **ret, struct err *err);
/* Its header alone. Errors name the file. */
MUST_CHECK bool archive_header(struct archive *a, const struct archive_segment *s,
	struct segment_header *ret, struct err *err);
/* A small file of the archive (history, backup label), unpacked, of at most `max` bytes. */
MUST_CHECK bool archive_text(
	struct archive *a, const char *name, size_t max, struct str *out, struct err *err);

#endif

/*
 * tape: the members of a tar (or zip, or cpio) archive as they come by, through libarchive.
 * Nothing is extracted.
 */
#ifndef VERIFY_TAPE_H
#define VERIFY_TAPE_H

#include "verify/scan.h"

enum tape_kind { TAPE_FILE, TAPE_DIRECTORY, TAPE_SYMLINK, TAPE_HARDLINK, TAPE_OTHER };

struct tape_entry {
	const char *name; /* as it stands there, "./" and all; valid until the next entry */
	const char *link; /* of links: where they lead */
	enum tape_kind kind;
	int64_t size; /* of files; -1 when it is not known yet */
};

struct tape;

/* Without `any` only tar is accepted. ERR_TOOL_MISSING without libarchive. */
MUST_CHECK bool tape_open(struct scan *in, bool any, struct tape **ret, struct err *err);
/*
 * The next member: 1, 0 behind the last one, -1 with *err. Behind the last one, that the archive
 * ends as it should is checked too: a tar with two blocks of zeros and nothing but zeros behind
 * them, a zip with its directory. One that was cut between two members has no other mark.
 */
int tape_next(struct tape *t, struct tape_entry *ret, struct err *err);
/* The cursor over the current member's data; what is not read is skipped, and decoded. */
struct scan *tape_scan(struct tape *t);
/* Whether the members carry checksums of their own over their data (zip). */
bool tape_sealed(const struct tape *t);
void tape_free(struct tape *t); /* NULL is a no-op */

/* Whether these bytes are the header block of a tar archive: its checksum is right. */
bool tape_is_tar(const unsigned char *p, size_t len);
/* The first member's name, for telling formats apart; the length, 0 when it is no tar. A GNU or
 * pax extension in front is passed over when it is within the bytes. */
size_t tape_first_name(const unsigned char *p, size_t len, char ret[256]);

#endif

/*
 * chain_private: the inside of a chain, for chain.c and rotate.c alone.
 */
#ifndef AUDIT_CHAIN_PRIVATE_H
#define AUDIT_CHAIN_PRIVATE_H

#include "audit/chain.h"
#include "conf/json_read.h"

#include <sys/types.h>

#include <sys/types.h>

struct chain {
	char *path, *run, *actor, *kind;
	int fd;
	enum chain_mode mode;
	bool failed, torn;
	bool closed; /* its last record is chain.rotated: the log goes on in another file */
	bool sealed; /* ... is audit.sealed */
	off_t size;  /* up to and including the last record */
	struct chain_head head;
	char file_id[CHAIN_ID];
	uint64_t part;
	struct str line; /* the last one formatted */
};

/* ERR_AUDIT with what is to be done about it. */
bool chain_fail(const struct chain *c, struct err *err, int errnum, const char *what);
/* Opens c->path as c->fd and checks what kind of file it is; `flags` beside the usual ones. */
MUST_CHECK bool chain_open_file(struct chain *c, int flags, struct err *err);
/* Takes what the first record says: kind, id, part. */
MUST_CHECK bool chain_identify(struct chain *c, struct err *err);
/* Reads what others have written since; saves what is torn. Needs the lock. */
MUST_CHECK bool chain_catch_up(struct chain *c, struct err *err);
/* Writes and syncs c->line behind the last record; then *head is the chain's. */
MUST_CHECK bool chain_write_line(struct chain *c, struct chain_head head, struct err *err);

/* rotate.c: makes the names in the log's directory durable. */
MUST_CHECK bool chain_sync_names(const struct chain *c, struct err *err);
/* The first record of a file; json_free it. NULL when it has none; then errno is 0, or says why it
 * can't be read. */
cJSON *chain_opening(int fd);
/* Takes the lock and finishes what a rotation has left to do, without a record. */
MUST_CHECK bool chain_settle(struct chain *c, struct err *err);

/* rotate.c: our file is no more what the name says, and its last record tells why: goes over to
 * the file that continues it, locked. False (F16) when that is not what has happened. */
MUST_CHECK bool chain_follow(struct chain *c, struct err *err);
/* rotate.c: does what an interrupted rotation has left to do. Needs the lock. */
MUST_CHECK bool chain_finish_rotation(struct chain *c, struct err *err);

#endif

/*
 * seal: checkpoints of the audit log, signed with the host's key.
 *
 * Three records carry signatures (Ed25519, 128 digits). Each says of the record right before it
 * that the log was as it is up to there; the texts that are signed are lines that end with \n:
 *
 *   audit.key     lifeboat-key-1, file id, epoch, public key, seq, hash      begins an epoch
 *   audit.sealed  lifeboat-seal-1, file id, epoch, seq, hash                 a checkpoint
 *   audit.key of a later epoch: also signed by the key before it, as its last act, over
 *                 lifeboat-endorse-1, file id, epoch, public key, seq, hash
 *
 * The private key is $STATE/keys/audit.key; a rotation destroys the old one, so that whoever
 * steals the present key can't sign for the epochs before it (F27). The public keys stay, as
 * $STATE/keys/audit-FILEID-EPOCH.pub: the first of them is what a log is believed by.
 */
#ifndef AUDIT_SEAL_H
#define AUDIT_SEAL_H

#include "audit/chain.h"
#include "audit/key.h"

enum seal_kind { SEAL_KEY, SEAL_CHECKPOINT, SEAL_ENDORSEMENT };

struct seal_claim {
	const char *file_id;
	uint64_t epoch, seq;             /* seq and hash are those of the record before */
	const char *hash;                /* 64 digits */
	const struct public_key *public; /* not in a checkpoint */
};
/* The text that is signed. */
void seal_text(struct str *out, enum seal_kind kind, const struct seal_claim *c);

/* What a log stands for after it was sealed: what an anchor is made of. */
struct seal_head {
	char file_id[CHAIN_ID];
	struct chain_head head;
	uint64_t part, epoch;
	int64_t bytes; /* of the newest file */
	char key_id[KEY_ID + 1];
};

/*
 * Seals the host's log up to now; nothing is written when its last record is a seal. Makes the
 * key on first use. ERR_PERMISSION or ERR_UNSAFE when the key is not ours to use.
 */
MUST_CHECK bool audit_seal(
	const char *state, const char *actor, struct seal_head *ret, struct err *err);
/* Where the log stands, for those who can't seal it. */
MUST_CHECK bool audit_head(
	const char *state, const char *actor, struct seal_head *ret, struct err *err);
/* A new key, endorsed by the old one, which is destroyed. */
MUST_CHECK bool audit_rotate_key(
	const char *state, const char *actor, struct seal_head *ret, struct err *err);
/* Seals, then goes on in a new file (chain_rotate). */
MUST_CHECK bool audit_rotate(
	const char *state, const char *actor, struct seal_head *ret, struct err *err);

/* The public keys that are kept for this log, by epoch; none is no error. */
MUST_CHECK bool seal_known_keys(struct arena *a, const char *state, const char *file_id,
	struct public_keys *ret, struct err *err);
const char *seal_public_path(
	struct arena *a, const char *state, const char *file_id, uint64_t epoch);

#endif

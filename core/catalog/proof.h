/*
 * proof: what was proven of which backup, and how long restores took. Append-only, one file a
 * set: $STATE/proofs/ASSET+SET.jsonl; backups outside of any set are in other.jsonl. Verify and
 * runs add to it; the catalog merges it when it is shown, so nothing rewrites a snapshot.
 *
 * A proof holds for the object that was proven: once size, modification time or ETag differ, it
 * is another object and the proof does not count.
 */
#ifndef CATALOG_PROOF_H
#define CATALOG_PROOF_H

#include "catalog/backup.h"
#include "conf/json_read.h"

struct proof {
	const char *backup; /* asset/set/name; a URI or path for one outside of any set */
	const char *etag;   /* "" where there is none */
	int64_t size, mtime;
	int64_t finished_at; /* the backup's time as the catalog had it, for finding it again */
	enum level level;
	enum proof_result result;
	int64_t at;         /* when it was proven */
	double seconds;     /* how long that took; negative if not known */
	const char *checks; /* a JSON array of {name, result, detail}; "[]" */
	const char *sha256; /* of the one object that it is, 64 digits; "": not known */
	const char *by;     /* who: ident_text, or the run's id */
};

enum restore_mode { RESTORE_LIVE, RESTORE_DRILL, RESTORE_SANDBOX };
extern const char *const restore_mode_names[]; /* "live", "drill", "sandbox" */

struct restore {
	const char *backup; /* asset/set/name */
	enum restore_mode mode;
	double seconds; /* until the checks had passed */
	int64_t at;     /* when it was finished */
	const char *by;
};

/*
 * Appends one record under a lock and syncs it. The set is taken from the backup's id; `state`
 * is the state directory. A proof is filled from a catalog row by proof_of.
 */
MUST_CHECK bool proof_add(const char *state, const struct proof *p, struct err *err);
MUST_CHECK bool restore_add(const char *state, const struct restore *r, struct err *err);
/* The fields that name the object: id, etag, size, mtime, finished_at. */
struct proof proof_of(const char *id, const struct backup *b);

/* All that is known of one set, newest first. */
struct proofs {
	struct arena *arena;
	const char *prefix; /* "asset/set/" */
	VEC(struct proof) list;
	VEC(struct restore) restores;
	struct proof **by_name; /* sorted by backup, then newest first; made by proofs_sort */
};

/* The newest records that are read of a file; older ones have had their day. */
#define PROOFS_READ_MAX (16 * MIB)

void proofs_init(struct proofs *p, struct arena *a, const char *asset, const char *set);
/*
 * Adds the file's records; a missing file adds none. Lines that are torn or not understood are
 * skipped: a proof that can't be read proves nothing.
 */
MUST_CHECK bool proofs_load(struct proofs *p, const char *state, struct err *err);
/* Adds one {"kind": ...} object; false when it is not one, or not of this set. */
bool proofs_read(struct proofs *p, const cJSON *record);
/* To be called once after the last addition; drops what was added twice. */
void proofs_sort(struct proofs *p);

/*
 * What is proven of this unchanged backup; NULL when nothing is. That is the newest pass of the
 * highest level: a later look of a lower level takes nothing back. A failure is the answer until
 * something of at least its level has passed later.
 */
const struct proof *proofs_find(const struct proofs *p, const struct backup *b);
/*
 * What this object's bytes added up to when something of it had passed, 64 digits, and when that
 * was; NULL when nobody knows. The bytes may have changed since without anybody touching the file.
 */
const char *proofs_find_sha256(const struct proofs *p, const struct backup *b, int64_t *ret_at);
/* The newest with result pass and at least this level. */
const struct proof *proofs_find_pass(
	const struct proofs *p, const struct backup *b, enum level level);
const struct restore *proofs_last_restore(const struct proofs *p); /* NULL for none */

/* One record as the file has it, without newline; `key` as in base/json.h. */
void proof_json(struct json *j, const char *key, const struct proof *p);
void restore_json(struct json *j, const char *key, const struct restore *r);

#endif

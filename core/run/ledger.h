/*
 * ledger: the journal of a run and the host's audit log, written together.
 *
 * What starts something is in the audit log first, then in the journal, then it starts. What
 * ended is in the journal first. When one of the two fails, the other keeps the outcome, the
 * divergence is noted there, and nothing further starts (FAULTS.md F01-F03, F07).
 */
#ifndef RUN_LEDGER_H
#define RUN_LEDGER_H

#include "audit/chain.h"
#include "base/json.h"

struct ledger;

/* How much of a record a message and a text to be shown take; see ledger_text. */
#define LEDGER_MESSAGE (8 * KIB)
#define LEDGER_SHOWN   (128 * KIB)
#define LEDGER_TITLE   240 /* of 2000 steps, with all else that the first record holds */

/* ERR_AUDIT also for a journal that was altered: nothing goes on from it. */
MUST_CHECK bool ledger_open(const char *state, const char *dir, const char *run, const char *actor,
	struct ledger **ret, struct err *err);
void ledger_free(struct ledger *l); /* NULL is a no-op */
/* From now on every record says that it is of a drill (F58). */
void ledger_set_drill(struct ledger *l);

/*
 * Room for `data` of the next record; call ledger_data, fill the open object, then write. Data
 * that does not fit a record fails when it is written (ERR_LIMIT), so bound what comes from
 * outside.
 */
struct json *ledger_data(struct ledger *l);
/* A text that takes at most `max` bytes of the record: what is longer is cut, and says so. NULL
 * writes null. */
void ledger_text(struct json *j, const char *key, const char *text, size_t max);

/*
 * Both write the record of ledger_data (actor NULL: the runner's own).
 * ledger_begin: before something starts; false means that it must not.
 * ledger_end: after something ended; false means that it is not recorded in both.
 * ledger_note: only in the journal: notes, clients, waiting.
 */
MUST_CHECK bool ledger_begin(
	struct ledger *l, const char *step, const char *event, const char *actor, struct err *err);
MUST_CHECK bool ledger_end(
	struct ledger *l, const char *step, const char *event, const char *actor, struct err *err);
MUST_CHECK bool ledger_note(
	struct ledger *l, const char *step, const char *event, const char *actor, struct err *err);

/* Something failed; nothing may start any more. */
bool ledger_failed(const struct ledger *l);
const struct chain_head *ledger_journal_head(const struct ledger *l);
const struct chain_head *ledger_audit_head(const struct ledger *l);
/* The journal's line that was written last. */
const char *ledger_last_line(const struct ledger *l, size_t *ret_len);

#endif

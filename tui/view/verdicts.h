/*
 * verdicts: how verdicts, proofs, ages and times look wherever they are shown.
 */
#ifndef TUI_VIEW_VERDICTS_H
#define TUI_VIEW_VERDICTS_H

#include "catalog/board.h"
#include "tui/draw/canvas.h"

/* "BREACH", "LATE", "UNKNOWN", "ok": what is wrong stands out without colour. */
const char *verdict_word(enum verdict v);
unsigned verdict_role(enum verdict v);

/* "restored 06:12Z", "intact FAILED 06:12Z" or "-"; returns its style. */
unsigned verdict_proof(struct str *out, const struct proof *p, int64_t now);
/* "restored", "FAILED" or "-" */
unsigned verdict_proof_short(struct str *out, const struct proof *p);
/* "offsite ok, vault LATE" or "-"; returns the style of the worst. */
unsigned verdict_copies(struct str *out, const struct set_verdict *v);
/* "02:04:12Z", "11-20 02:04Z", or "-" for CLOCK_NONE */
void verdict_time(struct str *out, int64_t at, int64_t now);
/* "2026-11-20 02:04:12Z" or "-" */
void verdict_time_long(struct str *out, int64_t at);
/* "2026-11-20 02:04Z" or "-" */
void verdict_minute(struct str *out, int64_t at);
/* "12h ago", "in 3h27m" */
void verdict_ago(struct str *out, int64_t at, int64_t now);

/* The same for equal texts, whenever; for rows of lists. */
uint64_t verdict_identity(const char *a, const char *b, const char *c);

#endif

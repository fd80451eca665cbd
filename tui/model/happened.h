/*
 * happened: records of a journal in words, for people.
 */
#ifndef TUI_MODEL_HAPPENED_H
#define TUI_MODEL_HAPPENED_H

#include "base/arena.h"
#include "conf/json_read.h"

enum happened_tone { HAPPENED_PLAIN, HAPPENED_GOOD, HAPPENED_BAD, HAPPENED_ASIDE };

struct happened {
	int64_t at_ms;    /* wall clock; -1: the record does not say */
	const char *step; /* NULL: of the run as a whole */
	const char *who;
	const char *text; /* "failed after 3 s: ..." */
	enum happened_tone tone;
};

/*
 * One line of a journal or audit log. False for what is not a record, and for records that only
 * hold the log together. Texts go into the arena.
 */
bool happened_read(struct arena *a, const char *line, size_t len, struct happened *ret);
/* The same of a record that was parsed already. */
bool happened_of(struct arena *a, const cJSON *record, struct happened *ret);

#endif

/*
 * harm: transactions that dropped, truncated or deleted in bulk, as `lifeboat moment --format
 * json` finds them near a time.
 */
#ifndef TUI_MODEL_HARM_H
#define TUI_MODEL_HARM_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "tui/model/moments.h"

struct harm_transaction {
	int64_t xid;
	int64_t at_us;      /* of its commit; INT64_MIN: not known */
	const char *what;   /* "drop public.users, 3000 rows (counted); ..." */
	const char *moment; /* just before it, as runbooks take it: "xid:742" */
};

struct harm {
	struct arena arena;
	VEC(struct harm_transaction) transactions; /* oldest first */
};

/* False when it is not what `moment` prints. */
MUST_CHECK bool harm_read(struct harm *ret, const char *json, size_t len, struct err *err);
void harm_done(struct harm *h);

/*
 * What it means that none was found near a time, in sentences: nothing is known of what the
 * archive does not hold.
 */
void harm_none(const struct moments *m, int64_t around, int64_t within_s, struct str *out);

/* The first one that committed within this second; NULL when none did. */
const struct harm_transaction *harm_at(const struct harm *h, int64_t second);

#endif

/*
 * checks: backups being verified in the background, one after the other, and what came of it.
 */
#ifndef TUI_CHECKS_H
#define TUI_CHECKS_H

#include "conf/site.h"
#include "tui/job.h"

#define CHECKS_MAX 1000 /* that are waiting */

enum check_state { CHECK_WAITING, CHECK_RUNNING, CHECK_OVER };

struct backup_check {
	struct backup_check *next;
	char *id; /* asset/set/name */
	enum level level;
	enum check_state state;
	int64_t done, total; /* bytes; total is -1 where it is not known */
	enum proof_result result;
	char *text; /* what came of it, in words; NULL before */
};

struct app;
struct checks {
	struct app *app;
	struct backup_check *first; /* oldest first; the last ones that are over stay */
	struct backup_check *running;
	struct job *job;
};

void checks_init(struct checks *c, struct app *app);
void checks_done(struct checks *c);
/* False when it is under way already, or too many are. */
bool checks_add(struct checks *c, const char *id, enum level level);
/* The newest of this backup; NULL: none. */
const struct backup_check *checks_find(const struct checks *c, const char *id);
/* "verifying 40%", "waits", or what came of it. */
void checks_text(struct str *out, const struct backup_check *b);
size_t checks_left(const struct checks *c);

#endif

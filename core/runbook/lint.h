/*
 * lint: the parts of `lifeboat lint`; runbook_lint() in runbook.h is what others call.
 */
#ifndef RUNBOOK_LINT_H
#define RUNBOOK_LINT_H

#include "runbook/runbook.h"

/*
 * What a step executes, for patterns. `text` has everything as it is written, without comments.
 * In `bare` what stands in quotes is left out (but not the $(commands) in it), and so are
 * here-documents: an operator found there is one. `script` is the part of bare that a shell reads.
 */
struct lint_view {
	struct str text, bare, script;
	bool instruction; /* text is what a person is told, not what runs */
};

void lint_view_init(struct lint_view *v, const struct step *s);
void lint_view_done(struct lint_view *v);

/* Shell text without comments; with `blank`, without what is quoted. Quotes are followed. */
void lint_shell_text(struct str *out, const char *sh, bool blank);

/* The classic mistakes, one table of patterns (lint_mistakes.c). */
void lint_mistakes(const struct runbook *r, struct problems *p);

struct problem *lint_report(struct problems *p, enum problem_level level, const struct node *at,
	const char *rule, const char *message, const char *hint);

#endif

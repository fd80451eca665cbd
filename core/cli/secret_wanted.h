/*
 * secret_wanted: whether a run needs a secret, before a person is asked for it. A password that
 * may be left out is not needed where every server that it would be handed to lets us in without.
 */
#ifndef CLI_SECRET_WANTED_H
#define CLI_SECRET_WANTED_H

#include "runbook/plan.h"

/*
 * False when no step that will run takes the secret, or when those that do speak only to throw-away
 * servers and to PostgreSQL servers that let us in as we are: those are asked, for a few seconds at
 * the most, and nothing is done there. What can't be found out counts as wanted.
 */
bool secret_wanted(const struct plan *p, const struct plan_secret *s);

#endif

/*
 * forecast: how long the rest of a run will take, so that a missed RTO is known before it is
 * missed.
 *
 * A step is expected to take what it took in earlier runs of the same runbook with a backup of
 * a similar size (the median), else its budget. What has neither counts as nothing, and is
 * counted, so that the forecast can say "at least".
 */
#ifndef RUN_FORECAST_H
#define RUN_FORECAST_H

#include "run/state.h"

struct forecast;

/*
 * Reads the newest earlier runs below `state`, as many as can be read in a third of a second.
 * `size` is that of the backup that this run takes; negative when it takes none.
 */
struct forecast *forecast_new(const char *state, const struct run_state *s, int64_t size);
void forecast_free(struct forecast *f); /* NULL is a no-op */

struct forecast_rest {
	int64_t rest_ms, elapsed_ms; /* elapsed: of the recovery clock */
	size_t unknown;              /* steps of which nothing is known */
	bool late;                   /* both together are more than the RTO */
};
/* `last`: the number of steps up to which the clock runs (done_when), nsteps for all. */
void forecast_look(const struct forecast *f, const struct run_state *s, size_t last, int64_t now_ms,
	struct forecast_rest *ret);
/* "2h10m of 4h are gone, the rest takes about 35m" */
void forecast_text(const struct forecast_rest *r, int64_t rto_s, struct str *out);

struct runner;
/* Watches the clock of this run from now on, where it has an RTO. */
void forecast_begin(struct runner *r);
void forecast_end(struct runner *r);

#endif

#include "base/banned.h"
#include "run/score.h"
#include "base/clock.h"
#include "base/text.h"
#include "run/dir.h"

#define ID_TIME     15  /* 20261121-143207 */
#define SEEN_MAX    200 /* runs that are looked at for earlier ones */
#define LONG_S      60  /* a step without a budget that takes longer should have one */
#define WAIT_S      300 /* a question that stands longer costs recovery time */
#define IMPROVE_MAX 40

static const char *
duration(struct arena *a, int64_t seconds)
{
	CLEANUP(str_done) struct str out = STR_INIT(64);

	text_duration(&out, MAX(seconds, 0));
	return arena_strdup(a, str_text(&out));
}

PRINTF(3, 4)
static void
improve(struct run_report *r, struct run_score *s, const char *fmt, ...)
{
	va_list ap;

	if (s->improve.n >= IMPROVE_MAX)
		return;
	va_start(ap, fmt);
	*vec_push(r->arena, &s->improve) = arena_vfmt(r->arena, fmt, ap);
	va_end(ap);
}

bool
run_data_loss(const struct run_state *s, int64_t *ret_newest, int64_t *ret_loss_s)
{
	const struct step_state *st = run_state_step(s, s->newest_data);
	int64_t from = (s->incident_ms >= 0 ? s->incident_ms : s->started_ms) / 1000;

	if (st == NULL || st->value == NULL || !clock_parse(st->value, ret_newest))
		return false;
	*ret_loss_s = MAX(from - *ret_newest, 0);
	return true;
}

static void
score_objectives(struct run_report *r, struct run_score *s)
{
	const struct run_state *st = &r->state;
	int64_t from = (st->incident_ms >= 0 ? st->incident_ms : st->started_ms) / 1000, at;

	s->rto_s = st->rto_s;
	s->rpo_s = st->rpo_s;
	s->recovery_s = st->recovered_ms >= 0 ? run_elapsed_s(st, st->last_ms) : -1;
	s->newest_data = CLOCK_NONE;
	s->loss_s = -1;
	if (run_data_loss(st, &s->newest_data, &s->loss_s))
		return;
	if (r->backup_at != NULL && clock_parse(r->backup_at, &at)) {
		s->loss_s = MAX(from - at, 0);
		s->loss_is_bound = true;
	}
}

static void
improve_objectives(struct run_report *r, struct run_score *s)
{
	const struct step_state *longest = NULL;
	struct arena *a = r->arena;

	for (size_t i = 0; i < r->state.nsteps; i++)
		if (longest == NULL || r->state.steps[i].seconds > longest->seconds)
			longest = &r->state.steps[i];
	if (s->rto_s >= 0 && s->recovery_s > s->rto_s)
		improve(r, s, "Recovery took %s, the RTO is %s. The longest step was %s: %s.",
			duration(a, s->recovery_s), duration(a, s->rto_s),
			longest != NULL ? longest->id : "-",
			duration(a, longest != NULL ? (int64_t)longest->seconds : 0));
	if (s->rto_s >= 0 && s->recovery_s < 0)
		improve(r, s, "Recovery was not reached.");
	if (s->rto_s < 0)
		improve(r, s,
			"The runbook has no rto: nobody can say whether this was fast "
			"enough.");
	if (s->rpo_s >= 0 && s->loss_s > s->rpo_s)
		improve(r, s,
			"Data of %s would be lost, the RPO is %s: back up more often, or "
			"archive WAL.",
			duration(a, s->loss_s), duration(a, s->rpo_s));
	if (s->rpo_s < 0 && s->loss_s >= 0)
		improve(r, s,
			"The runbook has no rpo: nobody can say whether so much loss is "
			"too much.");
	if (r->state.newest_data == NULL && s->loss_s >= 0)
		improve(r, s,
			"No step looks for the newest data (newest_data): the loss is only "
			"guessed from the age of the backup.");
	else if (r->state.newest_data != NULL && s->newest_data == CLOCK_NONE)
		improve(r, s, "Step %s did not say how new the newest data is.",
			r->state.newest_data);
}

static size_t
failed_tries(const struct run_report *r, const char *step, const char **message)
{
	const struct report_try *t;
	size_t n = 0;

	vec_each (&r->tries, t) {
		if (strcmp(t->step, step) != 0 || util_streq(t->outcome, "ok"))
			continue;
		n++;
		if (t->message != NULL)
			*message = t->message;
	}
	return n;
}

static void
score_time(struct run_report *r, struct run_score *s, const struct step_state *st)
{
	struct arena *a = r->arena;
	int64_t took = (int64_t)st->seconds;

	if (st->seconds < 0)
		return;
	if (st->budget_s >= 0 && st->seconds > (double)st->budget_s) {
		s->over_budget++;
		improve(r, s, "%s took %.1f s, planned were %s: find out why, or plan for it.",
			st->id, st->seconds, duration(a, st->budget_s));
	} else if (st->budget_s < 0 && took >= LONG_S) {
		improve(r, s,
			"%s has no budget; it took %s. With one, the forecast of the RTO "
			"gets better.",
			st->id, duration(a, took));
	}
}

static void
score_step(struct run_report *r, struct run_score *s, const struct step_state *st)
{
	const char *message = NULL, *reason = st->reason != NULL ? st->reason : "no reason given";
	size_t failures = failed_tries(r, st->id, &message);

	s->failures += failures;
	s->retries += st->attempt > 1 ? (size_t)st->attempt - 1 : 0;
	score_time(r, s, st);
	if (st->status == STEP_BY_HAND) {
		s->by_hand++;
		improve(r, s, "%s was done by hand (%s): write down what was done, or let it run.",
			st->id, reason);
	} else if (st->status == STEP_SKIPPED && !util_starts(reason, "its condition") &&
		   !util_starts(reason, "unattended:")) {
		s->skipped++;
		improve(r, s, "%s was skipped (%s): is it needed?", st->id, reason);
	} else if (st->status == STEP_SIMULATED) {
		s->simulated++;
		improve(r, s, "%s was only told, not done: nobody knows yet how long it takes.",
			st->id);
	} else if (st->status == STEP_UNKNOWN) {
		improve(r, s, "%s has an unknown outcome: give it a check of its own (expect).",
			st->id);
	}
	if (failures > 0)
		improve(r, s, "%s failed %s%s: %s", st->id,
			failures == 1 ? "once" : arena_fmt(r->arena, "%zu times", failures),
			st->status == STEP_OK ? " before it passed" : "",
			message != NULL ? message : "no reason given");
}

static void
score_waits(struct run_report *r, struct run_score *s)
{
	const struct report_wait *w;

	vec_each (&r->waits, w) {
		s->waited_s += w->ms / 1000;
		if (w->ms / 1000 >= WAIT_S)
			improve(r, s, "%s waited %s for an answer: who is to be called, and how?",
				w->step != NULL ? w->step : "The run",
				duration(r->arena, w->ms / 1000));
	}
}

static void
score_help(struct run_report *r, struct run_score *s)
{
	const struct report_event *e;
	size_t notes = r->state.notes.n;

	vec_each (&r->events, e)
		if (util_starts(e->text, "approved") || util_starts(e->text, "took the wheel") ||
			util_starts(e->text, "approval denied"))
			*vec_push(r->arena, &s->help) = arena_fmt(r->arena, "%s %s%s%s", e->actor,
				e->text, e->step != NULL ? ", for " : "",
				e->step != NULL ? e->step : "");
	if (notes > 0)
		*vec_push(r->arena, &s->help) = arena_fmt(
			r->arena, "%zu note%s in the journal", notes, notes == 1 ? "" : "s");
}

void
run_score(struct run_report *r, struct run_score *ret)
{
	*ret = (struct run_score){.waited_s = 0};
	score_objectives(r, ret);
	improve_objectives(r, ret);
	for (size_t i = 0; i < r->state.nsteps; i++)
		score_step(r, ret, &r->state.steps[i]);
	score_waits(r, ret);
	score_help(r, ret);
}

static void
add_earlier(struct run_report *r, const char *state, const char *id, struct run_score *ret)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	struct run_before b = {.loss_s = -1};
	struct run_state s;
	int64_t newest;

	run_state_init(&s, &a);
	if (!run_state_load(
		    &s, run_dir_journal(&a, arena_fmt(&a, "%s/runs/%s", state, id)), &ignored) ||
		s.phase != RUN_FINISHED || !util_streq(s.runbook, r->state.runbook) ||
		s.started_ms >= r->state.started_ms)
		return;
	if (!run_data_loss(&s, &newest, &b.loss_s))
		b.loss_s = -1;
	b.id = arena_strdup(r->arena, id);
	b.outcome = arena_strdup(r->arena, s.outcome);
	b.mode = s.mode;
	b.started_ms = s.started_ms;
	b.recovery_s = s.recovered_ms >= 0 ? run_elapsed_s(&s, s.last_ms) : -1;
	*vec_push(r->arena, &ret->earlier) = b;
}

void
run_score_compare(struct run_report *r, const char *state, struct run_score *ret)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct texts all;
	size_t seen = 0;

	run_dir_list(&a, state, &all);
	for (size_t i = 0; i < all.n && seen < SEEN_MAX && ret->earlier.n < EARLIER_MAX; i++) {
		/* Ids begin with the time to the second: newer runs need not be opened. */
		if (strncmp(all.v[i], r->state.id, ID_TIME) > 0)
			continue;
		seen++;
		add_earlier(r, state, all.v[i], ret);
	}
}

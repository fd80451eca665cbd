/*
 * verdict_copy: the copies of a set in other locations.
 */
#include "base/banned.h"
#include "catalog/judge.h"

struct copy_judge {
	struct judge *j;
	const struct copy_facts *facts;
	struct copy_verdict *out;
};

static void
say(struct copy_judge *c, enum verdict v, const char *text)
{
	if (v >= c->out->verdict) {
		c->out->verdict = v;
		c->out->reason = text;
	}
	judge_reason(c->j, v, "Copy in %s: %s", c->facts->place.location, text);
}

/* Nothing known, or too long ago: false. */
static bool
is_known(struct copy_judge *c)
{
	const struct place *p = &c->facts->place;
	struct judge *j = c->j;
	int64_t age = j->in->now - p->seen.at;

	if (p->error != NULL)
		say(c, VERDICT_UNKNOWN,
			arena_fmt(j->arena, "it could not be read %s ago: %s",
				judge_duration(j, j->in->now - p->tried_at), p->error));
	else if (p->seen.at == CLOCK_NONE || !c->facts->match.done)
		say(c, VERDICT_UNKNOWN, "it was not compared yet.");
	else if (age > j->in->stale_s)
		say(c, VERDICT_UNKNOWN,
			arena_fmt(
				j->arena, "it was last looked at %s ago.", judge_duration(j, age)));
	else if (age < -SUMMARY_FUTURE_S)
		say(c, VERDICT_UNKNOWN,
			arena_fmt(j->arena,
				"it was looked at %s in the future: the clock was set back.",
				judge_duration(j, -age)));
	else
		return true;
	return false;
}

/* Something is waiting to be copied: for how long, and how old is what is there? */
static void
judge_lag(struct copy_judge *c)
{
	const struct copy_match *m = &c->facts->match;
	struct judge *j = c->j;
	int64_t rpo = j->in->facts->rpo_s;
	int64_t within = c->facts->within_s != FIELD_ABSENT ? c->facts->within_s : rpo;
	int64_t waiting;

	if (m->waiting_since == CLOCK_NONE)
		return;
	waiting = j->in->now - m->waiting_since;
	if (waiting <= within)
		return;
	if (m->newest_at == CLOCK_NONE)
		say(c, VERDICT_BREACH,
			m->different > 0 ? "what is there differs in size or checksum."
					 : "there is none at all.");
	else if (j->in->now - m->newest_at > rpo + within)
		say(c, VERDICT_BREACH,
			arena_fmt(j->arena,
				"its newest is %s old, more than the RPO of %s and the %s that a "
				"copy may take.",
				judge_duration(j, j->in->now - m->newest_at),
				judge_duration(j, rpo), judge_duration(j, within)));
	else
		say(c, VERDICT_LATE,
			arena_fmt(j->arena,
				"a backup has been waiting for %s to be copied; %s are allowed.",
				judge_duration(j, waiting), judge_duration(j, within)));
}

static void
judge_copy(struct copy_judge *c)
{
	const struct copy_match *m = &c->facts->match;
	const struct observation *seen = &c->facts->place.seen;
	struct judge *j = c->j;

	c->out->location = c->facts->place.location;
	c->out->lag_s = -1;
	if (!is_known(c))
		return;
	if (m->waiting_since == CLOCK_NONE)
		c->out->lag_s = 0;
	else if (m->newest_at != CLOCK_NONE && j->in->good != NULL)
		c->out->lag_s = MAX(j->in->good->finished_at - m->newest_at, 0);
	judge_lag(c);
	if (m->holes > 0)
		say(c, VERDICT_LATE,
			arena_fmt(j->arena,
				"%lld backups between those that are there are missing.",
				(long long)m->holes));
	if (m->different > 0 && m->newest_at != CLOCK_NONE)
		say(c, VERDICT_LATE,
			arena_fmt(j->arena, "%lld of its backups differ in size or checksum.",
				(long long)m->different));
	for (size_t i = 0; i < seen->nnotices; i++)
		if (seen->notices[i].verdict > VERDICT_OK)
			say(c, seen->notices[i].verdict, seen->notices[i].text);
}

void
judge_copies(struct judge *j)
{
	const struct set_facts *f = j->in->facts;

	j->out->ncopies = f->ncopies;
	j->out->copies = arena_array(j->arena, f->ncopies + 1, sizeof(*j->out->copies));
	for (size_t i = 0; i < f->ncopies; i++) {
		struct copy_judge c = {j, &f->copies[i], &j->out->copies[i]};

		judge_copy(&c);
	}
}

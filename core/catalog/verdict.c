#include "base/banned.h"
#include "catalog/judge.h"
#include "base/text.h"

#include <stdarg.h>

const char *
judge_duration(struct judge *j, int64_t seconds)
{
	CLEANUP(str_done) struct str text = STR_INIT(100);
	size_t n;

	text_duration(&text, seconds);
	/* "24h00" and "8d0h" line up in a table; in a sentence they read better without zeros. */
	n = text.len;
	if (n > 3 && strcmp(text.buf + n - 3, "h00") == 0)
		str_cut(&text, n - 2);
	else if (n > 3 && strcmp(text.buf + n - 3, "d0h") == 0)
		str_cut(&text, n - 2);
	return arena_strdup(j->arena, str_text(&text));
}

void
judge_reason(struct judge *j, enum verdict v, const char *fmt, ...)
{
	struct set_verdict *out = j->out;
	size_t n = out->reasons.n;
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	text = arena_vfmt(j->arena, fmt, ap);
	va_end(ap);
	*vec_push(j->arena, &out->reasons) = text;
	if (v <= out->verdict)
		return;
	memmove(out->reasons.v + 1, out->reasons.v, n * sizeof(*out->reasons.v));
	out->reasons.v[0] = text;
	out->verdict = v;
}

static void
judge_observation(struct judge *j)
{
	const struct place *p = &j->in->facts->place;
	int64_t age = j->in->now - p->seen.at;

	if (p->error != NULL)
		judge_reason(j, VERDICT_UNKNOWN, "The location \"%s\" could not be read %s ago: %s",
			p->location, judge_duration(j, j->in->now - p->tried_at), p->error);
	if (p->seen.at == CLOCK_NONE) {
		if (p->error == NULL)
			judge_reason(j, VERDICT_UNKNOWN, "Nothing was collected of it yet.");
	} else if (p->error != NULL) {
		judge_reason(j, VERDICT_UNKNOWN, "What is shown was last seen %s ago.",
			judge_duration(j, age));
	} else if (age > j->in->stale_s) {
		judge_reason(j, VERDICT_UNKNOWN,
			"It was last looked at %s ago: nothing refreshes the catalog.",
			judge_duration(j, age));
	} else if (age < -SUMMARY_FUTURE_S) {
		judge_reason(j, VERDICT_UNKNOWN,
			"It was looked at %s in the future: the clock was set back.",
			judge_duration(j, -age));
	}
	for (size_t i = 0; i < p->seen.nnotices; i++)
		judge_reason(j, p->seen.notices[i].verdict, "%s", p->seen.notices[i].text);
}

static void
judge_newest(struct judge *j)
{
	const struct backup *b = j->in->newest;

	if (b == NULL || j->in->newest_why == NULL)
		return;
	if (b->finished_at != CLOCK_NONE && b->finished_at > j->in->now + SUMMARY_FUTURE_S)
		judge_reason(j, VERDICT_UNKNOWN, "The newest backup, %s, can't be judged. %s",
			b->name, j->in->newest_why);
	else
		judge_reason(j, VERDICT_LATE, "The newest backup, %s, is not good. %s", b->name,
			j->in->newest_why);
}

static void
judge_age(struct judge *j)
{
	const struct set_facts *f = j->in->facts;
	const struct backup *b = j->in->good;
	const char *known;

	j->out->age_s = -1;
	if (b == NULL) {
		/* What could not be looked at is not known to be empty. */
		if (j->out->verdict != VERDICT_UNKNOWN)
			judge_reason(j, VERDICT_BREACH, "%s",
				f->place.seen.count == 0 ? "There is no backup at all."
				: j->in->newest == NULL  ? "There is no backup that is finished."
							 : "There is no good backup.");
		return;
	}
	/* Of WAL that nothing was added to because nothing was written, the archive is not old. */
	j->out->age_s = MAX(j->in->now - MAX(b->finished_at, f->place.seen.complete_at), 0);
	if (j->out->age_s <= f->rpo_s)
		return;
	/* A newer one may be there, where we could not look. */
	known = j->out->verdict == VERDICT_UNKNOWN ? " known" : "";
	judge_reason(j, *known != '\0' ? VERDICT_UNKNOWN : VERDICT_BREACH,
		"The newest good backup%s is %s old, more than the RPO of %s.", known,
		judge_duration(j, j->out->age_s), judge_duration(j, f->rpo_s));
}

/*
 * The proof to show: of the backup that was proven last at the wanted level, the highest; else
 * the newest at all.
 */
static const struct proof *
choose_proof(struct judge *j, const struct proof **ret_enough)
{
	const struct set_facts *f = j->in->facts;
	int level = f->prove_level >= 0 ? f->prove_level : LEVEL_INTACT;
	const struct proof *p, *best = NULL;

	*ret_enough = NULL;
	vec_each (&j->in->proofs->list, p) {
		if (p->result != PROOF_PASS || (int)p->level < level)
			continue;
		if (best == NULL)
			*ret_enough = best = p;
		else if (p->level > best->level && strcmp(p->backup, best->backup) == 0)
			best = p;
	}
	if (best != NULL)
		return best;
	return j->in->proofs->list.n > 0 ? &j->in->proofs->list.v[0] : NULL;
}

static void
judge_proof(struct judge *j)
{
	const struct set_facts *f = j->in->facts;
	const struct proof *enough, *failed;

	j->out->proven = choose_proof(j, &enough);
	j->out->restored = proofs_last_restore(j->in->proofs);
	failed = j->in->newest != NULL ? proofs_find(j->in->proofs, j->in->newest) : NULL;
	if (failed != NULL && failed->result == PROOF_FAIL) {
		j->out->proven = failed;
		judge_reason(j, VERDICT_BREACH,
			"The newest backup failed its verification (%s) %s ago.",
			level_names[failed->level], judge_duration(j, j->in->now - failed->at));
	}
	if (f->prove_level < 0)
		return;
	if (enough == NULL)
		judge_reason(j, VERDICT_LATE, "No backup of it was ever proven to be %s.",
			level_names[f->prove_level]);
	else if (f->prove_every_s != FIELD_ABSENT && j->in->now - enough->at > f->prove_every_s)
		judge_reason(j, VERDICT_LATE,
			"The last proof (%s) is %s old; one is wanted every %s.",
			level_names[enough->level], judge_duration(j, j->in->now - enough->at),
			judge_duration(j, f->prove_every_s));
}

void
verdict_judge(struct arena *a, const struct verdict_in *in, struct set_verdict *ret)
{
	struct judge j = {a, in, ret};

	*ret = (struct set_verdict){.verdict = VERDICT_OK, .age_s = -1, .next_due_at = CLOCK_NONE};
	judge_observation(&j);
	judge_newest(&j);
	judge_age(&j);
	judge_due(&j);
	judge_size(&j);
	judge_proof(&j);
	judge_copies(&j);
	if (ret->verdict == VERDICT_OK)
		judge_reason(&j, VERDICT_OK,
			"The newest good backup is %s old, within the RPO of %s.",
			judge_duration(&j, ret->age_s), judge_duration(&j, in->facts->rpo_s));
}

int
verdict_status(enum verdict v)
{
	return v == VERDICT_OK ? 0 : v == VERDICT_UNKNOWN ? 2 : 1;
}

int
verdict_nagios(enum verdict v)
{
	static const int codes[VERDICTS] = {0, 1, 3, 2};

	return codes[v];
}

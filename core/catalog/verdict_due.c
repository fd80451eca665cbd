/*
 * verdict_due: the schedule against what has come.
 */
#include "base/banned.h"
#include "catalog/judge.h"
#include "conf/cron.h"

/*
 * A run that is due is given a tenth of the time until the next one to finish, but at least a
 * minute and at most half an hour, before it counts as missed.
 */
#define GRACE_PART  10
#define GRACE_LEAST 60
#define GRACE_MOST  1800
#define MISSED_MAX  1000
/* What was touched within this time counts as a run under way. */
#define UNDER_WAY_S 600

static bool
under_way(struct judge *j, int64_t due)
{
	const struct observation *seen = &j->in->facts->place.seen;

	for (size_t i = 0; i < seen->nhead; i++)
		if (seen->head[i].state == BACKUP_WRITING && seen->head[i].mtime >= due &&
			seen->head[i].mtime > seen->at - UNDER_WAY_S)
			return true;
	return false;
}

static void
missed(struct judge *j, int64_t due)
{
	const char *since = judge_duration(j, j->in->now - due);
	char at[CLOCK_TEXT];

	clock_format_short(due, j->in->now, at);
	if (under_way(j, due))
		judge_reason(j, VERDICT_OK, "The run that was due at %s is still under way.", at);
	else if (j->out->missed == 1)
		judge_reason(j, VERDICT_LATE, "The run due at %s, %s ago, has left no good backup.",
			at, since);
	else
		judge_reason(j, VERDICT_LATE,
			"%lld%s runs have left no good backup, the first due at %s, %s ago.",
			(long long)j->out->missed, j->out->missed == MISSED_MAX ? " or more" : "",
			at, since);
}

void
judge_due(struct judge *j)
{
	const struct set_facts *f = j->in->facts;
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct zone *zone;
	int64_t due, next, grace;
	struct cron cron;

	if (f->schedule == NULL)
		return;
	if (!cron_parse(f->schedule, &cron, &err) || !zone_load(f->time_zone, &zone, &err)) {
		judge_reason(j, VERDICT_UNKNOWN, "It can't be said when it is due: %s", err.msg);
		return;
	}
	due = cron_next(&cron, zone, j->in->good != NULL ? j->in->good->finished_at : j->in->now);
	j->out->next_due_at = due;
	if (due == CLOCK_NONE || due > j->in->now)
		return;
	next = cron_next(&cron, zone, due);
	grace = next == CLOCK_NONE ? GRACE_MOST : (next - due) / GRACE_PART;
	grace = MIN(MAX(grace, GRACE_LEAST), GRACE_MOST);
	if (j->in->now <= due + grace)
		return;
	j->out->missed = 1 + cron_count(&cron, zone, due, j->in->now - grace, MISSED_MAX - 1);
	missed(j, due);
}

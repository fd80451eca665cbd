/*
 * verdict_size: whether the newest backup is of a size like those before it.
 *
 * Against the median of the last ten good ones, measured by their median absolute deviation
 * (MAD), which one odd backup among them does not move. For sizes of a normal distribution
 * 1.4826 MAD is one standard deviation. Backups that are all alike have next to none, so at
 * least a twentieth of the median is taken.
 */
#include "base/banned.h"
#include "catalog/judge.h"
#include "base/text.h"

#define BEFORE     10
#define BEFORE_MIN 5
#define SCALE      1.4826
#define LEAST      0.05
#define FAR        5.0 /* deviations from the median: a quarter of it at least */

static int
compare(const void *va, const void *vb)
{
	const int64_t *a = va, *b = vb;

	return *a < *b ? -1 : *a > *b;
}

static double
median(int64_t *v, size_t n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? (double)v[n / 2] : ((double)v[n / 2 - 1] + (double)v[n / 2]) / 2;
}

/* Types whose backups differ in size by their nature: full and incremental ones, ranges. */
static bool
sizes_vary(int type)
{
	return type == SET_WAL || type == SET_PGBACKREST || type == SET_BARMAN ||
	       type == SET_REDIS_AOF;
}

void
judge_size(struct judge *j)
{
	const struct observation *seen = &j->in->facts->place.seen;
	CLEANUP(str_done)
	struct str have = STR_INIT(100), usual = STR_INIT(100), spread = STR_INIT(100);
	int64_t sizes[BEFORE], off[BEFORE];
	double middle, deviation;
	size_t n = 0;

	if (j->in->good == NULL || sizes_vary(j->in->facts->type))
		return;
	for (size_t i = 0; i < seen->nhead && n < BEFORE; i++)
		if (seen->head[i].state == BACKUP_COMPLETE &&
			seen->head[i].finished_at < j->in->good->finished_at)
			sizes[n++] = seen->head[i].size;
	if (n < BEFORE_MIN)
		return;
	middle = median(sizes, n);
	for (size_t i = 0; i < n; i++)
		off[i] = (int64_t)(sizes[i] > middle ? sizes[i] - middle : middle - sizes[i]);
	deviation = MAX(median(off, n) * SCALE, middle * LEAST);
	if (j->in->good->size >= middle - FAR * deviation &&
		j->in->good->size <= middle + FAR * deviation)
		return;
	text_size(&have, j->in->good->size);
	text_size(&usual, (int64_t)middle);
	text_size(&spread, (int64_t)deviation);
	judge_reason(j, VERDICT_LATE,
		"The newest good backup has %s, but the %zu before it %s (median), give or take "
		"%s: "
		"it is unusually %s.",
		str_text(&have), n, str_text(&usual), str_text(&spread),
		j->in->good->size < middle ? "small" : "large");
}

#include "base/banned.h"
#include "tui/model/stock.h"
#include "base/clock.h"
#include "base/text.h"

#define SLICE_NS    (8 * 1000000LL)
#define CLOCK_EVERY 256 /* rows between two looks at the clock */

struct entry {
	int64_t key;
	uint32_t row;
};

/*
 * First every row is looked at, then the entries are merged from runs of 1, 2, 4, ... until one
 * run is left.
 */
struct stock_work {
	uint32_t at; /* the next row to look at */
	struct entry *entries, *other;
	size_t n, cap;
	size_t width;   /* of the runs that are merged; 0: rows are still looked at */
	size_t left;    /* where the pair begins that is merged */
	size_t i, j, k; /* within the pair: left run, right run, output */
};

static void
free_work(struct stock *v)
{
	if (v->work == NULL)
		return;
	free(v->work->entries);
	free(v->work->other);
	free(v->work);
	v->work = NULL;
}

void
stock_init(struct stock *v)
{
	*v = (struct stock){.criteria = STOCK_ANY};
}

void
stock_done(struct stock *v)
{
	free_work(v);
	free(v->sources);
	free(v->rows);
	stock_init(v);
}

static bool
is_meant(const struct set_facts *f, const char *only)
{
	size_t n = strlen(f->asset);

	return only == NULL || (strncmp(only, f->asset, n) == 0 && only[n] == '/' &&
				       strcmp(only + n + 1, f->set) == 0);
}

void
stock_open(struct stock *v, struct catalog *c, const char *only, int64_t now)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	size_t sets = c != NULL ? catalog_sets(c) : 0;

	free(v->sources);
	v->sources = util_alloc((sets + 1) * sizeof(*v->sources));
	v->nsources = 0;
	v->total = 0;
	v->catalog = c;
	v->nrows = 0; /* rows of another catalog mean nothing any more */
	for (size_t i = 0; i < sets; i++) {
		const struct set_facts *f = catalog_set(c, i);
		uint64_t n;

		if (!is_meant(f, only) || !catalog_count(c, f, &n, &err))
			continue;
		n = MIN(n, (uint64_t)(UINT32_MAX - v->total));
		v->sources[v->nsources++] = (struct stock_source){f, v->total, n};
		v->total += (uint32_t)n;
	}
	stock_choose(v, now);
}

static const struct stock_source *
source_of(const struct stock *v, uint32_t row)
{
	size_t low = 0, high = v->nsources;

	while (high - low > 1) {
		size_t middle = (low + high) / 2;

		if (v->sources[middle].first <= row)
			low = middle;
		else
			high = middle;
	}
	/* Empty sets begin where the next one does. */
	while (low + 1 < v->nsources && row >= v->sources[low].first + v->sources[low].n)
		low++;
	return &v->sources[low];
}

static bool
get(const struct stock *v, uint32_t row, const struct set_facts **ret_set, struct backup *ret)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct stock_source *s = source_of(v, row);

	*ret_set = s->facts;
	return catalog_backup(v->catalog, s->facts, row - s->first, ret, &err);
}

size_t
stock_count(const struct stock *v)
{
	return v->rows != NULL ? v->nrows : v->total;
}

bool
stock_get(const struct stock *v, size_t i, const struct set_facts **ret_set, struct backup *ret)
{
	return get(v, v->rows != NULL ? v->rows[i] : (uint32_t)i, ret_set, ret);
}

bool
stock_chooses(const struct stock_criteria *c)
{
	return c->set[0] != '\0' || c->verdict >= 0 || c->newer_s >= 0 || c->older_s >= 0 ||
	       c->larger >= 0 || c->smaller >= 0;
}

void
stock_choose(struct stock *v, int64_t now)
{
	free_work(v);
	v->now = now;
	if (!stock_chooses(&v->criteria) && v->sort == STOCK_AS_IS && !v->descending) {
		free(v->rows);
		v->rows = NULL;
		return;
	}
	v->work = util_alloc(sizeof(*v->work));
}

static bool
meets(const struct stock *v, const struct set_facts *f, const struct backup *b)
{
	const struct stock_criteria *c = &v->criteria;
	int64_t age = v->now - b->finished_at;
	const char *why;

	if ((c->newer_s >= 0 && (b->finished_at == CLOCK_NONE || age > c->newer_s)) ||
		(c->older_s >= 0 && (b->finished_at == CLOCK_NONE || age < c->older_s)) ||
		(c->larger >= 0 && b->size < c->larger) ||
		(c->smaller >= 0 && b->size > c->smaller))
		return false;
	if (c->set[0] != '\0') {
		char id[256];

		snprintf(id, sizeof(id), "%s/%s", f->asset, f->set);
		if (!text_contains(id, c->set))
			return false;
	}
	return c->verdict < 0 ||
	       (int)board_backup_verdict(NULL, v->catalog, f, b, v->now, &why) == c->verdict;
}

/* Smaller keys come first; newest and largest first, and worst first, unless turned around. */
static int64_t
key_of(const struct stock *v, const struct set_facts *f, const struct backup *b, uint32_t row)
{
	const char *why;
	int64_t key = row;

	if (v->sort == STOCK_BY_TIME)
		key = b->finished_at == CLOCK_NONE ? INT64_MAX : -b->finished_at;
	else if (v->sort == STOCK_BY_SIZE)
		key = -b->size;
	else if (v->sort == STOCK_BY_STATE)
		key = -(int64_t)board_backup_verdict(NULL, v->catalog, f, b, v->now, &why);
	return v->descending && key != INT64_MAX ? -key : key;
}

static void
look_at(struct stock *v, uint32_t row)
{
	struct stock_work *w = v->work;
	const struct set_facts *f;
	struct backup b;

	if (!get(v, row, &f, &b) || !meets(v, f, &b))
		return;
	if (w->n == w->cap) {
		w->cap = w->cap > 0 ? w->cap * 2 : 1024;
		w->entries = util_realloc(w->entries, w->cap, sizeof(*w->entries));
	}
	w->entries[w->n++] = (struct entry){key_of(v, f, &b, row), row};
}

/* The pair of runs that begins at w->left. */
static void
begin_pair(struct stock_work *w)
{
	w->i = w->k = w->left;
	w->j = MIN(w->left + w->width, w->n);
}

/* One entry of a merge; false when all of this width is merged. */
static bool
merge_one(struct stock_work *w)
{
	size_t middle = MIN(w->left + w->width, w->n), end = MIN(w->left + 2 * w->width, w->n);

	if (w->left >= w->n)
		return false;
	if (w->i < middle && (w->j >= end || w->entries[w->i].key <= w->entries[w->j].key))
		w->other[w->k++] = w->entries[w->i++];
	else
		w->other[w->k++] = w->entries[w->j++];
	if (w->k == end) {
		w->left = end;
		begin_pair(w);
	}
	return true;
}

static void
next_width(struct stock_work *w)
{
	struct entry *swap = w->entries;

	w->entries = w->other;
	w->other = swap;
	w->width *= 2;
	w->left = 0;
	begin_pair(w);
}

static void
publish(struct stock *v)
{
	struct stock_work *w = v->work;

	free(v->rows);
	v->rows = util_alloc((w->n + 1) * sizeof(*v->rows));
	for (size_t i = 0; i < w->n; i++)
		v->rows[i] = w->entries[i].row;
	v->nrows = w->n;
	free_work(v);
}

/* One small piece; false when all is done. */
static bool
piece(struct stock *v)
{
	struct stock_work *w = v->work;

	if (w->width == 0) {
		if (w->at < v->total) {
			look_at(v, w->at++);
			return true;
		}
		w->other = util_alloc((w->n + 1) * sizeof(*w->other));
		/* In the order of the rows they are sorted already. */
		w->width = v->sort == STOCK_AS_IS && !v->descending ? MAX(w->n, 1) : 1;
		begin_pair(w);
		return true;
	}
	if (w->width >= w->n)
		return false;
	if (!merge_one(w))
		next_width(w);
	return true;
}

bool
stock_step(struct stock *v)
{
	int64_t until = clock_mono_ns() + SLICE_NS;

	if (v->work == NULL)
		return false;
	for (size_t n = 1; piece(v); n++)
		if (n % CLOCK_EVERY == 0 && clock_mono_ns() >= until)
			return true;
	publish(v);
	return false;
}

int
stock_percent(const struct stock *v)
{
	const struct stock_work *w = v->work;

	if (w == NULL)
		return -1;
	if (w->width == 0)
		return v->total > 0 ? (int)((uint64_t)w->at * 50 / v->total) : 0;
	return 50 + (w->n > 0 ? (int)(w->k * 50 / w->n) : 0);
}

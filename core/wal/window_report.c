#include "base/banned.h"
#include "wal/window_report.h"

/* Reached is better than not, a newer backup better than an older one. */
static bool
better(const struct window_answer *a, const struct window_answer *b)
{
	if (window_reached(a) != window_reached(b))
		return window_reached(a);
	if (window_reached(a))
		return a->window->backup->base.start > b->window->backup->base.start;
	return a->before_us > b->before_us;
}

static bool
ask(struct window_report *r, struct err *err)
{
	for (size_t i = 0; i < r->sets.n; i++) {
		struct window_answer a;

		if (!window_at(&r->sets.v[i], &r->options, r->at_us, r->tli, &a, err))
			return false;
		if (i == 0 || better(&a, &r->answer)) {
			r->answer = a;
			r->answer_set = i;
		}
	}
	return true;
}

bool
window_report_make(struct window_report *r, const struct holdings *h, struct err *err)
{
	const struct holding *holding;
	bool good = true;

	r->holdings = h;
	vec_each (&h->list, holding) {
		struct windows ws;
		struct walset *w;

		if (!walset_open(r->arena, holding->source, holding->prefix, &holding->backups,
			    &r->options, &w, err))
			return false;
		*vec_push(r->arena, &r->sets) = (struct windows){.set = w};
		if (!windows_find(w, &r->options, &ws, err))
			return false;
		r->sets.v[r->sets.n - 1] = ws;
	}
	if (r->asked && !ask(r, err))
		return false;
	for (size_t i = 0; i < r->sets.n; i++) {
		struct windows *ws = &r->sets.v[i];

		/* An archive alone was asked for: it is whole when nothing in it is missing. */
		if (!h->list.v[i].base_wanted && r->asset == NULL && ws->set->has_wal)
			ws->good = ws->good || continuity_whole(&ws->set->continuity);
		good = good && ws->good;
	}
	r->good = good;
	return true;
}

int
window_report_status(const struct window_report *r)
{
	return (r->asked ? window_reached(&r->answer) : r->good) ? 0 : 1;
}

void
window_report_done(struct window_report *r)
{
	for (size_t i = 0; i < r->sets.n; i++)
		walset_free(r->sets.v[i].set);
	r->sets.n = 0;
}

const struct segment_header *
window_report_header(const struct window_report *r)
{
	for (size_t i = 0; i < r->sets.n; i++)
		if (r->sets.v[i].set->has_wal)
			return &r->sets.v[i].set->archive->header;
	return NULL;
}

uint64_t
window_report_replay(const struct window_report *r)
{
	return r->answer.replay_to - MIN(r->answer.replay_from, r->answer.replay_to);
}

int64_t
window_report_forecast(const struct window_report *r)
{
	uint64_t rate = (uint64_t)r->rate;

	return (int64_t)((window_report_replay(r) + rate - 1) / rate);
}

#include "base/banned.h"
#include "tui/view/timeline_lanes.h"
#include "base/clock.h"
#include "tui/draw/style.h"

#define SECOND 1000000LL

void
timeline_lanes_done(struct timeline_lanes *l)
{
	arena_done(&l->arena);
	l->n = 0;
}

struct spans {
	struct timeline_span *v;
	size_t n;
};

static void
add_span(struct spans *s, int64_t from, int64_t to, char glyph, uint8_t role)
{
	s->v[s->n++] = (struct timeline_span){from, MAX(to, from), glyph, role};
}

static void
add_lane(struct timeline_lanes *l, const char *title, const struct spans *s)
{
	l->lanes[l->n++] = (struct timeline_lane){title, s->v, s->n};
}

/* Where the next window of this timeline begins; what lies between can't be reached. */
static int64_t
next_start(const struct moments *m, const struct moments_window *after)
{
	int64_t next = INT64_MIN;
	const struct moments_window *w;

	vec_each (&m->windows, w)
		if (w->timeline == after->timeline && w->earliest_us > after->quiet_us &&
			(next == INT64_MIN || w->earliest_us < next))
			next = w->earliest_us;
	return next;
}

static void
add_timeline(struct timeline_lanes *l, const struct moments *m, int64_t tli)
{
	struct spans s = {arena_array(&l->arena, m->windows.n * 3 + 1, sizeof(*s.v)), 0};
	const struct moments_window *w;

	vec_each (&m->windows, w) {
		if (w->timeline != tli)
			continue;
		add_span(&s, w->earliest_us / SECOND, w->latest_us / SECOND + 1, '=', ROLE_OK);
		if (w->quiet_us > w->latest_us)
			add_span(
				&s, w->latest_us / SECOND + 1, w->quiet_us / SECOND, '-', ROLE_DIM);
	}
	/* Breaks last: they are never covered. */
	vec_each (&m->windows, w) {
		int64_t next = next_start(m, w);

		if (w->timeline == tli && w->broken)
			add_span(&s, w->quiet_us / SECOND + 1,
				next != INT64_MIN ? next / SECOND : w->quiet_us / SECOND + 1, 'x',
				ROLE_BREACH);
	}
	add_lane(l, arena_fmt(&l->arena, "timeline %lld", (long long)tli), &s);
}

static void
add_harm(struct timeline_lanes *l, const struct harm *h)
{
	struct spans s = {arena_array(&l->arena, h->transactions.n + 1, sizeof(*s.v)), 0};
	const struct harm_transaction *it;

	vec_each (&h->transactions, it)
		if (it->at_us != INT64_MIN)
			add_span(&s, it->at_us / SECOND, it->at_us / SECOND, '*', ROLE_BREACH);
	if (s.n > 0)
		add_lane(l, "damage", &s);
}

void
timeline_lanes_make(struct timeline_lanes *l, const struct moments *m, const struct harm *h)
{
	struct spans s = {NULL, 0};
	int64_t tli = INT64_MAX;

	timeline_lanes_done(l);
	s.v = arena_array(&l->arena, m->backups.n + 1, sizeof(*s.v));
	for (size_t i = 0; i < m->backups.n; i++) {
		const struct moments_backup *b = &m->backups.v[i];

		if (b->finished != CLOCK_NONE)
			add_span(&s, b->started != CLOCK_NONE ? b->started : b->finished,
				b->finished, b->usable ? 'B' : '!',
				b->usable ? ROLE_ACCENT : ROLE_BREACH);
	}
	add_lane(l, "base", &s);
	add_harm(l, h);
	/* The newest timelines first. */
	while (l->n < ARRAY_LEN(l->lanes)) {
		int64_t next = INT64_MIN;
		const struct moments_window *w;

		vec_each (&m->windows, w)
			if (w->timeline < tli)
				next = MAX(next, w->timeline);
		if (next == INT64_MIN)
			break;
		tli = next;
		add_timeline(l, m, tli);
	}
}

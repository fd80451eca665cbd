#include "base/banned.h"
#include "tui/model/shelf.h"
#include "base/clock.h"
#include "catalog/collect.h"

/* Making the board may take this part of the time: one that needs 5 ms is made every 5 s. */
#define MAKE_SHARE 1000

void
shelf_init(struct shelf *s, const char *state, const struct site *site)
{
	*s = (struct shelf){.state = state, .site = site};
}

void
shelf_done(struct shelf *s)
{
	catalog_free(s->catalog);
	arena_done(&s->arena);
	err_done(&s->why);
}

void
shelf_open(struct shelf *s, int64_t now)
{
	catalog_free(s->catalog);
	s->catalog = NULL;
	err_done(&s->why);
	if (!catalog_open(s->state, s->site, &s->catalog, &s->why) && s->site != NULL)
		s->catalog = catalog_empty(s->state, s->site);
	s->make_at_ms = 0;
	shelf_make(s, now);
}

bool
shelf_poll(struct shelf *s, int64_t now)
{
	/* Without one there is no date to compare: just try again. */
	if (s->catalog != NULL && s->why.code == ERR_NONE) {
		if (!catalog_changed(s->catalog))
			return false;
	} else {
		CLEANUP(err_done) struct err err = ERR_INIT;
		struct catalog *c;

		if (!catalog_open(s->state, s->site, &c, &err))
			return false;
		catalog_free(c);
	}
	shelf_open(s, now);
	return true;
}

void
shelf_make(struct shelf *s, int64_t now)
{
	int64_t start = clock_mono_ms();

	if (start < s->make_at_ms)
		return;
	arena_done(&s->arena);
	s->board = (struct board){.site = "", .generated_at = now, .collected_at = CLOCK_NONE};
	if (s->catalog != NULL)
		board_make(&s->arena, s->catalog, now, &s->board);
	s->make_at_ms = start + (clock_mono_ms() - start) * MAKE_SHARE;
}

const struct board_row *
shelf_row(const struct shelf *s, const char *asset_and_set)
{
	for (size_t i = 0; i < s->board.n; i++) {
		const struct set_facts *f = s->board.rows[i].facts;
		size_t n = strlen(f->asset);

		if (strncmp(asset_and_set, f->asset, n) == 0 && asset_and_set[n] == '/' &&
			strcmp(asset_and_set + n + 1, f->set) == 0)
			return &s->board.rows[i];
	}
	return NULL;
}

int64_t
shelf_next_due(const struct shelf *s, const struct board_row **ret)
{
	int64_t due = CLOCK_NONE;

	for (size_t i = 0; i < s->board.n; i++) {
		int64_t at = s->board.rows[i].v.next_due_at;

		if (at == CLOCK_NONE || at <= s->board.generated_at ||
			(due != CLOCK_NONE && at >= due))
			continue;
		due = at;
		*ret = &s->board.rows[i];
	}
	return due;
}

int64_t
shelf_age(const struct shelf *s, int64_t now)
{
	return s->board.collected_at == CLOCK_NONE ? -1 : MAX(now - s->board.collected_at, 0);
}

int64_t
shelf_refresh_s(const struct shelf *s)
{
	if (s->site != NULL && s->site->catalog != NULL &&
		s->site->catalog->refresh_s != FIELD_ABSENT)
		return s->site->catalog->refresh_s;
	if (s->catalog != NULL && catalog_summary(s->catalog)->refresh_s > 0)
		return catalog_summary(s->catalog)->refresh_s;
	return COLLECT_REFRESH_S;
}

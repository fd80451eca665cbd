#include "base/banned.h"
#include "catalog/copies.h"
#include "catalog/listing.h"
#include "base/path.h"
#include "base/text.h"

/* Rows of the copy by name, in open addressing; 0 is free, else row + 1. */
struct index {
	const struct listing *listing;
	uint32_t *slots;
	size_t mask;
};

static void
make_index(struct arena *a, const struct listing *l, struct index *ret)
{
	uint64_t n = listing_count(l);
	struct backup b;

	*ret = (struct index){.listing = l, .mask = 15};
	while (ret->mask < n * 2)
		ret->mask = ret->mask * 2 + 1;
	ret->slots = arena_array(a, ret->mask + 1, sizeof(*ret->slots));
	for (uint64_t i = 0; i < n; i++) {
		CLEANUP(err_done) struct err err = ERR_INIT;
		size_t at;

		if (!listing_get(l, i, &b, &err))
			continue;
		for (at = text_hash(b.name, strlen(b.name)) & ret->mask; ret->slots[at] != 0;)
			at = (at + 1) & ret->mask;
		ret->slots[at] = (uint32_t)i + 1;
	}
}

static bool
find(const struct index *x, const char *name, struct backup *ret)
{
	for (size_t at = text_hash(name, strlen(name)) & x->mask; x->slots[at] != 0;
		at = (at + 1) & x->mask) {
		CLEANUP(err_done) struct err err = ERR_INIT;

		if (listing_get(x->listing, x->slots[at] - 1, ret, &err) &&
			strcmp(ret->name, name) == 0)
			return true;
	}
	return false;
}

/* An ETag is the MD5 of the object unless it was uploaded in parts ("...-3") or encrypted. */
static bool
differ(const struct backup *a, const struct backup *b)
{
	if (a->size != b->size)
		return true;
	return strlen(a->etag) == 32 && strlen(b->etag) == 32 && strcmp(a->etag, b->etag) != 0;
}

static void
look_for(const struct index *x, const struct backup *b, struct copy_match *m)
{
	struct backup there;

	m->looked++;
	if (!find(x, b->name, &there)) {
		m->missing++;
		/* They come newest first: the last one seen is the oldest behind the copy. */
		if (m->newest_at == CLOCK_NONE)
			m->waiting_since = b->finished_at;
		else
			m->holes++;
	} else if (differ(b, &there)) {
		m->different++;
		if (m->newest_at == CLOCK_NONE)
			m->waiting_since = b->finished_at;
	} else {
		m->present++;
		if (m->newest_at == CLOCK_NONE)
			m->newest_at = b->finished_at;
	}
}

/* Holes only count down to the oldest backup that the copy has: it may keep fewer. */
static int64_t
oldest_of(const struct listing *l)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	uint64_t n = listing_count(l);
	struct backup b;

	return n > 0 && listing_get(l, n - 1, &b, &err) ? b.finished_at : CLOCK_NONE;
}

static void
match_names(struct arena *a, const struct listing *here, const struct listing *there,
	struct copy_match *m)
{
	int64_t oldest = oldest_of(there);
	struct index x;

	make_index(a, there, &x);
	for (uint64_t i = 0; i < listing_count(here) && m->looked < COPIES_LOOKED; i++) {
		CLEANUP(err_done) struct err err = ERR_INIT;
		struct backup b;

		if (!listing_get(here, i, &b, &err))
			return;
		if (b.state != BACKUP_COMPLETE || b.finished_at == CLOCK_NONE)
			continue;
		if (oldest != CLOCK_NONE && b.finished_at < oldest && m->newest_at != CLOCK_NONE)
			return;
		look_for(&x, &b, m);
	}
}

/* The last segment of a range's name, "FIRST-LAST" or "SEGMENT". */
static const char *
last_segment(const char *name)
{
	const char *dash = strchr(name, '-');

	return dash != NULL ? dash + 1 : name;
}

/* Ranges of WAL: how far the copy's newest reaches. */
static void
match_wal(const struct listing *here, const struct listing *there, struct copy_match *m)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct backup ours, theirs;

	if (listing_count(here) == 0 || !listing_get(here, 0, &ours, &err))
		return;
	m->looked = 1;
	m->waiting_since = ours.finished_at;
	if (listing_count(there) == 0 || !listing_get(there, 0, &theirs, &err)) {
		m->missing = 1;
		return;
	}
	if (strcmp(last_segment(ours.name), last_segment(theirs.name)) <= 0) {
		m->present = 1;
		m->newest_at = ours.finished_at;
		return;
	}
	/* When its last segment was copied: it can't have been written later. */
	m->missing = 1;
	m->newest_at = MIN(theirs.finished_at, ours.finished_at);
}

void
copies_match(
	struct arena *a, const char *directory, const struct set_facts *f, struct copy_facts *copy)
{
	struct copy_match m = {.newest_at = CLOCK_NONE, .waiting_since = CLOCK_NONE};
	struct listing *here = NULL, *there = NULL;
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (f->place.seen.list == NULL || copy->place.seen.list == NULL)
		return;
	m.done = listing_open(path_join(a, directory, f->place.seen.list), &here, &err) &&
		 listing_open(path_join(a, directory, copy->place.seen.list), &there, &err);
	if (m.done) {
		CLEANUP(arena_done) struct arena own = ARENA_INIT;

		if (f->type == SET_WAL)
			match_wal(here, there, &m);
		else
			match_names(&own, here, there, &m);
		copy->match = m;
	}
	listing_free(here);
	listing_free(there);
}

#include "base/banned.h"
#include "catalog/catalog.h"
#include "base/path.h"
#include "conf/pattern.h"

#include <sys/stat.h>

/* What a set needs beyond the summary; opened when first asked for. */
struct depth {
	struct listing *listing;
	struct proofs proofs;
	bool has_proofs;
	struct timespec proofs_mtime;
	off_t proofs_size;
};

struct catalog {
	struct arena arena;
	const char *state, *path;
	struct summary summary;
	struct depth *depths;
	struct timespec mtime;
	ino_t inode;
};

const char *
catalog_path(struct arena *a, const char *state, const char *name)
{
	return arena_fmt(a, "%s/catalog/%s", state, name);
}

static const char *
location_text(struct arena *a, const struct location *l)
{
	if (l == NULL)
		return "";
	if (l->directory != NULL)
		return l->directory;
	if (l->s3 != NULL)
		return arena_fmt(a, "%s s3://%s/%s", l->s3->endpoint != NULL ? l->s3->endpoint : "",
			l->s3->bucket, l->s3->prefix != NULL ? l->s3->prefix : "");
	return arena_fmt(a, "kubernetes %s %s",
		l->kubernetes->context != NULL ? l->kubernetes->context : "",
		l->kubernetes->namespace != NULL ? l->kubernetes->namespace : "");
}

static struct place
wanted_place(struct arena *a, const struct site *site, const struct set *set, const char *location,
	const char *path)
{
	/* All that decides what a look finds and how it is understood. */
	return (struct place){.location = location,
		.source = arena_fmt(a, "%s|%s|%s|%s|%s", set_type_names[set->type],
			location_text(a, site_location(site, location)), path != NULL ? path : "",
			set->time_zone != NULL ? set->time_zone : "",
			set->database != NULL ? set->database : ""),
		.tried_at = CLOCK_NONE,
		.seen = {.at = CLOCK_NONE, .base = ""}};
}

void
catalog_wanted(
	struct arena *a, const struct site *site, const struct set *set, struct set_facts *ret)
{
	*ret = (struct set_facts){.asset = set->asset->item.key,
		.set = set->item.key,
		.asset_title = set->asset->title,
		.title = set->title,
		.tier = set->asset->tier,
		.type = set->type,
		.rpo_s = set->rpo_s,
		.rto_s = set->rto_s,
		.minimum_size = set->minimum_size,
		.schedule = set->schedule,
		.time_zone = set->time_zone,
		.prove_level = set->prove != NULL ? set->prove->level : -1,
		.prove_every_s = set->prove != NULL ? set->prove->every_s : FIELD_ABSENT,
		.place = wanted_place(a, site, set, set->location, set->path),
		.ncopies = set->copies.n};
	ret->copies = arena_array(a, set->copies.n + 1, sizeof(*ret->copies));
	for (size_t i = 0; i < set->copies.n; i++) {
		const struct copy *c = item_at(&set->copies, struct copy, i);

		ret->copies[i] = (struct copy_facts){.within_s = c->within_s,
			.place = wanted_place(a, site, set, c->location,
				pattern_copy_path(a, set->path, c->path))};
	}
	proofs_init(&ret->proofs, a, ret->asset, ret->set);
}

static void
carry_place(struct place *to, const struct place *from)
{
	if (strcmp(to->source, from->source) == 0)
		*to = *from;
}

void
catalog_carry(struct set_facts *to, const struct set_facts *from)
{
	carry_place(&to->place, &from->place);
	for (size_t i = 0; i < to->ncopies; i++) {
		for (size_t k = 0; k < from->ncopies; k++) {
			if (strcmp(to->copies[i].place.source, from->copies[k].place.source) != 0)
				continue;
			to->copies[i].place = from->copies[k].place;
			if (strcmp(to->place.source, from->place.source) == 0)
				to->copies[i].match = from->copies[k].match;
		}
	}
	to->proofs = from->proofs;
}

static const struct set_facts *
find_facts(const struct summary *s, const char *asset, const char *set)
{
	for (size_t i = 0; i < s->nsets; i++)
		if (strcmp(s->sets[i].asset, asset) == 0 && strcmp(s->sets[i].set, set) == 0)
			return &s->sets[i];
	return NULL;
}

/* The site's sets with what was observed of them. */
static void
adopt_site(struct catalog *c, const struct site *site)
{
	struct summary old = c->summary, *s = &c->summary;
	size_t n = 0;

	for (size_t i = 0; i < site->assets.n; i++)
		n += item_at(&site->assets, struct asset, i)->sets.n;
	s->site = site->name;
	s->title = site->title;
	s->sets = arena_array(&c->arena, n + 1, sizeof(*s->sets));
	s->nsets = 0;
	for (size_t i = 0; i < site->assets.n; i++) {
		const struct asset *a = item_at(&site->assets, struct asset, i);

		for (size_t k = 0; k < a->sets.n; k++) {
			const struct set *set = item_at(&a->sets, struct set, k);
			struct set_facts *f = &s->sets[s->nsets++];
			const struct set_facts *from = find_facts(&old, a->item.key, set->item.key);

			catalog_wanted(&c->arena, site, set, f);
			if (from != NULL)
				catalog_carry(f, from);
		}
	}
	if (site->catalog != NULL && site->catalog->stale_s != FIELD_ABSENT)
		s->stale_s = site->catalog->stale_s;
}

static struct catalog *
new_catalog(const char *state)
{
	struct catalog *c = util_alloc(sizeof(*c));

	c->state = arena_strdup(&c->arena, state);
	c->path = catalog_path(&c->arena, state, "summary");
	return c;
}

static bool
check_site(const struct catalog *c, const struct site *site, struct err *err)
{
	if (strcmp(c->summary.site, site->name) == 0)
		return true;
	err_set(err, ERR_DAMAGED,
		"The catalog in %s is of the site \"%s\", not of \"%s\", and is thrown away.",
		c->path, c->summary.site, site->name);
	return err_hint(err, "Give each site a state directory of its own ($LIFEBOAT_STATE).");
}

bool
catalog_open(const char *state, const struct site *site, struct catalog **ret, struct err *err)
{
	struct catalog *c = new_catalog(state);
	struct stat st;

	/* Taken before reading: a change in between shows as one later. */
	if (stat(c->path, &st) == 0) {
		c->mtime = st.st_mtim;
		c->inode = st.st_ino;
	}
	if (!summary_read(&c->arena, c->path, &c->summary, err) ||
		(site != NULL && !check_site(c, site, err))) {
		if (err->code == ERR_NOT_FOUND) {
			err_set(err, ERR_NOT_FOUND, "Nothing was collected yet (%s is missing).",
				c->path);
			err_hint(err, "`lifeboat collect` looks at all backup locations.");
		}
		catalog_free(c);
		return false;
	}
	if (site != NULL)
		adopt_site(c, site);
	c->depths = arena_array(&c->arena, c->summary.nsets + 1, sizeof(*c->depths));
	*ret = c;
	return true;
}

bool
catalog_of_summary(
	const char *name, const char *text, size_t len, struct catalog **ret, struct err *err)
{
	/* A state directory that can't be: there are no listings and no proofs beside it. */
	struct catalog *c = new_catalog("/dev/null");

	if (!summary_parse(&c->arena, name, text, len, &c->summary, err)) {
		catalog_free(c);
		return false;
	}
	c->depths = arena_array(&c->arena, c->summary.nsets + 1, sizeof(*c->depths));
	*ret = c;
	return true;
}

struct catalog *
catalog_empty(const char *state, const struct site *site)
{
	struct catalog *c = new_catalog(state);

	c->summary = (struct summary){.host = "", .written_at = CLOCK_NONE};
	adopt_site(c, site);
	c->depths = arena_array(&c->arena, c->summary.nsets + 1, sizeof(*c->depths));
	return c;
}

void
catalog_free(struct catalog *c)
{
	struct arena arena;

	if (c == NULL)
		return;
	for (size_t i = 0; c->depths != NULL && i < c->summary.nsets; i++)
		listing_free(c->depths[i].listing);
	arena = c->arena;
	free(c);
	arena_done(&arena);
}

static const char *
proofs_path(struct arena *a, const char *state, const struct set_facts *f)
{
	return arena_fmt(a, "%s/proofs/%s+%s.jsonl", state, f->asset, f->set);
}

bool
catalog_changed(const struct catalog *c)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct stat st;

	if (stat(c->path, &st) == 0 &&
		(st.st_ino != c->inode || st.st_mtim.tv_sec != c->mtime.tv_sec ||
			st.st_mtim.tv_nsec != c->mtime.tv_nsec))
		return true;
	for (size_t i = 0; i < c->summary.nsets; i++) {
		const struct depth *d = &c->depths[i];

		if (d->has_proofs &&
			stat(proofs_path(&a, c->state, &c->summary.sets[i]), &st) == 0 &&
			(st.st_size != d->proofs_size ||
				st.st_mtim.tv_nsec != d->proofs_mtime.tv_nsec))
			return true;
	}
	return false;
}

const struct summary *
catalog_summary(const struct catalog *c)
{
	return &c->summary;
}

size_t
catalog_sets(const struct catalog *c)
{
	return c->summary.nsets;
}

const struct set_facts *
catalog_set(const struct catalog *c, size_t i)
{
	return &c->summary.sets[i];
}

const struct set_facts *
catalog_find_set(const struct catalog *c, const char *asset_and_set)
{
	for (size_t i = 0; i < c->summary.nsets; i++) {
		const struct set_facts *f = &c->summary.sets[i];
		size_t n = strlen(f->asset);

		if (strncmp(asset_and_set, f->asset, n) == 0 && asset_and_set[n] == '/' &&
			strcmp(asset_and_set + n + 1, f->set) == 0)
			return f;
	}
	return NULL;
}

static struct depth *
depth_of(struct catalog *c, const struct set_facts *f)
{
	return &c->depths[f - c->summary.sets];
}

const struct proofs *
catalog_proofs(struct catalog *c, const struct set_facts *f)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct depth *d = depth_of(c, f);
	struct stat st;

	if (d->has_proofs)
		return &d->proofs;
	d->has_proofs = true;
	if (stat(proofs_path(&c->arena, c->state, f), &st) == 0) {
		d->proofs_size = st.st_size;
		d->proofs_mtime = st.st_mtim;
	}
	proofs_init(&d->proofs, &c->arena, f->asset, f->set);
	for (size_t i = 0; i < f->proofs.list.n; i++)
		*vec_push(&c->arena, &d->proofs.list) = f->proofs.list.v[i];
	for (size_t i = 0; i < f->proofs.restores.n; i++)
		*vec_push(&c->arena, &d->proofs.restores) = f->proofs.restores.v[i];
	/* Who may read the catalog alone has the summary's proofs. */
	if (!proofs_load(&d->proofs, c->state, &err))
		err_done(&err);
	proofs_sort(&d->proofs);
	return &d->proofs;
}

static bool
open_listing(struct catalog *c, const struct set_facts *f, struct listing **ret, struct err *err)
{
	struct depth *d = depth_of(c, f);

	*ret = d->listing;
	if (d->listing != NULL || f->place.seen.list == NULL)
		return true;
	if (!listing_open(
		    catalog_path(&c->arena, c->state, f->place.seen.list), &d->listing, err)) {
		/* A collector may have replaced it between our reading of the summary and now. */
		if (err->code == ERR_NOT_FOUND)
			err_hint(err,
				"The catalog was renewed meanwhile, or is damaged: try again, "
				"or run `lifeboat collect`.");
		return false;
	}
	*ret = d->listing;
	return true;
}

bool
catalog_count(struct catalog *c, const struct set_facts *f, uint64_t *ret, struct err *err)
{
	struct listing *l;

	if (!open_listing(c, f, &l, err))
		return false;
	*ret = l != NULL ? listing_count(l) : 0;
	return true;
}

bool
catalog_backup(struct catalog *c, const struct set_facts *f, uint64_t i, struct backup *ret,
	struct err *err)
{
	struct listing *l;

	return open_listing(c, f, &l, err) && listing_get(l, i, ret, err);
}

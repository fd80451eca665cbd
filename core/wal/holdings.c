#include "base/banned.h"
#include "wal/holdings.h"
#include "wal/barman.h"
#include "wal/pgbackrest.h"

/* A set's path as a directory: what is behind a pattern's first brace is not part of it. */
static const char *
prefix_of(struct arena *a, const char *path)
{
	size_t n = path == NULL ? 0 : strcspn(path, "{");

	if (n > 0 && path[n] == '{')
		while (n > 0 && path[n - 1] != '/')
			n--;
	while (n > 0 && path[0] == '/') {
		path++;
		n--;
	}
	return arena_fmt(a, "%.*s%s", (int)n, path != NULL ? path : "",
		n > 0 && path[n - 1] != '/' ? "/" : "");
}

static bool
open_location(struct holdings *h, const struct site *site, const struct set *set,
	struct source **ret, struct err *err)
{
	if (!source_open(site_location(site, set->location), ret, err))
		return err_prefix(err, "Set %s", set->item.key);
	*vec_push(h->arena, &h->sources) = *ret;
	return true;
}

/* All pg_basebackup sets of the asset; set names go to the backups. */
static bool
add_bases(struct holdings *h, const struct site *site, const struct asset *asset,
	struct holding *to, struct err *err)
{
	for (size_t i = 0; i < asset->sets.n; i++) {
		const struct set *set = item_at(&asset->sets, struct set, i);
		size_t before = to->backups.list.n;
		struct source *source;

		if (set->type != SET_PG_BASEBACKUP)
			continue;
		to->base_wanted = true;
		if (!open_location(h, site, set, &source, err))
			return false;
		if (!basebackup_list(source, prefix_of(h->arena, set->path), &to->backups, err))
			return err_prefix(err, "Set %s", set->item.key);
		for (size_t k = before; k < to->backups.list.n; k++)
			to->backups.list.v[k].set = set->item.key;
	}
	return true;
}

static bool
add_repository(struct holdings *h, const struct set *set, struct holding *to, struct err *err)
{
	const char *prefix = prefix_of(h->arena, set->path);
	bool good = set->type == SET_PGBACKREST ? pgbackrest_read(to->source, prefix, set->database,
							  &to->backups, &to->prefix, err)
						: barman_read(to->source, prefix, set->database,
							  &to->backups, &to->prefix, err);

	to->base_wanted = true;
	for (size_t k = 0; good && k < to->backups.list.n; k++)
		to->backups.list.v[k].set = set->item.key;
	return good || err_prefix(err, "Set %s", set->item.key);
}

bool
holdings_of_asset(struct arena *a, const struct site *site, const struct asset *asset,
	struct holdings *ret, struct err *err)
{
	*ret = (struct holdings){.arena = a};
	for (size_t i = 0; i < asset->sets.n; i++) {
		const struct set *set = item_at(&asset->sets, struct set, i);
		struct holding h = {.set = set->item.key, .rpo_s = set->rpo_s};

		if (set->type != SET_WAL && set->type != SET_PGBACKREST && set->type != SET_BARMAN)
			continue;
		h.backups.arena = a;
		if (!open_location(ret, site, set, &h.source, err))
			return false;
		h.prefix = prefix_of(a, set->path);
		if (!(set->type == SET_WAL ? add_bases(ret, site, asset, &h, err)
					   : add_repository(ret, set, &h, err)))
			return false;
		*vec_push(a, &ret->list) = h;
	}
	if (ret->list.n > 0)
		return true;
	err_set(err, ERR_CONFIG, "The asset \"%s\" has no WAL.", asset->item.key);
	return err_hint(err, "Recovery to a moment needs a set of type wal (with a pg_basebackup "
			     "set), pgbackrest or barman.");
}

static bool
open_path(struct holdings *h, const char *path, struct source **ret, const char **ret_prefix,
	struct err *err)
{
	const char *name;

	if (!source_open_uri(h->arena, path, ret, &name, err))
		return false;
	*vec_push(h->arena, &h->sources) = *ret;
	*ret_prefix = prefix_of(h->arena, name);
	return true;
}

bool
holdings_of_paths(struct arena *a, const char *wal, const char **bases, size_t nbases,
	struct holdings *ret, struct err *err)
{
	struct holding h = {.rpo_s = FIELD_ABSENT, .base_wanted = nbases > 0};

	*ret = (struct holdings){.arena = a};
	h.backups.arena = a;
	if (!open_path(ret, wal, &h.source, &h.prefix, err))
		return false;
	for (size_t i = 0; i < nbases; i++) {
		struct source *source;
		const char *prefix;

		if (!open_path(ret, bases[i], &source, &prefix, err) ||
			!basebackup_list(source, prefix, &h.backups, err))
			return false;
	}
	*vec_push(a, &ret->list) = h;
	return true;
}

void
holdings_done(struct holdings *h)
{
	for (size_t i = 0; i < h->sources.n; i++)
		source_free(h->sources.v[i]);
	h->sources.n = 0;
}

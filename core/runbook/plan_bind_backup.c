/*
 * plan_bind_backup: parameters that are sets of the site or backups of the catalog. What is chosen
 * now is what is there now: the set is looked at first, unless the cached catalog is wanted.
 */
#include "base/banned.h"
#include "runbook/plan_bind.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "catalog/collect.h"
#include "conf/pattern.h"

#include <sys/stat.h>

/* The set that a parameter means: by what was given, else the only one that fits. */
static const struct set *
find_set(struct binder *b, const struct parameter *q, const char *name)
{
	CLEANUP(str_done) struct str all = STR_INIT(4 * KIB);
	const struct set *found = NULL, *s;
	size_t n = 0;

	for (size_t i = 0; i < b->site->assets.n; i++) {
		const struct asset *a = item_at(&b->site->assets, struct asset, i);

		for (size_t k = 0; k < a->sets.n; k++) {
			s = item_at(&a->sets, struct set, k);
			if (!plan_takes_set(q, s))
				continue;
			str_fmt(&all, "%s%s/%s", n++ > 0 ? ", " : "", a->item.key, s->item.key);
			found = s;
		}
	}
	if (name != NULL)
		found = site_set(b->site, name);
	else if (n != 1)
		found = NULL;
	if (found != NULL)
		return found;
	if (name != NULL)
		err_set(b->err, ERR_USAGE, "There is no set \"%s\".", name);
	else
		bind_missing(b, q, "ASSET/SET");
	err_hint(b->err, "--set %s=ASSET/SET, one of: %s", q->item.key,
		n > 0 ? all.buf : "(the site file has none that fits)");
	return NULL;
}

/* What a set says about where its next backup goes. */
static void
set_variables(struct binder *b, const char *root, const struct set *s)
{
	struct arena *a = b->plan->arena;
	const struct location *l = site_location(b->site, s->location);
	const char *path = s->path != NULL ? s->path : "", *slash = strrchr(path, '/');
	const char *dir = slash != NULL ? arena_strndup(a, path, (size_t)(slash - path)) : "";

	bind_variable(
		b, root, "", VAR_TEXT, arena_fmt(a, "%s/%s", s->asset->item.key, s->item.key));
	bind_variable(b, root, "asset", VAR_TEXT, s->asset->item.key);
	bind_variable(b, root, "set", VAR_TEXT, s->item.key);
	bind_variable(b, root, "type", VAR_TEXT, set_type_names[s->type]);
	bind_variable(b, root, "location", VAR_TEXT, s->location);
	bind_variable(b, root, "database", VAR_TEXT, s->database);
	if (l != NULL && l->directory != NULL)
		bind_variable(b, root, "directory", VAR_TEXT, path_join(a, l->directory, dir));
}

bool
bind_set(struct binder *b, const struct parameter *q)
{
	const char *name = bind_given(b, q->item.key);
	const struct set *s;
	struct pattern pattern;
	const char *next;

	if (b->site == NULL)
		return bind_no_site(b, q);
	s = find_set(b, q, name != NULL ? name : q->otherwise);
	if (s == NULL)
		return false;
	set_variables(b, q->item.key, s);
	if (!pattern_parse(b->plan->arena, s->path, &pattern, b->err))
		return false;
	next = pattern_name_at(b->plan->arena, &pattern, clock_now(),
		s->database != NULL ? s->database : s->asset->item.key);
	bind_variable(b, q->item.key, "next_name", VAR_TEXT, next);
	bind_record(b, q, scope_get(&b->plan->scope, q->item.key)->value);
	return true;
}

static bool
open_catalog(struct binder *b, const struct set *s)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	struct collect_options o = {.wait_ms = 10000};
	struct collect_report report;
	const char *notice;

	if (b->catalog != NULL)
		return true;
	/* What is chosen now should be what is there now. A source that does not answer leaves
	 * its last known facts, and says so by the age that is shown. */
	o.only = arena_fmt(b->plan->arena, "%s/%s", s->asset->item.key, s->item.key);
	if (!b->options->cached &&
		!collect_run(b->plan->arena, b->site, b->state, &o, &report, &ignored))
		err_done(&ignored);
	if (b->options->cached)
		return catalog_open(b->state, b->site, &b->catalog, b->err);
	return collect_open(b->plan->arena, b->site, b->state, false, &b->catalog, &notice, b->err);
}

static bool
take_backup(struct binder *b, const struct parameter *q, const struct set *s,
	const struct backup *row, const char *id, const char *uri)
{
	const char *root = q->item.key;
	const char *path = uri[0] == '/' ? uri : NULL;
	char at[CLOCK_TEXT];
	size_t n = path != NULL ? strlen(path) : 0;

	if (!text_valid(id, strlen(id)) || !text_valid(uri, strlen(uri))) {
		err_set(b->err, ERR_UNSUPPORTED, "The name of the backup %s is not UTF-8.", id);
		return err_hint(b->err, "Rename it; records could not name it as it is.");
	}
	if (path != NULL && n > 1 && path[n - 1] == '/')
		path = arena_strndup(b->plan->arena, path, n - 1);
	*vec_push(b->plan->arena, &b->plan->backups) =
		(struct plan_backup){root, id, path, row->size, row->mtime, row->finished_at};
	if (s != NULL)
		set_variables(b, root, s);
	bind_variable(b, root, "", VAR_BACKUP, id);
	bind_variable(b, root, "id", VAR_TEXT, id);
	bind_variable(b, root, "name", VAR_TEXT, row->name);
	bind_variable(b, root, "uri", VAR_TEXT, uri);
	bind_variable(b, root, "path", VAR_TEXT, path != NULL ? path : uri);
	bind_variable(b, root, "size_bytes", VAR_TEXT,
		arena_fmt(b->plan->arena, "%lld", (long long)row->size));
	bind_variable(b, root, "finished_at", VAR_TEXT,
		row->finished_at == CLOCK_NONE
			? "unknown"
			: arena_strdup(b->plan->arena, clock_format(row->finished_at, at)));
	bind_record(b, q, id);
	return true;
}

/* A file that is in no set: restoring from what somebody brought along. */
static bool
bind_path(struct binder *b, const struct parameter *q, const char *value)
{
	const char *path = path_absolute(b->plan->arena, value);
	struct backup row = {.name = path_base(path), .finished_at = CLOCK_NONE};
	struct stat st;

	if (stat(path, &st) < 0)
		return err_set(b->err, ERR_NOT_FOUND, "There is no backup at %s.", path);
	row.size = st.st_size;
	row.mtime = st.st_mtime;
	return take_backup(b, q, NULL, &row, path, path);
}

static bool
choose_backup(
	struct binder *b, const struct parameter *q, const struct set_facts *f, struct backup *row)
{
	const struct proof *proof;

	if (q->choose == CHOOSE_ASK && b->plan->attended) {
		bind_missing(b, q, "ASSET/SET/NAME");
		return err_hint(b->err, "`lifeboat backups %s/%s` lists them.", f->asset, f->set);
	}
	if (q->choose != CHOOSE_NEWEST_PROVEN)
		return catalog_newest_good(b->catalog, f, clock_now(), row, b->err);
	if (catalog_newest_proven(b->catalog, f, LEVEL_INTACT, clock_now(), row, &proof, b->err))
		return true;
	return err_hint(b->err,
		"Prove one (`lifeboat verify --latest %s/%s`), or name one: --set "
		"%s=ASSET/SET/NAME",
		f->asset, f->set, q->item.key);
}

bool
bind_backup(struct binder *b, const struct parameter *q)
{
	const char *value = bind_given(b, q->item.key), *id;
	const struct set_facts *f;
	const struct set *s;
	struct backup row, chosen;
	size_t slashes = 0;

	if (value == NULL)
		value = q->otherwise;
	for (const char *p = value; p != NULL && *p != '\0'; p++)
		slashes += *p == '/';
	if (value != NULL && (value[0] == '/' || value[0] == '.'))
		return bind_path(b, q, value);
	if (b->site == NULL)
		return bind_no_site(b, q);
	id = slashes >= 2 ? value : NULL;
	if (id != NULL) {
		const char *second = strchr(strchr(id, '/') + 1, '/');

		value = arena_strndup(b->plan->arena, id, (size_t)(second - id));
	}
	s = find_set(b, q, value);
	if (s == NULL || !open_catalog(b, s))
		return false;
	f = catalog_find_set(
		b->catalog, arena_fmt(b->plan->arena, "%s/%s", s->asset->item.key, s->item.key));
	if (f == NULL)
		return err_set(b->err, ERR_NOT_FOUND, "The catalog knows nothing of %s/%s.",
			s->asset->item.key, s->item.key);
	if (id != NULL && util_streq(strchr(strchr(id, '/') + 1, '/') + 1, "latest"))
		id = NULL;
	if (id != NULL ? !catalog_find_id(b->catalog, id, &f, &row, b->err)
		       : !choose_backup(b, q, f, &row))
		return false;
	backup_copy(b->plan->arena, &chosen, &row);
	return take_backup(b, q, s, &chosen, catalog_id(b->plan->arena, f, &chosen),
		catalog_uri(b->plan->arena, f, &chosen));
}

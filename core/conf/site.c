#include "base/banned.h"
#include "conf/site.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

static void *
find_item(const struct items *items, const char *name)
{
	for (size_t i = 0; i < items->n; i++)
		if (util_streq(item_at(items, struct item, i)->key, name))
			return items->v[i];
	return NULL;
}

const struct location *
site_location(const struct site *s, const char *name)
{
	return find_item(&s->locations, name);
}

const struct target *
site_target(const struct site *s, const char *name)
{
	return find_item(&s->targets, name);
}

const struct asset *
site_asset(const struct site *s, const char *name)
{
	return find_item(&s->assets, name);
}

const struct set *
asset_set(const struct asset *a, const char *name)
{
	return find_item(&a->sets, name);
}

const struct set *
site_set(const struct site *s, const char *asset_and_set)
{
	const char *slash = strchr(asset_and_set, '/');

	for (size_t i = 0; slash != NULL && i < s->assets.n; i++) {
		const struct asset *a = item_at(&s->assets, struct asset, i);
		size_t n = strlen(a->item.key);

		if (n == (size_t)(slash - asset_and_set) &&
			memcmp(a->item.key, asset_and_set, n) == 0)
			return asset_set(a, slash + 1);
	}
	return NULL;
}

const char *
target_kind(const struct target *t)
{
	if (t->directory != NULL)
		return "directory";
	return "postgresql";
}

const char *
site_find(struct arena *a, const char *given)
{
	const char *env = getenv("LIFEBOAT_SITE"), *path;

	if (given != NULL)
		return given;
	if (env != NULL && env[0] != '\0')
		return arena_strdup(a, env);
	path = path_expand(a, "~/.config/lifeboat/site.yaml");
	if (file_exists(path))
		return path;
	path = "/etc/lifeboat/site.yaml";
	return file_exists(path) ? path : NULL;
}

/* The nearest known name, for a hint; NULL when none is near. */
static const char *
nearest(const struct items *items, const char *name)
{
	const char *near = NULL;
	size_t best = 4;

	for (size_t i = 0; i < items->n; i++) {
		const char *key = item_at(items, struct item, i)->key;
		size_t d = text_distance(name, key, 4);

		if (d < best) {
			best = d;
			near = key;
		}
	}
	return near;
}

static void
check_location(const struct site *s, const char *name, const struct node *at, struct problems *p)
{
	const struct node *n = node_get(at, "location");
	const char *near;
	struct problem *new;

	if (name == NULL || find_item(&s->locations, name) != NULL)
		return;
	new = node_error(p, n != NULL ? n : at, "There is no location \"%s\".", name);
	near = nearest(&s->locations, name);
	if (near != NULL)
		new->hint = arena_fmt(p->arena, "Did you mean \"%s\"?", near);
}

static void
check_set(const struct site *s, struct set *set, struct problems *p)
{
	const struct target *server = set->server != NULL ? site_target(s, set->server) : NULL;

	check_location(s, set->location, set->item.at, p);
	if (set->server != NULL && (server == NULL || server->postgresql == NULL))
		node_error(p, node_get(set->item.at, "server"),
			"There is no PostgreSQL target \"%s\".", set->server);
	for (size_t i = 0; i < set->copies.n; i++) {
		const struct copy *c = item_at(&set->copies, struct copy, i);

		check_location(s, c->location, c->item.at, p);
	}
	for (size_t i = 0; i < set->checks.n; i++) {
		const struct check *c = item_at(&set->checks, struct check, i);

		if (c->compare != NULL && site_target(s, c->compare) == NULL)
			node_error(p, node_get(c->item.at, "compare"), "There is no target \"%s\".",
				c->compare);
	}
}

struct site *
site_read(const struct node *root, struct problems *p)
{
	size_t before = p->errors;
	struct site *s = schema_read_new(root, &site_schema, p);

	if (s == NULL)
		return NULL;
	s->file = p->file;
	for (size_t i = 0; i < s->assets.n; i++) {
		struct asset *a = item_at(&s->assets, struct asset, i);

		if (a->sets.n == 0 && node_get(a->item.at, "sets") != NULL)
			node_error(p, a->item.at, "The asset \"%s\" has no sets.", a->item.key);
		for (size_t k = 0; k < a->sets.n; k++) {
			struct set *set = item_at(&a->sets, struct set, k);

			set->asset = a;
			check_set(s, set, p);
		}
	}
	return p->errors == before ? s : NULL;
}

struct site *
site_load(const char *path, struct problems *p)
{
	struct node *root = node_load(path, p);

	return root != NULL ? site_read(root, p) : NULL;
}

struct checks_file {
	struct item item;
	struct items checks;
};

bool
checks_load(const char *path, struct items *ret, struct problems *p)
{
	static const struct field fields[] = {
		{"checks", FIELD_LIST, offsetof(struct checks_file, checks), "the checks",
			.required = true, .sub = &check_schema}};
	static const struct schema schema = {.name = "a file of checks",
		.size = sizeof(struct checks_file),
		.fields = fields,
		.count = ARRAY_LEN(fields)};
	size_t before = p->errors;
	struct node *root = node_load(path, p);
	struct checks_file *file = root != NULL ? schema_read_new(root, &schema, p) : NULL;

	if (file == NULL || p->errors != before)
		return false;
	*ret = file->checks;
	return true;
}

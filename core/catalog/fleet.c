#include "base/banned.h"
#include "catalog/fleet.h"
#include "base/file.h"
#include "base/path.h"

struct names {
	struct arena *arena;
	VEC(const char *) list;
};

/* The location of the site that has this bucket, with another prefix. */
static bool
open_as_location(struct arena *a, const struct site *site, const char *where, struct source **ret,
	bool *found, struct err *err)
{
	const char *bucket = where + strlen("s3://");
	size_t n = strcspn(bucket, "/");

	for (size_t i = 0; site != NULL && i < site->locations.n; i++) {
		const struct location *l = item_at(&site->locations, struct location, i);
		struct site_s3 *conf;

		if (l->s3 == NULL || strlen(l->s3->bucket) != n ||
			strncmp(l->s3->bucket, bucket, n) != 0)
			continue;
		*found = true;
		conf = arena_alloc(a, sizeof(*conf));
		*conf = *l->s3;
		conf->prefix = arena_strdup(a, bucket[n] == '/' ? bucket + n + 1 : "");
		return source_s3_new(conf, l->timeout_s, ret, err);
	}
	return true;
}

bool
fleet_open(struct arena *a, const struct site *site, const char *where, struct source **ret,
	struct err *err)
{
	bool found = false;
	const char *name;

	if (!util_starts(where, "s3://")) {
		if (!file_is_dir(where))
			return err_set(err, ERR_NOT_FOUND, "%s is no directory.", where);
		*ret = source_dir_new(path_absolute(a, where));
		return true;
	}
	if (!open_as_location(a, site, where, ret, &found, err))
		return false;
	if (found)
		return true;
	/* With a slash behind it the whole of it is the prefix. */
	where = arena_fmt(a, "%s%s", where, util_ends(where, "/") ? "" : "/");
	return source_open_uri(a, where, ret, &name, err);
}

bool
fleet_publish(struct arena *a, struct source *to, const struct site *site, const char *state,
	struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(SUMMARY_MAX + 1);
	const char *name = arena_fmt(a, "%s" FLEET_SUFFIX, site->name);

	if (!file_read(catalog_path(a, state, "summary"), SUMMARY_MAX, &text, err))
		return false;
	if (source_write(to, name, text.buf, text.len, err))
		return true;
	return err_prefix(err, "The summary could not be published");
}

static bool
take_name(const struct object *o, void *arg, struct err *err)
{
	struct names *n = arg;

	if (o->directory || !util_ends(o->name, FLEET_SUFFIX))
		return true;
	if (n->list.n == FLEET_SITES_MAX)
		return err_set(err, ERR_LIMIT, "There are more than %d sites.", FLEET_SITES_MAX);
	*vec_push(n->arena, &n->list) = arena_strdup(n->arena, o->name);
	return true;
}

static bool
read_text(struct source *from, const char *name, struct str *out, struct err *err)
{
	char chunk[16 * KIB];
	struct stream *st;
	ssize_t n;

	if (!source_read(from, name, 0, -1, &st, err))
		return false;
	while ((n = stream_read(st, chunk, sizeof(chunk), err)) > 0 && !out->full)
		str_addn(out, chunk, (size_t)n);
	stream_free(st);
	if (n >= 0 && out->full)
		return err_set(err, ERR_LIMIT, "It is larger than 64 MiB.");
	return n >= 0;
}

static void
read_site(struct arena *a, struct source *from, const char *object, int64_t now,
	struct fleet_site *ret)
{
	CLEANUP(str_done) struct str text = STR_INIT(SUMMARY_MAX);
	CLEANUP(err_done) struct err err = ERR_INIT;

	ret->name = arena_strndup(a, object, strlen(object) - strlen(FLEET_SUFFIX));
	ret->verdict = VERDICT_UNKNOWN;
	if (!read_text(from, object, &text, &err) ||
		!catalog_of_summary(object, str_text(&text), text.len, &ret->catalog, &err)) {
		ret->error = arena_strdup(a, err.msg);
		return;
	}
	/* A name that is not that of the object: somebody's summary in another's place. */
	if (strcmp(catalog_summary(ret->catalog)->site, ret->name) != 0)
		ret->error = arena_fmt(a, "It is the summary of the site \"%s\".",
			catalog_summary(ret->catalog)->site);
	board_make(a, ret->catalog, now, &ret->board);
	ret->title = ret->board.title;
	if (ret->error == NULL)
		ret->verdict = ret->board.verdict;
}

static int
compare(const void *va, const void *vb)
{
	const struct fleet_site *a = va, *b = vb;

	if (a->verdict != b->verdict)
		return a->verdict < b->verdict ? 1 : -1;
	return strcmp(a->name, b->name);
}

bool
fleet_read(struct arena *a, struct source *from, int64_t now, struct fleet *ret, struct err *err)
{
	struct names names = {.arena = a};

	*ret = (struct fleet){.n = 0};
	if (!source_list(from, "", false, take_name, &names, err))
		return false;
	ret->sites = arena_array(a, names.list.n + 1, sizeof(*ret->sites));
	ret->n = names.list.n;
	for (size_t i = 0; i < ret->n; i++) {
		read_site(a, from, names.list.v[i], now, &ret->sites[i]);
		ret->verdict = MAX(ret->verdict, ret->sites[i].verdict);
		ret->counts[ret->sites[i].verdict]++;
	}
	qsort(ret->sites, ret->n, sizeof(*ret->sites), compare);
	if (ret->n > 0)
		return true;
	err_set(err, ERR_NOT_FOUND, "No site has published a summary there.");
	return err_hint(err, "`lifeboat collect --publish PLACE` does, on each site.");
}

void
fleet_done(struct fleet *f)
{
	for (size_t i = 0; i < f->n; i++)
		catalog_free(f->sites[i].catalog);
	f->n = 0;
}

void
fleet_json(struct json *j, const struct fleet *f, int64_t now)
{
	json_object(j, NULL);
	json_time(j, "generated_at", now);
	json_string(j, "verdict", verdict_names[f->verdict]);
	json_array(j, "sites");
	for (size_t i = 0; i < f->n; i++) {
		const struct fleet_site *s = &f->sites[i];

		json_object(j, NULL);
		json_string(j, "site", s->name);
		json_string(j, "title", s->title);
		json_string(j, "verdict", verdict_names[s->verdict]);
		json_string(j, "error", s->error);
		json_time(
			j, "collected_at", s->catalog != NULL ? s->board.collected_at : CLOCK_NONE);
		json_count(
			j, "age_s", s->catalog != NULL ? MAX(now - s->board.collected_at, 0) : -1);
		json_object(j, "counts");
		for (int v = 0; v < VERDICTS; v++)
			json_int(j, verdict_names[v], (int64_t)s->board.counts[v]);
		json_object_end(j);
		if (s->catalog != NULL)
			board_json_sets(j, &s->board);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

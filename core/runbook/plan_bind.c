/*
 * plan_bind: parameters and what they are bound to: texts, backups from the catalog, targets
 * from the site.
 */
#include "base/banned.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"
#include "catalog/collect.h"
#include "conf/pattern.h"
#include "runbook/plan.h"
#include "runbook/signature.h"
#include "wal/aim.h"

#include <regex.h>
#include <sys/stat.h>

#define VALUE_MAX (16 * KIB)

struct binder {
	struct plan *plan;
	const struct site *site;
	const char *state;
	const struct plan_options *options;
	struct catalog *catalog; /* opened when the first backup is asked for */
	struct err *err;
};

static const char *
given(const struct binder *b, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = b->options->nsets; i > 0; i--)
		if (strncmp(b->options->sets[i - 1], name, n) == 0 &&
			b->options->sets[i - 1][n] == '=')
			return b->options->sets[i - 1] + n + 1;
	return NULL;
}

static bool
check_names(const struct binder *b, const struct runbook *r)
{
	for (size_t i = 0; i < b->options->nsets; i++) {
		const char *set = b->options->sets[i], *near = NULL;
		size_t n = strcspn(set, "="), best = 4;
		char name[80];

		snprintf(name, sizeof(name), "%.*s", (int)n, set);
		if (set[n] != '=')
			return err_set(
				b->err, ERR_USAGE, "--set takes NAME=VALUE, not \"%s\".", set);
		/* Records are JSON: what is no UTF-8 would be another value when it is run. */
		if (!text_valid(set, strlen(set)))
			return err_set(
				b->err, ERR_USAGE, "--set %s: the value is not UTF-8.", name);
		if (runbook_parameter(r, name) != NULL)
			continue;
		err_set(b->err, ERR_USAGE, "The runbook %s has no parameter \"%s\".", r->id, name);
		for (size_t k = 0; k < r->parameters.n; k++) {
			const char *other = item_at(&r->parameters, struct item, k)->key;
			size_t d = text_distance(name, other, 4);

			if (d < best) {
				best = d;
				near = other;
			}
		}
		if (near != NULL)
			err_hint(b->err, "Did you mean %s?", near);
		return false;
	}
	return true;
}

static void
variable(
	struct binder *b, const char *root, const char *part, enum var_kind kind, const char *value)
{
	const char *name = part[0] == '\0' ? root : arena_fmt(b->plan->arena, "%s.%s", root, part);

	if (value != NULL || kind == VAR_LATE)
		scope_set(&b->plan->scope, name, kind, value);
}

static void
record(struct binder *b, const struct parameter *q, const char *text)
{
	*vec_push(b->plan->arena, &b->plan->parameters) = (struct parameter_value){
		q->item.key, arena_strdup(b->plan->arena, text), given(b, q->item.key) != NULL};
}

static bool
wrong(struct binder *b, const struct parameter *q, const char *value, const char *wanted)
{
	return err_set(b->err, ERR_USAGE, "The parameter %s must be %s, but is \"%s\".",
		q->item.key, wanted, value);
}

static bool
whole_match(const char *pattern, const char *value)
{
	regmatch_t m;
	regex_t re;
	bool good;

	if (regcomp(&re, pattern, REG_EXTENDED) != 0)
		return false;
	good = regexec(&re, value, 1, &m, 0) == 0 && m.rm_so == 0 &&
	       (size_t)m.rm_eo == strlen(value);
	regfree(&re);
	return good;
}

static bool
within(const struct parameter *q, int64_t n)
{
	return (q->min == FIELD_ABSENT || n >= q->min) && (q->max == FIELD_ABSENT || n <= q->max);
}

static const char *
bounds(struct arena *a, const struct parameter *q)
{
	if (q->max == FIELD_ABSENT)
		return arena_fmt(a, "at least %lld", (long long)q->min);
	if (q->min == FIELD_ABSENT)
		return arena_fmt(a, "at most %lld", (long long)q->max);
	return arena_fmt(a, "from %lld to %lld", (long long)q->min, (long long)q->max);
}

static bool
choices_hint(struct binder *b, const struct parameter *q)
{
	CLEANUP(str_done) struct str all = STR_INIT(4 * KIB);

	for (size_t i = 0; i < q->choices.n; i++)
		str_fmt(&all, "%s%s", i > 0 ? ", " : "", q->choices.v[i]);
	return err_hint(b->err, "Choices: %s.", str_text(&all));
}

static bool
check_value(struct binder *b, const struct parameter *q, const char *value)
{
	int64_t number;
	struct aim aim;

	if (strlen(value) > VALUE_MAX)
		return err_set(
			b->err, ERR_LIMIT, "The parameter %s is longer than 16 KiB.", q->item.key);
	switch (q->type) {
	case PARAMETER_TEXT:
		return q->pattern == NULL || whole_match(q->pattern, value) ||
		       wrong(b, q, value, arena_fmt(b->plan->arena, "like %s", q->pattern));
	case PARAMETER_INT:
		if (!util_parse_i64(value, &number))
			return wrong(b, q, value, "a whole number");
		return within(q, number) || wrong(b, q, value, bounds(b->plan->arena, q));
	case PARAMETER_DURATION:
		return clock_parse_duration(value, &number) ||
		       wrong(b, q, value, "a duration, like 15m");
	case PARAMETER_TIME:
		return clock_parse(value, &number) ||
		       wrong(b, q, value, "a time with its zone, like 2026-11-20T14:32:07Z");
	case PARAMETER_MOMENT: return aim_parse(b->plan->arena, value, &aim, b->err);
	case PARAMETER_CHOICE:
		for (size_t i = 0; i < q->choices.n; i++)
			if (strcmp(q->choices.v[i], value) == 0)
				return true;
		wrong(b, q, value, "one of its choices");
		return choices_hint(b, q);
	default: return true;
	}
}

static bool
missing(struct binder *b, const struct parameter *q, const char *example)
{
	err_set(b->err, ERR_USAGE, "The parameter %s (%s) is not given.", q->item.key,
		q->title != NULL ? q->title : parameter_type_names[q->type]);
	return err_hint(b->err, "--set %s=%s", q->item.key, example);
}

static bool
bind_text(struct binder *b, const struct parameter *q)
{
	const char *value = given(b, q->item.key);

	if (value == NULL)
		value = q->otherwise != NULL ? q->otherwise : q->optional == 1 ? "" : NULL;
	if (value == NULL)
		return missing(b, q, parameter_type_names[q->type]);
	if (value[0] == '\0' && q->optional != 1)
		return err_set(b->err, ERR_USAGE, "The parameter %s is empty.", q->item.key);
	if (value[0] != '\0' && !check_value(b, q, value))
		return false;
	variable(b, q->item.key, "", VAR_TEXT, value);
	record(b, q, value);
	return true;
}

static bool
no_site(struct binder *b, const struct parameter *q)
{
	err_set(b->err, ERR_CONFIG, "The parameter %s needs a site file, and there is none.",
		q->item.key);
	return err_hint(b->err, "Give one with --site FILE or $LIFEBOAT_SITE.");
}

const char *
plan_target_unfit(
	struct arena *a, const struct parameter *q, const struct target *t, enum plan_mode mode)
{
	if (q->kind != NULL && !util_streq(q->kind, target_kind(t)))
		return arena_fmt(a, "it is not of kind %s", q->kind);
	if (mode == PLAN_DRILL && t->environment == ENV_PRODUCTION)
		return "a drill can't touch production";
	if (q->environment >= 0 && t->environment != q->environment)
		return arena_fmt(a, "it is not %s", environment_names[q->environment]);
	return NULL;
}

bool
plan_takes_set(const struct parameter *q, const struct set *s)
{
	return (q->asset == NULL || util_streq(q->asset, s->asset->item.key)) &&
	       (q->set == NULL || util_streq(q->set, s->item.key)) &&
	       (q->of < 0 || q->of == s->type);
}

static const char *
target_unfit(const struct binder *b, const struct parameter *q, const struct target *t)
{
	return plan_target_unfit(b->plan->arena, q, t, b->plan->mode);
}

static bool
targets_hint(struct binder *b, const struct parameter *q)
{
	CLEANUP(str_done) struct str all = STR_INIT(4 * KIB);

	for (size_t i = 0; i < b->site->targets.n; i++) {
		const struct target *t = item_at(&b->site->targets, struct target, i);

		if (target_unfit(b, q, t) == NULL)
			str_fmt(&all, "%s%s", all.len > 0 ? ", " : "", t->item.key);
	}
	return err_hint(b->err, "--set %s=TARGET, one of: %s", q->item.key,
		all.len > 0 ? all.buf : "(the site file has none that fits)");
}

static bool
bind_target(struct binder *b, const struct parameter *q)
{
	const char *name = given(b, q->item.key), *unfit;
	struct plan_target *pt;
	const struct target *t;

	if (b->site == NULL)
		return no_site(b, q);
	if (name == NULL)
		name = q->otherwise;
	if (name == NULL) {
		missing(b, q, "TARGET");
		return targets_hint(b, q);
	}
	t = site_target(b->site, name);
	if (t == NULL) {
		err_set(b->err, ERR_USAGE, "There is no target \"%s\".", name);
		return targets_hint(b, q);
	}
	unfit = target_unfit(b, q, t);
	if (unfit != NULL) {
		err_set(b->err, ERR_REFUSED, "The target %s can't be used here: %s.", name, unfit);
		return targets_hint(b, q);
	}
	pt = vec_push(b->plan->arena, &b->plan->targets);
	*pt = (struct plan_target){.var = q->item.key,
		.name = name,
		.kind = target_kind(t),
		.conninfo = t->postgresql,
		.environment = environment_names[t->environment],
		.database = t->expect != NULL ? t->expect->database : NULL,
		.system_identifier = t->expect != NULL ? t->expect->system_identifier : NULL,
		.sandbox = t->sandbox >= 0};
	variable(b, q->item.key, "", VAR_TARGET, name);
	variable(b, q->item.key, "name", VAR_TEXT, name);
	variable(b, q->item.key, "kind", VAR_TEXT, pt->kind);
	variable(b, q->item.key, "environment", VAR_TEXT, pt->environment);
	variable(b, q->item.key, "conninfo", pt->sandbox ? VAR_LATE : VAR_TEXT, pt->conninfo);
	variable(b, q->item.key, "directory", VAR_TEXT, t->directory);
	variable(b, q->item.key, "database", VAR_TEXT, pt->database);
	variable(b, q->item.key, "system_identifier", VAR_TEXT, pt->system_identifier);
	record(b, q, name);
	return true;
}

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
		missing(b, q, "ASSET/SET");
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

	variable(b, root, "", VAR_TEXT, arena_fmt(a, "%s/%s", s->asset->item.key, s->item.key));
	variable(b, root, "asset", VAR_TEXT, s->asset->item.key);
	variable(b, root, "set", VAR_TEXT, s->item.key);
	variable(b, root, "type", VAR_TEXT, set_type_names[s->type]);
	variable(b, root, "location", VAR_TEXT, s->location);
	variable(b, root, "database", VAR_TEXT, s->database);
	if (l != NULL && l->directory != NULL)
		variable(b, root, "directory", VAR_TEXT, path_join(a, l->directory, dir));
}

static bool
bind_set(struct binder *b, const struct parameter *q)
{
	const char *name = given(b, q->item.key);
	const struct set *s;
	struct pattern pattern;
	const char *next;

	if (b->site == NULL)
		return no_site(b, q);
	s = find_set(b, q, name != NULL ? name : q->otherwise);
	if (s == NULL)
		return false;
	set_variables(b, q->item.key, s);
	if (!pattern_parse(b->plan->arena, s->path, &pattern, b->err))
		return false;
	next = pattern_name_at(b->plan->arena, &pattern, clock_now(),
		s->database != NULL ? s->database : s->asset->item.key);
	variable(b, q->item.key, "next_name", VAR_TEXT, next);
	record(b, q, scope_get(&b->plan->scope, q->item.key)->value);
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
	variable(b, root, "", VAR_BACKUP, id);
	variable(b, root, "id", VAR_TEXT, id);
	variable(b, root, "name", VAR_TEXT, row->name);
	variable(b, root, "uri", VAR_TEXT, uri);
	variable(b, root, "path", VAR_TEXT, path != NULL ? path : uri);
	variable(b, root, "size_bytes", VAR_TEXT,
		arena_fmt(b->plan->arena, "%lld", (long long)row->size));
	variable(b, root, "finished_at", VAR_TEXT,
		row->finished_at == CLOCK_NONE
			? "unknown"
			: arena_strdup(b->plan->arena, clock_format(row->finished_at, at)));
	record(b, q, id);
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
		missing(b, q, "ASSET/SET/NAME");
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

static bool
bind_backup(struct binder *b, const struct parameter *q)
{
	const char *value = given(b, q->item.key), *id;
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
		return no_site(b, q);
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

static bool
bind_secret(struct binder *b, const struct parameter *q)
{
	if (given(b, q->item.key) != NULL) {
		err_set(b->err, ERR_USAGE, "The secret %s can't be given on the command line.",
			q->item.key);
		return err_hint(b->err,
			"Everybody on the machine could see it. Its sources: %s, ...",
			q->from.v[0]);
	}
	*vec_push(b->plan->arena, &b->plan->secrets) =
		(struct plan_secret){q->item.key, q->from, q->optional == 1};
	variable(b, q->item.key, "", VAR_SECRET, "");
	scope_set(&b->plan->scope, q->item.key, VAR_SECRET, NULL);
	*vec_push(b->plan->arena, &b->plan->parameters) =
		(struct parameter_value){q->item.key, NULL, false};
	return true;
}

/*
 * A target, set or backup that nobody named and that is not needed: conditions can ask for it,
 * as the empty text; a step that needs its address fails, instead of reaching for a default.
 */
static bool
bind_nothing(struct binder *b, const struct parameter *q)
{
	static const char *const parts[] = {"id", "name", "kind", "conninfo", "environment",
		"directory", "database", "path", "uri", "asset", "set", "finished_at"};

	variable(b, q->item.key, "", q->type == PARAMETER_TARGET ? VAR_TARGET : VAR_TEXT, "");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		variable(b, q->item.key, parts[i], VAR_LATE, NULL);
	record(b, q, "");
	return true;
}

static bool
is_left_out(const struct binder *b, const struct parameter *q)
{
	const char *value = given(b, q->item.key);

	return q->optional == 1 && q->type != PARAMETER_SECRET &&
	       (value == NULL ? q->otherwise == NULL : value[0] == '\0');
}

static bool
bind_one(struct binder *b, const struct parameter *q)
{
	if (q->type >= PARAMETER_SET && is_left_out(b, q))
		return bind_nothing(b, q);
	switch (q->type) {
	case PARAMETER_TARGET: return bind_target(b, q);
	case PARAMETER_SET: return bind_set(b, q);
	case PARAMETER_BACKUP: return bind_backup(b, q);
	case PARAMETER_SECRET: return bind_secret(b, q);
	default: return bind_text(b, q);
	}
}

bool
plan_build(struct arena *a, const struct runbook *r, const struct site *site, const char *state,
	const struct plan_options *o, struct plan **ret, struct err *err)
{
	struct plan *p = arena_alloc(a, sizeof(*p));
	struct binder b = {p, site, state, o, NULL, err};
	char now[CLOCK_TEXT];
	bool good = true;

	if (site != NULL && site->runbooks != NULL && site->runbooks->signed_by != NULL &&
		!signature_check(r, site->runbooks->signed_by, state, err))
		return false;
	p->arena = a;
	p->runbook = r;
	p->mode = o->mode;
	p->attended = o->attended;
	p->operator= arena_strdup(a, o->operator);
	p->site = site != NULL ? site->name : NULL;
	p->site_file = site != NULL ? site->file : NULL;
	p->created_at = arena_strdup(a, clock_format(clock_now(), now));
	p->incident = o->incident;
	if (site != NULL && site->operators != NULL) {
		p->approvers = site->operators->approvers;
		p->group = site->operators->group;
		p->allowed_signers = site->operators->allowed_signers;
	}
	scope_init(&p->scope, a);
	good = check_names(&b, r);
	for (size_t i = 0; good && i < r->parameters.n; i++)
		good = bind_one(&b, item_at(&r->parameters, struct parameter, i));
	catalog_free(b.catalog);
	if (!good)
		return false;
	if (!plan_assemble(p, err))
		return false;
	for (size_t i = 0; i < p->steps.n; i++) {
		const struct step *s = p->steps.v[i];

		if (strcmp(s->kind->name, "runbook") == 0 && !plan_nest(p, s, site, state, o, err))
			return false;
	}
	if (!plan_check(p, err))
		return false;
	*ret = p;
	return true;
}

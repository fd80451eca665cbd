/*
 * plan_bind: a plan is made of a runbook: every parameter is bound to what it was given, to its
 * default or to a choice of ours. Here targets and secrets; texts and backups have files of
 * their own.
 */
#include "base/banned.h"
#include "runbook/plan_bind.h"
#include "base/clock.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "runbook/signature.h"

const char *
bind_given(const struct binder *b, const char *name)
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

void
bind_variable(
	struct binder *b, const char *root, const char *part, enum var_kind kind, const char *value)
{
	const char *name = part[0] == '\0' ? root : arena_fmt(b->plan->arena, "%s.%s", root, part);

	if (value != NULL || kind == VAR_LATE)
		scope_set(&b->plan->scope, name, kind, value);
}

void
bind_record(struct binder *b, const struct parameter *q, const char *text)
{
	*vec_push(b->plan->arena, &b->plan->parameters) = (struct parameter_value){q->item.key,
		arena_strdup(b->plan->arena, text), bind_given(b, q->item.key) != NULL};
}

bool
bind_missing(struct binder *b, const struct parameter *q, const char *example)
{
	err_set(b->err, ERR_USAGE, "The parameter %s (%s) is not given.", q->item.key,
		q->title != NULL ? q->title : parameter_type_names[q->type]);
	return err_hint(b->err, "--set %s=%s", q->item.key, example);
}

bool
bind_no_site(struct binder *b, const struct parameter *q)
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
	const char *name = bind_given(b, q->item.key), *unfit;
	struct plan_target *pt;
	const struct target *t;

	if (b->site == NULL)
		return bind_no_site(b, q);
	if (name == NULL)
		name = q->otherwise;
	if (name == NULL) {
		bind_missing(b, q, "TARGET");
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
	bind_variable(b, q->item.key, "", VAR_TARGET, name);
	bind_variable(b, q->item.key, "name", VAR_TEXT, name);
	bind_variable(b, q->item.key, "kind", VAR_TEXT, pt->kind);
	bind_variable(b, q->item.key, "environment", VAR_TEXT, pt->environment);
	bind_variable(b, q->item.key, "conninfo", pt->sandbox ? VAR_LATE : VAR_TEXT, pt->conninfo);
	bind_variable(b, q->item.key, "directory", VAR_TEXT, t->directory);
	bind_variable(b, q->item.key, "database", VAR_TEXT, pt->database);
	bind_variable(b, q->item.key, "system_identifier", VAR_TEXT, pt->system_identifier);
	bind_record(b, q, name);
	return true;
}

static bool
bind_secret(struct binder *b, const struct parameter *q)
{
	if (bind_given(b, q->item.key) != NULL) {
		err_set(b->err, ERR_USAGE, "The secret %s can't be given on the command line.",
			q->item.key);
		return err_hint(b->err,
			"Everybody on the machine could see it. Its sources: %s, ...",
			q->from.v[0]);
	}
	*vec_push(b->plan->arena, &b->plan->secrets) =
		(struct plan_secret){q->item.key, q->from, q->optional == 1};
	bind_variable(b, q->item.key, "", VAR_SECRET, "");
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

	bind_variable(b, q->item.key, "", q->type == PARAMETER_TARGET ? VAR_TARGET : VAR_TEXT, "");
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		bind_variable(b, q->item.key, parts[i], VAR_LATE, NULL);
	bind_record(b, q, "");
	return true;
}

static bool
is_left_out(const struct binder *b, const struct parameter *q)
{
	const char *value = bind_given(b, q->item.key);

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

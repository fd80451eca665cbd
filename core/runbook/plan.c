#include "base/banned.h"
#include "runbook/plan.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/text.h"

const char *const plan_mode_names[] = {"live", "drill", NULL};

static const char *const var_kind_names[] = {"text", "target", "backup", "secret", "late", NULL};

const struct step *
plan_step(const struct plan *p, const char *id)
{
	for (size_t i = 0; i < p->steps.n; i++)
		if (util_streq(item_at(&p->steps, struct step, i)->id, id))
			return p->steps.v[i];
	return NULL;
}

const struct plan_target *
plan_target(const struct plan *p, const char *var)
{
	const struct plan_target *t;

	vec_each (&p->targets, t)
		if (strcmp(t->var, var) == 0)
			return t;
	return NULL;
}

const struct plan_backup *
plan_backup(const struct plan *p, const char *var)
{
	const struct plan_backup *b;

	vec_each (&p->backups, b)
		if (strcmp(b->var, var) == 0)
			return b;
	return NULL;
}

/*
 * A target that is a sandbox has to be started before anything else: a step that nobody wrote.
 * A step that somebody wrote may be called like the target; ids with a dot are ours alone.
 */
static struct step *
imply_sandbox(struct plan *p, const struct plan_target *t)
{
	struct problems problems;
	bool taken = runbook_step(p->runbook, t->var) != NULL;
	const char *text = arena_fmt(p->arena,
		"{\"id\": \"%s%s\", \"title\": \"Start the sandbox for %s\", \"kind\": "
		"\"sandbox\"}",
		t->var, taken ? ".sandbox" : "", t->var);
	const struct node *n;
	struct step *s = arena_alloc(p->arena, sizeof(*s));
	const struct step_kind *kind = step_kind_find("sandbox");
	struct schema_part parts[] = {
		{&step_schema, s}, {kind->params, arena_alloc(p->arena, kind->params->size)}};

	problems_init(&problems, p->arena, "the plan");
	n = node_from_json(text, strlen(text), &problems);
	if (n != NULL)
		schema_read(n, parts, 2, SCHEMA_FILE, &problems);
	if (problems.errors > 0)
		BUG("the implied sandbox step is malformed");
	s->at = n;
	s->kind = kind;
	s->params = parts[1].object;
	s->effect = (int)kind->effect;
	s->timeout_s = 600;
	s->on_fail = ON_FAIL_STOP;
	s->implied = true;
	s->gives = t->var;
	return s;
}

static void
touch_root(const char *root, void *arg)
{
	struct plan *p = arg;
	struct plan_target *t;

	vec_each (&p->targets, t)
		if (strcmp(t->var, root) == 0)
			t->touched = true;
}

static void
late(struct plan *p, const char *name)
{
	if (scope_get(&p->scope, name) == NULL)
		scope_set(&p->scope, name, VAR_LATE, NULL);
}

/* A loop is done when all its turns are. */
static void
assemble_done_when(struct plan *p)
{
	const struct texts *wanted = &p->runbook->done_when;

	p->done_when.v = arena_array(p->arena, wanted->n + p->steps.n + 1, sizeof(*p->done_when.v));
	p->done_when.n = 0;
	for (size_t i = 0; i < p->steps.n; i++) {
		const struct step *s = p->steps.v[i];

		for (size_t k = 0; k < wanted->n; k++)
			if (util_streq(wanted->v[k], s->each_of != NULL ? s->each_of : s->id))
				p->done_when.v[p->done_when.n++] = s->id;
	}
}

/* In an outline (no parameter has a value) a loop stands as it is written. */
static bool
assemble_steps(struct plan *p, bool outline, struct err *err)
{
	const struct plan_target *t;

	p->steps.v =
		arena_array(p->arena, RUNBOOK_STEPS_MAX + p->targets.n + 1, sizeof(*p->steps.v));
	p->steps.n = 0;
	vec_each (&p->targets, t)
		if (t->sandbox)
			p->steps.v[p->steps.n++] = imply_sandbox(p, t);
	for (size_t i = 0; i < p->runbook->steps.n; i++) {
		const struct step *s = p->runbook->steps.v[i];

		if (s->each == NULL || outline)
			p->steps.v[p->steps.n++] = (void *)s;
		else if (!plan_expand_each(p, s, err))
			return false;
	}
	assemble_done_when(p);
	return true;
}

static void
assemble_vars(struct plan *p)
{
	const struct plan_target *t;

	vec_each (&p->targets, t)
		if (t->sandbox)
			late(p, arena_fmt(p->arena, "%s.conninfo", t->var));
	for (size_t i = 0; i < p->steps.n; i++) {
		const struct step *s = p->steps.v[i];

		if (s->capture != NULL)
			late(p, s->capture);
		if (!s->kind->person)
			late(p, s->id);
		if (s->effect != EFFECT_READ)
			step_roots(s, touch_root, p);
	}
	late(p, "run");
}

bool
plan_assemble(struct plan *p, struct err *err)
{
	/* Loops may run over what the plan knows. */
	if (p->site != NULL)
		scope_set(&p->scope, "site", VAR_TEXT, p->site);
	scope_set(&p->scope, "operator", VAR_TEXT, p->operator);
	if (!assemble_steps(p, false, err))
		return false;
	assemble_vars(p);
	return true;
}

struct plan *
plan_outline(struct arena *a, const struct runbook *r)
{
	struct plan *p = arena_alloc(a, sizeof(*p));

	p->arena = a;
	p->runbook = r;
	p->attended = true;
	p->operator= "{{operator}}";
	p->incident = CLOCK_NONE;
	scope_init(&p->scope, a);
	for (size_t i = 0; i < r->parameters.n; i++) {
		const struct parameter *q = item_at(&r->parameters, struct parameter, i);

		scope_set(&p->scope, q->item.key,
			q->type == PARAMETER_SECRET ? VAR_SECRET : VAR_LATE, NULL);
	}
	late(p, "site");
	late(p, "item");
	scope_set(&p->scope, "operator", VAR_TEXT, p->operator);
	if (!assemble_steps(p, true, NULL))
		BUG("an outline has no loops");
	assemble_vars(p);
	return p;
}

bool
plan_is_met(const struct plan *p, const struct step *s)
{
	return s->when == NULL && s->unattended != UNATTENDED_SKIP &&
	       !(p->mode == PLAN_DRILL && s->drill == DRILL_SIMULATE);
}

const char *
plan_needs_person(const struct plan *p, const struct step *s)
{
	bool chooses = util_streq(s->kind->name, "choose");

	if (!plan_is_met(p, s))
		return NULL;
	if (s->kind->person && !(chooses && node_get(s->at, "default") != NULL))
		return "waits for a person";
	if (s->confirm != NULL)
		return "must be confirmed";
	if (s->approve != NULL)
		return "needs an approval";
	return s->unattended == UNATTENDED_REFUSE ? "does not run unattended" : NULL;
}

bool
plan_check(struct plan *p, struct err *err)
{
	for (size_t i = 0; i < p->steps.n; i++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		struct resolved r;

		if (!step_resolve(p->steps.v[i], &p->scope, EXPAND_LATE, &a, &r, err))
			return false;
	}
	return true;
}

static void
save_operators(const struct plan *p, struct json *j)
{
	json_string(j, "group", p->group);
	json_string(j, "allowed_signers", p->allowed_signers);
	json_array(j, "approvers");
	for (size_t i = 0; i < p->approvers.n; i++)
		json_string(j, NULL, p->approvers.v[i]);
	json_array_end(j);
}

void
plan_target_json(const struct plan_target *t, struct json *j)
{
	json_string(j, "name", t->name);
	json_string(j, "kind", t->kind);
	json_string(j, "conninfo", t->conninfo);
	json_string(j, "environment", t->environment);
	json_string(j, "database", t->database);
	json_string(j, "system_identifier", t->system_identifier);
}

void
plan_backup_json(const struct plan_backup *b, struct json *j)
{
	json_string(j, "id", b->id);
	json_string(j, "path", b->path);
	json_int(j, "size", b->size);
	json_int(j, "mtime", b->mtime);
	json_time(j, "finished_at", b->finished_at);
}

/* The targets, and the backups that were chosen. */
static void
save_choices(const struct plan *p, struct json *j)
{
	const struct plan_target *t;
	const struct plan_backup *b;

	json_array(j, "targets");
	vec_each (&p->targets, t) {
		json_object(j, NULL);
		json_string(j, "var", t->var);
		plan_target_json(t, j);
		json_bool(j, "sandbox", t->sandbox);
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "backups");
	vec_each (&p->backups, b) {
		json_object(j, NULL);
		json_string(j, "var", b->var);
		plan_backup_json(b, j);
		json_object_end(j);
	}
	json_array_end(j);
}

void
plan_save(const struct plan *p, struct str *out)
{
	struct json j = json_new_pretty(out);
	const struct parameter_value *q;
	const struct var *v;

	json_object(&j, NULL);
	json_int(&j, "schema", 1);
	json_string(&j, "runbook", p->runbook->file);
	json_string(&j, "sha256", p->runbook->sha256);
	json_string(&j, "mode", plan_mode_names[p->mode]);
	json_bool(&j, "attended", p->attended);
	json_string(&j, "operator", p->operator);
	json_string(&j, "site", p->site);
	json_string(&j, "site_file", p->site_file);
	json_string(&j, "created_at", p->created_at);
	json_string(&j, "parent_run", p->parent_run);
	json_string(&j, "parent_step", p->parent_step);
	json_time(&j, "incident", p->incident);
	save_operators(p, &j);
	json_array(&j, "parameters");
	vec_each (&p->parameters, q) {
		json_object(&j, NULL);
		json_string(&j, "name", q->name);
		json_string(&j, "text", q->text);
		json_bool(&j, "given", q->given);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_array(&j, "vars");
	vec_each (&p->scope.vars, v) {
		if (v->kind == VAR_LATE)
			continue;
		json_object(&j, NULL);
		json_string(&j, "name", v->name);
		json_string(&j, "kind", var_kind_names[v->kind]);
		json_string(&j, "value", v->kind == VAR_SECRET ? NULL : v->value);
		json_object_end(&j);
	}
	json_array_end(&j);
	save_choices(p, &j);
	json_object_end(&j);
	str_addc(out, '\n');
}

static const char *
text_of(struct plan *p, const cJSON *o, const char *key)
{
	return arena_strdup(p->arena, json_get_text(o, key));
}

static bool
load_vars(struct plan *p, const cJSON *list)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, list)
	{
		const char *name = json_get_text(it, "name"), *kind = json_get_text(it, "kind");
		int k = 0;

		while (var_kind_names[k] != NULL && !util_streq(var_kind_names[k], kind))
			k++;
		if (name == NULL || var_kind_names[k] == NULL)
			return false;
		scope_set(&p->scope, name, (enum var_kind)k,
			k == VAR_SECRET ? NULL : json_get_text(it, "value"));
		if (k != VAR_SECRET && json_get_text(it, "value") == NULL)
			return false;
	}
	return true;
}

/* What a plan can't be without; false when an entry lacks it. */
static bool
has_names(const cJSON *list, const char *first, const char *second)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, list)
	{
		if (json_get_text(it, first) == NULL || json_get_text(it, second) == NULL)
			return false;
	}
	return true;
}

static bool
load_lists(struct plan *p, const cJSON *json)
{
	const cJSON *it;

	if (!has_names(json_get(json, "parameters"), "name", "name") ||
		!has_names(json_get(json, "targets"), "var", "name") ||
		!has_names(json_get(json, "backups"), "var", "id"))
		return false;

	cJSON_ArrayForEach(it, json_get(json, "parameters"))
	{
		*vec_push(p->arena, &p->parameters) =
			(struct parameter_value){text_of(p, it, "name"), text_of(p, it, "text"),
				json_get_bool(it, "given", false)};
	}
	cJSON_ArrayForEach(it, json_get(json, "targets"))
	{
		*vec_push(p->arena, &p->targets) = (struct plan_target){
			.var = text_of(p, it, "var"),
			.name = text_of(p, it, "name"),
			.kind = text_of(p, it, "kind"),
			.conninfo = text_of(p, it, "conninfo"),
			.environment = text_of(p, it, "environment"),
			.database = text_of(p, it, "database"),
			.system_identifier = text_of(p, it, "system_identifier"),
			.sandbox = json_get_bool(it, "sandbox", false),
		};
	}
	cJSON_ArrayForEach(it, json_get(json, "backups"))
	{
		*vec_push(p->arena, &p->backups) = (struct plan_backup){
			.var = text_of(p, it, "var"),
			.id = text_of(p, it, "id"),
			.path = text_of(p, it, "path"),
			.size = json_get_int(it, "size", -1),
			.mtime = json_get_int(it, "mtime", -1),
			.finished_at = json_get_time(it, "finished_at"),
		};
	}
	return true;
}

static void
load_operators(struct plan *p, const cJSON *json)
{
	const cJSON *list = json_get(json, "approvers"), *it;

	p->group = text_of(p, json, "group");
	p->allowed_signers = text_of(p, json, "allowed_signers");
	p->approvers.v = arena_array(
		p->arena, (size_t)cJSON_GetArraySize(list) + 1, sizeof(*p->approvers.v));
	cJSON_ArrayForEach(it, list)
	{
		if (cJSON_IsString(it))
			p->approvers.v[p->approvers.n++] = arena_strdup(p->arena, it->valuestring);
	}
}

static void
load_secrets(struct plan *p)
{
	for (size_t i = 0; i < p->runbook->parameters.n; i++) {
		const struct parameter *q = item_at(&p->runbook->parameters, struct parameter, i);

		if (q->type == PARAMETER_SECRET)
			*vec_push(p->arena, &p->secrets) =
				(struct plan_secret){q->item.key, q->from, q->optional == 1};
	}
}

/* The executor looks again: whatever stands in the plan's file, a drill has no such target (F58).
 */
static bool
fits_mode(const struct plan *p, struct err *err)
{
	const struct plan_target *t;

	vec_each (&p->targets, t) {
		if (p->mode != PLAN_DRILL ||
			!util_streq(t->environment, environment_names[ENV_PRODUCTION]))
			continue;
		err_set(err, ERR_REFUSED, "The plan is a drill's, and %s is production.", t->name);
		return err_hint(err, "Somebody changed the run's directory; start a new run.");
	}
	return true;
}

bool
plan_load(struct arena *a, const cJSON *json, const struct runbook *runbook, struct plan **ret,
	struct err *err)
{
	struct plan *p = arena_alloc(a, sizeof(*p));

	p->arena = a;
	p->runbook = runbook;
	scope_init(&p->scope, a);
	if (!util_streq(json_get_text(json, "sha256"), runbook->sha256)) {
		err_set(err, ERR_REFUSED,
			"The pinned copy of the runbook is not the one of the plan.");
		return err_hint(err, "Somebody changed the run's directory; start a new run.");
	}
	p->mode = util_streq(json_get_text(json, "mode"), "drill") ? PLAN_DRILL : PLAN_LIVE;
	p->attended = json_get_bool(json, "attended", true);
	p->operator= text_of(p, json, "operator");
	p->site = text_of(p, json, "site");
	p->site_file = text_of(p, json, "site_file");
	p->created_at = text_of(p, json, "created_at");
	p->parent_run = text_of(p, json, "parent_run");
	p->parent_step = text_of(p, json, "parent_step");
	p->incident = json_get_time(json, "incident");
	load_operators(p, json);
	if (p->operator== NULL || !load_lists(p, json) || !load_vars(p, json_get(json, "vars")))
		return err_set(err, ERR_DAMAGED, "The plan is malformed.");
	load_secrets(p);
	if (!fits_mode(p, err) || !plan_assemble(p, err))
		return false;
	*ret = p;
	return true;
}

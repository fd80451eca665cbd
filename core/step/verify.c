/*
 * verify: proves a backup, or what a database shows after a restore.
 *
 * With `path` it does what `lifeboat verify` does. With `target` it runs checks against a live
 * database: those written in the step, or those that the site file gives for a backup's set.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "base/clock.h"
#include "catalog/proof.h"
#include "verify/checks.h"
#include "verify/verify.h"

struct verify_step {
	struct item item;
	const char *path, *checks_of;
	int level;
	struct target_ref *target;
	struct items checks;
};

static const struct field fields[] = {
	{"path", FIELD_TEMPLATE, offsetof(struct verify_step, path), "path or URI of a backup"},
	{"level", FIELD_CHOICE, offsetof(struct verify_step, level),
		"seen, intact (default) or restored", .choices = level_names},
	{"target", FIELD_TARGET, offsetof(struct verify_step, target), "a database to examine"},
	{"checks_of", FIELD_TEMPLATE, offsetof(struct verify_step, checks_of),
		"asset/set whose checks in the site file to run"},
	{"checks", FIELD_LIST, offsetof(struct verify_step, checks), "checks to run",
		.sub = &check_schema},
};
static const struct schema schema = {.name = "a verify step",
	.size = sizeof(struct verify_step),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static enum level
level_of(const struct verify_step *v)
{
	return v->level < 0 ? LEVEL_INTACT : (enum level)v->level;
}

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	bool path = node_get(at, "path") != NULL, target = node_get(at, "target") != NULL;

	if (path == target)
		node_error(p, at, "A verify step needs exactly one of path and target.");
	if (path && node_get(at, "checks_of") != NULL)
		node_error(p, node_get(at, "checks_of"), "\"checks_of\" goes with target.");
	if (target && node_get(at, "level") != NULL)
		node_error(p, node_get(at, "level"), "\"level\" goes with path.");
}

static void
describe(struct str *out, const void *params)
{
	const struct verify_step *v = params;

	if (v->path != NULL) {
		str_fmt(out, "Prove %s, level %s", v->path, level_names[level_of(v)]);
		return;
	}
	str_add(out, "Check that the database answers and has tables");
	for (size_t i = 0; i < v->checks.n; i++) {
		const struct check *c = item_at(&v->checks, struct check, i);

		str_fmt(out, "\n%s",
			c->name != NULL    ? c->name
			: c->table != NULL ? c->table
			: c->sql != NULL   ? c->sql
					   : "check");
	}
	if (v->checks_of != NULL)
		str_fmt(out, "\nand the checks of %s in the site file", v->checks_of);
	if (v->target != NULL && v->target->conninfo != NULL)
		str_fmt(out, "\non %s", v->target->conninfo);
}

/* What the report says, as the step's result. */
static bool
conclude(struct step_child *c, const struct report *r, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(MIB);
	struct json j = json_new(&c->checks);
	const char *first = NULL;

	report_text(r, true, &text);
	step_say(c, "%s", str_text(&text));
	json_array(&j, NULL);
	for (size_t i = 0; i < r->checks.n; i++) {
		const struct report_check *k = &r->checks.v[i];

		json_object(&j, NULL);
		json_string(&j, "name", k->name);
		json_string(&j, "result", proof_result_names[k->result]);
		json_string(&j, "detail", k->detail);
		json_object_end(&j);
		if (first == NULL && k->result != PROOF_PASS && k->result == report_result(r))
			first = k->detail;
	}
	json_array_end(&j);
	str_add(&c->value, proof_result_names[report_result(r)]);
	switch (report_result(r)) {
	case PROOF_PASS: return true;
	case PROOF_FAIL:
		return err_set(
			err, ERR_CHECK_FAILED, "%s", first != NULL ? first : "A check failed.");
	default:
		c->outcome = OUTCOME_UNKNOWN;
		return err_set(err, ERR_UNKNOWN, "%s",
			first != NULL ? first : "It could not be found out.");
	}
}

static bool
load_checks(struct step_child *c, const struct verify_step *v, const struct site **site,
	struct items *list, struct err *err)
{
	struct problems p;
	const struct set *set;

	*list = v->checks;
	*site = NULL;
	if (c->site_file == NULL)
		return v->checks_of == NULL ||
		       err_set(err, ERR_CONFIG, "There is no site file to take checks from.");
	problems_init(&p, c->arena, c->site_file);
	*site = site_load(c->site_file, &p);
	if (*site == NULL)
		return problems_err(&p, err);
	if (v->checks_of == NULL)
		return true;
	set = site_set(*site, v->checks_of);
	if (set == NULL)
		return err_set(err, ERR_CONFIG, "The site file has no set %s.", v->checks_of);
	list->n = 0;
	list->v = arena_array(c->arena, v->checks.n + set->checks.n + 1, sizeof(*list->v));
	for (size_t i = 0; i < v->checks.n; i++)
		list->v[list->n++] = v->checks.v[i];
	for (size_t i = 0; i < set->checks.n; i++)
		list->v[list->n++] = set->checks.v[i];
	return true;
}

static bool
check_target(struct step_child *c, const struct verify_step *v, struct err *err)
{
	struct pg_options o = {.conninfo = v->target->conninfo, .read_only = true};
	struct checks_place place = {.throw_away = util_streq(v->target->environment, "sandbox")};
	struct report report = {.arena = c->arena, .target = v->target->name};
	struct items list;
	bool good;

	if (!load_checks(c, v, &place.site, &list, err) || !pg_connect(&o, &place.pg, err))
		return false;
	good = checks_run(&place, &list, &report, err);
	pg_free(place.pg);
	return good && conclude(c, &report, err);
}

/* For the PROVEN column; a proof that can't be written down is no reason to fail the step. */
static void
remember(struct step_child *c, const struct verify_step *v, const struct report *r)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct proof p = {.backup = c->backup.id,
		.etag = "",
		.size = c->backup.size,
		.mtime = c->backup.mtime,
		.finished_at = c->backup.finished_at,
		.level = level_of(v),
		.result = report_result(r),
		.at = clock_now(),
		.seconds = r->seconds,
		.checks = str_text(&c->checks),
		.by = c->run};

	if (c->backup.id == NULL || !util_streq(c->backup.path, v->path))
		return;
	if (!proof_add(c->state, &p, &err))
		step_say(c, "The proof could not be recorded: %s", err.msg);
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct verify_step *v = params;
	struct verify_options o = {.level = level_of(v)};
	struct report report;
	bool good;

	if (v->path == NULL)
		return check_target(c, v, err);
	verify_uri(c->arena, v->path, &o, &report);
	good = conclude(c, &report, err);
	remember(c, v, &report);
	return good;
}

const struct step_kind step_kind_verify = {
	.name = "verify",
	.summary = "prove a backup, or what a restored database shows",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.retriable = true,
	.check = check,
	.describe = describe,
	.run = run,
};

/*
 * verify: proves a backup, or what a database shows after a restore.
 *
 * With `path` it does what `lifeboat verify` does: a backup of a set is read where the site file
 * says that it lies, the set's checks are run besides the step's at level restored, and what came
 * of it is recorded in the catalog. With `target` it runs checks against a live database: those
 * written in the step, or those that the site file gives for a backup's set.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "step/prove.h"
#include "base/clock.h"
#include "base/text.h"
#include "verify/checks.h"
#include "verify/sandbox.h"

struct verify_step {
	struct item item;
	const char *path, *checks_of, *keep_sandbox;
	int level;
	struct target_ref *target;
	struct items checks;
};

static const struct field fields[] = {
	{"path", FIELD_TEMPLATE, offsetof(struct verify_step, path), "path or URI of a backup"},
	{"level", FIELD_CHOICE, offsetof(struct verify_step, level),
		"seen, intact (default) or restored", .choices = level_names},
	{"keep_sandbox", FIELD_TEMPLATE, offsetof(struct verify_step, keep_sandbox),
		"yes: leave the sandbox of level restored for a while, to look into it"},
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
	if (target && node_get(at, "keep_sandbox") != NULL)
		node_error(p, node_get(at, "keep_sandbox"), "\"keep_sandbox\" goes with path.");
	if (path && level_of(params) != LEVEL_RESTORED && node_get(at, "checks") != NULL)
		node_error(p, node_get(at, "checks"),
			"\"checks\" goes with target, or with path and level restored.");
}

static void
describe_checks(struct str *out, const struct verify_step *v)
{
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
}

static void
describe(struct str *out, const void *params)
{
	const struct verify_step *v = params;

	if (v->path == NULL) {
		str_add(out, "Check that the database answers and has tables");
		describe_checks(out, v);
		if (v->target != NULL && v->target->conninfo != NULL)
			str_fmt(out, "\non %s", v->target->conninfo);
		return;
	}
	str_fmt(out, "Prove %s, level %s", v->path, level_names[level_of(v)]);
	if (level_of(v) != LEVEL_RESTORED)
		return;
	str_add(out, "\nrestored into a throw-away server, stopping at the first error; it "
		     "answers, has\ntables, and passes the checks of its set in the site file");
	describe_checks(out, v);
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

/* NULL without an err when the run has none. */
static bool
load_site(struct step_child *c, const struct site **ret, struct err *err)
{
	struct problems p;

	*ret = NULL;
	if (c->site_file == NULL)
		return true;
	problems_init(&p, c->arena, c->site_file);
	*ret = site_load(c->site_file, &p);
	return *ret != NULL || problems_err(&p, err);
}

static void
both(struct arena *a, const struct items *one, const struct items *two, struct items *ret)
{
	ret->n = 0;
	ret->v = arena_array(a, one->n + two->n + 1, sizeof(*ret->v));
	for (size_t i = 0; i < one->n; i++)
		ret->v[ret->n++] = one->v[i];
	for (size_t i = 0; i < two->n; i++)
		ret->v[ret->n++] = two->v[i];
}

static bool
load_checks(struct step_child *c, const struct verify_step *v, const struct site **site,
	struct items *list, struct err *err)
{
	const struct set *set;

	*list = v->checks;
	if (!load_site(c, site, err))
		return false;
	if (v->checks_of == NULL)
		return true;
	if (*site == NULL)
		return err_set(err, ERR_CONFIG, "There is no site file to take checks from.");
	set = site_set(*site, v->checks_of);
	if (set == NULL)
		return err_set(err, ERR_CONFIG, "The site file has no set %s.", v->checks_of);
	both(c->arena, &v->checks, &set->checks, list);
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

/* One path at work. */
struct proving_step {
	struct step_child *child;
	const struct verify_step *step;
	struct verify_options options;
	struct prove_target target; /* its set is NULL for what is in no set */
	struct catalog *catalog;
	struct items checks;
	struct flow_meter meter;
	int64_t start_ms;
};

static struct proving_step *ticking; /* a meter's callback gets no more than the meter */

static void
tick(struct flow_meter *m)
{
	CLEANUP(str_done) struct str text = STR_INIT(256);
	int64_t ms = MAX(clock_mono_ms() - ticking->start_ms, 1), rate = m->done * 1000 / ms;

	text_size(&text, rate);
	str_add(&text, "/s");
	if (m->total > m->done && rate > 0) {
		str_add(&text, ", ");
		text_duration(&text, (m->total - m->done) / rate);
		str_add(&text, " left");
	}
	step_progress(ticking->child, m->done, m->total, str_text(&text));
}

static bool
same_path(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	n -= n > 1 && a[n - 1] == '/';
	m -= m > 1 && b[m - 1] == '/';
	return n == m && memcmp(a, b, n) == 0;
}

/* The row of the catalog that the path is; where there is none it is a path like any other. */
static void
find_backup(struct proving_step *p, const struct site *site)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct step_child *c = p->child;
	const struct set_facts *f;
	struct backup b;

	if (site == NULL || c->backup.id == NULL ||
		!catalog_open(c->state, site, &p->catalog, &why) ||
		!catalog_find_id(p->catalog, c->backup.id, &f, &b, &why) ||
		!same_path(catalog_uri(c->arena, f, &b), p->step->path))
		return;
	p->target = (struct prove_target){.site = site,
		.set = site_set(site, arena_fmt(c->arena, "%s/%s", f->asset, f->set)),
		.id = c->backup.id};
	backup_copy(c->arena, &p->target.backup, &b);
}

/* A sandbox that stays is no stray. */
static void
leave_sandbox(struct step_child *c, const struct report *r)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct sandbox s;

	if (r->sandbox == NULL || !sandbox_find(c->state, r->sandbox, c->arena, &s, &why))
		return;
	step_leave(c, s.pid);
	step_set(c, "conninfo", r->conninfo);
	step_say(c,
		"The sandbox is kept for %d hours, then the next lifeboat command removes it: %s",
		VERIFY_KEEP_S / 3600, r->conninfo);
}

static bool
prove_path(struct proving_step *p, struct err *err)
{
	CLEANUP(err_done) struct err unrecorded = ERR_INIT;
	struct step_child *c = p->child;
	const struct site *site;
	struct report report;
	bool good;

	if (!load_site(c, &site, err))
		return false;
	find_backup(p, site);
	p->options.site = site;
	p->options.checks = &p->step->checks;
	if (p->target.set != NULL) {
		both(c->arena, &p->step->checks, &p->target.set->checks, &p->checks);
		p->options.checks = &p->checks;
		prove_backup(c->arena, &p->target, p->catalog, &p->options, &report);
	} else {
		verify_uri(c->arena, p->step->path, &p->options, &report);
	}
	leave_sandbox(c, &report);
	if (report.stopped)
		return err_set(err, ERR_STOPPED, "Stopped while proving the backup.");
	good = conclude(c, &report, err);
	if (p->target.set != NULL &&
		!prove_record(c->arena, &p->target, c->state, &report, c->run, &unrecorded))
		step_say(c, "The proof could not be recorded: %s", unrecorded.msg);
	return good;
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct verify_step *v = params;
	struct proving_step p = {.child = c, .step = v, .start_ms = clock_mono_ms()};
	bool good;

	if (v->path == NULL)
		return check_target(c, v, err);
	p.meter = (struct flow_meter){.total = -1, .tick = tick};
	p.options = (struct verify_options){.level = level_of(v),
		.state = c->state,
		.keep_sandbox = util_streq(v->keep_sandbox, "yes"),
		.meter = &p.meter};
	ticking = &p;
	good = prove_path(&p, err);
	catalog_free(p.catalog);
	return good;
}

/* The sandbox of a step that was killed in the middle. */
static bool
cleanup(struct step_child *c, struct err *err)
{
	size_t removed;

	return sandbox_sweep(c->state, &removed, err);
}

const struct step_kind step_kind_verify = {
	.name = "verify",
	.summary = "prove a backup, or what a restored database shows",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.retriable = true,
	.locations = true,
	.check = check,
	.describe = describe,
	.run = run,
	.cleanup = cleanup,
};

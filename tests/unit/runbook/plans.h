/*
 * plans: a site, a runbook and a plan of it, for the tests of what becomes of one.
 */
#ifndef UNIT_PLANS_H
#define UNIT_PLANS_H

#include "unit/testing.h"

#include "base/clock.h"
#include "runbook/plan.h"

static struct arena arena;

static const char site_text[] =
	"site: test\n"
	"locations: {local: {directory: /backup}}\n"
	"targets:\n"
	"  prod: {postgresql: \"service=prod\", environment: production,"
	" expect: {database: app, system_identifier: \"77\"}}\n"
	"  stage: {postgresql: \"host=/run dbname=stage\", environment: staging}\n"
	"  files: {directory: /srv/x, environment: staging}\n"
	"  scratch: {sandbox: postgresql}\n"
	"assets:\n"
	"  db: {sets: {daily: {type: pg_dump, location: local,"
	" path: \"pg/app_{time:%Y%m%d}.dump\", rpo: 24h, database: app}}}\n";

static const struct site *
test_site(void)
{
	struct problems p;
	const struct site *s;

	problems_init(&p, &arena, test_text_file("site.yaml", site_text));
	s = site_load(p.file, &p);
	if (s == NULL)
		fail_msg("%s", p.list.v[0].message);
	return s;
}

UNUSED static const struct runbook *
test_runbook(const char *text)
{
	struct problems p;
	const struct runbook *r;

	problems_init(&p, &arena, "r.yaml");
	r = runbook_parse(text, strlen(text), &p);
	if (r == NULL) {
		struct str all = STR_INIT(64 * KIB);

		problems_text(&p, &all);
		fail_msg("%s\n%s", str_text(&all), text);
	}
	return r;
}

/* sets: "name=value" up to a NULL */
UNUSED static bool
test_build(const char *text, enum plan_mode mode, const char **sets, struct plan **ret,
	struct err *err)
{
	struct plan_options o = {.mode = mode,
		.attended = true,
		.operator= "ops@here",
		.incident = CLOCK_NONE,
		.sets = sets};

	while (sets != NULL && sets[o.nsets] != NULL)
		o.nsets++;
	return plan_build(&arena, test_runbook(text), test_site(), test_dir(), &o, ret, err);
}

#define SETS(...) ((const char *[]){__VA_ARGS__, NULL})

UNUSED static struct plan *
test_plan(const char *text, const char **sets)
{
	struct err err = ERR_INIT;
	struct plan *p = NULL;

	if (!test_build(text, PLAN_LIVE, sets, &p, &err))
		fail_msg("%s", err.msg);
	return p;
}

#endif

#include "base/banned.h"
#include "verify/extract.h"
#include "verify/basebackup.h"

/* What is wrong with it, in the words of the first check that failed. */
static bool
damaged(const struct report *r, const char *name, struct err *err)
{
	for (size_t i = 0; i < r->checks.n; i++)
		if (r->checks.v[i].result == PROOF_FAIL)
			return err_set(err, ERR_DAMAGED, "The base backup %s is damaged: %s", name,
				r->checks.v[i].detail);
	return err_set(err, ERR_DAMAGED, "The base backup %s can't be read.", name);
}

bool
extract_base(struct arena *a, struct source *s, const char *name, const char *to,
	struct flow_meter *meter, char superuser[64], struct err *err)
{
	struct verify_options o = {.level = LEVEL_INTACT, .meter = meter};
	struct report report;
	struct proving p = {.arena = a,
		.report = &report,
		.options = &o,
		.source = s,
		.name = name,
		.meter = meter};

	report_init(&report, a, name, LEVEL_INTACT);
	if (!basebackup_unpack(&p, to, err))
		return err->code != ERR_NONE ? false : damaged(&report, name, err);
	if (report_result(&report) == PROOF_FAIL)
		return damaged(&report, name, err);
	memcpy(superuser, p.found.superuser, sizeof(p.found.superuser));
	return true;
}

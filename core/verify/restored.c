#include "base/banned.h"
#include "verify/restored.h"
#include "verify/restore.h"
#include "base/path.h"

static bool
restored_dump(struct proving *p, const char *state, struct err *err)
{
	const struct verify_options *o = p->options;
	const char *format = p->report->format;
	struct restore_spec spec = {.state = state,
		.source = p->source,
		.name = p->name,
		.database = o->database,
		.checks = o->checks,
		.site = o->site,
		.run = o->run,
		.keep_s = o->keep_sandbox ? VERIFY_KEEP_S : 0,
		.meter = p->meter};
	struct restore_result result;

	if (!restore_dump(&spec, p->report, &result, err))
		return false;
	p->report->format = format;
	p->report->restore_seconds = result.seconds;
	p->report->sandbox = result.sandbox;
	p->report->conninfo = result.conninfo;
	return true;
}

static bool
restored_not(struct proving *p, const char *state, struct err *err)
{
	report_add(p->report, PROOF_UNKNOWN, "restored",
		"No sandbox can be made for a backup of this kind: it is not proven beyond "
		"intact.");
	return true;
}

static const struct {
	const char *format;
	bool (*prove)(struct proving *p, const char *state, struct err *err);
} kinds[] = {
	{"pg_dump_", restored_dump},
	{"pg_basebackup", restored_base},
	{"redis_", restored_redis},
	{"", restored_not},
};

bool
restored_prove(struct proving *p, struct err *err)
{
	const char *state = p->options->state;
	size_t i = 0;

	if (state == NULL && !path_state(p->arena, true, &state, err)) {
		report_err(p->report, "sandbox", err);
		return true;
	}
	while (!util_starts(p->report->format, kinds[i].format))
		i++;
	return kinds[i].prove(p, state, err);
}

/*
 * sandbox: a throw-away server for the steps that follow; gone at the end of the run.
 *
 * It belongs to the run, not to this process, so it survives the step and a runner that dies;
 * verify/sandbox.h says for how long.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "verify/sandbox.h"

struct sandbox_step {
	struct item item;
	int engine;
	int64_t version;
};

static const char *const engine_names[] = {"postgresql", "redis", NULL};

static const struct field fields[] = {
	{"engine", FIELD_CHOICE, offsetof(struct sandbox_step, engine),
		"postgresql (default) or redis", .choices = engine_names},
	{"version", FIELD_INT, offsetof(struct sandbox_step, version),
		"major version of PostgreSQL (the newest installed)", .min = 9, .max = 99},
};
static const struct schema schema = {.name = "a sandbox step",
	.size = sizeof(struct sandbox_step),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static enum sandbox_kind
engine(const struct sandbox_step *s)
{
	return s->engine == 1 ? SANDBOX_REDIS : SANDBOX_POSTGRESQL;
}

static void
describe(struct str *out, const void *params)
{
	const struct sandbox_step *s = params;

	str_fmt(out, "Start a throw-away %s server",
		engine(s) == SANDBOX_REDIS ? "Redis" : "PostgreSQL");
	if (s->version != FIELD_ABSENT)
		str_fmt(out, " of version %lld", (long long)s->version);
	str_add(out, " on a private Unix socket; it is removed when the run ends");
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct sandbox_step *s = params;
	struct sandbox_spec spec = {.state = c->state,
		.kind = engine(s),
		.major = s->version == FIELD_ABSENT ? 0 : (int)s->version,
		.run = c->run};
	struct sandbox sandbox;

	if (!sandbox_start(&spec, c->arena, &sandbox, err))
		return false;
	step_keep(c, sandbox.pid);
	step_set(c, "name", "sandbox");
	step_set(c, "kind", engine_names[engine(s)]);
	step_set(c, "environment", "sandbox");
	step_set(c, "conninfo", sandbox.conninfo);
	step_set(c, "directory", sandbox.directory);
	step_say(c, "%s %d is up: %s", engine(s) == SANDBOX_REDIS ? "Redis" : "PostgreSQL",
		sandbox.major, sandbox.conninfo);
	str_add(&c->value, sandbox.conninfo);
	return true;
}

static bool
cleanup(struct step_child *c, struct err *err)
{
	return sandbox_stop_run(c->state, c->run, err);
}

const struct step_kind step_kind_sandbox = {
	.name = "sandbox",
	.summary = "start a throw-away server for the steps that follow",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.retriable = true,
	.describe = describe,
	.run = run,
	.cleanup = cleanup,
};

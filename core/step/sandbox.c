/*
 * sandbox: a throw-away server for the steps that follow; gone at the end of the run.
 *
 * It belongs to the run, not to this process, so it survives the step and a runner that dies;
 * verify/sandbox.h says for how long. With `wal` and `to` it is a cluster recovered to a moment
 * and paused there (step/sandbox_moment.c); with `into` a data directory for somebody's server.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "step/sandbox_moment.h"
#include "verify/sandbox.h"

static const char *const engine_names[] = {"postgresql", "redis", NULL};

#define AT(member) offsetof(struct sandbox_step, member)

static const struct field fields[] = {
	{"engine", FIELD_CHOICE, AT(engine), "postgresql (default) or redis",
		.choices = engine_names},
	{"version", FIELD_INT, AT(version), "major version of PostgreSQL (the newest installed)",
		.min = 9, .max = 99},
	{"wal", FIELD_TEMPLATE, AT(wal), "asset/set of the WAL to recover with"},
	{"to", FIELD_TEMPLATE, AT(to),
		"where the recovery stops: a time with its zone, lsn:0/3A21F8, xid:742, "
		"name:POINT or end"},
	{"backup", FIELD_TEMPLATE, AT(backup),
		"base backup to start from; empty: the one with the least WAL to replay"},
	{"timeline", FIELD_TEMPLATE, AT(timeline), "empty: the newest that gets there"},
	{"database", FIELD_TEMPLATE, AT(database), "that steps connect to (postgres)"},
	{"move", FIELD_TEMPLATE, AT(move),
		"id of a sandbox of this run that is taken to another moment"},
	{"use", FIELD_TEMPLATE, AT(use), "id of a sandbox that is there already; empty: start one"},
	{"into", FIELD_TEMPLATE, AT(into),
		"a data directory to restore into, empty unless there is aside; no server is "
		"started"},
	{"aside", FIELD_TEMPLATE, AT(aside),
		"what a cluster that is in that directory is renamed to; refused while its server "
		"runs"},
	{"environment", FIELD_TEMPLATE, AT(environment),
		"of that directory: production archives as its own configuration says once it is "
		"promoted, any other has archive_mode off"},
};
static const struct schema schema = {.name = "a sandbox step",
	.size = sizeof(struct sandbox_step),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
check(const void *params, enum effect effect, const struct node *at, struct problems *p)
{
	static const char *const of_moments[] = {
		"backup", "timeline", "move", "into", "aside", "environment"};

	if ((node_get(at, "wal") != NULL) != (node_get(at, "to") != NULL))
		node_error(p, at, "\"wal\" and \"to\" go together.");
	for (size_t i = 0; node_get(at, "wal") == NULL && i < ARRAY_LEN(of_moments); i++)
		if (node_get(at, of_moments[i]) != NULL)
			node_error(p, node_get(at, of_moments[i]), "\"%s\" goes with wal and to.",
				of_moments[i]);
	if (node_get(at, "wal") != NULL &&
		(node_get(at, "engine") != NULL || node_get(at, "version") != NULL))
		node_error(p, at, "The backup says which version it is of.");
	if (node_get(at, "into") != NULL && effect == EFFECT_READ)
		node_error(
			p, node_get(at, "into"), "Restoring into a data directory is no reading.")
			->hint = "effect: write";
}

static enum sandbox_kind
engine(const struct sandbox_step *s)
{
	return s->engine == 1 ? SANDBOX_REDIS : SANDBOX_POSTGRESQL;
}

static bool
is_given(const char *text)
{
	return text != NULL && text[0] != '\0';
}

static void
describe(struct str *out, const void *params)
{
	const struct sandbox_step *s = params;

	if (s->wal != NULL) {
		sandbox_moment_describe(out, s);
		return;
	}
	str_fmt(out, "Start a throw-away %s server",
		engine(s) == SANDBOX_REDIS ? "Redis" : "PostgreSQL");
	if (s->version != FIELD_ABSENT)
		str_fmt(out, " of version %lld", (long long)s->version);
	str_add(out, " on a private Unix socket; it is removed when the run ends");
}

void
sandbox_step_tell(struct step_child *c, const struct sandbox_step *s, const struct sandbox *sandbox)
{
	const char *conninfo = sandbox->conninfo;

	if (is_given(s->database) && sandbox->kind == SANDBOX_POSTGRESQL)
		conninfo =
			arena_fmt(c->arena, "host=%s port=5432 user=%s dbname=%s sslmode=disable",
				pg_conninfo_value(c->arena, sandbox->socket_dir),
				pg_conninfo_value(c->arena, sandbox->superuser),
				pg_conninfo_value(c->arena, s->database));
	step_set(c, "id", sandbox->id);
	step_set(c, "name", "sandbox");
	step_set(c, "kind", engine_names[engine(s)]);
	step_set(c, "environment", "sandbox");
	step_set(c, "conninfo", conninfo);
	step_set(c, "directory", sandbox->directory);
	step_say(c, "%s %d is up: %s", engine(s) == SANDBOX_REDIS ? "Redis" : "PostgreSQL",
		sandbox->major, conninfo);
	str_add(&c->value, conninfo);
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

	if (is_given(s->use)) {
		if (!sandbox_find(c->state, s->use, c->arena, &sandbox, err))
			return false;
		sandbox_step_tell(c, s, &sandbox);
		return true;
	}
	if (s->wal != NULL)
		return sandbox_moment_run(c, s, err);
	if (!sandbox_start(&spec, c->arena, &sandbox, err))
		return false;
	step_keep(c, sandbox.pid);
	sandbox_step_tell(c, s, &sandbox);
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
	.locations = true,
	.output = true,
	.retriable = true,
	.check = check,
	.describe = describe,
	.run = run,
	.cleanup = cleanup,
};

/*
 * sql: one statement on a target; what it returns is the step's value.
 */
#include "base/banned.h"
#include "step/child.h"
#include "step/kind.h"
#include "net/pg.h"

#define ROWS_SHOWN 50

struct sql {
	struct item item;
	struct target_ref *target;
	const char *query;
	struct texts query_values;
};

static const struct field fields[] = {
	{"target", FIELD_TARGET, offsetof(struct sql, target), "where", .required = true},
	{"query", FIELD_BOUND, offsetof(struct sql, query),
		"one statement; {{variables}} become bound values", .required = true},
	{"query_values", FIELD_TEXTS, offsetof(struct sql, query_values), "the bound values",
		.internal = true},
};
static const struct schema schema = {.name = "a sql step",
	.size = sizeof(struct sql),
	.fields = fields,
	.count = ARRAY_LEN(fields)};

static void
describe(struct str *out, const void *params)
{
	const struct sql *s = params;

	str_add(out, s->query);
	for (size_t i = 0; i < s->query_values.n; i++)
		str_fmt(out, "\n$%zu = %s", i + 1, s->query_values.v[i]);
	if (s->target != NULL && s->target->conninfo != NULL)
		str_fmt(out, "\non %s", s->target->conninfo);
}

static void
show(struct step_child *c, const struct pg_result *r)
{
	for (size_t row = 0; row < MIN(r->rows, (size_t)ROWS_SHOWN); row++) {
		CLEANUP(str_done) struct str line = STR_INIT(16 * KIB);

		for (size_t col = 0; col < r->cols; col++) {
			const char *value = pg_value(r, row, col);

			str_fmt(&line, "%s%s=%s", col > 0 ? "  " : "", r->names[col],
				value != NULL ? value : "NULL");
		}
		step_say(c, "%s", str_text(&line));
	}
	if (r->rows > ROWS_SHOWN || r->truncated)
		step_say(c, "... (%zu rows%s)", r->rows, r->truncated ? " and more" : "");
	if (r->tag[0] != '\0')
		step_say(c, "%s", r->tag);
}

static bool
run(struct step_child *c, const void *params, struct err *err)
{
	const struct sql *s = params;
	struct pg_options o = {.conninfo = s->target->conninfo, .read_only = c->read_only};
	struct pg_query q = {.sql = s->query,
		.params = s->query_values.v,
		.nparams = s->query_values.n,
		.timeout_ms = c->timeout_ms};
	struct pg_result r;
	struct pg *pg;
	bool good;

	if (!pg_connect(&o, &pg, err))
		return false;
	good = pg_query(pg, c->arena, &q, &r, err);
	if (good) {
		show(c, &r);
		if (r.rows > 0 && r.cols > 0 && pg_value(&r, 0, 0) != NULL)
			str_add(&c->value, pg_value(&r, 0, 0));
		c->rows = r.cols > 0 ? (int64_t)r.rows : r.affected;
	}
	pg_free(pg);
	return good;
}

const struct step_kind step_kind_sql = {
	.name = "sql",
	.summary = "run a statement on a target",
	.params = &schema,
	.effect = EFFECT_READ,
	.output = true,
	.describe = describe,
	.run = run,
};

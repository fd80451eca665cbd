#include "base/banned.h"
#include "verify/checks.h"
#include "conf/expect.h"
#include "net/pg_identity.h"
#include "base/log.h"
#include "base/text.h"

#define LOCK_MS     5000
#define VALUE_SHOWN 200 /* bytes of a value in a detail */

struct run {
	const struct checks_place *place;
	struct pg *pg; /* where this check looks */
	struct arena *a;
	struct report *report;
	const char *name;
};

size_t
checks_name(struct arena *a, const char *text, const char **parts, size_t max)
{
	size_t n = 0;

	for (;;) {
		char *part = arena_alloc(a, strlen(text) + 1), *p = part;

		if (n == max)
			return 0;
		if (*text == '"') {
			for (text++; *text != '\0' && (*text != '"' || text[1] == '"'); text++) {
				text += *text == '"';
				*p++ = *text;
			}
			if (*text++ != '"')
				return 0;
		} else {
			size_t len = strcspn(text, ".\"");

			memcpy(part, text, len);
			p += len;
			text += len;
		}
		if (p == part)
			return 0;
		parts[n++] = part;
		if (*text == '\0')
			return n;
		if (*text++ != '.')
			return 0;
	}
}

/* A statement that names what is not there says something about what was restored. */
static bool
is_missing(const char *sqlstate)
{
	static const char *const states[] = {"42P01", "42703", "42883", "42704", "3F000"};

	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (util_streq(sqlstate, states[i]))
			return true;
	return false;
}

/* False with *err when interrupted; anything else becomes an entry of the report. */
static bool
went_wrong(struct run *x, struct err *why, struct err *err)
{
	if (why->code == ERR_STOPPED)
		return err_move(err, why);
	if (why->code == ERR_SQL && is_missing(pg_sqlstate(x->pg)))
		why->code = ERR_CHECK_FAILED;
	report_err(x->report, x->name, why);
	return true;
}

static bool
begin(struct run *x, struct err *err)
{
	int64_t limit = x->place->timeout_ms > 0 ? x->place->timeout_ms : CHECKS_MS;
	const char *params[] = {arena_fmt(x->a, "%lld", (long long)limit),
		arena_fmt(x->a, "%d", LOCK_MS)},
		   *value;

	return pg_exec(x->pg, "BEGIN TRANSACTION READ ONLY", err) &&
	       pg_text(x->pg, x->a,
		       "SELECT set_config('statement_timeout', $1, true) || "
		       "set_config('lock_timeout', $2, true)",
		       params, 2, &value, err);
}

static bool
ask(struct run *x, struct pg_query *q, struct pg_result *ret, struct err *err)
{
	int64_t limit = x->place->timeout_ms > 0 ? x->place->timeout_ms : CHECKS_MS;

	/* The server's own limit comes first; ours is for one that does not answer at all. */
	q->timeout_ms = limit + 2 * LOCK_MS;
	return pg_query(x->pg, x->a, q, ret, err);
}

static const char *
shown(struct run *x, const char *value)
{
	CLEANUP(str_done) struct str out = STR_INIT(VALUE_SHOWN);

	if (value == NULL)
		return "NULL";
	text_visible(&out, value, strlen(value), 0);
	return arena_fmt(x->a, "\"%s%s\"", str_text(&out), out.full ? "..." : "");
}

struct table {
	const char *schema, *name;
	const char *quoted;
};

/* Without a schema: the one that is on the search path, else the only one of that name. */
static const char find_sql[] =
	"SELECT n.nspname, c.relname, pg_table_is_visible(c.oid) FROM pg_catalog.pg_class c "
	"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relname = $1 AND "
	"CASE WHEN $2::text IS NULL THEN n.nspname NOT IN ('pg_catalog', 'information_schema') "
	"ELSE n.nspname = $2 END AND c.relkind IN ('r', 'p', 'v', 'm', 'f') "
	"ORDER BY pg_table_is_visible(c.oid) DESC, n.nspname";

static bool
find_table(struct run *x, const char *schema, const char *name, struct table *ret, struct err *err)
{
	const char *params[] = {name, schema};
	struct pg_query q = {.sql = find_sql, .params = params, .nparams = 2};
	struct pg_result r;

	if (!ask(x, &q, &r, err))
		return false;
	if (r.rows == 0)
		return err_set(err, ERR_CHECK_FAILED, "There is no table %s%s%s.",
			schema != NULL ? text_safe(x->a, schema) : "", schema != NULL ? "." : "",
			text_safe(x->a, name));
	if (r.rows > 1 && !util_streq(pg_value(&r, 0, 2), "t"))
		return err_set(err, ERR_CONFIG, "There are %zu tables %s: say in which schema.",
			r.rows, text_safe(x->a, name));
	ret->schema = pg_value(&r, 0, 0);
	ret->name = pg_value(&r, 0, 1);
	ret->quoted =
		arena_fmt(x->a, "%s.%s", pg_quote(x->a, ret->schema), pg_quote(x->a, ret->name));
	return true;
}

static bool
count_rows(struct run *x, const struct table *t, int64_t *ret, struct err *err)
{
	struct pg_query q = {.sql = arena_fmt(x->a, "SELECT count(*) FROM %s", t->quoted)};
	struct pg_result r;
	const char *value;

	if (!ask(x, &q, &r, err))
		return false;
	value = r.rows == 1 && r.cols == 1 ? pg_value(&r, 0, 0) : NULL;
	if (value == NULL || !util_parse_i64(value, ret))
		return err_set(err, ERR_UNKNOWN, "The rows of %s can't be counted.", t->name);
	return true;
}

static bool
parse_table(
	struct run *x, const char *text, const char **schema, const char **name, struct err *err)
{
	const char *parts[2];
	size_t n = checks_name(x->a, text, parts, 2);

	if (n == 0)
		return err_set(err, ERR_CONFIG, "\"%s\" is not [schema.]table.", text);
	*schema = n == 2 ? parts[0] : NULL;
	*name = parts[n - 1];
	return true;
}

/* The same table's rows on a live server. */
static bool
count_elsewhere(struct run *x, const struct check *c, const char *schema, const char *name,
	int64_t *ret, struct err *err)
{
	const struct target *t =
		x->place->site != NULL ? site_target(x->place->site, c->compare) : NULL;
	struct pg_options o = {.interrupt_fd = x->place->interrupt_fd, .read_only = true};
	struct run there = *x;
	struct pg_identity id;
	struct table table;
	bool good;

	if (t == NULL || t->postgresql == NULL)
		return err_set(err, ERR_CONFIG,
			"There is no PostgreSQL target \"%s\" to compare with.", c->compare);
	o.conninfo = t->postgresql;
	if (!pg_connect(&o, &there.pg, err))
		return err_prefix(err, "%s", c->compare);
	good = pg_identify(there.pg, x->a, &id, err) && pg_expect_match(t, &id, err) &&
	       begin(&there, err) && find_table(&there, schema, name, &table, err) &&
	       count_rows(&there, &table, ret, err);
	pg_free(there.pg);
	if (good)
		return true;
	/* What is wrong over there says nothing about what was restored here. */
	if (err->code != ERR_STOPPED)
		err->code = ERR_UNKNOWN;
	return err_prefix(err, "%s", c->compare);
}

static bool
compare(struct run *x, const struct check *c, const struct table *t, int64_t rows, struct err *err)
{
	double allowed = c->tolerance != FIELD_ABSENT ? (double)c->tolerance : 10, apart;
	int64_t there;

	if (!count_elsewhere(x, c, t->schema, t->name, &there, err))
		return false;
	apart = there == rows ? 0 : 100.0 * (double)(rows - there) / (double)MAX(there, 1);
	report_add(x->report, apart < -allowed || apart > allowed ? PROOF_FAIL : PROOF_PASS,
		x->name, "%lld rows here, %lld in %s: %+.1f %%, %.0f %% allowed.", (long long)rows,
		(long long)there, c->compare, apart, allowed);
	return true;
}

static bool
check_table(struct run *x, const struct check *c, struct err *err)
{
	const char *schema = NULL, *name = NULL;
	struct table t;
	int64_t rows;

	if (!parse_table(x, c->table, &schema, &name, err) || !find_table(x, schema, name, &t, err))
		return false;
	if (c->at_least == FIELD_ABSENT && c->compare == NULL) {
		report_add(x->report, PROOF_PASS, x->name, "%s.%s exists.", t.schema, t.name);
		return true;
	}
	if (!count_rows(x, &t, &rows, err))
		return false;
	if (c->at_least != FIELD_ABSENT && rows < c->at_least) {
		report_add(x->report, PROOF_FAIL, x->name, "%lld rows; at least %lld are wanted.",
			(long long)rows, (long long)c->at_least);
		return true;
	}
	if (c->compare != NULL)
		return compare(x, c, &t, rows, err);
	report_add(x->report, PROOF_PASS, x->name, "%lld rows, at least %lld wanted.",
		(long long)rows, (long long)c->at_least);
	return true;
}

static bool
check_migration(struct run *x, const struct check *c, struct err *err)
{
	const char *parts[3], *value;
	size_t n = checks_name(x->a, c->migration, parts, 3);
	struct pg_result r;
	struct table t;

	if (n < 2)
		return err_set(
			err, ERR_CONFIG, "\"%s\" is not [schema.]table.column.", c->migration);
	if (!find_table(x, n == 3 ? parts[0] : NULL, parts[n - 2], &t, err))
		return false;
	struct pg_query q = {.sql = arena_fmt(x->a, "SELECT max(%s)::text FROM %s",
				     pg_quote(x->a, parts[n - 1]), t.quoted)};
	if (!ask(x, &q, &r, err))
		return false;
	value = r.rows > 0 ? pg_value(&r, 0, 0) : NULL;
	if (value == NULL || value[0] == '\0')
		report_add(x->report, PROOF_FAIL, x->name, "%s holds no version.", t.name);
	else if (c->expect != NULL && !expect_met(c->expect, value))
		report_add(x->report, PROOF_FAIL, x->name, "The version is %s; expected: %s.",
			shown(x, value), c->expect);
	else
		report_add(x->report, PROOF_PASS, x->name, "The version is %s.", shown(x, value));
	return true;
}

static bool
check_sql(struct run *x, const struct check *c, struct err *err)
{
	struct pg_query q = {.sql = c->sql, .rows_max = 1};
	struct pg_result r;
	const char *value;

	if (!ask(x, &q, &r, err))
		return false;
	if (r.rows == 0 || r.cols == 0) {
		report_add(x->report, PROOF_FAIL, x->name, "No row came back; expected: %s.",
			c->expect);
		return true;
	}
	value = pg_value(&r, 0, 0);
	report_add(x->report,
		expect_met(c->expect, value != NULL ? value : "") ? PROOF_PASS : PROOF_FAIL,
		x->name, "The answer is %s; expected: %s.", shown(x, value), c->expect);
	return true;
}

/* PostgreSQL's manual, F.2 "amcheck": every valid B-tree index that is not temporary. */
static const char amcheck_sql[] =
	"SELECT bt_index_check(c.oid, true) FROM pg_catalog.pg_index i "
	"JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid "
	"JOIN pg_catalog.pg_am am ON am.oid = c.relam WHERE am.amname = 'btree' AND "
	"c.relpersistence <> 't' AND c.relkind = 'i' AND i.indisready AND i.indisvalid";

static bool
check_amcheck(struct run *x, const struct check *c, struct err *err)
{
	struct pg_query q = {.sql = amcheck_sql, .rows_max = 1};
	struct pg_result r;

	if (!ask(x, &q, &r, err))
		return false;
	report_add(x->report, PROOF_PASS, x->name, "%lld B-tree indexes are sound.",
		(long long)r.affected);
	return true;
}

/* Installing an extension writes, so it happens before the read-only transaction. */
static bool
provide_amcheck(struct run *x, struct err *err)
{
	const char *installed;

	if (x->place->throw_away &&
		!pg_exec(x->pg, "CREATE EXTENSION IF NOT EXISTS amcheck", err)) {
		if (err->code != ERR_STOPPED)
			err->code = ERR_TOOL_MISSING;
		return err_hint(err, "apt-get install postgresql-contrib");
	}
	if (!pg_text(x->pg, x->a, "SELECT extname FROM pg_extension WHERE extname = 'amcheck'",
		    NULL, 0, &installed, err))
		return false;
	if (installed != NULL)
		return true;
	err_set(err, ERR_TOOL_MISSING, "The extension amcheck is not installed in this database.");
	return err_hint(err, "CREATE EXTENSION amcheck");
}

static bool
check_answers(struct run *x, const struct check *c, struct err *err)
{
	struct pg_query q = {.sql = "SELECT 1"};
	struct pg_result r;

	if (!ask(x, &q, &r, err))
		return false;
	report_add(x->report, PROOF_PASS, x->name, "The database %s answers.", pg_name(x->pg));
	return true;
}

static const char tables_sql[] =
	"SELECT count(*) FROM pg_catalog.pg_class c "
	"JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') "
	"AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_'";

static bool
check_tables(struct run *x, const struct check *c, struct err *err)
{
	struct pg_query q = {.sql = tables_sql};
	struct pg_result r;
	int64_t n;

	if (!ask(x, &q, &r, err))
		return false;
	if (r.rows != 1 || !util_parse_i64(pg_value(&r, 0, 0), &n))
		return err_set(err, ERR_UNKNOWN, "The tables can't be counted.");
	/* Into a sandbox everything was loaded that there is: what was backed up had none. */
	if (n == 0 && x->place->throw_away)
		report_add(x->report, PROOF_UNKNOWN, x->name,
			"There is no table in it: what was backed up is an empty database, or not "
			"the one that was meant.");
	else
		report_add(x->report, n > 0 ? PROOF_PASS : PROOF_FAIL, x->name,
			n > 0 ? "%lld user tables." : "%lld user tables: nothing was restored.",
			(long long)n);
	return true;
}

static const char *
name_of(struct arena *a, const struct check *c)
{
	if (c->name != NULL)
		return c->name;
	if (c->table != NULL && c->compare != NULL)
		return arena_fmt(a, "table %s against %s", c->table, c->compare);
	if (c->table != NULL)
		return arena_fmt(a, "table %s", c->table);
	if (c->migration != NULL)
		return arena_fmt(a, "migration %s", c->migration);
	if (c->sql != NULL)
		return arena_fmt(a, "sql %.60s", c->sql);
	return "amcheck";
}

typedef bool (*check_fn)(struct run *x, const struct check *c, struct err *err);

static check_fn
function_of(const struct check *c)
{
	if (c->table != NULL)
		return check_table;
	if (c->migration != NULL)
		return check_migration;
	return c->sql != NULL ? check_sql : check_amcheck;
}

static bool
one(const struct checks_place *place, const char *name, check_fn fn, const struct check *c,
	struct report *r, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(err_done) struct err why = ERR_INIT, ignored = ERR_INIT;
	struct run x = {.place = place, .pg = place->pg, .a = &a, .report = r, .name = name};
	bool good = (fn != check_amcheck || provide_amcheck(&x, &why)) && begin(&x, &why) &&
		    fn(&x, c, &why);
	bool go_on = good || went_wrong(&x, &why, err);

	if (pg_usable(x.pg) && !pg_exec(x.pg, "ROLLBACK", &ignored))
		log_debug("rollback: %s", ignored.msg); /* the next check will say so */
	return go_on;
}

bool
checks_run(const struct checks_place *place, const struct items *list, struct report *r,
	struct err *err)
{
	if (!one(place, "answers", check_answers, NULL, r, err) ||
		!one(place, "tables", check_tables, NULL, r, err))
		return false;
	for (size_t i = 0; list != NULL && i < list->n; i++) {
		const struct check *c = item_at(list, struct check, i);

		if (!one(place, arena_strdup(r->arena, name_of(r->arena, c)), function_of(c), c, r,
			    err))
			return false;
	}
	return true;
}

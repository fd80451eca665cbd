/*
 * restore_rows: what a plain dump's COPYs held, against what is in the tables.
 */
#include "base/banned.h"
#include "verify/checks.h"
#include "verify/restore_private.h"

#define COUNT_MS (3600 * 1000LL)

static int
by_table(const void *left, const void *right)
{
	const struct sqlscan_table *a = left, *b = right;
	int order = strcmp(a->database, b->database);

	return order != 0 ? order : strcmp(a->name, b->name);
}

/* Children have COPYs of their own; only a partitioned table holds nothing but theirs. */
static bool
count(struct restore *x, struct pg *pg, const char *name, int64_t *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *parts[2], *quoted, *kind, *value;
	size_t n = checks_name(&a, name, parts, 2);
	struct pg_query q = {.timeout_ms = COUNT_MS};
	struct pg_result r;

	if (n == 0)
		return err_set(err, ERR_UNKNOWN, "The name %s can't be read.", name);
	quoted = n == 2 ? arena_fmt(&a, "%s.%s", pg_quote(&a, parts[0]), pg_quote(&a, parts[1]))
			: pg_quote(&a, parts[0]);
	if (!pg_text(pg, &a,
		    "SELECT relkind::text FROM pg_catalog.pg_class WHERE oid = $1::regclass",
		    &quoted, 1, &kind, err))
		return false;
	q.sql = arena_fmt(
		&a, "SELECT count(*) FROM %s%s", util_streq(kind, "p") ? "" : "ONLY ", quoted);
	if (!pg_query(pg, &a, &q, &r, err))
		return false;
	value = r.rows == 1 ? pg_value(&r, 0, 0) : NULL;
	if (value == NULL || !util_parse_i64(value, ret))
		return err_set(err, ERR_UNKNOWN, "The rows of %s can't be counted.", name);
	return true;
}

static bool
compare_database(struct restore *x, struct sqlscan_table *t, size_t n, struct report_faults *f,
	struct err *err)
{
	const char *database = t[0].database[0] != '\0' ? t[0].database : x->database;
	struct pg *pg = NULL;
	bool good = restore_connect(x, database, &pg, err);

	for (size_t i = 0; good && i < n;) {
		int64_t wanted = 0, found;
		const char *name = t[i].name;

		for (; i < n && util_streq(t[i].name, name); i++)
			wanted += t[i].rows;
		good = count(x, pg, name, &found, err);
		if (good && found != wanted)
			report_faults_add(f, "%s: %lld of %lld rows", name, (long long)found,
				(long long)wanted);
	}
	pg_free(pg);
	return good;
}

bool
restore_compare_rows(struct restore *x, struct err *err)
{
	struct sqlscan_table *t = x->sql.tables.v;
	size_t n = x->sql.tables.n;
	struct report_faults f;

	if (n == 0)
		return true;
	qsort(t, n, sizeof(*t), by_table);
	report_faults_init(&f, x->report, "rows");
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i; end < n && util_streq(t[end].database, t[i].database);)
			end++;
		if (!compare_database(x, t + i, end - i, &f, err)) {
			report_faults_end(&f);
			return false;
		}
	}
	if (report_faults_end(&f))
		report_add(x->report, PROOF_PASS, "rows",
			"All %lld rows of the dump are in its tables.", (long long)x->sql.rows);
	return true;
}

#include "unit/testing.h"

#include "verify/sqlscan.h"
#include "verify/sqlwords.h"

/* Everything that the scan reports, as text. */
struct seen {
	struct str text;
};

static bool
on_role(void *arg, const char *name, bool super, struct err *err)
{
	str_fmt(&((struct seen *)arg)->text, "%s%s,", super ? "*" : "", name);
	return true;
}

static bool
on_made(void *arg, const char *name, struct err *err)
{
	str_fmt(&((struct seen *)arg)->text, "+%s,", name);
	return true;
}

static bool
on_extension(void *arg, const char *name, struct err *err)
{
	str_fmt(&((struct seen *)arg)->text, "ext:%s,", name);
	return true;
}

static bool
on_database(void *arg, const char *name, struct err *err)
{
	str_fmt(&((struct seen *)arg)->text, "db:%s,", name);
	return true;
}

/* Fed in pieces of `piece` bytes. */
static void
scan(struct sqlscan *s, struct arena *a, struct seen *seen, const char *text, size_t piece)
{
	static struct sqlscan_events events;
	struct err err = ERR_INIT;
	size_t len = strlen(text);

	*seen = (struct seen){STR_INIT(64 * KIB)};
	events = (struct sqlscan_events){on_role, on_made, on_extension, on_database, seen};
	sqlscan_init(s, a, &events);
	for (size_t i = 0; i < len; i += piece)
		assert_true(sqlscan_feed(s, text + i, MIN(piece, len - i), &err));
	assert_true(sqlscan_end(s, &err));
}

static const struct {
	const char *text, *seen;
} statements[] = {
	{"ALTER TABLE public.users OWNER TO app;\n", "app,"},
	{"ALTER TABLE public.users OWNER TO \"odd \"\"role\";\n", "odd \"role,"},
	{"ALTER FUNCTION public.f(a text, \"OWNER TO\" int) OWNER TO bob;\n", "bob,"},
	{"ALTER EVENT TRIGGER t OWNER TO rds_superuser;\n", "*rds_superuser,"},
	{"ALTER SCHEMA app OWNER TO pg_database_owner;\n", ""},
	{"GRANT SELECT,INSERT ON TABLE public.users TO readonly WITH GRANT OPTION;\n", "readonly,"},
	{"GRANT SELECT ON TABLE public.\"TO\" TO a, \"b c\";\n", "a,b c,"},
	{"REVOKE ALL ON SCHEMA public FROM PUBLIC;\n", ""},
	{"GRANT app TO bob GRANTED BY postgres;\n", "bob,postgres,"},
	{"ALTER DEFAULT PRIVILEGES FOR ROLE app IN SCHEMA public GRANT SELECT ON TABLES TO ro;\n",
		"app,ro,"},
	{"CREATE POLICY p ON public.t FOR SELECT TO a, b USING ((x = 'goes TO nobody'::text));\n",
		"a,b,"},
	{"CREATE SCHEMA app AUTHORIZATION owner1;\n", "owner1,"},
	{"CREATE USER MAPPING FOR bob SERVER s OPTIONS (\"user\" 'x');\n", "bob,"},
	{"SET SESSION AUTHORIZATION 'app';\n", "app,"},
	{"SET ROLE app;\nSET ROLE NONE;\n", "app,"},
	{"CREATE ROLE app;\nALTER ROLE app WITH NOSUPERUSER LOGIN;\n", "+app,app,"},
	{"CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\" WITH SCHEMA public;\n", "ext:uuid-ossp,"},
	{"CREATE EXTENSION pg_cron;\n", "ext:pg_cron,"},
	{"\\connect app\n", "db:app,"},
	{"\\connect -reuse-previous=on \"dbname='we ird \\'x'\"\n", "db:we ird 'x,"},
	/* Things that only look like statements */
	{"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $_$\nALTER TABLE x OWNER TO evil;\n"
	 "$1 $$ $_ $_$;\nALTER FUNCTION f() OWNER TO good;\n",
		"good,"},
	{"COMMENT ON TABLE t IS 'two\nALTER TABLE x OWNER TO evil;\nit''s';\nSET ROLE good;\n",
		"good,"},
	{"COMMENT ON TABLE t IS E'\\\\\\'\nSET ROLE evil;\n\\\\';\nSET ROLE good;\n", "good,"},
	{"/* a /* nested */\nSET ROLE evil;\n*/\nSET ROLE good;\n", "good,"},
	{"-- don't\nSET ROLE good;\n", "good,"},
	{"SELECT \"a'b\nSET ROLE evil;\n\", 1; -- '\nSET ROLE good;\n", "good,"},
	{"SELECT $1, a$b$c;\nSET ROLE good;\n", "good,"},
	{"COPY t (x) FROM stdin;\nALTER TABLE x OWNER TO evil;\n\\.\nSET ROLE good;\n", "good,"},
	{"SET ROLE last_line_without_newline", "last_line_without_newline,"},
};

static void
test_statements(void **state)
{
	static const size_t pieces[] = {1, 2, 3, 7, 100000};

	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		for (size_t k = 0; k < ARRAY_LEN(pieces); k++) {
			CLEANUP(arena_done) struct arena a = ARENA_INIT;
			struct sqlscan s;
			struct seen seen;

			scan(&s, &a, &seen, statements[i].text, pieces[k]);
			assert_string_equal(str_text(&seen.text), statements[i].seen);
			str_done(&seen.text);
			sqlscan_done(&s);
		}
	}
}

#define HEAD                                                                                \
	"--\n-- PostgreSQL database dump\n--\n\n\\restrict k3y\n\n-- Dumped from database " \
	"version 15.18 (Debian 15.18-0+deb12u1)\n-- Dumped by pg_dump version 16.1\n\n"     \
	"SET client_encoding = 'LATIN1';\n"
#define TAIL "\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict k3y\n\n"
#define DATA                                                                                   \
	"COPY public.users (id, \"na me\") FROM stdin;\n1\tx\n2\t-- PostgreSQL database dump " \
	"complete\n\\.\n\n\nCOPY \"Odd \"\"schema\".\"t (x\" (id) FROM stdin;\n\\.\n\n"

static void
test_whole(void **state)
{
	for (size_t piece = 1; piece < 40; piece++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		struct sqlscan s;
		struct seen seen;

		scan(&s, &a, &seen, HEAD DATA TAIL, piece);
		assert_true(s.complete);
		assert_false(s.in_copy);
		assert_false(s.databases);
		assert_string_equal(s.encoding, "LATIN1");
		assert_string_equal(s.server, "15.18");
		assert_int_equal(s.tables.n, 2);
		assert_string_equal(s.tables.v[0].name, "public.users");
		assert_int_equal(s.tables.v[0].rows, 2);
		assert_string_equal(s.tables.v[1].name, "\"Odd \"\"schema\".\"t (x\"");
		assert_int_equal(s.tables.v[1].rows, 0);
		assert_int_equal(s.rows, 2);
		assert_string_equal(str_text(&seen.text), "");
		str_done(&seen.text);
		sqlscan_done(&s);
	}
}

/* Cut anywhere before the marker, a dump is not complete; nor with more behind it. */
static void
test_cut(void **state)
{
	static const char text[] = HEAD DATA TAIL;
	size_t marker = (size_t)(strstr(text, "complete\n--\n\n\\unr") - text) + 8;
	size_t last = (size_t)(strstr(text, "\\unrestrict ") - text);

	for (size_t len = 0; len < sizeof(text); len++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		char *cut = util_strndup(text, len);
		struct sqlscan s;
		struct seen seen;

		scan(&s, &a, &seen, cut, 64);
		/* A lone dash and half of \unrestrict are not what pg_dump ends with. */
		assert_int_equal(s.complete,
			len >= marker && len != marker + 2 && !(len > last && len < last + 12));
		free(cut);
		str_done(&seen.text);
		sqlscan_done(&s);
	}
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct sqlscan s;
	struct seen seen;

	scan(&s, &a, &seen, HEAD DATA TAIL "<html>", 64);
	assert_false(s.complete);
	str_done(&seen.text);
	sqlscan_done(&s);
}

static void
test_cluster(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct sqlscan s;
	struct seen seen;

	scan(&s, &a, &seen,
		"--\n-- PostgreSQL database cluster dump\n--\n\nCREATE ROLE app;\n"
		"\\connect template1\n" HEAD TAIL "CREATE DATABASE shop WITH TEMPLATE = "
		"template0 ENCODING = 'UTF8';\n\\connect shop\n" HEAD DATA TAIL
		"--\n-- PostgreSQL database cluster dump complete\n--\n\n",
		50);
	assert_true(s.complete);
	assert_true(s.cluster);
	assert_true(s.databases);
	assert_string_equal(s.tables.v[0].database, "shop");
	assert_string_equal(str_text(&seen.text), "+app,db:template1,db:shop,");
	str_done(&seen.text);
	sqlscan_done(&s);
}

/* A line of any length costs no more memory than its beginning. */
static void
test_long_line(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	static char row[100000];
	struct err err = ERR_INIT;
	struct sqlscan_events none = {.role = NULL};
	struct sqlscan s;

	memset(row, 'x', sizeof(row));
	sqlscan_init(&s, &a, &none);
	assert_true(sqlscan_feed(&s, "INSERT INTO t VALUES ('", 23, &err));
	for (int i = 0; i < 100; i++)
		assert_true(sqlscan_feed(&s, row, sizeof(row), &err));
	assert_true(sqlscan_feed(&s, "');\nCOPY t (", 12, &err));
	for (int i = 0; i < 100; i++)
		assert_true(sqlscan_feed(&s, row, sizeof(row), &err));
	assert_true(sqlscan_feed(&s, ") FROM stdin;\n1\n\\.\n", 19, &err));
	assert_true(s.line.cap <= 2 * SQLSCAN_LINE + 64);
	assert_int_equal(s.rows, 1);
	assert_string_equal(s.tables.v[0].name, "t");
	sqlscan_done(&s);
}

static void
test_words(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct sqlword w[4];

	assert_int_equal(sqlword_split(&a, "", w, 4), 0);
	assert_int_equal(sqlword_split(&a, "a,b c d e f", w, 4), 4);
	assert_string_equal(w[1].text, ",");
	assert_int_equal(sqlword_split(&a, "\"never closed", w, 4), 1);
	assert_string_equal(w[0].text, "never closed");
	assert_true(w[0].quoted);
	assert_false(sqlword_is(w, 1, "never closed"));
	assert_int_equal(sqlword_split(&a, "create Role X", w, 4), 3);
	assert_true(sqlword_is(w, 3, "CREATE ROLE"));
	assert_false(sqlword_is(w, 3, "CREATE ROLE X Y"));
	assert_int_equal(sqlword_name_length("public.\"a b\".c (x)"), 14);
	assert_int_equal(sqlword_name_length("x"), 1);
}

TESTS(T(test_statements), T(test_whole), T(test_cut), T(test_cluster), T(test_long_line),
	T(test_words))

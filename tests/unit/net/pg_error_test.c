#include "unit/testing.h"

#include "net/pg_error.h"
#include "net/pg_identity.h"

static void
test_line(void **state)
{
	static const struct {
		const char *text, *line;
	} cases[] = {
		{"", ""},
		{"\n \t\n", ""},
		{"one\n", "one"},
		{"one  \r\n\ttwo\n\n  three \n", "one; two; three"},
		{"\x1b[31mred\x07", "\\x1b[31mred\\x07"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(str_done) struct str out = STR_INIT(1000);

		pg_error_line(&out, cases[i].text);
		assert_string_equal(str_text(&out), cases[i].line);
	}
}

/* libpq 15's words, as it says them */
static void
test_connect(void **state)
{
	static const struct {
		const char *message;
		bool needs, used;
		enum err_code code;
	} cases[] = {
		{"connection to server at \"h\" (1.2.3.4), port 5432 failed: FATAL:  password "
		 "authentication failed for user \"x\"\n",
			false, true, ERR_AUTH},
		{"connection to server at \"h\", port 5432 failed: fe_sendauth: no password "
		 "supplied\n",
			true, false, ERR_AUTH},
		{"failed: FATAL:  no pg_hba.conf entry for host \"1.2.3.4\"", false, false,
			ERR_AUTH},
		{"failed: FATAL:  Peer authentication failed for user \"x\"", false, false,
			ERR_AUTH},
		{"failed: FATAL:  role \"x\" does not exist", false, false, ERR_AUTH},
		{"failed: FATAL:  database \"x\" does not exist", false, true, ERR_NOT_FOUND},
		/* a server that speaks German, after a password was sent */
		{"failed: FATAL:  Passwort-Authentifizierung f\xc3\xbcr Benutzer \xc2\xbbx\xc2\xab "
		 "fehlgeschlagen",
			false, true, ERR_AUTH},
		{"failed: FATAL:  die Datenbank startet", false, false, ERR_UNREACHABLE},
		{"failed: FATAL:  permission denied for database \"x\"", false, true,
			ERR_PERMISSION},
		{"failed: FATAL:  sorry, too many clients already", false, true, ERR_UNREACHABLE},
		{"connection to server at \"h\", port 1 failed: timeout expired\n", false, false,
			ERR_TIMEOUT},
		{"failed: Connection refused\n\tIs the server running on that host?", false, false,
			ERR_UNREACHABLE},
		{"definition of service \"x\" not found", false, false, ERR_CONFIG},
		{"failed: SSL error: certificate verify failed", false, false, ERR_AUTH},
		{"", false, false, ERR_UNREACHABLE},
		{NULL, false, false, ERR_UNREACHABLE},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct pg_refusal r = {cases[i].message, cases[i].needs, cases[i].used};
		struct err err = ERR_INIT;

		assert_false(pg_error_connect(&r, &err));
		assert_string_equal(err_name(err.code), err_name(cases[i].code));
		assert_null(strchr(err.msg, '\n'));
		assert_true(util_ends(err.msg, ".") || util_ends(err.msg, "?"));
		err_done(&err);
	}
}

static void
test_sql(void **state)
{
	struct err err = ERR_INIT;

	assert_false(pg_error_sql(&(struct pg_complaint){"42P01", "relation \"x\" does not exist",
					  "a\nb", "Create it."},
		&err));
	assert_hint(&err, "Create it.");
	assert_err(&err, ERR_SQL,
		"PostgreSQL says: relation \"x\" does not exist (a; b) [SQLSTATE 42P01].");
	assert_false(pg_error_sql(&(struct pg_complaint){"\x1b[2J!", NULL, "", NULL}, &err));
	assert_null(err.hint);
	assert_err(&err, ERR_SQL, "PostgreSQL says: no reason was given.");
}

static void
test_codes(void **state)
{
	assert_int_equal(pg_error_code("42501"), ERR_PERMISSION);
	assert_int_equal(pg_error_code("42P01"), ERR_SQL);
	assert_int_equal(pg_error_code("28P01"), ERR_AUTH);
	assert_int_equal(pg_error_code("57014"), ERR_TIMEOUT);
	assert_int_equal(pg_error_code("57P01"), ERR_UNREACHABLE);
	assert_int_equal(pg_error_code("08006"), ERR_UNREACHABLE);
	assert_int_equal(pg_error_code("XX002"), ERR_DAMAGED);
	assert_int_equal(pg_error_code(""), ERR_SQL);
}

static void
test_quote(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	assert_string_equal(pg_quote(&a, "users"), "\"users\"");
	assert_string_equal(pg_quote(&a, "a\"; DROP \\"), "\"a\"\"; DROP \\\"");
	assert_string_equal(pg_quote(&a, ""), "\"\"");
	assert_string_equal(pg_conninfo_value(&a, "/run/x"), "/run/x");
	assert_string_equal(pg_conninfo_value(&a, ""), "''");
	assert_string_equal(pg_conninfo_value(&a, "a b"), "'a b'");
	assert_string_equal(pg_conninfo_value(&a, "it's \\"), "'it\\'s \\\\'");
}

static void
test_expect(void **state)
{
	struct target_expect e = {.database = "aragora"};
	struct target t = {.item = {.key = "prod-db"}};
	struct pg_identity id = {.database = "aragora_test",
		.user = "ops",
		.address = "10.0.0.5:5432",
		.version = "15.18"};
	struct err err = ERR_INIT;

	assert_true(pg_expect_match(&t, &id, &err));
	t.expect = &e;
	assert_false(pg_expect_match(&t, &id, &err));
	assert_int_equal(err_exit_status(err.code), 3);
	assert_err(&err, ERR_REFUSED,
		"The target \"prod-db\" must be the database \"aragora\", but the server at "
		"10.0.0.5:5432 says that it is \"aragora_test\".");
	id.database = "aragora";
	assert_true(pg_expect_match(&t, &id, &err));
	e.system_identifier = "7300000000000000001";
	assert_false(pg_expect_match(&t, &id, &err));
	assert_hint(&err, "GRANT EXECUTE ON FUNCTION pg_control_system() TO \"ops\"");
	assert_err(&err, ERR_REFUSED, "does not tell ops its own");
	id.system_identifier = "7300000000000000002";
	assert_false(pg_expect_match(&t, &id, &err));
	assert_err(&err, ERR_REFUSED, "says 7300000000000000002: it is another cluster");
	id.system_identifier = "7300000000000000001";
	assert_true(pg_expect_match(&t, &id, &err));
}

static void
test_identity_text(void **state)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct pg_identity id = {.database = "app",
		.user = "ops",
		.address = "10.0.0.5:5432",
		.version = "15.18 (Debian 15.18-0+deb12u1)",
		.database_bytes = 3 * GIB / 2,
		.other_connections = 1};

	assert_string_equal(pg_identity_text(&a, &id),
		"app at 10.0.0.5:5432 as ops: PostgreSQL 15.18, 1.5 GiB, 1 other connection");
	id.in_recovery = true;
	id.database_bytes = id.other_connections = -1;
	assert_string_equal(pg_identity_text(&a, &id),
		"app at 10.0.0.5:5432 as ops: PostgreSQL 15.18, a standby or in recovery");
}

TESTS(T(test_line), T(test_connect), T(test_sql), T(test_codes), T(test_quote), T(test_expect),
	T(test_identity_text))

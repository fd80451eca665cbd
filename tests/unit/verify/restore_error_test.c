#include "unit/testing.h"

#include "verify/restore_error.h"

static const struct {
	const char *said;
	enum err_code code;
	const char *message;
} cases[] = {
	{"pg_restore: error: could not execute query: ERROR:  extension \"pg_cron\" is not "
	 "available\nDETAIL:  Could not open ...\nCommand was: CREATE EXTENSION",
		ERR_TOOL_MISSING, "extension \"pg_cron\" is not available."},
	{"psql:<stdin>:12: ERROR:  could not open extension control file \"/x\": No such file",
		ERR_TOOL_MISSING, "control file"},
	{"pg_restore: error: unsupported version (1.16) in file header\n", ERR_TOOL_MISSING,
		"unsupported version (1.16)"},
	{"psql:<stdin>:3: ERROR:  unrecognized configuration parameter \"transaction_timeout\"",
		ERR_TOOL_MISSING, "transaction_timeout"},
	{"ERROR:  role \"app\" does not exist", ERR_CONFIG, "role \"app\""},
	{"ERROR:  collation \"de_DE.utf8\" for encoding \"UTF8\" does not exist", ERR_CONFIG,
		"de_DE"},
	{"ERROR:  could not extend file \"base/1/2\": No space left on device", ERR_IO, "space"},
	{"pg_restore: error: connection to server on socket \"/x\" failed", ERR_UNREACHABLE, "/x"},
	{"psql:<stdin>:9: server closed the connection unexpectedly", ERR_UNREACHABLE, "closed"},
	{"ERROR:  out of memory", ERR_LIMIT, "out of memory"},
	/* The dump's own fault */
	{"pg_restore: error: out of memory", ERR_CHECK_FAILED, "out of memory"},
	{"pg_restore: error: could not read from input file: end of file\n", ERR_CHECK_FAILED,
		"Loading failed: could not read from input file: end of file."},
	{"pg_restore: error: could not uncompress data: incorrect data check", ERR_CHECK_FAILED,
		"incorrect data check"},
	{"ERROR:  invalid input syntax for type integer: \"x\"\nCONTEXT:  COPY users, line 3",
		ERR_CHECK_FAILED, "invalid input syntax"},
	{"ERROR:  syntax error at or near \"<\"", ERR_CHECK_FAILED, "syntax error"},
	{"ERROR:  duplicate key value violates unique constraint \"role_pkey\"", ERR_CHECK_FAILED,
		"duplicate key"},
	{"ERROR:  evil \x1b[2J\x07 text", ERR_CHECK_FAILED, "evil \\x1b[2J\\x07 text"},
	{"", ERR_CHECK_FAILED, "no reason was given"},
};

static void
test_blame(void **state)
{
	struct restore_context same = {15, 15};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;

		assert_false(restore_error(cases[i].said, &same, &err));
		assert_err(&err, cases[i].code, cases[i].message);
	}
}

/* An older server may choke on what a newer one wrote: that says nothing about the dump. */
static void
test_older_server(void **state)
{
	struct restore_context older = {17, 15};
	struct err err = ERR_INIT;

	assert_false(restore_error("ERROR:  syntax error at or near \"x\"", &older, &err));
	assert_hint(&err, "postgresql-17");
	assert_err(&err, ERR_TOOL_MISSING, "from PostgreSQL 17");
}

TESTS(T(test_blame), T(test_older_server))

/*
 * pg_connect: making a connection, with a deadline over everything that may hang on the way.
 */
#include "base/banned.h"
#include "net/pg.h"
#include "net/bounded.h"
#include "net/pg_error.h"
#include "net/pg_lib.h"
#include "base/log.h"
#include "base/text.h"

/* A connection being made: owned by the thread that makes it once that was given up. */
struct attempt {
	const struct pg_lib *lib;
	const char *keywords[8], *values[8];
	char *conninfo, *database, *password, timeout[24];
	PGconn *conn;
};

static void
attempt_free(void *arg)
{
	struct attempt *t = arg;

	if (t->conn != NULL)
		t->lib->PQfinish(t->conn);
	if (t->password != NULL)
		explicit_bzero(t->password, strlen(t->password));
	free(t->password);
	free(t->conninfo);
	free(t->database);
	free(t);
}

static void
attempt_work(void *arg)
{
	struct attempt *t = arg;

	/* The first dbname is expanded when it is a connection string; later ones are names. */
	t->conn = t->lib->PQconnectdbParams(t->keywords, t->values, 1);
}

static void
ignore_notice(void *arg, const char *message)
{
	log_debug("notice from PostgreSQL: %s", message);
}

/*
 * What a connection string says of itself. Its faults are not quoted where a password stands in
 * it: libpq's message would hold the word that it stumbled over.
 */
static bool
examine(const struct pg_lib *lib, const char *conninfo, size_t *ret_hosts, bool *ret_timeout,
	struct err *err)
{
	CLEANUP(str_done) struct str why = STR_INIT(4 * KIB);
	PQconninfoOption *options;
	char *message = NULL;
	bool secret = text_contains(conninfo, "password");

	*ret_hosts = 1;
	*ret_timeout = false;
	if (strpbrk(conninfo, "=") == NULL && strstr(conninfo, "://") == NULL)
		return true; /* the name of a database */
	options = lib->PQconninfoParse(conninfo, &message);
	if (options == NULL) {
		pg_error_line(&why, message != NULL && !secret ? message : "it can't be parsed");
		lib->PQfreemem(message);
		err_set(err, ERR_CONFIG, "The connection string is not usable: %s.",
			str_text(&why));
		return err_hint(err, "Write libpq's keywords (host=... dbname=...) or a URI.");
	}
	for (PQconninfoOption *o = options; o->keyword != NULL; o++) {
		size_t n = 1;

		if (o->val == NULL)
			continue;
		for (const char *p = o->val; *p != '\0'; p++)
			n += *p == ',';
		if (util_streq(o->keyword, "host") || util_streq(o->keyword, "hostaddr"))
			*ret_hosts = MAX(*ret_hosts, n);
		if (util_streq(o->keyword, "connect_timeout"))
			*ret_timeout = true;
	}
	lib->PQconninfoFree(options);
	return true;
}

static void
attempt_set(struct attempt *t, size_t *n, const char *keyword, const char *value)
{
	if (value == NULL)
		return;
	t->keywords[*n] = keyword;
	t->values[(*n)++] = value;
}

/*
 * libpq's connect_timeout is for one address, so that the next host still has a chance; the
 * deadline over all of them, name resolution included, is bounded_call's.
 */
static bool
attempt_new(const struct pg_lib *lib, const struct pg_options *o, int64_t timeout_ms,
	struct attempt **ret, struct err *err)
{
	struct attempt *t;
	size_t n = 0, hosts = 1;
	bool has_timeout = false;

	if (o->conninfo != NULL && !examine(lib, o->conninfo, &hosts, &has_timeout, err))
		return false;
	t = util_alloc(sizeof(*t));
	t->lib = lib;
	t->conninfo = o->conninfo != NULL ? util_strdup(o->conninfo) : NULL;
	t->database = o->database != NULL ? util_strdup(o->database) : NULL;
	if (o->password != NULL)
		t->password = util_strndup(secret_bytes(o->password), secret_len(o->password));
	snprintf(t->timeout, sizeof(t->timeout), "%lld",
		(long long)MAX(2, timeout_ms / 1000 / (int64_t)hosts));
	attempt_set(t, &n, "fallback_application_name", "lifeboat");
	attempt_set(t, &n, "dbname", t->conninfo);
	attempt_set(t, &n, "dbname", t->database);
	attempt_set(t, &n, "password", t->password);
	attempt_set(t, &n, "client_encoding", "UTF8");
	if (!has_timeout)
		attempt_set(t, &n, "connect_timeout", t->timeout);
	*ret = t;
	return true;
}

static bool
refused(struct attempt *t, struct err *err)
{
	struct pg_refusal r = {.message = "out of memory"};

	if (t->conn != NULL)
		r = (struct pg_refusal){.message = t->lib->PQerrorMessage(t->conn),
			.needs_password = t->lib->PQconnectionNeedsPassword(t->conn),
			.used_password = t->lib->PQconnectionUsedPassword(t->conn)};
	pg_error_connect(&r, err);
	attempt_free(t);
	return false;
}

static char *
describe(const struct pg_lib *lib, PGconn *conn)
{
	CLEANUP(str_done) struct str text = STR_INIT(2 * KIB);
	const char *host = lib->PQhost(conn), *port = lib->PQport(conn), *db = lib->PQdb(conn);
	bool local = host == NULL || host[0] == '\0' || host[0] == '/' || host[0] == '@';

	text_visible(&text, db, strlen(db), 0);
	str_fmt(&text, " at %s", local ? "socket " : "");
	if (host != NULL)
		text_visible(&text, host, strlen(host), 0);
	str_fmt(&text, ":%s", port);
	return str_take(&text);
}

static bool
session(struct pg *pg, const struct pg_options *o, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *params[] = {arena_fmt(&a, "%lld", (long long)MAX(o->statement_timeout_ms, 0)),
		o->read_only ? "on" : "off"};
	struct pg_query q = {.sql = "SELECT set_config('statement_timeout', $1, false), "
				    "set_config('default_transaction_read_only', $2, false)",
		.params = params,
		.nparams = 2};
	struct pg_result r;

	if (o->statement_timeout_ms <= 0 && !o->read_only)
		return true;
	return pg_query(pg, &a, &q, &r, err);
}

bool
pg_connect(const struct pg_options *o, struct pg **ret, struct err *err)
{
	int64_t timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : PG_CONNECT_MS;
	const struct pg_lib *lib;
	struct attempt *t;
	struct pg *pg;

	/* It would win over the host that the connection string names; no child inherits it. */
	unsetenv("PGHOSTADDR");
	if (!pg_lib_load(&lib, err) || !attempt_new(lib, o, timeout_ms, &t, err))
		return false;
	if (!bounded_call(attempt_work, attempt_free, t, timeout_ms)) {
		err_set(err, ERR_TIMEOUT, "PostgreSQL gave no answer within %lld s.",
			(long long)(timeout_ms + 999) / 1000);
		return err_hint(err, "Is it the right address? Does name resolution work, does a "
				     "firewall drop packets?");
	}
	if (t->conn == NULL || lib->PQstatus(t->conn) != CONNECTION_OK)
		return refused(t, err);
	pg = util_alloc(sizeof(*pg));
	pg->lib = lib;
	pg->conn = t->conn;
	pg->interrupt_fd = o->interrupt_fd > 0 ? o->interrupt_fd : -1;
	pg->name = describe(lib, pg->conn);
	t->conn = NULL;
	attempt_free(t);
	/* Notices would go to standard error, raw. */
	lib->PQsetNoticeProcessor(pg->conn, ignore_notice, NULL);
	lib->PQsetnonblocking(pg->conn, 1);
	if (!session(pg, o, err)) {
		pg_free(pg);
		return false;
	}
	*ret = pg;
	return true;
}

#include "base/banned.h"
#include "net/pg_identity.h"
#include "base/text.h"

/* What a size or a count may cost at most; neither is worth more waiting. */
#define ASIDE_MS 5000

/* Only what every role may ask; inet_server_addr() is NULL on a Unix socket. */
static const char basics_sql[] =
	"SELECT current_database(), current_user, host(inet_server_addr()), "
	"inet_server_port()::text, current_setting('server_version'), "
	"current_setting('server_version_num'), pg_is_in_recovery()";

static const char connections_sql[] =
	"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
	"AND pid <> pg_backend_pid() AND coalesce(backend_type, 'client backend') = "
	"'client backend'";

/* One fact that may be refused; false only when the connection is gone. */
static bool
aside(struct pg *pg, struct arena *a, const char *sql, const char **ret, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct pg_query q = {.sql = sql, .rows_max = 1, .timeout_ms = ASIDE_MS};
	struct pg_result r;

	*ret = NULL;
	if (pg_query(pg, a, &q, &r, &why)) {
		const char *value = r.rows > 0 ? pg_value(&r, 0, 0) : NULL;

		*ret = value != NULL ? text_safe(a, value) : NULL;
		return true;
	}
	if (!pg_usable(pg) || why.code == ERR_STOPPED)
		return err_move(err, &why);
	return true;
}

static bool
aside_count(struct pg *pg, struct arena *a, const char *sql, int64_t *ret, struct err *err)
{
	const char *text;

	*ret = -1;
	if (!aside(pg, a, sql, &text, err))
		return false;
	if (text != NULL && !util_parse_i64(text, ret))
		*ret = -1;
	return true;
}

static const char *
safe_value(struct arena *a, const struct pg_result *r, size_t col)
{
	const char *value = pg_value(r, 0, col);

	return value != NULL ? text_safe(a, value) : NULL;
}

/* The host that libpq went to tells a socket's directory; the server can't. */
static const char *
address(struct pg *pg, struct arena *a, const char *host, const char *port)
{
	const char *socket = strstr(pg_name(pg), " at socket ");

	if (host != NULL)
		return arena_fmt(a, strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s", host,
			port != NULL ? port : "?");
	return socket != NULL ? arena_strdup(a, socket + 4) : "an unknown address";
}

static bool
basics(struct pg *pg, struct arena *a, struct pg_identity *ret, struct err *err)
{
	struct pg_query q = {.sql = basics_sql};
	struct pg_result r;
	const char *number;
	int64_t num = 0;

	if (!pg_query(pg, a, &q, &r, err))
		return err_prefix(err, "Cannot find out what %s is", pg_name(pg));
	if (r.rows != 1 || r.cols != 7 || pg_value(&r, 0, 0) == NULL ||
		pg_value(&r, 0, 1) == NULL || pg_value(&r, 0, 4) == NULL)
		return err_set(
			err, ERR_UNSUPPORTED, "%s does not behave like PostgreSQL.", pg_name(pg));
	ret->database = safe_value(a, &r, 0);
	ret->user = safe_value(a, &r, 1);
	ret->address = address(pg, a, safe_value(a, &r, 2), safe_value(a, &r, 3));
	ret->version = safe_value(a, &r, 4);
	number = pg_value(&r, 0, 5);
	if (number == NULL || !util_parse_i64(number, &num) || num < 0 || num > 99999999)
		num = 0;
	ret->version_num = (int)num;
	ret->in_recovery = util_streq(pg_value(&r, 0, 6), "t");
	return true;
}

bool
pg_identify(struct pg *pg, struct arena *a, struct pg_identity *ret, struct err *err)
{
	*ret = (struct pg_identity){.database_bytes = -1, .other_connections = -1};
	return basics(pg, a, ret, err) &&
	       aside(pg, a, "SELECT system_identifier FROM pg_control_system()",
		       &ret->system_identifier, err) &&
	       aside(pg, a, "SELECT setting FROM pg_settings WHERE name = 'data_directory'",
		       &ret->data_directory, err) &&
	       aside_count(pg, a, "SELECT pg_database_size(current_database())",
		       &ret->database_bytes, err) &&
	       aside_count(pg, a, connections_sql, &ret->other_connections, err);
}

const char *
pg_identity_text(struct arena *a, const struct pg_identity *id)
{
	CLEANUP(str_done) struct str out = STR_INIT(4 * KIB);

	str_fmt(&out, "%s at %s as %s: PostgreSQL %.*s", text_name(a, id->database), id->address,
		text_name(a, id->user), (int)strcspn(id->version, " "), id->version);
	if (id->in_recovery)
		str_add(&out, ", a standby or in recovery");
	if (id->database_bytes >= 0) {
		str_add(&out, ", ");
		text_size(&out, id->database_bytes);
	}
	if (id->other_connections >= 0)
		str_fmt(&out, ", %lld other connection%s", (long long)id->other_connections,
			id->other_connections == 1 ? "" : "s");
	return arena_strdup(a, str_text(&out));
}

bool
pg_expect_match(const struct target *t, const struct pg_identity *id, struct err *err)
{
	const struct target_expect *e = t->expect;

	if (e == NULL)
		return true;
	if (e->database != NULL && !util_streq(e->database, id->database)) {
		err_set(err, ERR_REFUSED,
			"The target \"%s\" must be the database \"%s\", but the server at %s says "
			"that it is \"%s\".",
			t->item.key, e->database, id->address, id->database);
		return err_hint(
			err, "Correct the connection string, or `expect` in the site file.");
	}
	if (e->system_identifier == NULL)
		return true;
	if (id->system_identifier == NULL) {
		err_set(err, ERR_REFUSED,
			"The target \"%s\" must have the system identifier %s, but the server at "
			"%s "
			"does not tell %s its own.",
			t->item.key, e->system_identifier, id->address, id->user);
		return err_hint(
			err, "GRANT EXECUTE ON FUNCTION pg_control_system() TO \"%s\"", id->user);
	}
	if (!util_streq(e->system_identifier, id->system_identifier)) {
		err_set(err, ERR_REFUSED,
			"The target \"%s\" must have the system identifier %s, but the server at "
			"%s "
			"says %s: it is another cluster.",
			t->item.key, e->system_identifier, id->address, id->system_identifier);
		return err_hint(
			err, "Correct the connection string, or `expect` in the site file.");
	}
	return true;
}

#include "base/banned.h"
#include "net/pg_error.h"
#include "base/text.h"

#define MESSAGE_MAX (4 * KIB)

void
pg_error_line(struct str *out, const char *text)
{
	static const char blanks[] = " \t\r\n";

	for (bool first = true; *(text += strspn(text, blanks)) != '\0'; first = false) {
		size_t n = strcspn(text, "\r\n");
		size_t end = n;

		while (end > 0 && strchr(blanks, text[end - 1]) != NULL)
			end--;
		if (!first)
			str_add(out, "; ");
		text_visible(out, text, end, 0);
		text += n;
	}
}

/*
 * SQLSTATE is not to be had of a connection that failed, so words decide: libpq's own are never
 * translated here (LC_MESSAGES stays "C"), the server's may be, and then the last row applies.
 */
static const struct {
	const char *words;
	enum err_code code;
	const char *hint;
} refusals[] = {
	{"password authentication failed", ERR_AUTH,
		"Check the password: ~/.pgpass, the service file, or the runbook's secret."},
	{"no password supplied", ERR_AUTH,
		"Put it into ~/.pgpass, or declare it as a secret of the runbook."},
	{"authentication failed", ERR_AUTH, NULL},
	{"no pg_hba.conf entry", ERR_AUTH, "The server's pg_hba.conf must admit this client."},
	{"pg_hba.conf rejects connection", ERR_AUTH,
		"The server's pg_hba.conf must admit this client."},
	{"is not permitted to log in", ERR_AUTH, NULL},
	{"certificate verify failed", ERR_AUTH,
		"The server's certificate is not signed by an authority of sslrootcert."},
	{"does not match host name", ERR_AUTH, NULL},
	{"permission denied for database", ERR_PERMISSION, "GRANT CONNECT ON DATABASE ... TO ..."},
	{"is not currently accepting connections", ERR_PERMISSION, NULL},
	{"definition of service", ERR_CONFIG,
		"Services are defined in ~/.pg_service.conf or $PGSERVICEFILE."},
	{"invalid connection option", ERR_CONFIG, NULL},
	{"invalid port number", ERR_CONFIG, NULL},
	{"is too long (maximum", ERR_CONFIG, "Use a socket directory with a shorter path."},
	{"timeout expired", ERR_TIMEOUT, "Is it the right address? Does a firewall drop packets?"},
	{"too many clients", ERR_UNREACHABLE, "All its connections are taken."},
	{"remaining connection slots", ERR_UNREACHABLE, "All its connections are taken."},
	{"system is starting up", ERR_UNREACHABLE, "Wait until it has started."},
	{"system is shutting down", ERR_UNREACHABLE, NULL},
	{"system is in recovery mode", ERR_UNREACHABLE, "It is recovering from a crash: wait."},
	{"Connection refused", ERR_UNREACHABLE, "Nothing listens there: is the server running?"},
	{"No such file or directory", ERR_UNREACHABLE, "Is the server running?"},
	{"could not translate host name", ERR_UNREACHABLE, "Is name resolution working?"},
};

static bool
absent(const char *message, const char *kind)
{
	const char *at = strstr(message, kind);

	return at != NULL && strstr(at, "\" does not exist") != NULL;
}

bool
pg_error_connect(const struct pg_refusal *r, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(MESSAGE_MAX);
	const char *said = r->message != NULL ? r->message : "";
	enum err_code code = ERR_UNREACHABLE;
	const char *hint = NULL;

	for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
		if (strstr(said, refusals[i].words) != NULL) {
			code = refusals[i].code;
			hint = refusals[i].hint;
			break;
		}
	}
	if (hint == NULL && code == ERR_UNREACHABLE) {
		if (absent(said, "database \""))
			code = ERR_NOT_FOUND;
		else if (absent(said, "role \""))
			code = ERR_AUTH;
		/* The server's words are "SEVERITY:  text", with two blanks; libpq's never are. */
		else if (strstr(said, ":  ") != NULL && (r->needs_password || r->used_password))
			code = ERR_AUTH;
	}
	pg_error_line(&line, said);
	err_set(err, code, "Cannot connect to PostgreSQL: %s%s",
		line.len > 0 ? line.buf : "no reason was given",
		line.len > 0 && strchr(".?!", line.buf[line.len - 1]) != NULL ? "" : ".");
	if (hint != NULL)
		err_hint(err, "%s", hint);
	return false;
}

/* SQLSTATE or its class (two characters), the more exact first. PostgreSQL's Appendix A. */
static const struct {
	const char *state;
	enum err_code code;
} states[] = {
	{"42501", ERR_PERMISSION},  /* insufficient_privilege */
	{"57014", ERR_TIMEOUT},     /* query_canceled: statement_timeout, or by us */
	{"55P03", ERR_TIMEOUT},     /* lock_not_available: lock_timeout */
	{"25P03", ERR_TIMEOUT},     /* idle_in_transaction_session_timeout */
	{"57P01", ERR_UNREACHABLE}, /* admin_shutdown */
	{"57P02", ERR_UNREACHABLE}, /* crash_shutdown */
	{"57P03", ERR_UNREACHABLE}, /* cannot_connect_now */
	{"57P05", ERR_UNREACHABLE}, /* idle_session_timeout */
	{"53300", ERR_UNREACHABLE}, /* too_many_connections */
	{"XX001", ERR_DAMAGED},     /* data_corrupted */
	{"XX002", ERR_DAMAGED},     /* index_corrupted */
	{"28", ERR_AUTH},
	{"08", ERR_UNREACHABLE},
};

enum err_code
pg_error_code(const char *sqlstate)
{
	for (size_t i = 0; i < ARRAY_LEN(states); i++)
		if (util_starts(sqlstate, states[i].state))
			return states[i].code;
	return ERR_SQL;
}

/* Five letters and digits; a server that lies about that is not quoted. */
static const char *
clean_state(const char *state)
{
	static const char allowed[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return state != NULL && strlen(state) == 5 && strspn(state, allowed) == 5 ? state : "";
}

bool
pg_error_sql(const struct pg_complaint *c, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(MESSAGE_MAX);
	CLEANUP(str_done) struct str hint = STR_INIT(MESSAGE_MAX);
	const char *state = clean_state(c->sqlstate);

	pg_error_line(&line, c->message != NULL ? c->message : "no reason was given");
	if (c->detail != NULL && c->detail[0] != '\0') {
		str_add(&line, " (");
		pg_error_line(&line, c->detail);
		str_addc(&line, ')');
	}
	err_set(err, pg_error_code(state), "PostgreSQL says: %s%s%s%s", str_text(&line),
		state[0] != '\0' ? " [SQLSTATE " : "", state, state[0] != '\0' ? "]." : ".");
	if (c->hint != NULL && c->hint[0] != '\0') {
		pg_error_line(&hint, c->hint);
		err_hint(err, "%s", str_text(&hint));
	}
	return false;
}

/*
 * pgtool: core/net/pg behind a small command line, for tests/live/test_pg.py.
 *
 *   pgtool [-p PASSWORD] [-t CONNECT_MS] [-q QUERY_MS] [-s STATEMENT_MS] [-r ROWS] [-b BYTES]
 *          [-i MS] CONNINFO identity | query SQL [PARAM...] | pair SQL SQL
 *
 * `pair` runs the second statement on the same connection after the first, whatever came of it.
 * -i interrupts after so long. Prints one JSON object; exit status 0 even for an error.
 */
#include "base/banned.h"
#include "net/pg.h"
#include "net/pg_identity.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/timerfd.h>

struct options {
	struct pg_options connect;
	struct pg_query query;
	const char *words[16]; /* behind the options */
	size_t n;
};

static void
print_err(struct json *j, const char *key, struct err *err)
{
	json_object(j, key);
	json_string(j, "code", err_name(err->code));
	json_string(j, "message", err->msg);
	json_string(j, "hint", err->hint);
	json_object_end(j);
	err_done(err);
}

static void
print_result(struct json *j, const struct pg_result *r)
{
	json_array(j, "names");
	for (size_t i = 0; i < r->cols; i++)
		json_string(j, NULL, r->names[i]);
	json_array_end(j);
	json_array(j, "rows");
	for (size_t row = 0; row < r->rows; row++) {
		json_array(j, NULL);
		for (size_t col = 0; col < r->cols; col++)
			json_string(j, NULL, pg_value(r, row, col));
		json_array_end(j);
	}
	json_array_end(j);
	json_string(j, "tag", r->tag);
	json_int(j, "affected", r->affected);
	json_bool(j, "truncated", r->truncated);
}

static void
query(struct json *j, struct pg *pg, const struct options *o, const char *sql, const char *key)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct pg_query q = o->query;
	struct pg_result r;

	q.sql = sql;
	if (!pg_query(pg, &a, &q, &r, &err)) {
		print_err(j, key, &err);
		json_string(j, "sqlstate", pg_sqlstate(pg));
	} else {
		print_result(j, &r);
	}
	json_bool(j, "usable", pg_usable(pg));
}

static void
identity(struct json *j, struct pg *pg)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct err err = ERR_INIT;
	struct pg_identity id;

	if (!pg_identify(pg, &a, &id, &err)) {
		print_err(j, "error", &err);
		return;
	}
	json_string(j, "database", id.database);
	json_string(j, "user", id.user);
	json_string(j, "address", id.address);
	json_string(j, "version", id.version);
	json_int(j, "version_num", id.version_num);
	json_bool(j, "in_recovery", id.in_recovery);
	json_string(j, "system_identifier", id.system_identifier);
	json_string(j, "data_directory", id.data_directory);
	json_int(j, "database_bytes", id.database_bytes);
	json_int(j, "other_connections", id.other_connections);
	json_string(j, "text", pg_identity_text(&a, &id));
}

static int
interrupt_after(int64_t ms)
{
	struct itimerspec when = {.it_value = {ms / 1000, ms % 1000 * 1000000}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);

	timerfd_settime(fd, 0, &when, NULL);
	return fd;
}

static int64_t
number(const char *text)
{
	int64_t value;

	if (!util_parse_i64(text, &value))
		BUG("not a number: %s", text);
	return value;
}

static void
parse(int argc, char **argv, struct options *o)
{
	for (int c; (c = getopt(argc, argv, "+p:t:q:s:r:b:i:w")) != -1;) {
		switch (c) {
		case 'p': o->connect.password = secret_new(optarg, strlen(optarg)); break;
		case 't': o->connect.timeout_ms = number(optarg); break;
		case 'q': o->query.timeout_ms = number(optarg); break;
		case 's': o->connect.statement_timeout_ms = number(optarg); break;
		case 'r': o->query.rows_max = (size_t)number(optarg); break;
		case 'b': o->query.bytes_max = (size_t)number(optarg); break;
		case 'i': o->connect.interrupt_fd = interrupt_after(number(optarg)); break;
		case 'w': o->connect.read_only = true; break;
		default: BUG("usage");
		}
	}
	for (int i = optind; i < argc && o->n < ARRAY_LEN(o->words); i++)
		o->words[o->n++] = argv[i];
	if (o->n < 2)
		BUG("usage: pgtool CONNINFO identity | query SQL | pair SQL SQL");
	o->connect.conninfo = o->words[0];
}

int
main(int argc, char **argv)
{
	CLEANUP(str_done) struct str out = STR_INIT(64 * MIB);
	struct json j = json_new(&out);
	struct options o = {.n = 0};
	int64_t begin = clock_mono_ms();
	struct err err = ERR_INIT;
	struct pg *pg = NULL;

	parse(argc, argv, &o);
	json_object(&j, NULL);
	if (!pg_connect(&o.connect, &pg, &err)) {
		print_err(&j, "error", &err);
	} else if (util_streq(o.words[1], "identity")) {
		identity(&j, pg);
	} else if (util_streq(o.words[1], "query")) {
		o.query.params = o.words + 3;
		o.query.nparams = o.n - 3;
		query(&j, pg, &o, o.words[2], "error");
	} else {
		json_object(&j, "first");
		query(&j, pg, &o, o.words[2], "error");
		json_object_end(&j);
		json_object(&j, "second");
		query(&j, pg, &o, o.words[3], "error");
		json_object_end(&j);
	}
	json_int(&j, "ms", clock_mono_ms() - begin);
	json_object_end(&j);
	str_addc(&out, '\n');
	pg_free(pg);
	secret_free((struct secret *)o.connect.password);
	return file_write_all(STDOUT_FILENO, out.buf, out.len) ? 0 : 1;
}

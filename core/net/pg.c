#include "base/banned.h"
#include "net/pg.h"
#include "net/bounded.h"
#include "net/pg_error.h"
#include "net/pg_lib.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

#include <errno.h>
#include <poll.h>

#define CANCEL_MS 5000 /* how long an answer to a cancel request may take */

const char *
pg_name(const struct pg *pg)
{
	return pg->name;
}

const char *
pg_sqlstate(const struct pg *pg)
{
	return pg->sqlstate;
}

bool
pg_usable(const struct pg *pg)
{
	return !pg->broken;
}

void
pg_free(struct pg *pg)
{
	if (pg == NULL)
		return;
	pg->lib->PQfinish(pg->conn);
	free(pg->name);
	free(pg);
}

/* One statement on its way. */
struct flight {
	struct pg *pg;
	struct arena *a;
	const struct pg_query *q;
	struct pg_result *ret;
	VEC(const char *) values;
	size_t rows_max, bytes_max, bytes;
	int64_t deadline, timeout_ms;
	bool cancelled, interrupted;
};

struct cancel {
	const struct pg_lib *lib;
	PGcancel *handle;
};

static void
cancel_work(void *arg)
{
	struct cancel *c = arg;
	char why[256];

	if (!c->lib->PQcancel(c->handle, why, sizeof(why)))
		log_debug("cancel: %s", why);
}

static void
cancel_free(void *arg)
{
	struct cancel *c = arg;

	c->lib->PQfreeCancel(c->handle);
	free(c);
}

/* PQcancel makes a connection of its own, and blocks for as long as that takes. */
static void
cancel(struct flight *f)
{
	struct cancel *c = util_alloc(sizeof(*c));

	f->cancelled = true;
	f->deadline = clock_mono_ms() + CANCEL_MS;
	c->lib = f->pg->lib;
	c->handle = c->lib->PQgetCancel(f->pg->conn);
	if (c->handle == NULL) {
		free(c);
		return;
	}
	if (bounded_call(cancel_work, cancel_free, c, CANCEL_MS))
		cancel_free(c);
}

static bool
lost(struct pg *pg, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(4 * KIB);

	pg->broken = true;
	pg_error_line(&line, pg->lib->PQerrorMessage(pg->conn));
	err_set(err, ERR_UNREACHABLE, "The connection to %s was lost: %s.", pg->name,
		str_text(&line));
	return err_hint(err, "Whether the last statement took effect is not known.");
}

static bool
gave_up(struct flight *f, struct err *err)
{
	f->pg->broken = true;
	err_set(err, f->interrupted ? ERR_STOPPED : ERR_TIMEOUT,
		"%s did not answer within %lld s, nor to a cancel request.", f->pg->name,
		(long long)(f->timeout_ms + 999) / 1000);
	return err_hint(err, "The connection was given up. Whether the statement took effect is "
			     "not known.");
}

/* Until PQgetResult has something to give without blocking. */
static bool
await(struct flight *f, struct err *err)
{
	const struct pg_lib *lib = f->pg->lib;
	PGconn *conn = f->pg->conn;

	for (;;) {
		struct pollfd p[] = {{lib->PQsocket(conn), POLLIN, 0},
			{f->cancelled ? -1 : f->pg->interrupt_fd, POLLIN, 0}};
		int unsent = lib->PQflush(conn);
		int64_t left;

		if (unsent < 0)
			return lost(f->pg, err);
		if (unsent == 0 && !lib->PQisBusy(conn))
			return true;
		if (unsent > 0)
			p[0].events |= POLLOUT;
		left = f->deadline - clock_mono_ms();
		if (left <= 0 && f->cancelled)
			return gave_up(f, err);
		if (left <= 0) {
			cancel(f);
			continue;
		}
		if (poll(p, 2, (int)MIN(left, 60000)) < 0 && errno != EINTR)
			return err_sys(err, ERR_IO, errno, "Cannot wait for %s", f->pg->name);
		if (p[1].revents != 0) {
			f->interrupted = true;
			cancel(f);
		}
		if ((p[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0 &&
			!lib->PQconsumeInput(conn))
			return lost(f->pg, err);
	}
}

static void
take_names(struct flight *f, const PGresult *res)
{
	struct pg_result *ret = f->ret;

	if (ret->names != NULL)
		return;
	ret->cols = (size_t)f->pg->lib->PQnfields(res);
	ret->names = arena_array(f->a, ret->cols + 1, sizeof(*ret->names));
	for (size_t i = 0; i < ret->cols; i++)
		ret->names[i] = arena_strdup(f->a, f->pg->lib->PQfname(res, (int)i));
}

static void
take_row(struct flight *f, const PGresult *res)
{
	const struct pg_lib *lib = f->pg->lib;
	size_t bytes = 0;

	take_names(f, res);
	for (size_t i = 0; i < f->ret->cols; i++)
		bytes += (size_t)lib->PQgetlength(res, 0, (int)i) + 1;
	if (f->ret->truncated || f->ret->rows >= f->rows_max || bytes > f->bytes_max - f->bytes) {
		f->ret->truncated = true;
		return;
	}
	f->bytes += bytes;
	f->ret->rows++;
	for (size_t i = 0; i < f->ret->cols; i++) {
		const char *value = NULL;

		if (!lib->PQgetisnull(res, 0, (int)i))
			value = arena_strndup(f->a, lib->PQgetvalue(res, 0, (int)i),
				(size_t)lib->PQgetlength(res, 0, (int)i));
		*vec_push(f->a, &f->values) = value;
	}
}

static bool
complain(struct flight *f, const PGresult *res, struct err *err)
{
	const struct pg_lib *lib = f->pg->lib;
	struct pg_complaint c = {.sqlstate = lib->PQresultErrorField(res, PG_DIAG_SQLSTATE),
		.message = lib->PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY),
		.detail = lib->PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL),
		.hint = lib->PQresultErrorField(res, PG_DIAG_MESSAGE_HINT)};

	if (c.message == NULL)
		return lost(f->pg, err);
	f->pg->broken = lib->PQstatus(f->pg->conn) != CONNECTION_OK;
	if (c.sqlstate != NULL)
		snprintf(f->pg->sqlstate, sizeof(f->pg->sqlstate), "%s", c.sqlstate);
	if (f->cancelled && util_streq(c.sqlstate, "57014") && f->interrupted)
		return err_set(err, ERR_STOPPED, "The statement was cancelled on request.");
	if (f->cancelled && util_streq(c.sqlstate, "57014")) {
		err_set(err, ERR_TIMEOUT,
			"The statement did not finish within %lld s and was cancelled.",
			(long long)(f->timeout_ms + 999) / 1000);
		return err_hint(err, "Allow it more time, or look for what holds a lock.");
	}
	return pg_error_sql(&c, err);
}

static bool
take(struct flight *f, const PGresult *res, struct err *err)
{
	const struct pg_lib *lib = f->pg->lib;
	const char *tag;

	switch (lib->PQresultStatus(res)) {
	case PGRES_SINGLE_TUPLE: take_row(f, res); return true;
	case PGRES_TUPLES_OK: take_names(f, res); break;
	case PGRES_COMMAND_OK:
	case PGRES_EMPTY_QUERY: break;
	case PGRES_COPY_IN:
	case PGRES_COPY_OUT:
	case PGRES_COPY_BOTH:
		/* There is no polite way out of a COPY that nobody serves. */
		f->pg->broken = true;
		return err_set(
			err, ERR_UNSUPPORTED, "COPY from or to the client has no place here.");
	default: return complain(f, res, err);
	}
	f->ret->tag = arena_strdup(f->a, lib->PQcmdStatus((PGresult *)res));
	tag = lib->PQcmdTuples((PGresult *)res);
	if (!util_parse_i64(tag, &f->ret->affected))
		f->ret->affected = -1;
	return true;
}

/*
 * All results, to the end, so that the connection is free for the next statement. The first
 * thing that goes wrong is what is reported, not what follows from it.
 */
static bool
collect(struct flight *f, struct err *err)
{
	bool good = true;

	for (;;) {
		CLEANUP(err_done) struct err later = ERR_INIT;
		PGresult *res;

		if (!await(f, good ? err : &later))
			return false;
		res = f->pg->lib->PQgetResult(f->pg->conn);
		if (res == NULL)
			return good;
		good = good && take(f, res, err);
		f->pg->lib->PQclear(res);
		if (f->pg->broken)
			return false;
	}
}

bool
pg_query(struct pg *pg, struct arena *a, const struct pg_query *q, struct pg_result *ret,
	struct err *err)
{
	struct flight f = {.pg = pg,
		.a = a,
		.q = q,
		.ret = ret,
		.rows_max = q->rows_max > 0 ? q->rows_max : PG_ROWS_MAX,
		.bytes_max = q->bytes_max > 0 ? q->bytes_max : (size_t)PG_BYTES_MAX,
		.timeout_ms = q->timeout_ms > 0 ? q->timeout_ms : PG_QUERY_MS};

	*ret = (struct pg_result){.tag = "", .affected = -1};
	pg->sqlstate[0] = '\0';
	if (pg->broken)
		return err_set(err, ERR_UNREACHABLE, "The connection to %s is gone.", pg->name);
	f.deadline = clock_mono_ms() + f.timeout_ms;
	if (!pg->lib->PQsendQueryParams(
		    pg->conn, q->sql, (int)q->nparams, NULL, q->params, NULL, NULL, 0))
		return lost(pg, err);
	/* Row by row: what is beyond the bounds is never held. */
	if (!pg->lib->PQsetSingleRowMode(pg->conn))
		BUG("libpq refuses single-row mode");
	if (!collect(&f, err))
		return false;
	ret->values = f.values.v;
	return true;
}

bool
pg_exec(struct pg *pg, const char *sql, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct pg_query q = {.sql = sql};
	struct pg_result r;

	return pg_query(pg, &a, &q, &r, err);
}

bool
pg_text(struct pg *pg, struct arena *a, const char *sql, const char *const *params, size_t nparams,
	const char **ret, struct err *err)
{
	struct pg_query q = {.sql = sql, .params = params, .nparams = nparams, .rows_max = 1};
	struct pg_result r;

	if (!pg_query(pg, a, &q, &r, err))
		return false;
	*ret = r.rows > 0 && r.cols > 0 ? pg_value(&r, 0, 0) : NULL;
	return true;
}

const char *
pg_value(const struct pg_result *r, size_t row, size_t col)
{
	if (r->values == NULL || row >= r->rows || col >= r->cols)
		BUG("value %zu/%zu of a result of %zu/%zu", row, col, r->rows, r->cols);
	return r->values[row * r->cols + col];
}

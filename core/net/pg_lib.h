/*
 * pg_lib: libpq's functions, opened when PostgreSQL is first spoken to, and what a connection is.
 *
 * Linked in, libpq and its Kerberos and LDAP libraries would cost every start of every role
 * 5 ms and 4 MiB. For core/net/pg*.c only.
 */
#ifndef NET_PG_LIB_H
#define NET_PG_LIB_H

#include "base/err.h"

#include <libpq-fe.h>

#define PG_LIB(X)                    \
	X(PQconnectdbParams)         \
	X(PQconninfoParse)           \
	X(PQconninfoFree)            \
	X(PQfreemem)                 \
	X(PQfinish)                  \
	X(PQstatus)                  \
	X(PQsocket)                  \
	X(PQdb)                      \
	X(PQuser)                    \
	X(PQhost)                    \
	X(PQport)                    \
	X(PQerrorMessage)            \
	X(PQconnectionNeedsPassword) \
	X(PQconnectionUsedPassword)  \
	X(PQsetNoticeProcessor)      \
	X(PQsetnonblocking)          \
	X(PQsendQueryParams)         \
	X(PQsetSingleRowMode)        \
	X(PQflush)                   \
	X(PQconsumeInput)            \
	X(PQisBusy)                  \
	X(PQgetResult)               \
	X(PQresultStatus)            \
	X(PQresultErrorField)        \
	X(PQresultErrorMessage)      \
	X(PQntuples)                 \
	X(PQnfields)                 \
	X(PQfname)                   \
	X(PQgetisnull)               \
	X(PQgetvalue)                \
	X(PQgetlength)               \
	X(PQcmdStatus)               \
	X(PQcmdTuples)               \
	X(PQclear)                   \
	X(PQgetCancel)               \
	X(PQcancel)                  \
	X(PQfreeCancel)

struct pg_lib {
#define X(name) __typeof__(name) *name;
	PG_LIB(X)
#undef X
};

struct pg {
	const struct pg_lib *lib;
	PGconn *conn;
	char *name;       /* "aragora at 10.0.0.5:5432" */
	char sqlstate[6]; /* of the last failure */
	int interrupt_fd; /* -1: none */
	bool broken;
};

/* Opened once and kept; ERR_TOOL_MISSING when there is none. */
MUST_CHECK bool pg_lib_load(const struct pg_lib **ret, struct err *err);

#endif

/*
 * Plain SQL from pg_dump or pg_dumpall, compressed or not.
 *
 * What proves that it is whole is its last line: "-- PostgreSQL database dump complete", or
 * "... cluster dump complete" from pg_dumpall. Recent minor releases print "\unrestrict <key>"
 * behind it. Without that line psql loads what there is and returns 0 (FACTS 3.5).
 */
#include "base/banned.h"
#include "verify/format.h"

#define HEAD_MAX 4096
#define TAIL_MAX 4096

#define HEAD         "-- PostgreSQL database dump"
#define HEAD_CLUSTER "-- PostgreSQL database cluster dump"
#define END          "-- PostgreSQL database dump complete"
#define END_CLUSTER  "-- PostgreSQL database cluster dump complete"

static bool
sql_detect(const unsigned char *p, size_t len)
{
	size_t head = MIN(len, HEAD_MAX);

	return memmem(p, head, HEAD, strlen(HEAD)) != NULL ||
	       memmem(p, head, HEAD_CLUSTER, strlen(HEAD_CLUSTER)) != NULL;
}

/* The last TAIL_MAX bytes of everything that was added. */
struct tail {
	char bytes[TAIL_MAX];
	size_t len;
};

static void
tail_add(struct tail *t, const unsigned char *p, size_t n)
{
	if (n >= TAIL_MAX) {
		memcpy(t->bytes, p + n - TAIL_MAX, TAIL_MAX);
		t->len = TAIL_MAX;
		return;
	}
	if (t->len + n > TAIL_MAX) {
		size_t drop = t->len + n - TAIL_MAX;

		memmove(t->bytes, t->bytes + drop, t->len - drop);
		t->len -= drop;
	}
	memcpy(t->bytes + t->len, p, n);
	t->len += n;
}

/* What may follow the end marker: comment dashes, blank lines, \unrestrict. */
static bool
is_harmless(const char *line, size_t n)
{
	while (n > 0 && (line[n - 1] == '\r' || line[n - 1] == ' '))
		n--;
	return n == 0 || (n == 2 && memcmp(line, "--", 2) == 0) ||
	       (n > 12 && memcmp(line, "\\unrestrict ", 12) == 0);
}

/* From the last line back to the marker; *ret_rest is a line that should not be there. */
static bool
find_end(const struct tail *t, const char *marker, const char **ret_rest, size_t *ret_rest_len)
{
	const char *end = t->bytes + t->len, *line;
	size_t n = strlen(marker);

	*ret_rest = NULL;
	while (end > t->bytes) {
		size_t len;

		line = memrchr(t->bytes, '\n', (size_t)(end - t->bytes));
		line = line != NULL ? line + 1 : t->bytes;
		len = (size_t)(end - line);
		if (len >= n && memcmp(line, marker, n) == 0 && is_harmless(line + n, len - n))
			return true;
		if (!is_harmless(line, len)) {
			*ret_rest = line;
			*ret_rest_len = len;
		}
		end = line > t->bytes ? line - 1 : t->bytes;
	}
	return false;
}

static bool
check_end(struct proving *p, const struct tail *t, const char *marker)
{
	const char *rest = NULL;
	size_t len = 0;

	if (!find_end(t, marker, &rest, &len)) {
		report_add(p->report, PROOF_FAIL, "end-marker",
			"Its end is missing: no line \"%s\" in the tail. It was cut off before it "
			"was complete.",
			marker);
		return false;
	}
	if (rest != NULL) {
		report_add(p->report, PROOF_FAIL, "end-marker",
			"Something stands behind the end marker: \"%.*s\".", (int)MIN(len, 60),
			rest);
		return false;
	}
	report_add(p->report, PROOF_PASS, "end-marker", "The dump says that it is complete.");
	return true;
}

static bool
sql_verify(struct proving *p, struct err *err)
{
	CLEANUP(util_free) struct tail *tail = util_alloc(sizeof(*tail));
	const unsigned char *bytes;
	ssize_t n = scan_view(p->scan, &bytes, err);
	bool cluster;

	if (n < 0)
		return false;
	cluster =
		memmem(bytes, MIN((size_t)n, HEAD_MAX), HEAD_CLUSTER, strlen(HEAD_CLUSTER)) != NULL;
	for (; n > 0; n = scan_view(p->scan, &bytes, err)) {
		const unsigned char *nul = memchr(bytes, 0, (size_t)n);

		if (nul != NULL)
			return err_set(err, ERR_DAMAGED,
				"There is a zero byte at %llu, which no SQL has.",
				(unsigned long long)(p->scan->offset + (uint64_t)(nul - bytes)));
		tail_add(tail, bytes, (size_t)n);
		scan_take(p->scan, (size_t)n);
	}
	if (n < 0)
		return false;
	report_add(p->report, PROOF_PASS, "data", "%llu bytes of SQL%s",
		(unsigned long long)p->scan->offset,
		flow_packing(p->flow) != PACK_NONE ? ", decompressed to the end" : "");
	p->unsealed_because = flow_packing(p->flow) == PACK_NONE
				      ? "plain SQL carries no checksum"
				      : "its compressed frames carry no checksum";
	return check_end(p, tail, cluster ? END_CLUSTER : END);
}

const struct format format_sql = {
	.name = "pg_dump_plain",
	.detect = sql_detect,
	.verify = sql_verify,
};

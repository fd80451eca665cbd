/*
 * Neo4j dumps and backups: decoded to the end, members sane, as many files and bytes as their
 * header says. Whether the store itself is consistent is neo4j-admin's word (database check).
 */
#include "base/banned.h"
#include "verify/format.h"
#include "verify/neo4j.h"

static bool
neo4j_detect(const unsigned char *p, size_t len)
{
	return neo4j_is(p, len);
}

static void
report_counts(struct proving *p, const struct neo4j *n)
{
	report_add(p->report, PROOF_PASS, "data", "%s: %llu files, %llu bytes%s",
		n->backup ? "a backup" : "a dump", (unsigned long long)n->files,
		(unsigned long long)n->bytes, n->counted ? ", as many as its header says" : "");
	p->sealed = n->sealed;
}

static bool
neo4j_verify(struct proving *p, struct err *err)
{
	struct neo4j n;

	if (!neo4j_read(p->scan, p->report, &n, err))
		return false;
	report_counts(p, &n);
	return true;
}

const struct format format_neo4j = {
	.name = "neo4j",
	.detect = neo4j_detect,
	.verify = neo4j_verify,
};

static bool
old_detect(const unsigned char *p, size_t len)
{
	return neo4j_is_unpacked(p, len);
}

static bool
old_verify(struct proving *p, struct err *err)
{
	struct neo4j n = {.backup = false};

	if (!neo4j_read_unpacked(p->scan, p->report, &n, err))
		return false;
	report_counts(p, &n);
	return true;
}

const struct format format_neo4j_old = {
	.name = "neo4j",
	.detect = old_detect,
	.verify = old_verify,
};

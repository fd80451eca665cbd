/*
 * pg_dump -Fc: header, table of contents, data blocks, all in one file.
 *
 * Decoded here rather than by pg_restore: it is faster, it reads from S3 without a scratch file,
 * it needs no client of the right version, and it compares what pg_restore takes as it is (the
 * recorded offsets, data that no entry names, what stands behind the last block). Level restored
 * is where the reference tool has the word.
 */
#include "base/banned.h"
#include "verify/format_pgdump.h"

void
pgdump_report_toc(struct proving *p, const struct pgdump *d)
{
	report_add(p->report, PROOF_PASS, "toc",
		"%llu entries, %zu with data; database %s, server %s, pg_dump %s, archive 1.%d",
		(unsigned long long)d->entries, d->data.n, d->database != NULL ? d->database : "?",
		d->server != NULL ? d->server : "?", d->tool != NULL ? d->tool : "?", d->minor);
}

bool
pgdump_report_data(struct proving *p, const struct pgdump *d, const struct pgdump_totals *t)
{
	struct report_faults missing;

	report_faults_init(&missing, p->report, "data");
	for (size_t i = 0; i < d->data.n; i++)
		if (!d->data.v[i].seen)
			report_faults_add(&missing, "the data of entry %lld are missing",
				(long long)d->data.v[i].id);
	if (!report_faults_end(&missing))
		return false;
	report_add(p->report, PROOF_PASS, "data",
		"%llu blocks and %llu large objects, %llu bytes%s", (unsigned long long)t->blocks,
		(unsigned long long)t->objects, (unsigned long long)t->bytes,
		d->packing != PACK_NONE ? " decompressed" : "");
	p->sealed = d->data.n > 0 && d->packing != PACK_NONE && !t->unsealed;
	p->unsealed_because = d->packing == PACK_NONE ? "an uncompressed dump carries no checksum"
						      : "its compressed blocks carry no checksum";
	return true;
}

static bool
custom_detect(const unsigned char *p, size_t len)
{
	return pgdump_is(p, len, PGDUMP_CUSTOM);
}

static bool
custom_verify(struct proving *p, struct err *err)
{
	struct pgdump_totals totals;
	struct pgdump dump;

	if (!pgdump_read(p->scan, p->arena, &dump, err))
		return report_err(p->report, "toc", err);
	pgdump_report_toc(p, &dump);
	return pgdump_read_blocks(p->scan, &dump, &totals, err) &&
	       pgdump_report_data(p, &dump, &totals);
}

const struct format format_pgdump_custom = {
	.name = "pg_dump_custom",
	.detect = custom_detect,
	.verify = custom_verify,
};

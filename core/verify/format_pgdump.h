/*
 * format_pgdump: what the formats of pg_dump with a table of contents report alike.
 */
#ifndef VERIFY_FORMAT_PGDUMP_H
#define VERIFY_FORMAT_PGDUMP_H

#include "verify/format.h"
#include "verify/pgdump_data.h"

/* The check "toc". */
void pgdump_report_toc(struct proving *p, const struct pgdump *d);
/* The check "data"; false when some entry's data were not seen. */
bool pgdump_report_data(struct proving *p, const struct pgdump *d, const struct pgdump_totals *t);

#endif

/*
 * report_doc: how a report's headings, tables and quotes look in Markdown and in HTML.
 */
#ifndef RUN_REPORT_DOC_H
#define RUN_REPORT_DOC_H

#include "run/report.h"

struct doc {
	struct str *out;
	bool html;
	size_t columns; /* of the table at hand */
};

/* All texts are escaped here. */
void doc_escaped(struct doc *d, const char *text);
void doc_heading(struct doc *d, int level, const char *text);
void doc_paragraph(struct doc *d, const char *text);
void doc_quote(struct doc *d, const char *text); /* as it is, in a block */
void doc_table(struct doc *d, const char *const *titles, size_t columns);
void doc_row(struct doc *d, const char *const *cells, const char *tag);
void doc_pair(struct doc *d, const char *name, const char *value); /* nothing without a value */
void doc_table_end(struct doc *d);
void doc_list(struct doc *d, const char *const *items, size_t n);

/* In the report's arena; "-" for what is negative. */
const char *report_duration(const struct run_report *r, int64_t seconds);
const char *report_moment(const struct run_report *r, int64_t ms);

#endif

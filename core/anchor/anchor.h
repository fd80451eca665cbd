/*
 * anchor: heads of the audit log in a second trust domain: syslog, a file of another user,
 * PostgreSQL, S3. What is kept there, in one line of JSON, and what docs/audit.md promises:
 *
 *   {"lifeboat_anchor":1,"site":"...","host":"...","file_id":"...","seq":7,"hash":"...","at":"..."}
 *
 * Everything here may hang as long as the place does: call it in a process that can be ended.
 */
#ifndef ANCHOR_ANCHOR_H
#define ANCHOR_ANCHOR_H

#include "audit/verify.h"
#include "conf/site.h"

struct anchor {
	const char *site, *host;
	const char *file_id;
	uint64_t seq;
	const char *hash;
	int64_t at;
};

#define ANCHOR_LINE_MAX (4 * KIB)
#define ANCHORS_MAX     100000

typedef VEC(struct audit_anchor) anchor_list;

/* The line, without a newline. */
void anchor_format(struct str *out, const struct anchor *a);
/* Finds the object anywhere in a line, as syslog has it; false when there is none. */
bool anchor_parse(struct arena *arena, const char *line, size_t len, struct audit_anchor *ret);
/* From a file of such lines; others are passed over. `from` as in struct audit_anchor. */
MUST_CHECK bool anchor_read_file(
	struct arena *a, const char *path, const char *from, anchor_list *ret, struct err *err);

/* "syslog", "file", "postgresql", "s3" */
const char *anchor_kind(const struct anchor_conf *c);

/* What each place has: one file a kind (place_*.c). */
struct anchor_place {
	const char *kind;
	bool (*push)(const struct anchor_conf *c, const struct anchor *a, struct err *err);
	/* Adds those of this log; NULL where nothing can be read back. */
	bool (*fetch)(const struct anchor_conf *c, const char *file_id, struct arena *a,
		anchor_list *ret, struct err *err);
};
extern const struct anchor_place anchor_place_syslog, anchor_place_file, anchor_place_postgresql,
	anchor_place_s3;
const struct anchor_place *anchor_place(const struct anchor_conf *c);

#endif

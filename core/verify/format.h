/*
 * format: what kinds of backups there are. One file and one row in format.c each.
 *
 * What a file is, its first bytes say (after decompression), never its name. What a directory
 * is, the names in it say.
 */
#ifndef VERIFY_FORMAT_H
#define VERIFY_FORMAT_H

#include "verify/verify.h"

/* One verification at work. Formats add their checks to the report. */
struct proving {
	struct arena *arena;
	struct report *report;
	const struct verify_options *options;
	struct source *source;
	const char *name;  /* the object in the source; a directory's ends with a slash or is "" */
	struct flow *flow; /* of an object, opened; NULL for directories */
	struct scan *scan; /* the flow's cursor */
	int64_t size;      /* of an object as stored */
	struct flow_meter *meter; /* may be NULL */
	/*
	 * Whether checksums cover the backup's data: of its format, its manifest or its
	 * compression. Without one a changed byte would go unnoticed and the result can be
	 * unknown at best ("unverifiable").
	 */
	bool sealed;
	/* What was found on the way, for level restored. */
	struct {
		char version[16];             /* PostgreSQL's, of a base backup: "15" */
		char superuser[64];           /* whom its cluster was made by; "" */
		bool incremental;             /* a base backup that needs those before it */
		const char *aof_manifest;     /* base name; NULL when there is none */
		uint64_t keys, volatile_keys; /* of an RDB; those that may have expired since */
		bool keys_known;
	} found;
	/* Set for formats whose data can never pass without a digest, to say why. */
	const char *unsealed_because;
};

struct format {
	const char *name; /* in JSON */
	/* By the first bytes of an object, decompressed: at least 64 KiB or all of it. */
	bool (*detect)(const unsigned char *p, size_t len);
	/* By a name in a directory, relative to it. */
	bool (*landmark)(const char *name);
	/* Names to ask for before a directory is listed, which may be long; ends with NULL. */
	const char *const *probes;
	/* Says what is wrong with every such file, which is no backup at all; NULL for backups. */
	const char *refusal;
	/* Fails with the err only for what ends the verification; it becomes the check `name`. */
	bool (*verify)(struct proving *p, struct err *err);
};

extern const struct format *const formats[]; /* ends with NULL; the first that detects wins */

/* Opens another object of the same source; for formats of several objects. */
MUST_CHECK bool proving_open(struct proving *p, const char *name, enum sum_kind digest,
	struct flow **ret, struct err *err);
/* Counts the bytes of a directory for the progress; the callback may be NULL. */
MUST_CHECK bool proving_list(
	struct proving *p, bool recursive, source_cb cb, void *arg, struct err *err);
/* p->name and a name below it, in the arena. */
const char *proving_below(struct proving *p, const char *name);

#endif

/*
 * summary: what a board needs of every set, in one small file: what the site file wants of it,
 * what was last observed, and when. The long listings lie apart (listing.h).
 *
 * $STATE/catalog/summary is one line "lifeboat-catalog VERSION BYTES SHA256" and then JSON. It
 * is enough for a status board by somebody who may read nothing else, and it is what a fleet
 * publishes. Facts carry the time they were observed; ages and verdicts are computed when shown.
 */
#ifndef CATALOG_SUMMARY_H
#define CATALOG_SUMMARY_H

#include "catalog/proof.h"

/* So many of the newest backups are in the summary itself. */
#define SUMMARY_HEAD 16
#define SUMMARY_MAX  (64 * MIB)
/* How far a time may lie ahead of our clock before it counts as from the future. */
#define SUMMARY_FUTURE_S 60

/* Ordered: the larger one is the worse (verdict.h). */
enum verdict { VERDICT_OK, VERDICT_LATE, VERDICT_UNKNOWN, VERDICT_BREACH };
#define VERDICTS 4
extern const char *const verdict_names[]; /* "ok", "late", "unknown", "breach" */

/* What a collector found about a set as a whole: the verdict is at least this. */
struct notice {
	enum verdict verdict;
	const char *text; /* a sentence */
};

/* What a look at one place showed. */
struct observation {
	int64_t at;       /* when the look ended; CLOCK_NONE: never */
	double seconds;   /* how long it took */
	const char *base; /* URI before every path: "/backup/", "s3://bucket/prefix/" */
	const char *list; /* file name of the listing beside the summary; NULL for none */
	int64_t count, bytes;
	int64_t writing; /* of count: still being written */
	struct backup *head;
	size_t nhead; /* the newest, newest first, at most SUMMARY_HEAD */
	struct notice *notices;
	size_t nnotices;
	/* What the location promises (source_facts), as a JSON object; NULL when never asked. */
	const char *promises;
	int64_t promises_at;
	/* What the live server says of its archiver (archiver.c), as a JSON object; NULL. */
	const char *archiver;
	int64_t complete_at; /* nothing written until then is missing; CLOCK_NONE: not known */
};

/* What is known of one place: the last look that succeeded and the last one that was tried. */
struct place {
	const char *location;
	const char *source; /* what was looked at; another source makes the facts void */
	int64_t tried_at;   /* CLOCK_NONE: never */
	const char *error;  /* why the last try failed; NULL when it did not */
	const char *hint;   /* or NULL */
	struct observation seen;
};

/* How a copy compares with its set (copies.h), when both were last looked at. */
struct copy_match {
	bool done;
	int64_t looked, present, missing, different;
	int64_t holes;         /* missing though older than the newest that is there */
	int64_t newest_at;     /* time of the newest that is there; CLOCK_NONE: none */
	int64_t waiting_since; /* time of the oldest newer one that is not; CLOCK_NONE: none */
};

struct copy_facts {
	struct place place;
	int64_t within_s; /* FIELD_ABSENT: the set's RPO */
	struct copy_match match;
};

struct set_facts {
	const char *asset, *set;
	const char *asset_title, *title; /* or NULL */
	int tier, type;
	int64_t rpo_s, rto_s, minimum_size; /* FIELD_ABSENT where the site file says nothing */
	const char *schedule, *time_zone;   /* or NULL */
	int prove_level;                    /* -1: no proof wanted */
	int64_t prove_every_s;              /* or FIELD_ABSENT */
	struct place place;
	struct copy_facts *copies;
	size_t ncopies;
	struct proofs proofs; /* those of the summary itself: the newest of the head's backups */
};

struct summary {
	const char *site, *title;
	const char *host; /* where it was collected */
	int64_t written_at;
	int64_t refresh_s; /* how often it is collected; 0 when only on demand */
	int64_t stale_s;   /* facts older than this count as unknown */
	struct set_facts *sets;
	size_t nsets;
};

/* `name` is for messages. ERR_DAMAGED for anything that is not a summary of this version. */
MUST_CHECK bool summary_parse(struct arena *a, const char *name, const char *text, size_t len,
	struct summary *ret, struct err *err);
/* ERR_NOT_FOUND when there is none. */
MUST_CHECK bool summary_read(
	struct arena *a, const char *path, struct summary *ret, struct err *err);
void summary_format(struct str *out, const struct summary *s);

/* An observation alone, as a collecting child reports it; `head` rows included. */
void observation_json(struct json *j, const char *key, const struct observation *o);
void observation_read(struct arena *a, const cJSON *json, struct observation *ret);

#endif

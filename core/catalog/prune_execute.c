/*
 * prune_execute: doing what a plan says.
 */
#include "base/banned.h"
#include "catalog/prune.h"
#include "audit/audit.h"
#include "conf/pattern.h"
#include "net/source.h"

#define BATCH 200 /* names in one record of the audit log */

struct doing {
	struct arena *arena;
	const struct prune_plan *plan;
	struct source *source;
	struct chain *log;
	const char *actor;
	struct prune_done *done;
};

static bool
record(struct doing *d, const char *event, const char *const *names, size_t n, const char *why,
	struct err *err)
{
	CLEANUP(str_done) struct str data = STR_INIT(RECORD_MAX / 2);
	struct json j = json_new(&data);
	struct record r = {.event = event, .actor = d->actor};

	json_object(&j, NULL);
	json_string(&j, "asset", d->plan->facts->asset);
	json_string(&j, "set", d->plan->facts->set);
	json_string(&j, "location", d->plan->facts->place.location);
	json_string(&j, "where", d->plan->facts->place.seen.base);
	if (why != NULL)
		json_string(&j, "why", why);
	json_array(&j, "objects");
	for (size_t i = 0; i < n; i++)
		json_string(&j, NULL, names[i]);
	json_array_end(&j);
	json_object_end(&j);
	r.data = str_text(&data);
	return chain_append(d->log, &r, err);
}

/* Checksums and the like go with their backup; that they can't is no failure. */
static void
remove_companions(struct doing *d, const char *path)
{
	for (size_t i = 0; pattern_companions[i] != NULL; i++) {
		CLEANUP(err_done) struct err err = ERR_INIT;
		const char *name = arena_fmt(d->arena, "%s%s", path, pattern_companions[i]);
		struct object o;

		if (source_stat(d->source, d->arena, name, &o, &err) && !o.directory &&
			!source_remove(d->source, name, &err))
			err_done(&err);
	}
}

/* The object is still the one that was planned. */
static bool
is_same(struct doing *d, const struct backup *b)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct object o;

	if (b->directory)
		return true; /* made of many; the listing was taken a moment ago */
	return source_stat(d->source, d->arena, b->path, &o, &err) && o.size == b->size &&
	       o.mtime == b->mtime;
}

static void
remove_one(struct doing *d, const struct backup *b, const char **failed, size_t *nfailed)
{
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (!is_same(d, b)) {
		d->done->changed++;
		return;
	}
	if (source_remove(d->source, b->path, &err)) {
		d->done->removed++;
		d->done->bytes += b->size;
		if (!b->directory)
			remove_companions(d, b->path);
		return;
	}
	d->done->failed++;
	failed[(*nfailed)++] = b->path;
	if (d->done->why == NULL)
		d->done->why = arena_strdup(d->arena, err.msg);
}

/* Intent, deed, result. */
static bool
remove_batch(struct doing *d, const struct backup *batch, size_t n, struct err *err)
{
	const char *names[BATCH] = {NULL}, *failed[BATCH] = {NULL};
	size_t nfailed = 0;

	for (size_t i = 0; i < n; i++)
		names[i] = batch[i].path;
	if (!record(d, "prune.intent", names, n, NULL, err))
		return false;
	for (size_t i = 0; i < n; i++)
		remove_one(d, &batch[i], failed, &nfailed);
	if (nfailed > 0)
		return record(d, "prune.failed", failed, nfailed, d->done->why, err);
	return record(d, "prune.done", names, n, NULL, err);
}

/* Something good must be there when the rest has gone. */
static bool
check_last_good(struct doing *d, struct catalog *c, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct backup b;
	struct object o;

	if (!catalog_newest_good(c, d->plan->facts, clock_now(), &b, err))
		return false;
	if (b.directory || source_stat(d->source, d->arena, b.path, &o, &why))
		return true;
	return err_set(err, ERR_REFUSED, "The last good backup, %s, is no longer there: %s", b.name,
		why.msg);
}

static bool
remove_backups(struct doing *d, struct catalog *c, struct err *err)
{
	struct backup batch[BATCH];
	size_t n = 0;

	if (!check_last_good(d, c, err))
		return false;
	/* The oldest first: whatever stops it, the newer ones are there. */
	for (size_t i = d->plan->n; i > 0; i--) {
		const struct prune_row *row = &d->plan->rows[i - 1];

		if (row->kept_by != 0)
			continue;
		if (!catalog_backup(c, d->plan->facts, row->index, &batch[n], err))
			return false;
		if (++n == BATCH && !remove_batch(d, batch, n, err))
			return false;
		n %= BATCH;
	}
	return n == 0 || remove_batch(d, batch, n, err);
}

static bool
remove_wal(struct doing *d, struct err *err)
{
	const struct prune_wal *w = &d->plan->wal;

	for (size_t at = 0; at < w->n; at += BATCH) {
		size_t n = MIN(w->n - at, BATCH);

		if (!record(d, "prune.intent", w->names + at, n, NULL, err))
			return false;
		for (size_t i = at; i < at + n; i++) {
			CLEANUP(err_done) struct err why = ERR_INIT;

			if (source_remove(d->source, w->names[i], &why)) {
				d->done->removed++;
				continue;
			}
			d->done->failed++;
			if (d->done->why == NULL)
				d->done->why = arena_strdup(d->arena, why.msg);
		}
		if (!record(d, d->done->failed > 0 ? "prune.failed" : "prune.done", w->names + at,
			    n, d->done->why, err))
			return false;
	}
	return true;
}

bool
prune_execute(struct arena *a, struct catalog *c, const struct site *site,
	const struct prune_plan *p, const char *state, const char *actor, struct prune_done *ret,
	struct err *err)
{
	struct doing d = {.arena = a, .plan = p, .actor = actor, .done = ret};
	bool good;

	*ret = (struct prune_done){.removed = 0};
	if (p->going == 0)
		return true;
	if (!source_open(site_location(site, p->set->location), &d.source, err))
		return false;
	good = audit_open(state, actor, &d.log, err);
	if (good) {
		good = p->is_wal ? remove_wal(&d, err) : remove_backups(&d, c, err);
		chain_free(d.log);
	}
	source_free(d.source);
	return good;
}

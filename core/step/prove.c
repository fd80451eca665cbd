#include "base/banned.h"
#include "step/prove.h"
#include "catalog/proof.h"
#include "conf/pattern.h"

/* The proof is about the object that is there now, not the one that the catalog saw. */
static void
look_again(struct arena *a, struct source *s, struct backup *b)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct object o;

	if (b->directory || !source_stat(s, a, b->path, &o, &why))
		return;
	b->size = o.size;
	b->mtime = o.mtime;
	b->etag = o.etag != NULL ? o.etag : "";
}

static void
add_recorded(struct arena *a, const struct prove_target *p, struct catalog *catalog,
	struct verify_options *o)
{
	const char *name = arena_fmt(a, "%s/%s", p->set->asset->item.key, p->set->item.key);
	const struct set_facts *f = catalog != NULL ? catalog_find_set(catalog, name) : NULL;
	char when[CLOCK_TEXT];
	int64_t at;

	if (f == NULL)
		return;
	o->recorded_sha256 = proofs_find_sha256(catalog_proofs(catalog, f), &p->backup, &at);
	if (o->recorded_sha256 != NULL)
		o->recorded_by = arena_fmt(a, "its proof of %s", clock_format(at, when));
}

/* A base backup that was made without its WAL needs what the asset archives. */
static void
add_wal(struct arena *a, const struct prove_target *p, struct verify_options *o)
{
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	const struct items *sets = &p->set->asset->sets;
	struct pattern pattern;

	if (o->wal != NULL || p->set->type != SET_PG_BASEBACKUP)
		return;
	for (size_t i = 0; i < sets->n; i++) {
		const struct set *s = item_at(sets, struct set, i);

		if (s->type != SET_WAL || !pattern_parse(a, s->path, &pattern, &ignored))
			continue;
		o->wal_location = site_location(p->site, s->location);
		o->wal_directory = pattern.directory;
		return;
	}
}

void
prove_backup(struct arena *a, struct prove_target *p, struct catalog *catalog,
	const struct verify_options *options, struct report *ret)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct verify_options o = *options;
	struct source *s;

	o.site = p->site;
	if (o.checks == NULL)
		o.checks = &p->set->checks;
	if (o.database == NULL)
		o.database = p->set->database;
	if (!source_open(site_location(p->site, p->set->location), &s, &err)) {
		report_init(ret, a, p->id, o.level);
		report_err(ret, "present", &err);
		return;
	}
	look_again(a, s, &p->backup);
	add_recorded(a, p, catalog, &o);
	add_wal(a, p, &o);
	verify_object(a, s, p->backup.path, p->id, &o, ret);
	source_free(s);
}

bool
prove_record(struct arena *a, const struct prove_target *p, const char *state,
	const struct report *r, const char *by, struct err *err)
{
	CLEANUP(str_done) struct str checks = STR_INIT(MIB);
	struct json j = json_new(&checks);
	struct proof proof = proof_of(p->id, &p->backup);
	struct restore restore = {.backup = p->id,
		.mode = RESTORE_SANDBOX,
		.seconds = r->restore_seconds,
		.at = clock_now(),
		.by = by};

	report_checks_json(r, NULL, &j);
	proof.level = r->level;
	proof.result = report_result(r);
	proof.at = restore.at;
	proof.seconds = r->seconds;
	proof.checks = arena_strdup(a, str_text(&checks));
	proof.sha256 = r->sha256;
	proof.by = by;
	if (!proof_add(state, &proof, err))
		return false;
	return r->restore_seconds < 0 || proof.result != PROOF_PASS ||
	       restore_add(state, &restore, err);
}

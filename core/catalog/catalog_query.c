/*
 * catalog_query: finding backups in an opened catalog, and which of them are good.
 */
#include "base/banned.h"
#include "catalog/catalog.h"
#include "base/text.h"

bool
catalog_find(struct catalog *c, const struct set_facts *f, const char *name, struct backup *ret,
	struct err *err)
{
	uint64_t n;

	if (!catalog_count(c, f, &n, err))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		if (!catalog_backup(c, f, i, ret, err))
			return false;
		if (strcmp(ret->name, name) == 0)
			return true;
	}
	err_set(err, ERR_NOT_FOUND, "There is no backup \"%s\" in %s/%s.", name, f->asset, f->set);
	return err_hint(err, "`lifeboat backups %s/%s` lists what there is; --refresh looks again.",
		f->asset, f->set);
}

bool
catalog_find_id(struct catalog *c, const char *id, const struct set_facts **ret_set,
	struct backup *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const char *slash = strchr(id, '/'), *end = slash != NULL ? strchr(slash + 1, '/') : NULL;
	const struct set_facts *f;

	if (end == NULL || end[1] == '\0') {
		err_set(err, ERR_USAGE, "\"%s\" is not the id of a backup.", id);
		return err_hint(err, "An id is ASSET/SET/NAME; `lifeboat backups` lists them.");
	}
	f = catalog_find_set(c, arena_strndup(&a, id, (size_t)(end - id)));
	if (f == NULL) {
		err_set(err, ERR_NOT_FOUND, "There is no set \"%.*s\".", (int)(end - id), id);
		return err_hint(err, "`lifeboat board` shows the sets.");
	}
	*ret_set = f;
	return catalog_find(c, f, end + 1, ret, err);
}

/* In words, for people; the reasons are those of catalog_good. */
static const char *
why_not_good(struct arena *a, const struct set_facts *f, const struct backup *b, int64_t now,
	const struct proof *proof)
{
	CLEANUP(str_done) struct str have = STR_INIT(100), want = STR_INIT(100);

	if (b->state != BACKUP_COMPLETE && b->note[0] != '\0')
		return arena_strdup(a, b->note);
	if (b->state == BACKUP_WRITING)
		return "It is still being written.";
	if (b->state == BACKUP_FAILED)
		return "It is marked as failed.";
	if (b->finished_at == CLOCK_NONE)
		return "Its time is not known.";
	if (b->finished_at > now + SUMMARY_FUTURE_S) {
		text_duration(&have, b->finished_at - now);
		return arena_fmt(a,
			"It is dated %s in the future: a clock is wrong, here or where it was "
			"made.",
			str_text(&have));
	}
	if (proof != NULL && proof->result == PROOF_FAIL)
		return arena_fmt(
			a, "Its verification failed (level %s).", level_names[proof->level]);
	text_size(&have, b->size);
	text_size(&want, f->minimum_size);
	return arena_fmt(
		a, "It has %s, less than the minimum of %s.", str_text(&have), str_text(&want));
}

bool
catalog_good(struct catalog *c, const struct set_facts *f, const struct backup *b, int64_t now,
	struct arena *a, const char **ret_why)
{
	const struct proof *proof = proofs_find(catalog_proofs(c, f), b);
	bool small = f->minimum_size != FIELD_ABSENT && b->size < f->minimum_size;

	if (b->state == BACKUP_COMPLETE && b->finished_at != CLOCK_NONE &&
		b->finished_at <= now + SUMMARY_FUTURE_S && !small &&
		(proof == NULL || proof->result != PROOF_FAIL))
		return true;
	if (a != NULL)
		*ret_why = why_not_good(a, f, b, now, proof);
	return false;
}

static bool
none(const struct set_facts *f, const char *what, struct err *err)
{
	err_set(err, ERR_NOT_FOUND, "%s/%s has no %s backup.", f->asset, f->set, what);
	return err_hint(err, "`lifeboat backups %s/%s` lists what there is.", f->asset, f->set);
}

bool
catalog_newest_good(struct catalog *c, const struct set_facts *f, int64_t now, struct backup *ret,
	struct err *err)
{
	uint64_t n;

	if (!catalog_count(c, f, &n, err))
		return false;
	for (uint64_t i = 0; i < n; i++) {
		if (!catalog_backup(c, f, i, ret, err))
			return false;
		if (catalog_good(c, f, ret, now, NULL, NULL))
			return true;
	}
	return none(f, "good", err);
}

bool
catalog_newest_proven(struct catalog *c, const struct set_facts *f, enum level level, int64_t now,
	struct backup *ret, const struct proof **ret_proof, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	const struct proofs *proofs = catalog_proofs(c, f);
	uint64_t n;

	if (!catalog_count(c, f, &n, err))
		return false;
	/* Without any proof there is no need to go through a million rows. */
	for (uint64_t i = 0; i < n && proofs->list.n > 0; i++) {
		const struct proof *p;

		if (!catalog_backup(c, f, i, ret, err))
			return false;
		p = proofs_find_pass(proofs, ret, level);
		if (p == NULL || !catalog_good(c, f, ret, now, NULL, NULL))
			continue;
		if (ret_proof != NULL)
			*ret_proof = p;
		return true;
	}
	return none(f, arena_fmt(&a, "proven (%s or better)", level_names[level]), err);
}

const char *
catalog_id(struct arena *a, const struct set_facts *f, const struct backup *b)
{
	return arena_fmt(a, "%s/%s/%s", f->asset, f->set, b->name);
}

const char *
catalog_uri(struct arena *a, const struct set_facts *f, const struct backup *b)
{
	return arena_fmt(a, "%s%s", f->place.seen.base, b->path);
}

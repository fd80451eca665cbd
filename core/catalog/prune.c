#include "base/banned.h"
#include "catalog/prune.h"
#include "catalog/prune_wal.h"
#include "base/text.h"

/* What stands in the way of any pruning; NULL when nothing does. */
static const char *
refusal(struct arena *a, const struct prune_plan *p)
{
	const struct place *place = &p->facts->place;

	if (place->error != NULL)
		return arena_fmt(a, "Its location could not be read: %s", place->error);
	if (place->seen.at == CLOCK_NONE)
		return "It was not looked at yet.";
	if (p->set->keep == NULL)
		return "The site file says nothing about keeping it (keep:), so all is kept.";
	if (p->set->type == SET_VELERO)
		return "Velero removes its backups itself, when their time to live is over.";
	return NULL;
}

/* The tools that keep chains of their own. */
static const char *
tool_of(struct arena *a, const struct set *set)
{
	const char *name = set->database != NULL ? set->database : "STANZA";
	const struct keep *k = set->keep;
	int64_t full = k != NULL && k->at_least != FIELD_ABSENT ? k->at_least : FIELD_ABSENT;

	if (set->type == SET_PGBACKREST && full != FIELD_ABSENT)
		return arena_fmt(a, "pgbackrest --stanza=%s --repo1-retention-full=%lld expire",
			name, (long long)full);
	if (set->type == SET_PGBACKREST)
		return arena_fmt(a, "pgbackrest --stanza=%s expire", name);
	if (set->type == SET_BARMAN)
		return arena_fmt(a,
			"barman check-backup, then barman delete %s BACKUP, or "
			"retention_policy in its configuration and barman cron",
			set->database != NULL ? set->database : "SERVER");
	return NULL;
}

/* A base backup that others build on must not go before them; which do, is not known here. */
static bool
is_chained(const struct backup *b)
{
	return strstr(b->note, "incremental") != NULL;
}

static bool
fill_rows(struct arena *a, struct catalog *c, struct prune_plan *p, const struct zone *zone,
	int64_t now, struct err *err)
{
	const struct proofs *proofs = catalog_proofs(c, p->facts);
	struct retention_item *items;
	struct backup b;
	uint64_t n;

	if (!catalog_count(c, p->facts, &n, err))
		return false;
	items = arena_array(a, n + 1, sizeof(*items));
	p->rows = arena_array(a, n + 1, sizeof(*p->rows));
	for (uint64_t i = 0; i < n; i++) {
		if (!catalog_backup(c, p->facts, i, &b, err))
			return false;
		if (is_chained(&b))
			p->nothing = "Incremental backups build on each other; their chain is "
				     "left alone.";
		items[i] = (struct retention_item){.at = b.finished_at,
			.good = catalog_good(c, p->facts, &b, now, NULL, NULL),
			.writing = b.state == BACKUP_WRITING,
			.proven = proofs_find_pass(proofs, &b, LEVEL_INTACT) != NULL,
			.held = retention_is_held(p->set->keep, b.name)};
		if (b.finished_at != CLOCK_NONE && b.finished_at > now + SUMMARY_FUTURE_S)
			items[i].at = CLOCK_NONE;
		p->rows[i].index = i;
	}
	retention_apply(p->set->keep, zone, now, items, n, &p->retention);
	for (uint64_t i = 0; i < n; i++)
		p->rows[i].kept_by = items[i].kept_by;
	p->n = n;
	return true;
}

static bool
count_going(struct catalog *c, struct prune_plan *p, struct err *err)
{
	struct backup b;

	for (size_t i = 0; i < p->n; i++) {
		if (p->nothing != NULL)
			p->rows[i].kept_by |= 1u << RETENTION_NO_RULES;
		if (p->rows[i].kept_by != 0)
			continue;
		if (!catalog_backup(c, p->facts, p->rows[i].index, &b, err))
			return false;
		p->going++;
		p->bytes += b.size;
	}
	return true;
}

bool
prune_make(struct arena *a, struct catalog *c, const struct site *site, const struct set *set,
	int64_t now, struct prune_plan *ret, struct err *err)
{
	const char *id = arena_fmt(a, "%s/%s", set->asset->item.key, set->item.key);
	const struct zone *zone;

	*ret = (struct prune_plan){.set = set, .facts = catalog_find_set(c, id)};
	if (ret->facts == NULL)
		return err_set(err, ERR_NOT_FOUND, "There is no set \"%s\" in the catalog.", id);
	if (!zone_load(set->time_zone, &zone, err))
		return false;
	ret->nothing = refusal(a, ret);
	ret->tool = tool_of(a, set);
	ret->is_wal = set->type == SET_WAL;
	if (ret->nothing == NULL && ret->tool != NULL)
		ret->nothing = "Its own tool knows what builds on what, and does it.";
	if (ret->is_wal)
		return ret->nothing != NULL || prune_wal_make(a, site, ret, now, err);
	return fill_rows(a, c, ret, zone, now, err) && count_going(c, ret, err);
}

static void
rules_json(struct json *j, const struct retention *r)
{
	json_array(j, "rules");
	for (int i = 0; i < RETENTION_COUNT; i++) {
		const struct retention_have *h = &r->rules[i];

		if (h->wanted == FIELD_ABSENT)
			continue;
		json_object(j, NULL);
		json_string(j, "rule", retention_texts[i]);
		json_int(j, "wanted", h->wanted);
		json_int(j, "have", h->have);
		json_int(j, "missing", MAX(h->wanted - h->have, 0));
		json_object_end(j);
	}
	json_array_end(j);
}

static void
row_json(struct json *j, struct arena *a, const struct prune_plan *p, const struct prune_row *row,
	const struct backup *b)
{
	json_object(j, NULL);
	json_string(j, "id", catalog_id(a, p->facts, b));
	json_string(j, "uri", catalog_uri(a, p->facts, b));
	json_time(j, "finished_at", b->finished_at);
	json_int(j, "size_bytes", b->size);
	json_string(j, "action", row->kept_by != 0 ? "keep" : "remove");
	json_array(j, "kept_by");
	for (int i = 0; i < RETENTION_COUNT; i++)
		if (row->kept_by & 1u << i)
			json_string(j, NULL, retention_texts[i]);
	json_array_end(j);
	json_object_end(j);
}

void
prune_json(struct json *j, struct arena *a, struct catalog *c, const struct prune_plan *p)
{
	json_object(j, NULL);
	json_string(j, "asset", p->facts->asset);
	json_string(j, "set", p->facts->set);
	json_string(j, "type", set_type_names[p->facts->type]);
	json_string(j, "nothing", p->nothing);
	json_string(j, "tool", p->tool);
	rules_json(j, &p->retention);
	json_array(j, "backups");
	for (size_t i = 0; i < p->n; i++) {
		CLEANUP(arena_done) struct arena own = ARENA_INIT;
		CLEANUP(err_done) struct err err = ERR_INIT;
		struct backup b;

		if (catalog_backup(c, p->facts, p->rows[i].index, &b, &err))
			row_json(j, &own, p, &p->rows[i], &b);
	}
	json_array_end(j);
	if (p->is_wal && p->wal.n > 0) {
		json_object(j, "wal");
		json_string(j, "needed_from", p->wal.base);
		json_string(j, "first", p->wal.first);
		json_string(j, "last", p->wal.last);
		json_object_end(j);
	}
	json_int(j, "removes", (int64_t)p->going);
	json_int(j, "removes_bytes", p->bytes);
	json_object_end(j);
}

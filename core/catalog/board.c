#include "base/banned.h"
#include "catalog/board.h"

#include <math.h>

/*
 * The newest backup and the newest good one: out of the summary's head, and only where that
 * shows none out of the listing.
 */
static void
find_newest(struct arena *a, struct catalog *c, const struct set_facts *f, struct board_row *row,
	struct verdict_in *in)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct observation *seen = &f->place.seen;

	for (size_t i = 0; i < seen->nhead && in->newest == NULL; i++)
		if (seen->head[i].state != BACKUP_WRITING)
			in->newest = &seen->head[i];
	if (in->newest != NULL)
		catalog_good(c, f, in->newest, in->now, a, &in->newest_why);
	for (size_t i = 0; i < seen->nhead && !row->has_newest; i++) {
		row->has_newest = catalog_good(c, f, &seen->head[i], in->now, NULL, NULL);
		row->newest = seen->head[i];
	}
	if (!row->has_newest && seen->count > (int64_t)seen->nhead)
		row->has_newest = catalog_newest_good(c, f, in->now, &row->newest, &err);
	if (row->has_newest)
		in->good = &row->newest;
}

static void
make_row(struct arena *a, struct catalog *c, const struct set_facts *f, int64_t now,
	struct board_row *row)
{
	struct verdict_in in = {.facts = f,
		.proofs = catalog_proofs(c, f),
		.now = now,
		.stale_s = catalog_summary(c)->stale_s};

	row->facts = f;
	find_newest(a, c, f, row, &in);
	verdict_judge(a, &in, &row->v);
	if (row->has_newest) {
		row->newest_id = catalog_id(a, f, &row->newest);
		row->newest_uri = catalog_uri(a, f, &row->newest);
	}
}

static int
compare(const void *va, const void *vb)
{
	const struct board_row *a = va, *b = vb;
	unsigned tier_a = (unsigned)a->facts->tier, tier_b = (unsigned)b->facts->tier;

	if (a->v.verdict != b->v.verdict)
		return a->v.verdict < b->v.verdict ? 1 : -1;
	/* No tier (-1) comes last as the largest unsigned. */
	if (tier_a != tier_b)
		return tier_a < tier_b ? -1 : 1;
	return a->facts < b->facts ? -1 : a->facts > b->facts;
}

void
board_make(struct arena *a, struct catalog *c, int64_t now, struct board *ret)
{
	const struct summary *s = catalog_summary(c);

	*ret = (struct board){.site = s->site,
		.title = s->title,
		.generated_at = now,
		.collected_at = s->written_at,
		.n = s->nsets};
	ret->rows = arena_array(a, s->nsets + 1, sizeof(*ret->rows));
	for (size_t i = 0; i < s->nsets; i++) {
		make_row(a, c, &s->sets[i], now, &ret->rows[i]);
		ret->verdict = MAX(ret->verdict, ret->rows[i].v.verdict);
		ret->counts[ret->rows[i].v.verdict]++;
	}
	qsort(ret->rows, ret->n, sizeof(*ret->rows), compare);
}

enum verdict
board_backup_verdict(struct arena *a, struct catalog *c, const struct set_facts *f,
	const struct backup *b, int64_t now, const char **ret_why)
{
	*ret_why = NULL;
	if (catalog_good(c, f, b, now, a, ret_why))
		return VERDICT_OK;
	if (b->state == BACKUP_WRITING || b->finished_at == CLOCK_NONE ||
		b->finished_at > now + SUMMARY_FUTURE_S)
		return VERDICT_UNKNOWN;
	return VERDICT_BREACH;
}

void
board_proof_json(struct json *j, const char *key, const struct proof *p)
{
	if (p == NULL) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_string(j, "level", level_names[p->level]);
	json_string(j, "result", proof_result_names[p->result]);
	json_time(j, "at", p->at);
	json_string(j, "backup", p->backup);
	json_object_end(j);
}

static void
newest_json(struct json *j, const struct board_row *row)
{
	if (!row->has_newest) {
		json_null(j, "newest");
		return;
	}
	json_object(j, "newest");
	json_string(j, "id", row->newest_id);
	json_string(j, "name", row->newest.name);
	json_string(j, "uri", row->newest_uri);
	json_time(j, "finished_at", row->newest.finished_at);
	json_string(j, "time_from", time_from_names[row->newest.time_from]);
	json_int(j, "size_bytes", row->newest.size);
	json_object_end(j);
}

static void
copy_facts_json(struct json *j, const struct copy_facts *c)
{
	json_count(j, "present", c->match.done ? c->match.present : -1);
	json_count(j, "missing", c->match.done ? c->match.missing : -1);
	json_count(j, "different", c->match.done ? c->match.different : -1);
	json_time(j, "newest_at", c->match.done ? c->match.newest_at : CLOCK_NONE);
	json_time(j, "observed_at", c->place.seen.at);
	json_raw(j, "promises", c->place.seen.promises != NULL ? c->place.seen.promises : "null");
}

static void
row_json(struct json *j, const struct board_row *row)
{
	const struct set_facts *f = row->facts;
	const struct restore *restored = row->v.restored;

	json_object(j, NULL);
	json_string(j, "asset", f->asset);
	json_string(j, "set", f->set);
	json_string(j, "type", set_type_names[f->type]);
	json_string(j, "verdict", verdict_names[row->v.verdict]);
	json_array(j, "reasons");
	for (size_t i = 0; i < row->v.reasons.n; i++)
		json_string(j, NULL, row->v.reasons.v[i]);
	json_array_end(j);
	newest_json(j, row);
	json_count(j, "age_s", row->v.age_s);
	json_count(j, "rpo_s", f->rpo_s);
	json_count(j, "rto_s", f->rto_s);
	json_time(j, "next_due_at", row->v.next_due_at);
	json_time(j, "observed_at", f->place.seen.at);
	json_int(j, "count", f->place.seen.count);
	json_int(j, "total_bytes", f->place.seen.bytes);
	json_int(j, "missed_runs", row->v.missed);
	json_string(j, "location", f->place.location);
	json_raw(j, "promises", f->place.seen.promises != NULL ? f->place.seen.promises : "null");
	if (f->type == SET_WAL)
		json_raw(j, "archiver",
			f->place.seen.archiver != NULL ? f->place.seen.archiver : "null");
	json_array(j, "copies");
	for (size_t i = 0; i < row->v.ncopies; i++) {
		const struct copy_verdict *c = &row->v.copies[i];

		json_object(j, NULL);
		json_string(j, "location", c->location);
		json_string(j, "verdict", verdict_names[c->verdict]);
		json_count(j, "lag_s", c->lag_s);
		json_string(j, "reason", c->reason);
		copy_facts_json(j, &f->copies[i]);
		json_object_end(j);
	}
	json_array_end(j);
	board_proof_json(j, "proven", row->v.proven);
	if (restored == NULL) {
		json_null(j, "last_restore");
	} else {
		json_object(j, "last_restore");
		json_string(j, "mode", restore_mode_names[restored->mode]);
		json_int(j, "seconds", (int64_t)lround(restored->seconds));
		json_time(j, "at", restored->at);
		json_object_end(j);
	}
	json_object_end(j);
}

void
board_json_sets(struct json *j, const struct board *b)
{
	json_array(j, "sets");
	for (size_t i = 0; i < b->n; i++)
		row_json(j, &b->rows[i]);
	json_array_end(j);
}

void
board_json(struct json *j, const struct board *b)
{
	json_object(j, NULL);
	json_string(j, "site", b->site);
	json_time(j, "generated_at", b->generated_at);
	json_time(j, "collected_at", b->collected_at);
	json_string(j, "verdict", verdict_names[b->verdict]);
	board_json_sets(j, b);
	json_object_end(j);
}

void
board_backup_json(struct json *j, struct arena *a, struct catalog *c, const struct set_facts *f,
	const struct backup *b, int64_t now)
{
	const char *why;
	enum verdict v = board_backup_verdict(a, c, f, b, now, &why);

	json_object(j, NULL);
	json_string(j, "id", catalog_id(a, f, b));
	json_string(j, "asset", f->asset);
	json_string(j, "set", f->set);
	json_string(j, "type", set_type_names[f->type]);
	json_string(j, "name", b->name);
	json_string(j, "uri", catalog_uri(a, f, b));
	json_string(j, "location", f->place.location);
	json_time(j, "finished_at", b->finished_at);
	json_string(j, "time_from", time_from_names[b->time_from]);
	json_int(j, "size_bytes", b->size);
	json_string(j, "verdict", verdict_names[v]);
	json_string(j, "reason", why);
	board_proof_json(j, "proven", proofs_find(catalog_proofs(c, f), b));
	json_object_end(j);
}

#include "base/banned.h"
#include "wal/moment_json.h"
#include "base/clock.h"
#include "base/json.h"
#include "wal/aim.h"

static const char *const kind_names[] = {"drop", "truncate", "delete", "drop_database"};
static const char *const count_names[] = {NULL, "counted", "estimated", "at_least"};

const char *
moment_kind_name(enum damage_kind kind)
{
	return kind_names[kind];
}

const char *
moment_count_name(enum damage_count count)
{
	return count_names[count];
}

static void
json_lsn(struct json *j, const char *key, uint64_t lsn)
{
	char text[LSN_TEXT];

	json_string(j, key, lsn_format(lsn, text));
}

static void
json_action(struct json *j, const struct moment *m, const struct damage_action *a)
{
	const char *database = names_database(m->names, a->database);

	json_object(j, NULL);
	json_string(j, "action", kind_names[a->kind]);
	json_string(j, "database", database);
	json_int(j, "database_oid", a->database);
	if (a->kind != DAMAGE_DROP_DATABASE) {
		json_string(j, "schema", a->schema);
		json_string(j, "table", a->name);
		json_count(j, "oid", a->oid != 0 ? (int64_t)a->oid : -1);
		json_count(j, "file", a->file != 0 ? (int64_t)a->file : -1);
		json_count(j, "rows", a->rows >= 0 ? (int64_t)a->rows : -1);
		json_string(j, "rows_are", count_names[a->rows_are]);
		json_count(j, "bytes", a->bytes);
		json_string(j, "bytes_are", count_names[a->bytes_are]);
	}
	if (a->nfiles > 0) {
		json_array(j, "files");
		for (size_t i = 0; i < a->nfiles; i++)
			json_int(j, NULL, a->files[i]);
		json_array_end(j);
	}
	json_object_end(j);
}

static void
json_transaction(struct json *j, const struct moment *m, const struct damage_transaction *t)
{
	CLEANUP(str_done) struct str aim = STR_INIT(KIB);
	const struct window *w = moment_window(m, t);
	struct recovery_target xid = moment_target(m, t, RECOVERY_TO_XID),
			       lsn = moment_target(m, t, RECOVERY_TO_LSN),
			       at = moment_target(m, t, RECOVERY_TO_TIME),
			       best = moment_proposal(m, t);

	json_object(j, NULL);
	json_int(j, "xid", t->xid);
	json_lsn(j, "lsn", t->lsn);
	json_time_us(j, "committed_at", t->at_us);
	json_bool(j, "partial", t->partial);
	json_string(j, "base_backup", w != NULL ? w->backup->base.name : NULL);
	json_array(j, "actions");
	for (size_t i = 0; i < t->n; i++)
		if (!t->actions[i].toast)
			json_action(j, m, &t->actions[i]);
	json_array_end(j);
	json_lsn(j, "stop_lsn", t->stop_lsn);
	json_int(j, "commits_between", (int64_t)t->between);
	recovery_json(j, "target", &best);
	aim_text(&best, &aim);
	json_string(j, "moment", str_text(&aim)); /* as runbooks take it */
	json_object(j, "targets");
	recovery_json(j, "lsn", &lsn);
	/* A dropped database's files are gone before the commit is. */
	if (!t->gone_early) {
		recovery_json(j, "xid", &xid);
		recovery_json(j, "time", &at);
	}
	json_object_end(j);
	json_object_end(j);
}

static void
json_faults(struct json *j, const struct moment *m)
{
	const struct continuity_gap *g;
	uint32_t bytes = m->windows.set->archive->header.bytes;
	char name[SEGMENT_NAME];

	json_array(j, "gaps");
	vec_each (&m->gaps, g) {
		json_object(j, NULL);
		json_int(j, "timeline", g->tli);
		json_string(j, "from", segment_name(g->tli, g->first, bytes, name));
		json_string(j, "to", segment_name(g->tli, g->last, bytes, name));
		json_int(j, "count", (int64_t)(g->last - g->first + 1));
		json_object_end(j);
	}
	json_array_end(j);
	json_array(j, "damaged");
	if (m->broken.file != NULL) {
		json_object(j, NULL);
		json_string(j, "file", m->broken.file);
		json_string(j, "why", m->broken.why);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
json_read_part(struct json *j, const struct moment *m)
{
	json_object(j, "read");
	json_lsn(j, "from_lsn", m->first_lsn);
	json_lsn(j, "to_lsn", m->last_lsn);
	json_time_us(j, "from", m->first_us);
	json_time_us(j, "to", m->last_us);
	json_int(j, "segments", (int64_t)m->segments);
	json_int(j, "bytes", (int64_t)m->bytes);
	json_int(j, "records", (int64_t)m->records);
	json_string(j, "names_from", m->names_from);
	json_object_end(j);
}

void
moment_json(
	const struct moment *m, const struct moment_options *o, const char *asset, struct str *out)
{
	struct json j = json_new_pretty(out);
	struct recovery_target target;

	json_object(&j, NULL);
	json_string(&j, "asset", asset);
	json_time_us(&j, "from", o->from_us);
	json_time_us(&j, "to", o->to_us);
	json_string(&j, "table", o->filter.table);
	json_int(&j, "timeline", m->way->tli);
	json_fmt(&j, "system_identifier", "%llu",
		(unsigned long long)m->windows.set->archive->header.system_identifier);
	json_array(&j, "transactions");
	for (size_t i = 0; i < m->list.n; i++)
		json_transaction(&j, m, m->list.v[i]);
	json_array_end(&j);
	if (m->list.n > 0) {
		target = moment_proposal(m, m->list.v[0]);
		recovery_json(&j, "target", &target);
	} else {
		json_null(&j, "target");
	}
	json_faults(&j, m);
	json_read_part(&j, m);
	json_object_end(&j);
	str_addc(out, '\n');
}

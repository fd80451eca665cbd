#include "base/banned.h"
#include "wal/window_json.h"
#include "base/clock.h"
#include "base/path.h"

static const char *const end_names[] = {"last_commit", "end_of_wal"};
static const char *const form_names[] = {"plain", "tar", "pgbackrest", "barman"};
static const char *const reach_names[] = {
	"reached", "quiet", "before_all", "in_gap", "behind", "future", "no_window"};

static void
json_lsn(struct json *j, const char *key, uint64_t lsn)
{
	char text[LSN_TEXT];

	json_string(j, key, lsn == LSN_NONE ? NULL : lsn_format(lsn, text));
}

static void
json_segment(struct json *j, const char *key, uint32_t tli, uint64_t number, uint32_t bytes)
{
	char name[SEGMENT_NAME];

	json_string(j, key, segment_name(tli, number, bytes, name));
}

static void
json_backup_ref(struct json *j, const struct window_report *r, const struct basebackup *b)
{
	json_string(j, "base_backup", b->name);
	if (r->asset != NULL && b->set != NULL)
		json_fmt(j, "base_backup_id", "%s/%s/%s", r->asset, b->set, b->name);
}

static void
json_windows(struct json *j, const struct window_report *r, const struct windows *ws)
{
	const struct window *w;

	vec_each (&ws->list, w) {
		uint32_t bytes = ws->set->archive->header.bytes;

		json_object(j, NULL);
		json_int(j, "timeline", w->way->tli);
		json_time_us(j, "earliest", w->earliest_us);
		json_time_us(j, "latest", w->latest_us);
		json_backup_ref(j, r, &w->backup->base);
		json_string(j, "latest_is", end_names[w->latest_is]);
		if (w->latest_is == WINDOW_LAST_COMMIT) {
			json_lsn(j, "latest_lsn", w->tail.commit.lsn);
			json_int(j, "latest_xid", w->tail.commit.xid);
		}
		json_time_us(j, "quiet_until", MAX(w->latest_us, w->tail.known_us));
		json_segment(j, "from_segment", w->backup->base.tli, w->first, bytes);
		json_segment(j, "to_segment", w->way->tli, w->last, bytes);
		json_bool(j, "broken", w->broken);
		json_object_end(j);
	}
}

static void
add_gaps(struct json *j, const struct windows *ws, bool in_flight)
{
	const struct continuity_gap *g;

	vec_each (&ws->set->continuity.gaps, g) {
		uint32_t bytes = ws->set->archive->header.bytes;

		if (g->in_flight != in_flight)
			continue;
		json_object(j, NULL);
		json_int(j, "timeline", g->tli);
		json_segment(j, "from", g->tli, g->first, bytes);
		json_segment(j, "to", g->tli, g->last, bytes);
		json_int(j, "count", (int64_t)(g->last - g->first + 1));
		json_object_end(j);
	}
}

static void
json_gaps(struct json *j, const struct window_report *r, const struct windows *ws)
{
	add_gaps(j, ws, false);
}

static void
json_in_flight(struct json *j, const struct window_report *r, const struct windows *ws)
{
	add_gaps(j, ws, true);
}

static void
json_damaged(struct json *j, const struct window_report *r, const struct windows *ws)
{
	const struct continuity_damage *d;

	vec_each (&ws->set->continuity.damaged, d) {
		json_object(j, NULL);
		json_string(j, "file", d->file);
		json_string(j, "why", d->why);
		json_object_end(j);
	}
}

static void
json_missing_history(struct json *j, const struct window_report *r, const struct windows *ws)
{
	const char **name;

	vec_each (&ws->set->continuity.missing_history, name)
		json_string(j, NULL, *name);
}

static void
json_partials(struct json *j, const struct window_report *r, const struct windows *ws)
{
	const struct archive_extra *e;

	vec_each (&ws->set->archive->partials, e)
		json_string(j, NULL, path_base(e->name));
}

static void
json_backups(struct json *j, const struct window_report *r, const struct windows *ws)
{
	const struct walset_backup *b;

	vec_each (&ws->set->backups, b) {
		json_object(j, NULL);
		json_string(j, "name", b->base.name);
		json_string(j, "set", b->base.set);
		json_string(j, "form", form_names[b->base.form]);
		json_count(j, "timeline", b->base.tli != 0 ? (int64_t)b->base.tli : -1);
		json_lsn(j, "start_lsn", b->base.start);
		json_lsn(j, "stop_lsn", b->base.stop);
		json_time(j, "started_at", b->base.started_at);
		json_time(j, "finished_at", b->base.finished_at);
		json_bool(j, "usable", b->usable);
		json_string(j, "why", b->why);
		json_object_end(j);
	}
}

static void
json_archives(struct json *j, const struct window_report *r)
{
	json_array(j, "archives");
	for (size_t i = 0; i < r->sets.n; i++) {
		const struct windows *ws = &r->sets.v[i];
		const struct walset *w = ws->set;
		const struct archive *a = w->archive;

		json_object(j, NULL);
		json_string(j, "set", r->holdings->list.v[i].set);
		json_string(j, "uri", source_uri(a->source, r->arena, a->prefix));
		json_int(j, "segments", (int64_t)a->n);
		json_count(j, "version", w->has_wal ? a->header.version : -1);
		json_int(j, "duplicates", (int64_t)a->duplicate_count);
		json_int(j, "sizes_examined", (int64_t)w->inspected.sizes);
		json_int(j, "headers_examined", (int64_t)w->inspected.headers);
		json_int(j, "not_examined", (int64_t)w->inspected.skipped);
		json_int(j, "segments_read", (int64_t)w->segments_read);
		json_int(j, "bytes_read", (int64_t)w->bytes_read);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
json_end(struct json *j, const char *key, const struct scan_end *e)
{
	if (e->lsn == 0) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_time_us(j, "at", e->at_us);
	json_int(j, "xid", e->xid);
	json_lsn(j, "lsn", e->lsn);
	json_bool(j, "commit", e->commit);
	json_object_end(j);
}

static void
json_near(struct json *j, const char *key, const struct window_report *r, int64_t at_us,
	const struct window *w)
{
	if (w == NULL) {
		json_null(j, key);
		return;
	}
	json_object(j, key);
	json_time_us(j, "at", at_us);
	json_int(j, "timeline", w->way->tli);
	json_backup_ref(j, r, &w->backup->base);
	json_object_end(j);
}

static void
json_answer(struct json *j, const struct window_report *r)
{
	const struct window_answer *a = &r->answer;

	json_object(j, "at");
	json_time_us(j, "time", a->at_us);
	json_bool(j, "reachable", window_reached(a));
	json_string(j, "reach", reach_names[a->reach]);
	json_string(j, "why", a->why);
	if (window_reached(a)) {
		uint32_t bytes = r->sets.v[r->answer_set].set->archive->header.bytes;

		json_int(j, "timeline", a->window->way->tli);
		json_backup_ref(j, r, &a->window->backup->base);
		json_end(j, "last_commit", &a->stop.before);
		json_end(j, "stops_before", &a->stop.at);
		recovery_json(j, "target", &a->target);
		json_object(j, "replay");
		json_lsn(j, "from_lsn", a->replay_from);
		json_lsn(j, "to_lsn", a->replay_to);
		json_int(j, "bytes", (int64_t)window_report_replay(r));
		json_int(j, "segments",
			(int64_t)(a->replay_to / bytes - a->replay_from / bytes + 1));
		json_int(j, "seconds", window_report_forecast(r));
		json_int(j, "bytes_per_second", r->rate);
		json_string(j, "rate_from", r->rate_given ? "given" : "assumed");
		json_object_end(j);
	} else {
		json_near(j, "before", r, a->before_us, a->before);
		json_near(j, "after", r, a->after_us, a->after);
	}
	json_object_end(j);
}

/* The lists; each holds what all archives have of it. */
static const struct {
	const char *key;
	void (*add)(struct json *j, const struct window_report *r, const struct windows *ws);
} lists[] = {
	{"windows", json_windows},
	{"gaps", json_gaps},
	{"in_flight", json_in_flight},
	{"damaged", json_damaged},
	{"missing_history", json_missing_history},
	{"partial", json_partials},
	{"backups", json_backups},
};

void
window_json(const struct window_report *r, struct str *out)
{
	const struct segment_header *h = window_report_header(r);
	struct json j = json_new_pretty(out);

	json_object(&j, NULL);
	json_string(&j, "asset", r->asset);
	if (h != NULL)
		json_fmt(&j, "system_identifier", "%llu", (unsigned long long)h->system_identifier);
	else
		json_null(&j, "system_identifier");
	json_count(&j, "segment_bytes", h != NULL ? (int64_t)h->bytes : -1);
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		json_array(&j, lists[i].key);
		for (size_t k = 0; k < r->sets.n; k++)
			lists[i].add(&j, r, &r->sets.v[k]);
		json_array_end(&j);
	}
	json_archives(&j, r);
	json_string(&j, "verdict", r->good ? "ok" : "breach");
	if (r->asked)
		json_answer(&j, r);
	json_object_end(&j);
	str_addc(out, '\n');
}

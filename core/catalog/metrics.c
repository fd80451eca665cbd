#include "base/banned.h"
#include "catalog/metrics.h"

/* Backslash, quote and newline are escaped (Prometheus, "Exposition formats"). */
static void
label(struct str *out, const char *name, const char *value, bool first)
{
	str_fmt(out, "%s%s=\"", first ? "{" : ",", name);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			str_fmt(out, "\\%c", *value);
		else if (*value == '\n')
			str_add(out, "\\n");
		else
			str_addc(out, *value);
	}
	str_addc(out, '"');
}

struct family {
	struct str *out;
	const struct board *board;
	const char *name, *help;
	bool begun;
};

/* HELP and TYPE come once, and only where there is a sample. */
static void
begin(struct family *f)
{
	if (f->begun)
		return;
	f->begun = true;
	str_fmt(f->out, "# HELP %s %s\n# TYPE %s gauge\n", f->name, f->help, f->name);
}

static void
set_labels(struct family *f, const struct board_row *row)
{
	begin(f);
	str_add(f->out, f->name);
	label(f->out, "site", f->board->site, true);
	label(f->out, "asset", row->facts->asset, false);
	label(f->out, "set", row->facts->set, false);
}

static void
sample(struct family *f, int64_t value)
{
	str_fmt(f->out, "} %lld\n", (long long)value);
}

/* One number of every set, where it is known. */
struct column {
	const char *name, *help;
	bool (*value)(const struct board *b, const struct board_row *row, int64_t *ret);
};

static bool
known(int64_t value, int64_t unknown, int64_t *ret)
{
	*ret = value;
	return value != unknown;
}

static bool
newest_at(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return row->has_newest && known(row->newest.finished_at, CLOCK_NONE, ret);
}

static bool
newest_size(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return row->has_newest && known(row->newest.size, -1, ret);
}

static bool
age(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return known(row->v.age_s, -1, ret);
}

static bool
rpo(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return known(row->facts->rpo_s, FIELD_ABSENT, ret);
}

static bool
rto(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return known(row->facts->rto_s, FIELD_ABSENT, ret);
}

static bool
next_due(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return known(row->v.next_due_at, CLOCK_NONE, ret);
}

static bool
missed(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return row->facts->schedule != NULL && known(row->v.missed, -1, ret);
}

static bool
observed_at(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return known(row->facts->place.seen.at, CLOCK_NONE, ret);
}

static bool
reachable(const struct board *b, const struct board_row *row, int64_t *ret)
{
	*ret = row->facts->place.error == NULL;
	return row->facts->place.tried_at != CLOCK_NONE;
}

static bool
count(const struct board *b, const struct board_row *row, int64_t *ret)
{
	*ret = row->facts->place.seen.count;
	return row->facts->place.seen.at != CLOCK_NONE;
}

static bool
bytes(const struct board *b, const struct board_row *row, int64_t *ret)
{
	*ret = row->facts->place.seen.bytes;
	return row->facts->place.seen.at != CLOCK_NONE;
}

static bool
restore_seconds(const struct board *b, const struct board_row *row, int64_t *ret)
{
	*ret = row->v.restored != NULL ? (int64_t)(row->v.restored->seconds + 0.5) : -1;
	return row->v.restored != NULL;
}

static bool
restore_at(const struct board *b, const struct board_row *row, int64_t *ret)
{
	*ret = row->v.restored != NULL ? row->v.restored->at : CLOCK_NONE;
	return row->v.restored != NULL;
}

/* A number of what the live server says; a flag counts as 0 or 1. */
static bool
archiver_number(const struct board_row *row, const char *key, int64_t *ret)
{
	const char *text = row->facts->place.seen.archiver;
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free) cJSON *j = NULL;
	const cJSON *value;

	if (text == NULL)
		return false;
	j = json_parse(text, strlen(text), &ignored);
	value = json_get(j, key);
	if (cJSON_IsBool(value))
		*ret = cJSON_IsTrue(value);
	else
		*ret = cJSON_IsString(value) ? json_get_time(j, key) : json_get_int(j, key, -1);
	return value != NULL && !cJSON_IsNull(value);
}

static bool
archiver_failing(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return archiver_number(row, "failing", ret);
}

static bool
archiver_last(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return archiver_number(row, "last_archived_at", ret);
}

static bool
archiver_segments(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return archiver_number(row, "lag_segments", ret);
}

static bool
archiver_seconds(const struct board *b, const struct board_row *row, int64_t *ret)
{
	return archiver_number(row, "lag_s", ret);
}

static bool
archiver_slots(const struct board *b, const struct board_row *row, int64_t *ret)
{
	const char *text = row->facts->place.seen.archiver;
	CLEANUP(err_done) struct err ignored = ERR_INIT;
	CLEANUP(json_free)
	cJSON *j = text != NULL ? json_parse(text, strlen(text), &ignored) : NULL;
	const cJSON *it;

	*ret = 0;
	cJSON_ArrayForEach(it, json_get(j, "slots")) *ret =
		MAX(*ret, json_get_int(it, "held_bytes", 0));
	return j != NULL;
}

static const struct column columns[] = {
	{"lifeboat_newest_backup_timestamp_seconds", "Time of the newest good backup.", newest_at},
	{"lifeboat_newest_backup_age_seconds", "Age of the newest good backup.", age},
	{"lifeboat_newest_backup_size_bytes", "Size of the newest good backup.", newest_size},
	{"lifeboat_backups", "Backups in the set.", count},
	{"lifeboat_backups_size_bytes", "Size of all backups in the set.", bytes},
	{"lifeboat_archiver_failing", "Whether the server's last attempt to archive WAL failed.",
		archiver_failing},
	{"lifeboat_archiver_last_timestamp_seconds", "When the server last archived WAL.",
		archiver_last},
	{"lifeboat_archiver_lag_segments", "Full WAL segments that are not in the archive.",
		archiver_segments},
	{"lifeboat_archiver_lag_seconds", "For how long they have been waiting.", archiver_seconds},
	{"lifeboat_replication_slot_held_bytes", "WAL that a replication slot holds, at most.",
		archiver_slots},
	{"lifeboat_rpo_seconds", "Recovery point objective.", rpo},
	{"lifeboat_rto_seconds", "Recovery time objective.", rto},
	{"lifeboat_next_due_timestamp_seconds", "When the next backup is, or was, due.", next_due},
	{"lifeboat_missed_runs", "Scheduled runs that left no good backup.", missed},
	{"lifeboat_observed_timestamp_seconds", "When the set was last looked at with success.",
		observed_at},
	{"lifeboat_location_reachable", "Whether the last look at the set succeeded.", reachable},
	{"lifeboat_last_restore_duration_seconds", "How long the last restore or drill took.",
		restore_seconds},
	{"lifeboat_last_restore_timestamp_seconds", "When the last restore or drill ended.",
		restore_at},
};

static void
verdicts(struct str *out, const struct board *b)
{
	struct family f = {.out = out,
		.board = b,
		.name = "lifeboat_set_verdict",
		.help = "1 for the verdict that the set has: ok, late, unknown or breach."};

	for (size_t i = 0; i < b->n; i++) {
		for (int v = 0; v < VERDICTS; v++) {
			set_labels(&f, &b->rows[i]);
			label(out, "type", set_type_names[b->rows[i].facts->type], false);
			label(out, "verdict", verdict_names[v], false);
			sample(&f, (int)b->rows[i].v.verdict == v);
		}
	}
}

static void
proofs(struct str *out, const struct board *b)
{
	struct family f = {.out = out,
		.board = b,
		.name = "lifeboat_proof_timestamp_seconds",
		.help = "When a backup of the set was last proven, how far, and with what result."};

	for (size_t i = 0; i < b->n; i++) {
		const struct proof *p = b->rows[i].v.proven;

		if (p == NULL)
			continue;
		set_labels(&f, &b->rows[i]);
		label(out, "level", level_names[p->level], false);
		label(out, "result", proof_result_names[p->result], false);
		sample(&f, p->at);
	}
}

static void
copy_verdicts(struct str *out, const struct board *b)
{
	struct family f = {.out = out,
		.board = b,
		.name = "lifeboat_copy_verdict",
		.help = "1 for the verdict that the copy of the set has."};

	for (size_t i = 0; i < b->n; i++) {
		for (size_t k = 0; k < b->rows[i].v.ncopies; k++) {
			const struct copy_verdict *c = &b->rows[i].v.copies[k];

			for (int v = 0; v < VERDICTS; v++) {
				set_labels(&f, &b->rows[i]);
				label(out, "location", c->location, false);
				label(out, "verdict", verdict_names[v], false);
				sample(&f, (int)c->verdict == v);
			}
		}
	}
}

static void
copy_lags(struct str *out, const struct board *b)
{
	struct family f = {.out = out,
		.board = b,
		.name = "lifeboat_copy_lag_seconds",
		.help = "How far the copy is behind the set."};

	for (size_t i = 0; i < b->n; i++) {
		for (size_t k = 0; k < b->rows[i].v.ncopies; k++) {
			const struct copy_verdict *c = &b->rows[i].v.copies[k];

			if (c->lag_s < 0)
				continue;
			set_labels(&f, &b->rows[i]);
			label(out, "location", c->location, false);
			sample(&f, c->lag_s);
		}
	}
}

static void
site_samples(struct str *out, const struct board *b)
{
	struct family verdict = {.out = out,
		.board = b,
		.name = "lifeboat_site_verdict",
		.help = "1 for the worst verdict of the site."};
	struct family written = {.out = out,
		.board = b,
		.name = "lifeboat_catalog_timestamp_seconds",
		.help = "When the catalog was written."};

	for (int v = 0; v < VERDICTS; v++) {
		begin(&verdict);
		str_add(out, verdict.name);
		label(out, "site", b->site, true);
		label(out, "verdict", verdict_names[v], false);
		sample(&verdict, (int)b->verdict == v);
	}
	if (b->collected_at == CLOCK_NONE)
		return;
	begin(&written);
	str_add(out, written.name);
	label(out, "site", b->site, true);
	sample(&written, b->collected_at);
}

void
metrics_format(struct str *out, const struct board *b)
{
	site_samples(out, b);
	verdicts(out, b);
	for (size_t c = 0; c < ARRAY_LEN(columns); c++) {
		struct family f = {
			.out = out, .board = b, .name = columns[c].name, .help = columns[c].help};
		int64_t value;

		for (size_t i = 0; i < b->n; i++) {
			if (!columns[c].value(b, &b->rows[i], &value))
				continue;
			set_labels(&f, &b->rows[i]);
			sample(&f, value);
		}
	}
	proofs(out, b);
	copy_verdicts(out, b);
	copy_lags(out, b);
}

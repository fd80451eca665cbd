/*
 * collector_pg_basebackup, collector_pgbackrest, collector_barman: base backups of PostgreSQL,
 * read by core/wal. The time of pgBackRest's and Barman's is when they ended; a backup of
 * pg_basebackup says inside when it was begun, not when it ended.
 */
#include "base/banned.h"
#include "catalog/collector.h"
#include "base/path.h"
#include "base/proc.h"
#include "conf/json_read.h"
#include "wal/barman.h"
#include "wal/basebackup.h"
#include "wal/pgbackrest.h"
#include "wal/segment.h"

#define TOOL_MS 20000

extern char **environ;

static const char *
detail_of(struct collecting *c, const struct basebackup *b)
{
	CLEANUP(str_done) struct str out = STR_INIT(LISTING_TEXT);
	static const char *const forms[] = {"plain", "tar", "pgbackrest", "barman"};
	struct json j = json_new(&out);
	char lsn[LSN_TEXT];

	json_object(&j, NULL);
	json_string(&j, "form", forms[b->form]);
	if (b->kind != NULL)
		json_string(&j, "kind", b->kind);
	if (b->tli != 0)
		json_int(&j, "timeline", b->tli);
	if (b->start != LSN_NONE)
		json_string(&j, "start_lsn", lsn_format(b->start, lsn));
	if (b->stop != LSN_NONE)
		json_string(&j, "stop_lsn", lsn_format(b->stop, lsn));
	/* Beyond what JSON's readers keep exact as a number. */
	if (b->system_identifier != 0)
		json_fmt(&j, "system_identifier", "%llu", (unsigned long long)b->system_identifier);
	if (b->started_at != CLOCK_NONE)
		json_time(&j, "started_at", b->started_at);
	if (b->finished_at != CLOCK_NONE)
		json_time(&j, "finished_at", b->finished_at);
	if (b->label != NULL)
		json_string(&j, "label", b->label);
	if (b->prior != NULL)
		json_string(&j, "prior", b->prior);
	if (b->status != NULL)
		json_string(&j, "status", b->status);
	if (b->standby)
		json_bool(&j, "standby", true);
	json_object_end(&j);
	return out.full ? "{}" : arena_strdup(c->arena, str_text(&out));
}

struct size {
	struct collecting *c;
	int64_t bytes, newest;
};

static bool
add_size(const struct object *o, void *arg, struct err *err)
{
	struct size *s = arg;

	s->bytes += o->size;
	s->newest = MAX(s->newest, o->mtime);
	return true;
}

/* Size, time of its newest file and ETag of a directory or tar. */
static bool
measure(struct collecting *c, const char *path, struct backup *ret, struct err *err)
{
	struct size size = {.c = c, .newest = CLOCK_NONE};
	struct object o;

	ret->directory = path[0] == '\0' || util_ends(path, "/");
	if (ret->directory) {
		if (!source_list(c->source, path, true, add_size, &size, err))
			return false;
		ret->size = size.bytes;
		ret->mtime = size.newest;
		return true;
	}
	if (!source_stat(c->source, c->arena, path, &o, err))
		return false;
	ret->size = o.size;
	ret->mtime = o.mtime;
	ret->etag = o.etag != NULL ? o.etag : "";
	return true;
}

static bool
add_base(struct collecting *c, const struct basebackup *base, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct backup b = {.name = base->name,
		.path = base->path,
		.etag = "",
		.note = base->why != NULL ? base->why : "",
		.detail = detail_of(c, base),
		.state = base->why != NULL ? BACKUP_FAILED : BACKUP_COMPLETE};
	int64_t in_name = CLOCK_NONE;

	if (c->pattern.name[0] != '\0' && !pattern_match(&c->pattern, base->name, &in_name))
		return true;
	if (!measure(c, base->path, &b, &why))
		return why.code == ERR_NOT_FOUND || err_move(err, &why);
	if (base->why != NULL && strstr(base->why, "still being written") != NULL &&
		b.mtime > c->now - 3600)
		b.state = BACKUP_WRITING;
	b.finished_at = b.mtime;
	b.time_from = TIME_MTIME;
	if (c->pattern.name[0] != '\0' && c->pattern.has_time) {
		b.finished_at = zone_utc(c->zone, in_name);
		b.time_from = TIME_NAME;
	}
	if (base->started_at != CLOCK_NONE) {
		b.finished_at =
			base->finished_at != CLOCK_NONE ? base->finished_at : base->started_at;
		b.time_from = TIME_INSIDE;
	}
	return collecting_add(c, &b, err);
}

static bool
collect_pg_basebackup(struct collecting *c, struct err *err)
{
	struct basebackups found = {.arena = c->arena};
	const struct basebackup *b;
	const char **note;

	if (!basebackup_list(c->source, c->pattern.directory, &found, err))
		return false;
	vec_each (&found.list, b)
		if (!add_base(c, b, err))
			return false;
	vec_each (&found.notes, note)
		collecting_notice(c, VERDICT_LATE, "What looked like a backup is none. %s", *note);
	return true;
}

const struct collector collector_pg_basebackup = {
	.type = SET_PG_BASEBACKUP,
	.collect = collect_pg_basebackup,
};

/* A backup out of the catalog of a tool. */
static bool
add_tool_backup(
	struct collecting *c, const struct basebackup *base, const char *path, struct err *err)
{
	struct backup b = {.name = base->name,
		.path = path,
		.etag = "",
		.note = "",
		.detail = detail_of(c, base),
		.size = base->size,
		.directory = true,
		.finished_at = base->finished_at,
		.mtime = base->finished_at,
		.time_from = TIME_INSIDE};
	const char *status = base->status;

	if (base->finished_at == CLOCK_NONE)
		b.finished_at = b.mtime = base->started_at;
	if (base->page_errors)
		b.note = "Pages had wrong checksums when it was taken.";
	if (base->why != NULL && status != NULL) {
		bool failed = strcmp(status, "FAILED") == 0;

		b.state = failed ? BACKUP_FAILED : BACKUP_WRITING;
		b.note = base->why;
	}
	return collecting_add(c, &b, err);
}

struct labels {
	struct collecting *c;
	const struct basebackups *known;
	const char *directory;
	VEC(const char *) list;
};

/* "20261120-020000F", "..._20261121-020000I" */
static bool
is_label(const char *name, size_t n)
{
	return n >= 16 && strspn(name, "0123456789-") == 15 && name[15] == 'F';
}

static bool
take_unlisted(const struct object *o, void *arg, struct err *err)
{
	struct labels *l = arg;
	const char *name = o->name + strlen(l->directory);
	size_t n = strcspn(name, "/");

	if (!o->directory || !is_label(name, n))
		return true;
	for (size_t i = 0; i < l->known->list.n; i++)
		if (strncmp(l->known->list.v[i].name, name, n) == 0 &&
			l->known->list.v[i].name[n] == '\0')
			return true;
	*vec_push(l->c->arena, &l->list) = arena_strndup(l->c->arena, name, n);
	return true;
}

/* Directories of backups that backup.info does not list: under way, or given up. */
static bool
add_unlisted(struct collecting *c, const struct basebackups *known, const char *directory,
	struct err *err)
{
	struct labels l = {.c = c, .known = known, .directory = directory};
	const char **label;

	if (!source_names(c->source, directory, false, take_unlisted, &l, err))
		return false;
	vec_each (&l.list, label) {
		struct backup b = {.name = *label,
			.path = arena_fmt(c->arena, "%s%s/", directory, *label),
			.etag = "",
			.note = "It is under way, or was given up: backup.info does not list it.",
			.detail = "{}",
			.state = BACKUP_WRITING};
		struct backup measured = {.etag = ""};

		if (!measure(c, b.path, &measured, err))
			return false;
		b.size = measured.size;
		b.finished_at = b.mtime = measured.mtime;
		b.time_from = TIME_MTIME;
		if (!collecting_add(c, &b, err))
			return false;
	}
	return true;
}

/* What `pgbackrest info` says, where the repository itself can't be read. */
static bool
add_info(struct collecting *c, const cJSON *backup, struct err *err)
{
	const cJSON *times = json_get(backup, "timestamp"), *lsn = json_get(backup, "lsn");
	const cJSON *repository = json_get(json_get(backup, "info"), "repository");
	const char *label = json_get_text(backup, "label");
	struct basebackup b = {.form = BASEBACKUP_PGBACKREST,
		.name = label,
		.label = label,
		.kind = json_get_text(backup, "type"),
		.prior = json_get_text(backup, "prior"),
		.started_at = json_get_int(times, "start", CLOCK_NONE),
		.finished_at = json_get_int(times, "stop", CLOCK_NONE),
		.size = json_get_int(repository, "size", json_get_int(repository, "delta", 0)),
		.page_errors = json_get_bool(backup, "error", false)};
	const char *start = json_get_text(lsn, "start"), *stop = json_get_text(lsn, "stop");

	if (label == NULL)
		return true;
	if ((start != NULL && !lsn_parse(start, &b.start)) ||
		(stop != NULL && !lsn_parse(stop, &b.stop)))
		b.start = b.stop = LSN_NONE;
	return add_tool_backup(c, &b, arena_fmt(c->arena, "%s/", label), err);
}

/* `info` succeeds whatever it finds; code 0 is ok, 2 no backups (pgBackRest's info.c). */
static bool
check_stanza(const cJSON *stanza, struct err *err)
{
	const cJSON *status = json_get(stanza, "status");
	int64_t code = json_get_int(status, "code", -1);
	const char *message = json_get_text(status, "message");

	if (code == 0 || code == 2)
		return true;
	return err_set(err, ERR_UNREACHABLE, "pgbackrest info says: %.300s.",
		message != NULL ? message : "nothing that is understood");
}

static bool
collect_by_tool(struct collecting *c, struct err *err)
{
	const char *stanza = c->set->database, *repository, *path;
	struct proc_result r = PROC_RESULT_INIT(16 * MIB);
	CLEANUP(json_free) cJSON *json = NULL;
	struct proc_env env;
	const cJSON *one, *it;
	const char *argv[6];
	size_t n = 0;
	bool good;

	if (!path_tool(c->arena, "pgbackrest", &path, err))
		return false;
	repository = source_path(c->source, c->arena, c->pattern.directory);
	argv[n++] = "pgbackrest";
	if (stanza != NULL)
		argv[n++] = arena_fmt(c->arena, "--stanza=%s", stanza);
	if (repository != NULL)
		argv[n++] = arena_fmt(c->arena, "--repo1-path=%s", repository);
	argv[n++] = "--output=json";
	argv[n++] = "info";
	argv[n] = NULL;
	proc_env_init(&env, c->arena);
	/* Its own settings may come from the environment, the key of the repository among them. */
	for (char **e = environ; *e != NULL; e++)
		if (util_starts(*e, "PGBACKREST_"))
			proc_env_set(&env, c->arena, arena_strndup(c->arena, *e, strcspn(*e, "=")),
				*e + strcspn(*e, "=") + 1);
	good = proc_run(&(struct proc_spec){.path = path,
				.argv = (char *const *)(uintptr_t)argv,
				.envp = proc_env_list(&env, c->arena)},
		NULL, TOOL_MS, &r, err);
	if (good && (!r.exit.exited || r.exit.status != 0))
		good = err_set(err, ERR_UNREACHABLE, "pgbackrest info failed: %s",
			str_text(r.errors.len > 0 ? &r.errors : &r.out));
	json = good ? json_parse(str_text(&r.out), r.out.len, err) : NULL;
	good = json != NULL;
	cJSON_ArrayForEach(one, json)
	{
		good = good && check_stanza(one, err);
		cJSON_ArrayForEach(it, json_get(one, "backup")) good = good && add_info(c, it, err);
	}
	proc_result_done(&r);
	return good;
}

static bool
collect_pgbackrest(struct collecting *c, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	struct basebackups found = {.arena = c->arena};
	const char *archive, *below, *directory;
	const struct basebackup *b;

	if (!pgbackrest_read(
		    c->source, c->pattern.directory, c->set->database, &found, &archive, &why)) {
		CLEANUP(err_done) struct err tool = ERR_INIT;

		if (why.code != ERR_UNSUPPORTED)
			return err_move(err, &why);
		if (collect_by_tool(c, &tool))
			return true;
		err_set(err, ERR_UNSUPPORTED, "%s %s", why.msg, tool.msg);
		return err_hint(err, "Where pgbackrest's own configuration holds the key, "
				     "Lifeboat asks it.");
	}
	/* <prefix>archive/<stanza>/...: the backups are in <prefix>backup/<stanza>/. */
	below = archive + strlen(c->pattern.directory) + strlen("archive/");
	directory = arena_fmt(
		c->arena, "%sbackup/%.*s/", c->pattern.directory, (int)strcspn(below, "/"), below);
	vec_each (&found.list, b)
		if (!add_tool_backup(c, b, arena_fmt(c->arena, "%s%s/", directory, b->name), err))
			return false;
	return add_unlisted(c, &found, directory, err);
}

const struct collector collector_pgbackrest = {
	.type = SET_PGBACKREST,
	.collect = collect_pgbackrest,
};

static bool
collect_barman(struct collecting *c, struct err *err)
{
	struct basebackups found = {.arena = c->arena};
	const struct basebackup *b;
	const char *archive, **note;

	if (!barman_read(c->source, c->pattern.directory, c->set->database, &found, &archive, err))
		return false;
	vec_each (&found.list, b) {
		/* b->path is its data directory, beside backup.info. */
		size_t n = strlen(b->path) - strlen("data/");

		if (!add_tool_backup(c, b, arena_strndup(c->arena, b->path, n), err))
			return false;
	}
	vec_each (&found.notes, note)
		collecting_notice(c, VERDICT_LATE, "A backup could not be read. %s", *note);
	return true;
}

const struct collector collector_barman = {
	.type = SET_BARMAN,
	.collect = collect_barman,
};

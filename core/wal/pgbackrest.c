#include "base/banned.h"
#include "wal/pgbackrest.h"
#include "base/path.h"
#include "base/str.h"
#include "conf/json_read.h"
#include "wal/segment.h"

#define INFO_MAX ((size_t)(64 * MIB))

struct stanzas {
	struct arena *arena;
	VEC(const char *) list;
};

/* [db]: what the repository belongs to now */
struct database {
	int64_t id;
	uint64_t system_identifier;
	const char *version;
};

struct info {
	struct basebackups *found;
	struct database database;
	const char *section;
	size_t before; /* backups found by others */
};

static bool
parse_backup(struct info *i, const char *label, const char *json, struct err *err)
{
	CLEANUP(json_free) cJSON *j = json_parse(json, strlen(json), err);
	struct arena *a = i->found->arena;
	struct basebackup b = {.form = BASEBACKUP_PGBACKREST};
	const char *segment, *start, *stop;
	struct segment_file file;

	if (j == NULL)
		return err_prefix(err, "The backup %s in backup.info", label);
	segment = json_get_text(j, "backup-archive-start");
	start = json_get_text(j, "backup-lsn-start");
	stop = json_get_text(j, "backup-lsn-stop");
	b.name = b.label = arena_strdup(a, label);
	b.path = "";
	b.started_at = json_get_int(j, "backup-timestamp-start", CLOCK_NONE);
	b.finished_at = json_get_int(j, "backup-timestamp-stop", CLOCK_NONE);
	b.size = json_get_int(j, "backup-info-repo-size", 0);
	b.kind = arena_strdup(a, json_get_text(j, "backup-type"));
	b.prior = arena_strdup(a, json_get_text(j, "backup-prior"));
	b.page_errors = json_get_bool(j, "backup-error", false);
	if (segment == NULL || start == NULL || stop == NULL) {
		b.why = "It was taken with the server down; it needs no WAL and reaches no moment.";
	} else {
		segment_parse(segment, &file);
		if (file.kind != SEGMENT_WAL || !lsn_parse(start, &b.start) ||
			!lsn_parse(stop, &b.stop))
			return err_set(err, ERR_DAMAGED,
				"The backup %s in backup.info has no WAL positions.", label);
		b.tli = file.tli;
	}
	/* Which database it is of is in [db], which comes later in the file. */
	b.system_identifier = (uint64_t)json_get_int(j, "db-id", 0);
	if (i->found->list.n == BASEBACKUPS_MAX)
		return err_set(
			err, ERR_LIMIT, "backup.info lists more than %d backups.", BASEBACKUPS_MAX);
	*vec_push(a, &i->found->list) = b;
	return true;
}

static void
parse_database(struct info *i, const char *key, const char *value)
{
	struct arena *a = i->found->arena;
	uint64_t n;

	if (strcmp(key, "db-version") == 0 && value[0] == '"')
		i->database.version = arena_strndup(a, value + 1, strcspn(value + 1, "\"/"));
	else if (util_parse_u64(value, &n) && strcmp(key, "db-system-id") == 0)
		i->database.system_identifier = n;
	else if (util_parse_u64(value, &n) && strcmp(key, "db-id") == 0 && n < 1000000)
		i->database.id = (int64_t)n;
}

static bool
parse_line(struct info *i, char *line, struct err *err)
{
	char *equals = strchr(line, '=');

	if (line[0] == '[') {
		i->section = arena_strndup(i->found->arena, line + 1, strcspn(line + 1, "]"));
		return true;
	}
	if (equals == NULL || i->section == NULL)
		return true;
	*equals = '\0';
	if (strcmp(i->section, "backup:current") == 0)
		return parse_backup(i, line, equals + 1, err);
	if (strcmp(i->section, "db") == 0)
		parse_database(i, line, equals + 1);
	return true;
}

/* Keeps those of the present database. */
static void
select_database(struct info *i)
{
	size_t kept = i->before;

	for (size_t k = i->before; k < i->found->list.n; k++) {
		struct basebackup *b = &i->found->list.v[k];

		if (b->system_identifier != (uint64_t)i->database.id)
			continue;
		b->system_identifier = i->database.system_identifier;
		i->found->list.v[kept++] = *b;
	}
	i->found->list.n = kept;
}

bool
pgbackrest_parse(const char *text, size_t len, struct basebackups *ret, const char **ret_archive,
	struct err *err)
{
	struct info i = {.found = ret, .before = ret->list.n};
	const char *end = text + len;

	if (len >= 8 && memcmp(text, "Salted__", 8) == 0) {
		err_set(err, ERR_UNSUPPORTED, "The repository of pgBackRest is encrypted.");
		return err_hint(err, "`pgbackrest info` and `pgbackrest restore` can read it.");
	}
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline != NULL ? newline : end) - text);

		if (!parse_line(&i, arena_strndup(ret->arena, text, n), err))
			return false;
		text += n + 1;
	}
	if (i.database.version == NULL || i.database.id == 0 || i.database.system_identifier == 0)
		return err_set(
			err, ERR_DAMAGED, "backup.info does not say which database it is of.");
	select_database(&i);
	*ret_archive =
		arena_fmt(ret->arena, "%s-%lld/", i.database.version, (long long)i.database.id);
	return true;
}

static bool
take_stanza(const struct object *o, void *arg, struct err *err)
{
	struct stanzas *s = arg;
	size_t n = strlen(path_base(arena_strndup(s->arena, o->name, strlen(o->name) - 1)));

	if (o->directory && s->list.n < 1000)
		*vec_push(s->arena, &s->list) =
			arena_strndup(s->arena, o->name + strlen(o->name) - 1 - n, n);
	return true;
}

static bool
only_stanza(
	struct source *s, struct arena *a, const char *prefix, const char **ret, struct err *err)
{
	const char *directory = arena_fmt(a, "%sbackup/", prefix);
	struct stanzas stanzas = {.arena = a};

	if (!source_names(s, directory, false, take_stanza, &stanzas, err))
		return err_prefix(err, "This is no repository of pgBackRest");
	if (stanzas.list.n == 1) {
		*ret = stanzas.list.v[0];
		return true;
	}
	err_set(err, ERR_CONFIG, "The repository below %s has %zu stanzas.",
		source_uri(s, a, prefix), stanzas.list.n);
	return err_hint(err, "Say which one with `database:` in the set.");
}

bool
pgbackrest_read(struct source *s, const char *prefix, const char *stanza, struct basebackups *ret,
	const char **ret_archive, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(INFO_MAX);
	struct arena *a = ret->arena;
	const char *name, *below;
	char chunk[16 * KIB];
	struct stream *st;
	ssize_t n;

	if (stanza == NULL && !only_stanza(s, a, prefix, &stanza, err))
		return false;
	name = arena_fmt(a, "%sbackup/%s/backup.info", prefix, stanza);
	if (!source_read(s, name, 0, -1, &st, err))
		return false;
	while ((n = stream_read(st, chunk, sizeof(chunk), err)) > 0)
		str_addn(&text, chunk, (size_t)n);
	stream_free(st);
	if (n < 0)
		return false;
	if (text.full)
		return err_set(err, ERR_LIMIT, "%s is larger than %zu bytes.", name, INFO_MAX);
	if (!pgbackrest_parse(str_text(&text), text.len, ret, &below, err))
		return err_prefix(err, "%s", source_uri(s, a, name));
	*ret_archive = arena_fmt(a, "%sarchive/%s/%s", prefix, stanza, below);
	return true;
}

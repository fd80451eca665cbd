#include "base/banned.h"
#include "wal/barman.h"
#include "base/path.h"
#include "base/str.h"
#include "wal/segment.h"

#define INFO_MAX ((size_t)(256 * KIB))

struct names {
	struct arena *arena;
	VEC(const char *) list;
};

/* "2026-11-20 14:32:07.123456+00:00" */
static int64_t
parse_time(const char *value)
{
	int64_t seconds;

	return clock_parse(value, &seconds) ? seconds : CLOCK_NONE;
}

static bool
parse_line(struct arena *a, const char *key, const char *value, struct basebackup *b,
	const char **status)
{
	uint64_t n;

	if (strcmp(value, "None") == 0)
		return true;
	if (strcmp(key, "begin_xlog") == 0)
		return lsn_parse(value, &b->start);
	if (strcmp(key, "end_xlog") == 0)
		return lsn_parse(value, &b->stop);
	if (strcmp(key, "begin_time") == 0)
		b->started_at = parse_time(value);
	else if (strcmp(key, "end_time") == 0)
		b->finished_at = parse_time(value);
	else if (strcmp(key, "status") == 0)
		*status = arena_strdup(a, value);
	else if (strcmp(key, "timeline") == 0 && util_parse_u64(value, &n) && n <= UINT32_MAX)
		b->tli = (uint32_t)n;
	else if (strcmp(key, "systemid") == 0 && util_parse_u64(value, &n))
		b->system_identifier = n;
	else if (strcmp(key, "deduplicated_size") == 0 && util_parse_u64(value, &n) &&
		 n <= INT64_MAX)
		b->size = (int64_t)n;
	else if (strcmp(key, "size") == 0 && b->size == 0 && util_parse_u64(value, &n) &&
		 n <= INT64_MAX)
		b->size = (int64_t)n;
	else if (strcmp(key, "parent_backup_id") == 0)
		b->prior = arena_strdup(a, value);
	return true;
}

bool
barman_parse(struct arena *a, const char *text, size_t len, struct basebackup *ret, struct err *err)
{
	struct basebackup b = {
		.form = BASEBACKUP_BARMAN, .started_at = CLOCK_NONE, .finished_at = CLOCK_NONE};
	const char *end = text + len, *status = NULL;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline != NULL ? newline : end) - text);
		char *line = arena_strndup(a, text, n), *equals = strchr(line, '=');

		text += n + 1;
		if (equals == NULL)
			continue;
		*equals = '\0';
		if (!parse_line(a, line, equals + 1, &b, &status))
			return err_set(
				err, ERR_DAMAGED, "backup.info has no position in \"%s\".", line);
	}
	if (status == NULL)
		return err_set(err, ERR_DAMAGED, "backup.info has no status.");
	b.status = status;
	b.kind = b.prior != NULL ? "incr" : "full";
	/* WAITING_FOR_WALS: complete but for WAL, which is looked at here anyway. */
	if (strcmp(status, "DONE") != 0 && strcmp(status, "WAITING_FOR_WALS") != 0)
		b.why = arena_fmt(a, "Barman says that it is %s.", status);
	else if (b.start == LSN_NONE || b.stop == LSN_NONE || b.tli == 0)
		return err_set(err, ERR_DAMAGED, "backup.info has no WAL positions.");
	*ret = b;
	return true;
}

static bool
take_directory(const struct object *o, void *arg, struct err *err)
{
	struct names *n = arg;

	if (!o->directory)
		return true;
	if (n->list.n == BASEBACKUPS_MAX)
		return err_set(
			err, ERR_LIMIT, "There are more than %d base backups.", BASEBACKUPS_MAX);
	*vec_push(n->arena, &n->list) = arena_strdup(n->arena, o->name);
	return true;
}

static bool
has(const struct names *n, const char *path)
{
	for (size_t i = 0; i < n->list.n; i++)
		if (strcmp(n->list.v[i], path) == 0)
			return true;
	return false;
}

/* The directory that holds base/ and wals/. */
static bool
find_server(struct source *s, struct arena *a, const char *prefix, const char *server,
	const char **ret, struct err *err)
{
	struct names below = {.arena = a};

	if (!source_names(s, prefix, false, take_directory, &below, err))
		return false;
	if (has(&below, arena_fmt(a, "%sbase/", prefix)) ||
		has(&below, arena_fmt(a, "%swals/", prefix))) {
		*ret = prefix;
		return true;
	}
	if (server == NULL && below.list.n == 1) {
		*ret = below.list.v[0];
		return true;
	}
	if (server != NULL && has(&below, arena_fmt(a, "%s%s/", prefix, server))) {
		*ret = arena_fmt(a, "%s%s/", prefix, server);
		return true;
	}
	err_set(err, ERR_CONFIG, "There is no server of Barman below %s.",
		source_uri(s, a, prefix));
	return err_hint(err, "The set's path is the directory that holds base and wals; or say "
			     "which server with `database:`.");
}

static bool
read_backup(struct source *s, const char *path, struct basebackups *ret, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(INFO_MAX);
	CLEANUP(err_done) struct err here = ERR_INIT;
	struct arena *a = ret->arena;
	const char *name = path_base(arena_strndup(a, path, strlen(path) - 1));
	struct basebackup b;
	struct stream *st;
	char chunk[4 * KIB];
	ssize_t n = -1;

	if (source_read(s, arena_fmt(a, "%sbackup.info", path), 0, INFO_MAX, &st, &here)) {
		while ((n = stream_read(st, chunk, sizeof(chunk), &here)) > 0)
			str_addn(&text, chunk, (size_t)n);
		stream_free(st);
	}
	if (n == 0 && barman_parse(a, str_text(&text), text.len, &b, &here)) {
		b.name = b.label = name;
		b.source = s;
		b.path = arena_fmt(a, "%sdata/", path);
		*vec_push(a, &ret->list) = b;
		return true;
	}
	if (here.code != ERR_DAMAGED && here.code != ERR_NOT_FOUND)
		return err_move(err, &here);
	*vec_push(a, &ret->notes) = arena_fmt(a, "%s: %s", name, here.msg);
	return true;
}

bool
barman_read(struct source *s, const char *prefix, const char *server, struct basebackups *ret,
	const char **ret_archive, struct err *err)
{
	struct names backups = {.arena = ret->arena};
	const char *home = prefix;

	if (!find_server(s, ret->arena, prefix, server, &home, err) ||
		!source_names(s, arena_fmt(ret->arena, "%sbase/", home), false, take_directory,
			&backups, err))
		return false;
	for (size_t i = 0; i < backups.list.n; i++)
		if (!read_backup(s, backups.list.v[i], ret, err))
			return false;
	*ret_archive = arena_fmt(ret->arena, "%swals/", home);
	return true;
}

#include "base/banned.h"
#include "demo/demo.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

const char *const disaster_names[] = {"drop-table", "wrong-delete", NULL};

static const struct {
	const char *story;
	const char *sql;
} disasters[] = {
	{"Somebody cleaned up \"an old table\": DROP TABLE content_jobs CASCADE. The view that "
	 "reads it went with it.",
		"DROP TABLE content_jobs CASCADE"},
	{"A clean-up of inactive users lost half of its condition: DELETE FROM users WHERE "
	 "last_login_at < now(). Their jobs and artifacts followed.",
		"DELETE FROM users WHERE last_login_at < now()"},
};

const char *
disaster_story(enum disaster d)
{
	return disasters[d].story;
}

static void say(struct demo *d, const char *fmt, ...) PRINTF(2, 3);

static void
say(struct demo *d, const char *fmt, ...)
{
	CLEANUP(str_done) struct str line = STR_INIT(4 * KIB);
	va_list ap;

	va_start(ap, fmt);
	str_vfmt(&line, fmt, ap);
	va_end(ap);
	d->spec->say(d->spec->arg, str_text(&line));
}

static void
paths(struct demo *d)
{
	d->directory = d->server.directory;
	d->state = path_join(d->arena, d->directory, "state");
	d->site = path_join(d->arena, d->directory, "site.yaml");
	d->backups = path_join(d->arena, d->directory, "backup/postgresql/daily");
	d->conninfo =
		arena_fmt(d->arena, "host=%s port=5432 user=aragora dbname=aragora sslmode=disable",
			pg_conninfo_value(d->arena, d->server.socket_dir));
}

/* What takes long goes on beside the rest: the S3 server's start, the base backup. */
static bool
furnish(struct demo *d, struct err *err)
{
	say(d, "PostgreSQL %d is up, on a private socket. Writing the application's database ...",
		d->server.major);
	if (!file_mkdirs(d->state, 0750, err) || !demo_wal_prepare(d, err) ||
		!demo_offsite_begin(d, err) || !demo_create(d, err))
		return false;
	say(d, "Living through 400 days and dumping the database on the way ...");
	if (!demo_history(d, err))
		return false;
	say(d, "%d dumps, the newest %s.", d->dumps, d->newest);
	say(d, "Taking a base backup, snapshots and copies ...");
	if (!demo_base_begin(d, err) || !demo_cache(d, err) || !demo_others(d, err) ||
		!demo_base_end(d, err) || !demo_offsite_fill(d, err))
		return false;
	demo_beat(d);
	return demo_write_site(d, err) &&
	       file_replace(path_join(d->arena, d->directory, DEMO_OWNER), d->spec->state,
		       strlen(d->spec->state), 0600, err);
}

bool
demo_make(const struct demo_spec *spec, struct arena *a, struct demo *ret, struct err *err)
{
	struct sandbox_spec sandbox = {.state = spec->state,
		.kind = SANDBOX_POSTGRESQL,
		.directory = spec->directory,
		.keep_s = spec->keep_s,
		.primary = true,
		.settings = demo_wal_settings};

	*ret = (struct demo){.spec = spec, .arena = a};
	say(ret, "Starting a throw-away PostgreSQL ...");
	if (!sandbox_start(&sandbox, a, &ret->server, err))
		return false;
	paths(ret);
	if (!furnish(ret, err)) {
		CLEANUP(err_done) struct err later = ERR_INIT;

		demo_base_stop(ret);
		if (!demo_end(ret, &later))
			err_hint(err, "It could not be removed, either: %s", later.msg);
		return false;
	}
	return true;
}

bool
demo_accident(struct demo *d, enum disaster which, struct err *err)
{
	struct pg *pg;
	bool good;

	if (!demo_connect(d, "aragora", "aragora", &pg, err))
		return false;
	good = pg_exec(pg, disasters[which].sql, err);
	pg_free(pg);
	return good;
}

/* Count and digest of one relation; "gone" when it does not exist. */
static bool
stock_of(struct pg *pg, struct arena *a, const char *table, struct str *text, struct str *all,
	struct err *err)
{
	struct pg_query q = {.rows_max = 1};
	struct pg_result r;

	q.sql = arena_fmt(a,
		"SELECT count(*), md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), '')) "
		"FROM %s t",
		pg_quote(a, table));
	str_fmt(text, "%s%s ", text->len > 0 ? ", " : "", table);
	if (!pg_query(pg, a, &q, &r, err)) {
		if (!util_streq(pg_sqlstate(pg), "42P01"))
			return false;
		err_done(err);
		str_add(text, "GONE");
		str_fmt(all, "%s gone\n", table);
		return true;
	}
	str_add(text, pg_value(&r, 0, 0));
	str_fmt(all, "%s %s %s\n", table, pg_value(&r, 0, 0), pg_value(&r, 0, 1));
	return true;
}

bool
demo_take_stock(struct demo *d, struct demo_stock *ret, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done)
	struct str text = STR_INIT(4 * KIB), all = STR_INIT(16 * KIB), ignored = STR_INIT(4 * KIB);
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];
	struct pg *pg;
	bool good;

	if (!demo_connect(d, "aragora", "aragora", &pg, err))
		return false;
	good = true;
	for (size_t i = 0; good && demo_tables[i] != NULL; i++)
		good = stock_of(pg, &a, demo_tables[i], &text, &all, err);
	good = good && stock_of(pg, &a, "organization_usage", &ignored, &all, err);
	pg_free(pg);
	if (!good)
		return false;
	digest_of(all.buf, all.len, sum);
	ret->text = arena_strdup(d->arena, str_text(&text));
	ret->digest = arena_strdup(d->arena, digest_hex(sum, sizeof(sum), hex));
	return true;
}

bool
demo_end(struct demo *d, struct err *err)
{
	return sandbox_stop(d->spec->state, d->server.id, err);
}

/*
 * demo_offsite: a bucket off the site, with copies of the dumps and of the base backup.
 */
#include "base/banned.h"
#include "demo/demo.h"
#include "base/file.h"
#include "base/path.h"
#include "net/s3.h"
#include "net/source.h"

#define TIMEOUT_S  60
#define OBJECT_MAX (256 * MIB)

static void
server_spec(struct demo *d, struct sandbox_spec *ret)
{
	*ret = (struct sandbox_spec){.state = d->state,
		.kind = SANDBOX_S3,
		.directory = path_join(d->arena, d->directory, "offsite"),
		.keep_s = d->spec->keep_s,
		.later = true};
}

bool
demo_offsite_begin(struct demo *d, struct err *err)
{
	struct sandbox_spec spec;

	server_spec(d, &spec);
	return demo_server(d, &spec, "The copies off the site are", &d->offsite, err);
}

struct upload {
	struct demo *demo;
	struct source *from;
	struct s3 *to;
};

static bool
upload(const struct object *o, void *arg, struct err *err)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str data = STR_INIT(OBJECT_MAX + 1);
	const struct upload *u = arg;

	if (demo_interrupted(u->demo))
		return err_set(err, ERR_STOPPED, "Stopped.");
	return file_read(source_path(u->from, &a, o->name), OBJECT_MAX, &data, err) &&
	       s3_put(u->to, arena_fmt(&a, DEMO_PREFIX "%s", o->name), str_text(&data), data.len,
		       "application/octet-stream", err);
}

static bool
make_bucket(struct s3 *s3, struct err *err)
{
	struct s3_request rq = {.method = "PUT", .key = ""};
	struct transfer *t;

	if (!s3_perform(s3, &rq, &t, err))
		return false;
	transfer_free(t);
	return true;
}

static bool
fill(struct demo *d, struct err *err)
{
	static const char *const what[] = {"postgresql/daily/", "postgresql/base/"};
	struct location backups = {.directory = path_join(d->arena, d->directory, "backup")};
	struct site_s3 conf = {.bucket = DEMO_BUCKET, .path_style = 1};
	struct upload u = {.demo = d};
	struct sandbox_spec spec;
	bool good;

	server_spec(d, &spec);
	if (!sandbox_await(&spec, d->arena, &d->offsite, err))
		return false;
	conf.endpoint = d->offsite.conninfo;
	conf.credentials = arena_fmt(d->arena, "file %s/credentials", d->offsite.data);
	if (!source_open(&backups, &u.from, err))
		return false;
	good = s3_new(&conf, TIMEOUT_S, &u.to, err) && make_bucket(u.to, err);
	for (size_t i = 0; good && i < ARRAY_LEN(what); i++)
		good = source_list(u.from, what[i], true, upload, &u, err);
	s3_free(u.to);
	source_free(u.from);
	return good;
}

/* The story does not hang on it: without loopback, or with a broken Swift, it is left out, too. */
bool
demo_offsite_fill(struct demo *d, struct err *err)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	const char *id = d->offsite.id;

	if (id == NULL || fill(d, &why))
		return true;
	if (why.code == ERR_STOPPED)
		return err_move(err, &why);
	d->spec->say(d->spec->arg,
		arena_fmt(d->arena, "The copies off the site are left out: %s", why.msg));
	d->offsite.id = NULL;
	return sandbox_stop(d->state, id, err);
}

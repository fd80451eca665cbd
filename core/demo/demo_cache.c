/*
 * demo_cache: the application's cache, and a snapshot of it.
 */
#include "base/banned.h"
#include "demo/demo.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "net/redis.h"

#define SESSIONS   800
#define COMMAND_MS 20000

/* Written by Redis itself: no clock but its own, the same keys in every demo. */
static const char fill_lua[] =
	"for i = 1, tonumber(ARGV[1]) do "
	"redis.call('SET', 'session:' .. redis.sha1hex('session' .. i), "
	"cjson.encode({user = i * 3, locale = 'en', csrf = redis.sha1hex('csrf' .. i)}), 'EX', "
	"86400) "
	"redis.call('HSET', 'quota:' .. i % 120, 'used', i * 7, 'limit', 100000) "
	"redis.call('ZADD', 'jobs:by-priority', i % 9, 'job:' .. i) end "
	"return redis.call('DBSIZE')";

static bool
command(struct demo *d, struct redis *r, const char *const *argv, size_t n, struct err *err)
{
	struct redis_reply reply;

	return redis_command(r, d->arena, argv, n, COMMAND_MS, &reply, err);
}

static bool
fill_and_save(struct demo *d, struct err *err)
{
	const char *count = arena_fmt(d->arena, "%d", SESSIONS);
	struct redis *r;
	bool good;

	if (!redis_connect(d->cache.conninfo, NULL, COMMAND_MS, &r, err))
		return false;
	/* SAVE answers once the file is whole. */
	good = command(d, r, (const char *const[]){"EVAL", fill_lua, "0", count}, 4, err) &&
	       command(d, r, (const char *const[]){"SAVE"}, 1, err);
	redis_free(r);
	return good;
}

bool
demo_cache(struct demo *d, struct err *err)
{
	struct sandbox_spec spec = {.state = d->state,
		.kind = SANDBOX_REDIS,
		.directory = path_join(d->arena, d->directory, "cache"),
		.keep_s = d->spec->keep_s};
	const char *snapshots = path_join(d->arena, d->directory, "backup/redis");
	const char *argv[5] = {"cp", "--preserve=timestamps"};

	if (!demo_server(d, &spec, "The cache is", &d->cache, err))
		return err_prefix(err, "The demo's cache can't be started");
	if (d->cache.id == NULL)
		return true;
	if (!fill_and_save(d, err) || !file_mkdirs(snapshots, 0755, err))
		return err_prefix(err, "The demo's cache can't be filled");
	argv[2] = path_join(d->arena, d->cache.data, "dump.rdb");
	argv[3] =
		path_join(d->arena, snapshots, demo_name(d->arena, "cache_", clock_now(), ".rdb"));
	return demo_run(d, "cp", argv, err);
}

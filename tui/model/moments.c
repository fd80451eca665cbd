#include "base/banned.h"
#include "tui/model/moments.h"
#include "base/clock.h"
#include "conf/json_read.h"
#include "conf/site.h"

bool
moments_archive(int type)
{
	return type == SET_WAL || type == SET_PGBACKREST || type == SET_BARMAN;
}

static int64_t
time_of(const cJSON *o, const char *key)
{
	const char *text = json_get_text(o, key);
	int64_t us = INT64_MIN;

	return text != NULL && clock_parse_us(text, &us) ? us : INT64_MIN;
}

static void
read_windows(struct moments *m, const cJSON *list)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, list)
	{
		struct moments_window w = {.timeline = json_get_int(it, "timeline", 0),
			.earliest_us = time_of(it, "earliest"),
			.latest_us = time_of(it, "latest"),
			.quiet_us = time_of(it, "quiet_until"),
			.backup = arena_strdup(&m->arena, json_get_text(it, "base_backup")),
			.broken = json_get_bool(it, "broken", false)};

		if (w.earliest_us == INT64_MIN)
			continue;
		w.latest_us = MAX(w.latest_us, w.earliest_us);
		w.quiet_us = MAX(w.quiet_us, w.latest_us);
		if (w.backup == NULL)
			w.backup = "?";
		*vec_push(&m->arena, &m->windows) = w;
	}
}

static void
read_backups(struct moments *m, const cJSON *list)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, list)
	{
		const char *name = json_get_text(it, "name");

		*vec_push(&m->arena, &m->backups) = (struct moments_backup){
			.name = arena_strdup(&m->arena, name != NULL ? name : "?"),
			.started = json_get_time(it, "started_at"),
			.finished = json_get_time(it, "finished_at"),
			.usable = json_get_bool(it, "usable", true),
			.why = arena_strdup(&m->arena, json_get_text(it, "why"))};
	}
}

static const char *
text_or(const cJSON *o, const char *key)
{
	const char *text = json_get_text(o, key);

	return text != NULL ? text : "?";
}

static void
read_troubles(struct moments *m, const cJSON *j)
{
	const cJSON *it;

	cJSON_ArrayForEach(it, json_get(j, "gaps")) * vec_push(&m->arena, &m->troubles) = arena_fmt(
		&m->arena, "%lld segment%s missing on timeline %lld: %s to %s",
		(long long)json_get_int(it, "count", 0),
		json_get_int(it, "count", 0) == 1 ? " is" : "s are",
		(long long)json_get_int(it, "timeline", 0), text_or(it, "from"), text_or(it, "to"));
	cJSON_ArrayForEach(it, json_get(j, "damaged")) * vec_push(&m->arena, &m->troubles) =
		arena_fmt(&m->arena, "%s is damaged: %s", text_or(it, "file"), text_or(it, "why"));
	cJSON_ArrayForEach(it, json_get(j, "missing_history")) if (cJSON_IsString(it)) *
		vec_push(&m->arena, &m->troubles) =
		arena_fmt(&m->arena, "The history file %s is missing", it->valuestring);
	for (size_t i = 0; i < m->backups.n; i++)
		if (!m->backups.v[i].usable)
			*vec_push(&m->arena, &m->troubles) = arena_fmt(&m->arena,
				"The base backup %s can't be used: %s", m->backups.v[i].name,
				m->backups.v[i].why != NULL ? m->backups.v[i].why : "?");
}

bool
moments_read(struct moments *ret, const char *json, size_t len, struct err *err)
{
	CLEANUP(json_free) cJSON *j = json_parse(json, len, err);
	struct moments m = {.asset = NULL};

	if (j == NULL)
		return false;
	if (!cJSON_IsArray(json_get(j, "windows")))
		return err_set(err, ERR_SYNTAX, "This is not what `lifeboat window` prints.");
	m.asset = arena_strdup(&m.arena, json_get_text(j, "asset"));
	m.good = util_streq(json_get_text(j, "verdict"), "ok");
	read_windows(&m, json_get(j, "windows"));
	read_backups(&m, json_get(j, "backups"));
	read_troubles(&m, j);
	*ret = m;
	return true;
}

void
moments_done(struct moments *m)
{
	struct arena arena = m->arena;

	*m = (struct moments){.asset = NULL};
	arena_done(&arena);
}

bool
moments_reach(const struct moments *m, int64_t *ret_from_us, int64_t *ret_to_us)
{
	const struct moments_window *w;

	*ret_from_us = INT64_MAX;
	*ret_to_us = INT64_MIN;
	vec_each (&m->windows, w) {
		*ret_from_us = MIN(*ret_from_us, w->earliest_us);
		*ret_to_us = MAX(*ret_to_us, w->quiet_us);
	}
	return m->windows.n > 0;
}

const struct moments_window *
moments_at(const struct moments *m, int64_t us, int64_t *ret_before, int64_t *ret_after)
{
	const struct moments_window *found = NULL, *w;

	*ret_before = *ret_after = INT64_MIN;
	vec_each (&m->windows, w) {
		if (us >= w->earliest_us && us <= w->quiet_us &&
			(found == NULL || w->timeline > found->timeline))
			found = w;
		if (w->latest_us < us)
			*ret_before = MAX(*ret_before, w->latest_us);
		if (w->earliest_us > us && (*ret_after == INT64_MIN || w->earliest_us < *ret_after))
			*ret_after = w->earliest_us;
	}
	return found;
}

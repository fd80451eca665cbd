/*
 * restoretool: core/verify/restore and checks behind a small command line, for
 * tests/live/test_restore.py and test_checks.py.
 *
 *   restoretool STATE restore [-d DATABASE] [-c CHECKS] [-s SITE] [-k KEEP_S] [-t SECONDS] PATH
 *   restoretool STATE check   [-c CHECKS] [-s SITE] [-w] [-t MS] CONNINFO
 *
 * -w: the database is a throw-away one. Prints one JSON object.
 */
#include "base/banned.h"
#include "verify/checks.h"
#include "verify/restore.h"
#include "base/file.h"
#include "base/json.h"

struct options {
	const char *database, *checks, *site, *what;
	int64_t keep_s, timeout;
	bool throw_away;
};

static void
parse(int argc, char **argv, struct options *o)
{
	for (int c; (c = getopt(argc, argv, "d:c:s:k:t:w")) != -1;) {
		switch (c) {
		case 'd': o->database = optarg; break;
		case 'c': o->checks = optarg; break;
		case 's': o->site = optarg; break;
		case 'k':
			if (!util_parse_i64(optarg, &o->keep_s))
				BUG("usage");
			break;
		case 't':
			if (!util_parse_i64(optarg, &o->timeout))
				BUG("usage");
			break;
		case 'w': o->throw_away = true; break;
		default: BUG("usage");
		}
	}
	o->what = argv[optind];
}

static void
load(struct arena *a, const struct options *o, struct items *checks, const struct site **site)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	struct problems p;

	problems_init(&p, a, o->checks);
	if (o->checks != NULL && !checks_load(o->checks, checks, &p)) {
		problems_text(&p, &text);
		BUG("%s", text.buf);
	}
	problems_init(&p, a, o->site);
	if (o->site != NULL && (*site = site_load(o->site, &p)) == NULL) {
		problems_text(&p, &text);
		BUG("%s", text.buf);
	}
}

static bool
check(const struct options *o, const struct items *checks, const struct site *site,
	struct report *r, struct err *err)
{
	struct pg_options connect = {.conninfo = o->what};
	struct checks_place place = {
		.site = site, .throw_away = o->throw_away, .timeout_ms = o->timeout};
	bool good;

	if (!pg_connect(&connect, &place.pg, err))
		return false;
	good = checks_run(&place, checks, r, err);
	pg_free(place.pg);
	return good;
}

int
main(int argc, char **argv)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str out = STR_INIT(4 * MIB);
	struct json j = json_new(&out);
	struct err err = ERR_INIT;
	struct options o = {.database = NULL};
	struct items checks = {.n = 0};
	const struct site *site = NULL;
	struct restore_result result = {.seconds = -1};
	struct report r;
	bool good;

	parse(argc - 2, argv + 2, &o);
	load(&a, &o, &checks, &site);
	report_init(&r, &a, o.what, LEVEL_RESTORED);
	if (util_streq(argv[2], "restore")) {
		struct restore_spec spec = {.state = argv[1],
			.path = o.what,
			.database = o.database,
			.checks = &checks,
			.site = site,
			.keep_s = o.keep_s,
			.timeout_s = o.timeout};

		good = restore_dump(&spec, &r, &result, &err);
	} else {
		good = check(&o, &checks, site, &r, &err);
	}
	json_object(&j, NULL);
	report_json(&r, "report", &j);
	json_double(&j, "seconds", result.seconds);
	json_int(&j, "major", result.major);
	json_string(&j, "sandbox", result.sandbox);
	json_string(&j, "conninfo", result.conninfo);
	if (!good) {
		json_string(&j, "stopped", err_name(err.code));
		json_string(&j, "message", err.msg);
		err_done(&err);
	}
	json_object_end(&j);
	str_addc(&out, '\n');
	return file_write_all(STDOUT_FILENO, out.buf, out.len) ? 0 : 1;
}

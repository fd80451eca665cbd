/*
 * lifeboat collect: refresh the catalog; and its readers' hidden role.
 */
#include "base/banned.h"
#include "catalog/collect.h"
#include "catalog/collector.h"
#include "catalog/fleet.h"
#include "cli/cli.h"
#include "run/start.h"
#include "base/path.h"
#include "base/readonly.h"
#include "base/text.h"

#include <unistd.h>

static void
print_failures(struct cli *cli, const char *state, const struct site *site)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct catalog *c;

	if (!catalog_open(state, site, &c, &err))
		return;
	for (size_t i = 0; i < catalog_sets(c); i++) {
		const struct set_facts *f = catalog_set(c, i);

		for (size_t k = 0; k <= f->ncopies; k++) {
			const struct place *p = k == 0 ? &f->place : &f->copies[k - 1].place;

			if (p->error == NULL)
				continue;
			cli_print(cli, "%s/%s in %s: %s\n", f->asset, f->set, p->location,
				text_safe(cli->arena, p->error));
			if (p->hint != NULL)
				cli_print(cli, "  %s\n", text_safe(cli->arena, p->hint));
		}
	}
	catalog_free(c);
}

/* To every place that was named; all are tried. */
static bool
publish(struct cli *cli, const struct site *site, const char *state, struct err *err)
{
	const char **places;
	size_t n = cli_values(cli, "publish", &places);
	bool good = true;

	for (size_t i = 0; i < n; i++) {
		CLEANUP(err_done) struct err why = ERR_INIT;
		struct source *to = NULL;

		if (!fleet_open(cli->arena, site, places[i], &to, &why) ||
			!fleet_publish(cli->arena, to, site, state, &why))
			good = err_move(err, &why);
		source_free(to);
	}
	return good;
}

static bool
collect_once(struct cli *cli, bool watch, const char *state, int *status, struct err *err)
{
	struct collect_options o = {.watch = watch, .wait_ms = 120000};
	struct collect_report report;
	const struct site *site;

	/* It writes the catalog. */
	if (!readonly_check(err) || !cli_site(cli, true, &site, err))
		return false;
	if (cli->nargs > 0)
		o.only = cli->args[0];
	if (o.only != NULL && site_set(site, o.only) == NULL) {
		err_set(err, ERR_USAGE, "There is no set \"%s\" in %s.", o.only, site->file);
		return err_hint(err, "A set is written ASSET/SET.");
	}
	if (!collect_run(cli->arena, site, state, &o, &report, err))
		return false;
	if (report.thrown_away != NULL)
		cli_print(cli, "%s\n", text_safe(cli->arena, report.thrown_away));
	cli_print(cli, "%zu of %zu places read.\n", report.places - report.failed, report.places);
	if (report.failed > 0)
		print_failures(cli, state, site);
	cli_flush(cli);
	*status = report.failed > 0 ? 2 : 0;
	return publish(cli, site, state, err);
}

static void
wait_for_next(int64_t seconds)
{
	struct timespec nap = {seconds, 0};

	nanosleep(&nap, NULL);
}

static int64_t
refresh_of(struct cli *cli)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct site *site;

	if (cli_site(cli, true, &site, &err) && site->catalog != NULL &&
		site->catalog->refresh_s != FIELD_ABSENT)
		return site->catalog->refresh_s;
	return COLLECT_REFRESH_S;
}

static int
run_collect(struct cli *cli)
{
	struct arena *own = cli->arena;
	struct err err = ERR_INIT;
	const char *state;
	int status = 0;

	if (!path_state(cli->arena, true, &state, &err))
		return cli_fail(cli, &err);
	if (!cli_flag(cli, "watch"))
		return collect_once(cli, false, state, &status, &err) ? status
								      : cli_fail(cli, &err);
	for (;;) {
		/* Each round has its own memory and reads the site file anew. */
		struct arena round = ARENA_INIT;
		int64_t pause;

		cli->arena = &round;
		if (!collect_once(cli, true, state, &status, &err))
			cli_fail(cli, &err);
		pause = refresh_of(cli);
		cli->arena = own;
		arena_done(&round);
		if (cli->out_failed)
			return 2;
		wait_for_next(pause);
	}
}

static const struct cli_option collect_options[] = {
	{"publish", 0, "PLACE", "put the summary there for a fleet: s3://bucket/prefix/, directory",
		NULL},
	{"watch", 0, NULL, "go on, every `catalog: refresh:` of the site file (60s)", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_collect = {
	.name = "collect",
	.args = "[ASSET/SET]",
	.max_args = 1,
	.summary = "look at all backup locations and refresh the catalog",
	.details = "Every place is read by a process of its own, all at once; one that does not\n"
		   "answer within its location's timeout costs one row of the board and delays\n"
		   "nothing else. What could not be read keeps its last known facts.\n\n"
		   "Exit status: 0 when all places were read, 2 when one could not be.",
	.options = collect_options,
	.run = run_collect,
	.complete = "asset",
};

/* The reader of one place: prints the observation as one line of JSON, or {"error": ...}. */
static void
print_error(struct cli *cli, const struct err *err)
{
	struct json j = json_new(&cli->out);

	str_cut(&cli->out, 0);
	json_object(&j, NULL);
	json_object(&j, "error");
	json_string(&j, "code", err_name(err->code));
	json_string(&j, "message", err->msg);
	json_string(&j, "hint", err->hint);
	json_object_end(&j);
	json_object_end(&j);
	str_addc(&cli->out, '\n');
}

static bool
read_place(struct cli *cli, struct observation *ret, struct err *err)
{
	const char *which = cli_value(cli, "copy"), *list = cli_value(cli, "list");
	struct collect_job job = {.list = list,
		.before = cli_value(cli, "before"),
		.promises = cli_flag(cli, "promises"),
		.progress = STDOUT_FILENO};
	const struct copy *copy;
	uint64_t n;

	if (!cli_site(cli, true, &job.site, err))
		return false;
	job.set = site_set(job.site, cli->args[0]);
	if (job.set == NULL || list == NULL)
		return err_set(err, ERR_USAGE, "There is no set \"%s\".", cli->args[0]);
	job.location = job.set->location;
	job.path = job.set->path;
	if (which != NULL) {
		if (!util_parse_u64(which, &n) || n >= job.set->copies.n)
			return err_set(err, ERR_USAGE, "There is no copy %s.", which);
		copy = item_at(&job.set->copies, struct copy, n);
		job.location = copy->location;
		job.path = pattern_copy_path(cli->arena, job.set->path, copy->path);
		job.is_copy = true;
	}
	return collecting_run(&job, cli->arena, ret, err);
}

static int
run_reader(struct cli *cli)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct observation seen;
	struct json j;

	if (!read_place(cli, &seen, &err)) {
		print_error(cli, &err);
		return 0;
	}
	j = json_new(&cli->out);
	observation_json(&j, NULL, &seen);
	str_addc(&cli->out, '\n');
	return 0;
}

static const struct cli_option reader_options[] = {
	{"list", 0, "PATH", "listing to write", NULL},
	{"before", 0, "PATH", "the last listing", NULL},
	{"copy", 0, "N", "the set's copy number N", NULL},
	{"promises", 0, NULL, "ask what the location promises", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_reader = {
	.name = "__collect",
	.args = "ASSET/SET",
	.min_args = 1,
	.max_args = 1,
	.summary = "reads one place for `lifeboat collect`",
	.options = reader_options,
	.run = run_reader,
	.hidden = true,
};

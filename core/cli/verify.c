#include "base/banned.h"
#include "cli/cli.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/ident.h"
#include "base/path.h"
#include "base/text.h"
#include "verify/restored.h"

/* Progress on a terminal: bytes, rate and time left, in one line that is written over. */
struct progress {
	struct flow_meter meter;
	int64_t start_ms;
	bool shown;
};

static void
progress_write(const struct str *line)
{
	if (!file_write_all(STDERR_FILENO, line->buf, line->len))
		return; /* nobody looks */
}

static void
progress_tick(struct flow_meter *m)
{
	CLEANUP(str_done) struct str line = STR_INIT(256);
	struct progress *p = (struct progress *)m;
	int64_t ms = MAX(clock_mono_ms() - p->start_ms, 1), rate = m->done * 1000 / ms;

	str_add(&line, "\r  ");
	text_size(&line, m->done);
	if (m->total > 0) {
		str_add(&line, " of ");
		text_size(&line, m->total);
		str_fmt(&line, ", %d %%", (int)MIN(100, m->done * 100 / m->total));
	}
	str_add(&line, ", ");
	text_size(&line, rate);
	str_add(&line, "/s");
	if (m->total > m->done && rate > 0) {
		str_add(&line, ", ");
		text_duration(&line, (m->total - m->done) / rate);
		str_add(&line, " left");
	}
	str_pad(&line, 72);
	progress_write(&line);
	p->shown = true;
}

static void
progress_end(struct progress *p)
{
	CLEANUP(str_done) struct str line = STR_INIT(256);

	if (!p->shown)
		return;
	str_addc(&line, '\r');
	str_pad(&line, 73);
	str_addc(&line, '\r');
	progress_write(&line);
}

static bool
find_name(const char *name, const char *const *names, size_t *ret)
{
	for (*ret = 0; names[*ret] != NULL; (*ret)++)
		if (strcmp(names[*ret], name) == 0)
			return true;
	return false;
}

static bool
read_options(struct cli *cli, struct verify_options *o, struct err *err)
{
	const char *level = cli_value(cli, "level");
	size_t n = LEVEL_INTACT;

	if (level != NULL && !find_name(level, level_names, &n))
		return err_set(
			err, ERR_USAGE, "--level is seen, intact or restored, not \"%s\".", level);
	o->level = (enum level)n;
	o->sha256 = cli_value(cli, "sha256");
	o->wal = cli_value(cli, "wal");
	o->pages = cli_flag(cli, "pages");
	o->keep_sandbox = cli_flag(cli, "keep-sandbox");
	o->database = cli_value(cli, "database");
	if (o->sha256 != NULL && !verify_sha256_valid(o->sha256))
		return err_set(err, ERR_USAGE, "--sha256 takes 64 digits of 0-9 and a-f.");
	if (o->sha256 != NULL && cli->nargs != 1)
		return err_set(
			err, ERR_USAGE, "--sha256 speaks of one backup, not of %zu.", cli->nargs);
	return true;
}

/* The facts of --checks FILE. All problems of a bad one are printed. */
static bool
read_checks(struct cli *cli, struct items *ret, struct err *err)
{
	const char *path = cli_value(cli, "checks");
	struct problems problems;

	problems_init(&problems, cli->arena, path);
	return checks_load(path, ret, &problems) || problems_err(&problems, err);
}

static bool
note(struct cli *cli, const struct report *r, struct err *err)
{
	CLEANUP(str_done) struct str data = STR_INIT(64 * KIB);
	struct json j = json_new(&data);
	struct record record = {.event = "verify"};
	struct ident self;
	const char *state;

	ident_self(cli->arena, &self);
	json_object(&j, NULL);
	json_string(&j, "target", r->target);
	json_string(&j, "format", r->format);
	json_string(&j, "level", level_names[r->level]);
	json_string(&j, "result", proof_result_names[report_result(r)]);
	json_int(&j, "bytes", r->bytes);
	json_double(&j, "seconds", r->seconds);
	json_string(&j, "sha256", r->sha256);
	json_object_end(&j);
	record.actor = ident_text(cli->arena, &self);
	record.data = str_text(&data);
	return path_state(cli->arena, true, &state, err) && audit_note(state, &record, err);
}

/*
 * Verifying only reads, so it is no action that needs an audit log (DESIGN.md promise 5): the
 * engineer who asks whether a file is good gets an answer on a machine with a full disk, too.
 * But where a record can be written there is one, and where it can't that is said.
 */
static void
note_or_say(struct cli *cli, const struct report *r)
{
	CLEANUP(str_done) struct str line = STR_INIT(4 * KIB);
	struct err err = ERR_INIT;

	if (note(cli, r, &err))
		return;
	str_add(&line, "lifeboat: This verification is not in the audit log: ");
	text_visible(&line, err.msg, strlen(err.msg), 0);
	str_addc(&line, '\n');
	progress_write(&line);
	err_done(&err);
}

static void
print_text(struct cli *cli, const struct report *r)
{
	CLEANUP(str_done) struct str out = STR_INIT(MIB);

	report_text(r, cli_flag(cli, "verbose"), &out);
	if (r->sandbox != NULL)
		str_fmt(&out,
			"  The sandbox is kept for %d hours, then the next lifeboat command removes "
			"it: %s\n",
			RESTORED_KEEP_S / 3600, r->conninfo);
	cli_print(cli, "%s", str_text(&out));
}

static int
run_verify(struct cli *cli)
{
	struct verify_options options = {.level = LEVEL_INTACT};
	enum proof_result worst = PROOF_PASS;
	struct err err = ERR_INIT;
	const char *format;
	struct json j = json_new_pretty(&cli->out);
	bool json, stopped = false;
	struct items checks;

	if (!cli_format(cli, "text json", &format, &err) || !read_options(cli, &options, &err))
		return cli_fail(cli, &err);
	if (cli_value(cli, "checks") != NULL) {
		if (!read_checks(cli, &checks, &err))
			return cli_fail(cli, &err);
		options.checks = &checks;
	}
	json = strcmp(format, "json") == 0;
	if (json && cli->nargs > 1)
		json_array(&j, NULL);
	for (size_t i = 0; i < cli->nargs && !stopped; i++) {
		struct progress progress = {
			.meter = {.total = -1, .tick = progress_tick}, .start_ms = clock_mono_ms()};
		struct report report;

		options.meter = isatty(STDERR_FILENO) ? &progress.meter : NULL;
		verify_uri(cli->arena, cli->args[i], &options, &report);
		progress_end(&progress);
		note_or_say(cli, &report);
		if (json)
			report_json(&report, NULL, &j);
		else
			print_text(cli, &report);
		worst = MAX(worst, report_result(&report));
		stopped = report.stopped;
	}
	if (json && cli->nargs > 1)
		json_array_end(&j);
	if (json)
		cli_print(cli, "\n");
	return stopped ? 4 : proof_result_status(worst);
}

static const struct cli_option options[] = {
	{"level", 0, "LEVEL", "how far: seen, intact (the default) or restored",
		"seen intact restored"},
	{"sha256", 0, "HEX", "what the stored bytes must add up to", NULL},
	{"wal", 0, "PATH", "the WAL archive that a base backup needs", "file"},
	{"checks", 0, "FILE", "what must hold in the restored database", "file"},
	{"database", 0, "NAME", "of a backup of several: the one that is looked into", NULL},
	{"keep-sandbox", 0, NULL, "leave the sandbox for a while, to look into it", NULL},
	{"pages", 0, NULL, "check the data page checksums in base backups too", NULL},
	{"format", 0, "FORMAT", "text (the default) or json", "text json"},
	{"verbose", 'v', NULL, "all checks, not only those that did not pass", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_verify = {
	.name = "verify",
	.args = "BACKUP|PATH|URI...",
	.min_args = 1,
	.max_args = 1000,
	.summary = "prove that backups are good",
	.details =
		"Reads each backup once, without scratch disk, and says what it could prove:\n"
		"seen (it is there and begins like a backup), intact (every checksum, structure\n"
		"and compressed block), restored (into a sandbox, with checks). What a file is, "
		"its\n"
		"bytes decide, never its name. A checksum file beside it (.sha256, .sha512, "
		".sha1,\n"
		".md5) is compared.\n\n"
		"A backup that no checksum covers (plain SQL, pg_dump -Z0, an AOF) can't be "
		"proven\n"
		"intact without a digest: a changed byte would go unnoticed. Its result is "
		"unknown.\n\n"
		"Exit status: 0 pass, 1 fail, 2 unknown; the worst of several.",
	.options = options,
	.complete = "backup",
	.run = run_verify,
};

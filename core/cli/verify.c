#include "base/banned.h"
#include "cli/verify_targets.h"
#include "audit/audit.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/ident.h"
#include "base/path.h"
#include "base/readonly.h"
#include "base/text.h"

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

/* For programs: what was read and what there is to read, a line each. */
static void
progress_line(struct flow_meter *m)
{
	CLEANUP(str_done) struct str line = STR_INIT(100);

	str_fmt(&line, "progress %lld %lld\n", (long long)m->done, (long long)m->total);
	progress_write(&line);
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

/* One `lifeboat verify` at work. */
struct job {
	struct cli *cli;
	struct verify_options options;
	struct verify_targets targets;
	struct items checks;
	bool level_given, json;
	struct json out;
	struct ident self;
	enum proof_result worst;
	bool stopped;
};

/* The facts of --checks FILE. All problems of a bad one are printed. */
static bool
read_checks(struct job *job, struct err *err)
{
	const char *path = cli_value(job->cli, "checks");
	struct problems problems;

	if (path == NULL)
		return true;
	problems_init(&problems, job->cli->arena, path);
	if (!checks_load(path, &job->checks, &problems))
		return problems_err(&problems, err);
	job->options.checks = &job->checks;
	return true;
}

static bool
read_options(struct job *job, struct err *err)
{
	struct verify_options *o = &job->options;
	const char *level = cli_value(job->cli, "level"), *format;
	size_t n = LEVEL_INTACT;

	if (!cli_format(job->cli, "text json", &format, err))
		return false;
	job->json = strcmp(format, "json") == 0;
	job->level_given = level != NULL;
	if (level != NULL && !find_name(level, level_names, &n))
		return err_set(
			err, ERR_USAGE, "--level is seen, intact or restored, not \"%s\".", level);
	o->level = (enum level)n;
	o->sha256 = cli_value(job->cli, "sha256");
	o->wal = cli_value(job->cli, "wal");
	o->pages = cli_flag(job->cli, "pages");
	o->keep_sandbox = cli_flag(job->cli, "keep-sandbox");
	o->database = cli_value(job->cli, "database");
	if (o->sha256 != NULL && !verify_sha256_valid(o->sha256))
		return err_set(err, ERR_USAGE, "--sha256 takes 64 digits of 0-9 and a-f.");
	return read_checks(job, err);
}

static bool
note(struct job *job, const char *event, const struct verify_target *target, const struct report *r,
	struct err *err)
{
	CLEANUP(str_done) struct str data = STR_INIT(64 * KIB);
	struct json j = json_new(&data);
	struct record record = {.event = event, .actor = ident_text(job->cli->arena, &job->self)};
	const char *state;

	json_object(&j, NULL);
	json_string(&j, "target", target->label);
	json_string(&j, "level", level_names[job->options.level]);
	if (r != NULL) {
		json_string(&j, "format", r->format);
		json_string(&j, "result", proof_result_names[report_result(r)]);
		json_int(&j, "bytes", r->bytes);
		json_double(&j, "seconds", r->seconds);
		json_string(&j, "sha256", r->sha256);
	}
	json_object_end(&j);
	record.data = str_text(&data);
	return path_state(job->cli->arena, true, &state, err) && audit_note(state, &record, err);
}

static void
say(const char *what, struct err *err)
{
	CLEANUP(str_done) struct str line = STR_INIT(4 * KIB);

	str_fmt(&line, "lifeboat: %s: ", what);
	text_visible(&line, err->msg, strlen(err->msg), 0);
	str_addc(&line, '\n');
	progress_write(&line);
	err_done(err);
}

static void
record(struct job *job, const struct verify_target *target, const struct report *r)
{
	struct err err = ERR_INIT;

	if (!note(job, "verify.result", target, r, &err))
		say("This verification is not in the audit log", &err);
	if (!verify_target_record(
		    &job->targets, target, r, ident_text(job->cli->arena, &job->self), &err))
		say("This proof is not in the catalog", &err);
}

static void
print(struct job *job, const struct report *r)
{
	CLEANUP(str_done) struct str out = STR_INIT(MIB);

	if (job->json) {
		report_json(r, NULL, &job->out);
		return;
	}
	report_text(r, cli_flag(job->cli, "verbose"), &out);
	if (r->sandbox != NULL)
		str_fmt(&out,
			"  The sandbox is kept for %d hours, then the next lifeboat command "
			"removes "
			"it: %s\n",
			VERIFY_KEEP_S / 3600, r->conninfo);
	cli_print(job->cli, "%s", str_text(&out));
}

/*
 * Up to intact, verifying only reads: it is no action that needs an audit log (DESIGN.md promise
 * 5), and the engineer who asks whether a file is good gets an answer on a machine with a full
 * disk, too. But where a record can be written there is one, and where it can't that is said.
 * Restored starts servers and runs what dumps say: without a record of it, it does not begin.
 */
static bool
prove(struct job *job, struct verify_target *target, struct err *err)
{
	struct progress progress = {
		.meter = {.total = -1, .tick = progress_tick}, .start_ms = clock_mono_ms()};
	struct report report;

	if (!job->level_given)
		job->options.level = target->level >= 0 ? (enum level)target->level : LEVEL_INTACT;
	if (job->options.level == LEVEL_RESTORED && !note(job, "verify.start", target, NULL, err))
		return false;
	if (cli_flag(job->cli, "progress"))
		progress.meter.tick = progress_line;
	job->options.meter =
		isatty(STDERR_FILENO) || cli_flag(job->cli, "progress") ? &progress.meter : NULL;
	verify_target_prove(&job->targets, target, &job->options, &report);
	progress_end(&progress);
	record(job, target, &report);
	print(job, &report);
	job->worst = MAX(job->worst, report_result(&report));
	job->stopped = report.stopped;
	return true;
}

static bool
prove_all(struct job *job, struct err *err)
{
	struct verify_targets *t = &job->targets;
	bool array = job->json && t->list.n != 1;

	if (job->options.sha256 != NULL && t->list.n != 1)
		return err_set(
			err, ERR_USAGE, "--sha256 speaks of one backup, not of %zu.", t->list.n);
	if (t->list.n == 0 && !job->json)
		cli_print(job->cli, "No proof is due.\n");
	if (array)
		json_array(&job->out, NULL);
	for (size_t i = 0; i < t->list.n && !job->stopped; i++)
		if (!prove(job, &t->list.v[i], err))
			return false;
	if (array)
		json_array_end(&job->out);
	if (job->json)
		cli_print(job->cli, "\n");
	return true;
}

static int
run_verify(struct cli *cli)
{
	struct job job = {.cli = cli, .out = json_new_pretty(&cli->out)};
	struct err err = ERR_INIT;
	bool good;

	ident_self(cli->arena, &job.self);
	/* It records what it found out. */
	good = readonly_check(&err) && read_options(&job, &err) &&
	       verify_targets_read(cli, &job.targets, &err) && prove_all(&job, &err);
	verify_targets_done(&job.targets);
	if (!good)
		return cli_fail(cli, &err);
	return job.stopped ? 4 : proof_result_status(job.worst);
}

static const struct cli_option options[] = {
	{"level", 0, "LEVEL",
		"how far: seen, intact or restored (else what the set wants, else intact)",
		"seen intact restored"},
	{"latest", 0, "ASSET/SET", "the newest backup of this set; may be repeated", "asset"},
	{"stale", 0, NULL, "the newest backup of every set whose proof is due (prove: every)",
		NULL},
	{"sha256", 0, "HEX", "what the stored bytes must add up to", NULL},
	{"wal", 0, "PATH", "the WAL archive that a base backup needs", "file"},
	{"checks", 0, "FILE", "what must hold in the restored database", "file"},
	{"database", 0, "NAME", "of a backup of several: the one that is looked into", NULL},
	{"keep-sandbox", 0, NULL, "leave the sandbox for a while, to look into it", NULL},
	{"pages", 0, NULL, "check the data page checksums in base backups too", NULL},
	{"progress", 0, NULL, "print \"progress READ TOTAL\" lines, in bytes, to standard error",
		NULL},
	{"format", 0, "FORMAT", "text (the default) or json", "text json"},
	{"verbose", 'v', NULL, "all checks, not only those that did not pass", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_verify = {
	.name = "verify",
	.args = "[BACKUP|PATH|URI]...",
	.max_args = 1000,
	.summary = "prove that backups are good",
	.details =
		"Reads each backup once, without scratch disk, and says what it could prove:\n"
		"seen (it is there and begins like a backup), intact (every checksum, structure\n"
		"and compressed block), restored (in a sandbox, with checks). What a file is, its\n"
		"bytes decide, never its name. A checksum file beside it (.sha256, .sha512, "
		".sha1,\n"
		".md5) is compared. What came of a backup of the catalog is recorded there.\n\n"
		"A backup that no checksum covers (plain SQL, pg_dump -Z0, an AOF) can't be "
		"proven\n"
		"intact without a digest: a changed byte would go unnoticed. Its result is "
		"unknown.\n\n"
		"Exit status: 0 pass, 1 fail, 2 unknown; the worst of several.",
	.options = options,
	.complete = "backup",
	.run = run_verify,
};

/*
 * cmd_audit: `lifeboat audit verify|tail`.
 */
#include "base/banned.h"
#include "cli/run_common.h"
#include "audit/audit.h"
#include "audit/verify.h"
#include "base/text.h"

#include <errno.h>

static const char *
log_path(struct cli *cli, struct err *err)
{
	const char *state, *given = cli_value(cli, "file");

	if (given != NULL)
		return given;
	return cli_state(cli, false, &state, err) ? audit_path(cli->arena, state) : NULL;
}

static void
verify_json(struct cli *cli, const char *path, const struct audit_report *r, int status)
{
	struct json j = json_new_pretty(&cli->out);

	json_object(&j, NULL);
	json_string(&j, "file", path);
	json_string(&j, "file_id", r->file_id);
	json_string(&j, "verdict", audit_verdict_name(r->verdict));
	json_string(&j, "why", r->why);
	json_int(&j, "records", (int64_t)r->records);
	json_count(&j, "at_seq", r->at_seq > 0 ? (int64_t)r->at_seq : -1);
	json_count(&j, "anchored_seq", r->anchored_seq > 0 ? (int64_t)r->anchored_seq : -1);
	json_int(&j, "recoveries", (int64_t)r->recoveries);
	json_int(&j, "bytes", r->bytes);
	json_fmt(&j, "head", "%llu:%s", (unsigned long long)r->head.seq, r->head.hash);
	json_int(&j, "exit", status);
	json_object_end(&j);
	cli_print(cli, "\n");
}

static void
verify_text(struct cli *cli, const char *path, const struct audit_report *r)
{
	cli_print(cli, "%s: %s\n  %s\n", path, audit_verdict_name(r->verdict), r->why);
	cli_print(cli, "  %llu records, head %llu:%s\n", (unsigned long long)r->records,
		(unsigned long long)r->head.seq, r->head.hash);
	if (r->at_seq > 0)
		cli_print(cli, "  first wrong at record %llu\n", (unsigned long long)r->at_seq);
	if (r->recoveries > 0)
		cli_print(cli, "  %llu torn record%s saved aside after a crash\n",
			(unsigned long long)r->recoveries, r->recoveries == 1 ? " was" : "s were");
}

static int
audit_verify_cmd(struct cli *cli)
{
	struct err err = ERR_INIT;
	struct audit_report r;
	const char *format, *path = NULL;
	int status;

	if (!cli_format(cli, "text json", &format, &err) || (path = log_path(cli, &err)) == NULL ||
		!audit_verify(path, &(struct audit_trust){.expect = cli_value(cli, "expect-head")},
			&r, &err))
		return cli_fail(cli, &err);
	status = audit_verdict_status(r.verdict);
	if (r.verdict == AUDIT_UNANCHORED && cli_flag(cli, "require-anchor"))
		status = 2;
	if (util_streq(format, "json"))
		verify_json(cli, path, &r, status);
	else
		verify_text(cli, path, &r);
	audit_report_done(&r);
	return status;
}

static void
tail_line(struct cli *cli, const char *line, size_t len, bool raw)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *j = raw ? NULL : json_parse(line, len, &err);
	CLEANUP(str_done) struct str out = STR_INIT(64 * KIB), data = STR_INIT(16 * KIB);
	const char *const keys[] = {"at", "run", "step", "event", "actor"};

	if (j == NULL) {
		text_visible(&out, line, len, 0);
		cli_print(cli, "%s\n", str_text(&out));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const char *v = json_get_text(j, keys[i]);

		text_visible(&out, v != NULL ? v : "-", v != NULL ? strlen(v) : 1, 0);
		str_add(&out, "  ");
	}
	if (json_get(j, "data") != NULL)
		json_print(&data, json_get(j, "data"));
	text_visible(&out, str_text(&data), MIN(data.len, (size_t)300), 0);
	cli_print(cli, "%s\n", str_text(&out));
}

#define TAIL_LINES_MAX 100000

static int
audit_tail_cmd(struct cli *cli)
{
	struct err err = ERR_INIT;
	const char *format, *path = NULL, *lines = cli_value(cli, "lines");
	char **ring, *line = NULL;
	size_t cap = 0, n = 0;
	uint64_t wanted = 20;
	ssize_t len;
	FILE *f;

	if (!cli_format(cli, "text jsonl", &format, &err) || (path = log_path(cli, &err)) == NULL)
		return cli_fail(cli, &err);
	if (lines != NULL &&
		(!util_parse_u64(lines, &wanted) || wanted == 0 || wanted > TAIL_LINES_MAX)) {
		err_set(&err, ERR_USAGE, "--lines takes 1 to %d.", TAIL_LINES_MAX);
		return cli_fail(cli, &err);
	}
	f = fopen(path, "re");
	if (f == NULL) {
		err_sys(&err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, errno,
			"Cannot open the log %s", path);
		return cli_fail(cli, &err);
	}
	ring = util_alloc(wanted * sizeof(*ring));
	while ((len = getline(&line, &cap, f)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		free(ring[n % wanted]);
		ring[n++ % wanted] = util_strdup(line);
	}
	for (uint64_t i = n > wanted ? n - wanted : 0; i < n; i++)
		tail_line(cli, ring[i % wanted], strlen(ring[i % wanted]),
			util_streq(format, "jsonl"));
	for (uint64_t i = 0; i < wanted; i++)
		free(ring[i]);
	free(ring);
	free(line);
	fclose(f);
	return 0;
}

static int
run_audit(struct cli *cli)
{
	struct err err = ERR_INIT;

	if (strcmp(cli->args[0], "verify") == 0)
		return audit_verify_cmd(cli);
	if (strcmp(cli->args[0], "tail") == 0)
		return audit_tail_cmd(cli);
	err_set(&err, ERR_USAGE, "There is no `lifeboat audit %s`.", cli->args[0]);
	err_hint(&err, "verify or tail");
	return cli_fail(cli, &err);
}

static const struct cli_option options[] = {
	{"file", 0, "FILE", "another log, or the journal of a run", "file"},
	{"expect-head", 0, "SEQ:HASH", "a head seen before: must be in the log", NULL},
	{"require-anchor", 0, NULL, "without an anchor the log is not good enough (exit 2)", NULL},
	{"lines", 'n', "N", "how many records tail prints (20)", NULL},
	{"format", 0, "FORMAT", "verify: text or json; tail: text or jsonl", "text json jsonl"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_audit = {
	.name = "audit",
	.args = "verify|tail",
	.min_args = 1,
	.max_args = 1,
	.summary = "examine the audit log, or print its end",
	.details = "verify reads the whole chain. Verdicts: OK-TO-ANCHOR (every record up to the "
		   "expected\n"
		   "head is as it was), INTACT-UNANCHORED (whole, but nothing outside of it "
		   "vouches for its\n"
		   "end), TORN-TAIL, GAP, BROKEN, UNSUPPORTED. Exit status 0 for the first two, 1 "
		   "for damage,\n"
		   "2 for what can't be decided.",
	.options = options,
	.complete = "verify tail",
	.run = run_audit,
};

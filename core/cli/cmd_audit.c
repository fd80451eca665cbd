/*
 * cmd_audit: `lifeboat audit verify|tail|seal|rotate|keys|export`.
 */
#include "base/banned.h"
#include "cli/audit_cmd.h"
#include "cli/run_common.h"
#include "audit/audit.h"
#include "base/text.h"

#include <errno.h>

const char *
audit_cmd_path(struct cli *cli, struct err *err)
{
	const char *state, *given = cli_value(cli, "file");

	if (given != NULL)
		return given;
	return cli_state(cli, false, &state, err) ? audit_path(cli->arena, state) : NULL;
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

	if (!cli_format(cli, "text jsonl", &format, &err) ||
		(path = audit_cmd_path(cli, &err)) == NULL)
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
	return audit_cmd_read(cli, path);
}

static int
run_audit(struct cli *cli)
{
	static const struct {
		const char *name;
		int (*run)(struct cli *cli);
	} words[] = {{"verify", audit_cmd_verify}, {"tail", audit_tail_cmd},
		{"seal", audit_cmd_seal}, {"rotate", audit_cmd_rotate}, {"keys", audit_cmd_keys},
		{"export", audit_cmd_export}};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(cli->args[0], words[i].name) == 0)
			return words[i].run(cli);
	err_set(&err, ERR_USAGE, "There is no `lifeboat audit %s`.", cli->args[0]);
	err_hint(&err, "verify, tail, seal, rotate, keys or export");
	return cli_fail(cli, &err);
}

static const struct cli_option options[] = {
	{"file", 0, "FILE", "another log, or the journal of a run", "file"},
	{"expect-head", 0, "[ID:]SEQ:HASH", "verify: a head seen before: must be in the log", NULL},
	{"require-anchor", 0, NULL, "verify: without an anchor it is not good enough (exit 2)",
		NULL},
	{"key", 0, "FILE", "verify: public keys in PEM; the first is the log's first", "file"},
	{"anchors", 0, "FILE", "verify: heads that were kept elsewhere, lines of syslog too",
		"file"},
	{"offline", 0, NULL, "verify: ask none of the site's anchors", NULL},
	{"lines", 'n', "N", "tail: how many records (20)", NULL},
	{"rotate", 0, NULL, "keys: a new key, endorsed by the old one, which is destroyed", NULL},
	{"redact", 0, "FIELD", "export: run, step, actor, data or data.NAME; may be repeated",
		NULL},
	{"output", 'o', "DIR", "export: where the bundle goes; must not exist", "file"},
	{"format", 0, "FORMAT", "text or json; tail: text, jsonl; export: jsonl, csv, bundle",
		"text json jsonl csv bundle"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_audit = {
	.name = "audit",
	.args = "verify|tail|seal|rotate|keys|export",
	.min_args = 1,
	.max_args = 1,
	.summary = "examine, seal and export the audit log",
	.details = "verify reads the whole chain, its seals, and the heads that the site's anchors "
		   "hold.\n"
		   "Verdicts: OK-TO-ANCHOR (every record up to the anchored head is as it was),\n"
		   "INTACT-UNANCHORED (whole, but nothing outside of it vouches for its end), "
		   "TORN-TAIL, GAP,\n"
		   "BROKEN, MISSING, UNSUPPORTED (sealed with a key that is not known, or of "
		   "another format).\n"
		   "Exit status 0 for the first two, 1 for damage, 2 for what can't be decided.\n"
		   "seal signs the log up to now and carries its head to the anchors of the site "
		   "file; rotate goes\n"
		   "on in a new file; keys prints the public keys; export writes records for "
		   "others.",
	.options = options,
	.complete = "verify tail seal rotate keys export",
	.run = run_audit,
};

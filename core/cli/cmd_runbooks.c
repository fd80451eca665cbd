/*
 * cmd_runbooks: `lifeboat runbooks`, `lifeboat lint`.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "base/file.h"
#include "base/text.h"
#include "runbook/runbook.h"

#include <errno.h>

static void
runbook_row(struct cli *cli, struct json *j, const char *name, const char *path)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str line = STR_INIT(16 * KIB);
	struct problems p;
	struct runbook *r;

	problems_init(&p, &a, path);
	r = runbook_load(path, false, &p);
	if (j != NULL) {
		json_object(j, NULL);
		json_string(j, "name", name);
		json_string(j, "file", path);
		json_string(j, "id", r != NULL ? r->id : NULL);
		json_string(j, "title", r != NULL ? r->title : NULL);
		json_string(j, "why", r != NULL ? r->why : NULL);
		json_count(j, "rto_s", r != NULL ? r->rto_s : -1);
		json_int(j, "steps", r != NULL ? (int64_t)r->steps.n : 0);
		json_bool(j, "usable", r != NULL);
		json_object_end(j);
		return;
	}
	text_visible(&line, name, strlen(name), 0);
	str_pad(&line, 28);
	str_addc(&line, ' ');
	if (r != NULL)
		text_visible(&line, r->title, strlen(r->title), 0);
	else
		str_add(&line, "NOT USABLE: see `lifeboat lint`");
	cli_print(cli, "%s\n", str_text(&line));
}

static int
run_runbooks(struct cli *cli)
{
	struct json j = json_new_pretty(&cli->out);
	struct err err = ERR_INIT;
	const char *format, *path;
	struct texts all;
	bool json;

	if (!cli_format(cli, "text json", &format, &err))
		return cli_fail(cli, &err);
	json = util_streq(format, "json");
	runbook_list(cli->arena, &all);
	if (json)
		json_array(&j, NULL);
	for (size_t i = 0; i < all.n; i++) {
		if (cli->nargs > 0 && !text_contains(all.v[i], cli->args[0]))
			continue;
		if (!runbook_find(cli->arena, all.v[i], &path, &err))
			return cli_fail(cli, &err);
		runbook_row(cli, json ? &j : NULL, all.v[i], path);
	}
	if (json) {
		json_array_end(&j);
		cli_print(cli, "\n");
	}
	return 0;
}

static const struct cli_option runbooks_options[] = {
	{"format", 0, "text|json", "how to print", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_runbooks = {
	.name = "runbooks",
	.args = "[TEXT]",
	.max_args = 1,
	.summary = "list the runbooks, or those whose name holds TEXT",
	.details = "Runbooks are looked for in ~/.config/lifeboat/runbooks, /etc/lifeboat/runbooks "
		   "and "
		   "among\nthose that come with lifeboat.",
	.options = runbooks_options,
	.run = run_runbooks,
};

static void
problem_json(struct json *j, const struct problem *it)
{
	json_object(j, NULL);
	json_string(j, "file", it->file);
	json_int(j, "line", it->line);
	json_int(j, "column", it->col);
	json_string(j, "level", it->level == PROBLEM_ERROR ? "error" : "warning");
	json_string(j, "rule", it->rule);
	json_string(j, "message", it->message);
	json_string(j, "hint", it->hint);
	json_object_end(j);
}

/* A site file is recognised by its first key, so that `lint` takes whatever one has. */
static bool
is_site_file(const char *text)
{
	/* As YAML or as JSON. */
	while (*text != '\0' && strchr("#\n -{\"", *text) != NULL)
		text += *text == '#' ? strcspn(text, "\n") : 1;
	return (util_starts(text, "site") && strchr(":\"", text[4]) != NULL) ||
	       (util_starts(text, "locations") && strchr(":\"", text[9]) != NULL);
}

static bool
lint_file(struct cli *cli, const char *given, struct problems *p, struct err *err)
{
	CLEANUP(str_done) struct str text = STR_INIT(YAML_SIZE_MAX);
	const char *path;
	struct runbook *r;

	if (!runbook_find(cli->arena, given, &path, err)) {
		if (!file_exists(given))
			return false;
		err_done(err);
		path = given;
	}
	problems_init(p, cli->arena, arena_strdup(cli->arena, path));
	if (!file_read(path, YAML_SIZE_MAX, &text, err)) {
		if (err->code != ERR_LIMIT && err->code != ERR_UNSAFE)
			return false;
		/* There, and no runbook: that is a finding. */
		problems_add(p, PROBLEM_ERROR, 0, 0, "%s", err->msg);
		err_done(err);
		return true;
	}
	if (is_site_file(str_text(&text)))
		return site_load(path, p) != NULL || p->errors > 0;
	r = runbook_parse(str_text(&text), text.len, p);
	if (r != NULL)
		runbook_lint(r, p);
	return true;
}

static int
run_lint(struct cli *cli)
{
	struct json j = json_new_pretty(&cli->out);
	struct err err = ERR_INIT;
	const char *format;
	size_t errors = 0, warnings = 0;
	bool json, unreadable = false;

	if (!cli_format(cli, "text json", &format, &err))
		return cli_fail(cli, &err);
	json = util_streq(format, "json");
	if (json)
		json_array(&j, NULL);
	for (size_t i = 0; i < cli->nargs; i++) {
		struct problem *it;
		struct problems p;

		if (!lint_file(cli, cli->args[i], &p, &err)) {
			cli_fail(cli, &err);
			unreadable = true;
			continue;
		}
		errors += p.errors;
		warnings += p.warnings;
		if (json)
			vec_each (&p.list, it)
				problem_json(&j, it);
		else
			problems_text(&p, &cli->out);
	}
	if (json) {
		json_array_end(&j);
		cli_print(cli, "\n");
	} else {
		cli_print(cli, "%zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s",
			warnings, warnings == 1 ? "" : "s");
	}
	if (unreadable)
		return 2;
	return errors > 0 || (warnings > 0 && cli_flag(cli, "strict")) ? 1 : 0;
}

static const struct cli_option lint_options[] = {
	{"strict", 0, NULL, "warnings count as errors", NULL},
	{"format", 0, "text|json", "how to print", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_lint = {
	.name = "lint",
	.args = "FILE...",
	.min_args = 1,
	.max_args = 10000,
	.summary = "check runbooks and site files: form, variables, classic mistakes",
	.details = "Exit status 1 when there are errors, 2 when a file can't be read.",
	.options = lint_options,
	.complete = "runbook",
	.run = run_lint,
};

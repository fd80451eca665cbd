/*
 * anchor_role: `lifeboat __anchor push|fetch NAME`: speaks to one anchor of the site and ends.
 * push takes the line of the anchor from standard input; fetch takes the log's id and prints a
 * line for each head that is there.
 */
#include "base/banned.h"
#include "anchor/anchor.h"
#include "cli/cli.h"
#include "conf/json_read.h"

#include <unistd.h>

static bool
find(struct cli *cli, const struct anchor_conf **ret, struct err *err)
{
	const struct site *site;

	if (!cli_site(cli, true, &site, err))
		return false;
	for (size_t i = 0; site->audit != NULL && i < site->audit->anchors.n; i++) {
		*ret = item_at(&site->audit->anchors, struct anchor_conf, i);
		if (strcmp((*ret)->item.key, cli->args[1]) == 0)
			return true;
	}
	return err_set(err, ERR_NOT_FOUND, "The site has no anchor \"%s\".", cli->args[1]);
}

static bool
read_line(struct str *line, struct err *err)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n')
		str_addc(line, byte);
	return (line->len > 0 && !line->full) ||
	       err_set(err, ERR_USAGE, "There is no line on standard input.");
}

static bool
push(const struct anchor_conf *c, const struct str *line, struct err *err)
{
	CLEANUP(json_free) cJSON *j = json_parse(line->buf, line->len, err);
	struct anchor a;

	if (j == NULL)
		return false;
	a = (struct anchor){.site = json_get_text(j, "site"),
		.host = json_get_text(j, "host"),
		.file_id = json_get_text(j, "file_id"),
		.seq = (uint64_t)json_get_int(j, "seq", 0),
		.hash = json_get_text(j, "hash"),
		.at = json_get_time(j, "at")};
	if (a.file_id == NULL || a.hash == NULL || a.seq == 0)
		return err_set(err, ERR_USAGE, "The line is no anchor.");
	return anchor_place(c)->push(c, &a, err);
}

static bool
fetch(struct cli *cli, const struct anchor_conf *c, struct str *id, struct err *err)
{
	anchor_list all = {0};
	const struct audit_anchor *it;

	if (anchor_place(c)->fetch == NULL)
		return err_set(err, ERR_UNSUPPORTED, "%s can't be read back.", anchor_kind(c));
	if (!anchor_place(c)->fetch(c, str_text(id), cli->arena, &all, err))
		return false;
	vec_each (&all, it) {
		struct anchor a = {
			.file_id = it->file_id, .seq = it->seq, .hash = it->hash, .at = 0};

		if (strcmp(it->file_id, str_text(id)) != 0)
			continue;
		anchor_format(&cli->out, &a);
		cli_print(cli, "\n");
	}
	return true;
}

static int
run_anchor(struct cli *cli)
{
	CLEANUP(str_done) struct str line = STR_INIT(ANCHOR_LINE_MAX);
	const struct anchor_conf *c = NULL;
	struct err err = ERR_INIT;

	if (find(cli, &c, &err) && read_line(&line, &err) &&
		(strcmp(cli->args[0], "push") == 0 ? push(c, &line, &err)
						   : fetch(cli, c, &line, &err)))
		return 0;
	return cli_fail(cli, &err);
}

const struct cli_command cli_cmd_anchor = {
	.name = "__anchor",
	.args = "push|fetch NAME",
	.min_args = 2,
	.max_args = 2,
	.summary = "one anchor's own process",
	.run = run_anchor,
	.hidden = true,
};

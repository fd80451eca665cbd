/*
 * lifeboat backups: the inventory, newest first; lifeboat show: one backup.
 */
#include "base/banned.h"
#include "cli/inventory.h"
#include "base/text.h"
#include "conf/json_read.h"

struct list {
	struct cli *cli;
	struct catalog *catalog;
	const char *format;
	int64_t now;
	uint64_t left; /* --limit */
	bool first;
};

static void
print_text_row(struct list *l, struct arena *a, const struct set_facts *f, const struct backup *b)
{
	CLEANUP(str_done) struct str size = STR_INIT(100), age = STR_INIT(100);
	const struct proof *proof = proofs_find(catalog_proofs(l->catalog, f), b);
	char at[CLOCK_TEXT] = "-";
	const char *why;
	enum verdict v = board_backup_verdict(a, l->catalog, f, b, l->now, &why);

	if (b->finished_at != CLOCK_NONE)
		clock_format(b->finished_at, at);
	text_size(&size, b->size);
	text_duration(&age, l->now - b->finished_at);
	cli_print(l->cli, "%-8s %-20s %8s %10s  %-9s %s%s%s\n", inventory_verdict_text(v), at,
		str_text(&age), str_text(&size),
		proof == NULL                 ? "-"
		: proof->result == PROOF_PASS ? level_names[proof->level]
					      : "FAILED",
		text_safe(a, catalog_id(a, f, b)), why != NULL ? "  " : "",
		why != NULL ? text_safe(a, why) : "");
}

static void
print_row(struct list *l, const struct set_facts *f, const struct backup *b)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	struct json j;

	if (strcmp(l->format, "text") == 0) {
		print_text_row(l, &a, f, b);
		return;
	}
	if (strcmp(l->format, "json") == 0)
		cli_print(l->cli, l->first ? "\n" : ",\n");
	l->first = false;
	j = json_new(&l->cli->out);
	board_backup_json(&j, &a, l->catalog, f, b, l->now);
	if (strcmp(l->format, "jsonl") == 0)
		cli_print(l->cli, "\n");
}

static bool
print_set(struct list *l, const struct set_facts *f, struct err *err)
{
	struct backup b;
	uint64_t n;

	if (!catalog_count(l->catalog, f, &n, err))
		return false;
	for (uint64_t i = 0; i < n && l->left > 0 && !l->cli->out_failed; i++, l->left--) {
		if (!catalog_backup(l->catalog, f, i, &b, err))
			return false;
		print_row(l, f, &b);
	}
	return true;
}

/* Whether the set is meant by "ASSET" or "ASSET/SET"; NULL means all. */
static bool
is_meant(const struct set_facts *f, const char *which)
{
	size_t n = strlen(f->asset);

	if (which == NULL || strcmp(which, f->asset) == 0)
		return true;
	return strncmp(which, f->asset, n) == 0 && which[n] == '/' &&
	       strcmp(which + n + 1, f->set) == 0;
}

static bool
print_sets(struct list *l, const char *which, struct err *err)
{
	bool any = false;

	if (strcmp(l->format, "text") == 0)
		cli_print(l->cli, "%-8s %-20s %8s %10s  %-9s %s\n", "STATE", "TIME", "AGE", "SIZE",
			"PROVEN", "BACKUP");
	else if (strcmp(l->format, "json") == 0)
		cli_print(l->cli, "[");
	for (size_t i = 0; i < catalog_sets(l->catalog); i++) {
		const struct set_facts *f = catalog_set(l->catalog, i);

		if (!is_meant(f, which))
			continue;
		any = true;
		if (!print_set(l, f, err))
			return false;
	}
	if (strcmp(l->format, "json") == 0)
		cli_print(l->cli, "%s]\n", l->first ? "" : "\n");
	if (any)
		return true;
	str_cut(&l->cli->out, 0);
	err_set(err, ERR_NOT_FOUND, "There is no asset or set \"%s\".", which != NULL ? which : "");
	return err_hint(err, "`lifeboat board` shows the sets.");
}

static int
run_backups(struct cli *cli)
{
	struct list l = {.cli = cli, .now = clock_now(), .left = UINT64_MAX, .first = true};
	const char *limit = cli_value(cli, "limit");
	struct err err = ERR_INIT;
	bool good;

	if (limit != NULL && !util_parse_u64(limit, &l.left)) {
		err_set(&err, ERR_USAGE, "--limit takes a number, not \"%s\".", limit);
		return cli_fail(cli, &err);
	}
	if (!cli_format(cli, "text json jsonl", &l.format, &err) ||
		!inventory_open(cli, &l.catalog, &err))
		return cli_fail(cli, &err);
	good = print_sets(&l, cli->nargs > 0 ? cli->args[0] : NULL, &err);
	catalog_free(l.catalog);
	return good ? 0 : cli_fail(cli, &err);
}

static const struct cli_option backups_options[] = {
	{"format", 0, "FORMAT", "text, json, or jsonl (one object a line)", "text json jsonl"},
	{"limit", 0, "N", "no more than N backups", NULL},
	{"refresh", 0, NULL, "collect first", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_backups = {
	.name = "backups",
	.args = "[ASSET[/SET]]",
	.max_args = 1,
	.summary = "the inventory, each set newest first",
	.details =
		"Reads the cached catalog; it collects first when nothing was collected yet or\n"
		"with --refresh. A backup is ok when nothing is known against it, BREACH when it\n"
		"is too small, failed its verification or was given up by what made it, UNKNOWN\n"
		"while it is being written or when its time lies in the future.",
	.options = backups_options,
	.run = run_backups,
	.complete = "asset",
};

static void
show_json(struct cli *cli, struct catalog *c, const struct set_facts *f, const struct backup *b)
{
	CLEANUP(str_done) struct str row = STR_INIT(4 * MIB);
	const struct proofs *proofs = catalog_proofs(c, f);
	struct json j = json_new(&row);
	const struct proof *p;

	board_backup_json(&j, cli->arena, c, f, b, clock_now());
	/* The same object with more fields behind it. */
	str_cut(&row, row.len - 1);
	json_string(&j, "state", backup_state_names[b->state]);
	json_string(&j, "note", b->note[0] != '\0' ? b->note : NULL);
	json_string(&j, "path", b->path);
	json_time(&j, "modified_at", b->mtime);
	json_string(&j, "etag", b->etag[0] != '\0' ? b->etag : NULL);
	json_bool(&j, "directory", b->directory);
	json_time(&j, "observed_at", f->place.seen.at);
	if (b->detail[0] != '\0')
		json_raw(&j, "detail", b->detail);
	else
		json_null(&j, "detail");
	json_array(&j, "proofs");
	vec_each (&proofs->list, p)
		if (strcmp(p->backup + strlen(proofs->prefix), b->name) == 0)
			proof_json(&j, NULL, p);
	json_array_end(&j);
	str_addc(&row, '}');
	cli_print(cli, "%s\n", str_text(&row));
}

static void
show_detail(struct cli *cli, const char *detail)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	CLEANUP(json_free) cJSON *json = json_parse(detail, strlen(detail), &err);
	const cJSON *it;

	cJSON_ArrayForEach(it, json)
	{
		CLEANUP(str_done) struct str value = STR_INIT(64 * KIB);

		if (cJSON_IsString(it))
			str_add(&value, it->valuestring);
		else
			json_print(&value, it);
		cli_print(cli, "  %-20s %s\n", text_safe(cli->arena, it->string),
			text_safe(cli->arena, str_text(&value)));
	}
}

static void
show_text(struct cli *cli, struct catalog *c, const struct set_facts *f, const struct backup *b)
{
	CLEANUP(str_done) struct str size = STR_INIT(100), age = STR_INIT(100);
	const struct proofs *proofs = catalog_proofs(c, f);
	int64_t now = clock_now();
	char at[CLOCK_TEXT] = "-";
	const struct proof *p;
	const char *why;
	enum verdict v = board_backup_verdict(cli->arena, c, f, b, now, &why);

	if (b->finished_at != CLOCK_NONE)
		clock_format(b->finished_at, at);
	text_size(&size, b->size);
	text_duration(&age, now - b->finished_at);
	cli_print(cli, "%s\n", text_safe(cli->arena, catalog_id(cli->arena, f, b)));
	cli_print(cli, "  %-20s %s%s%s\n", "verdict", inventory_verdict_text(v),
		why != NULL ? "  " : "", why != NULL ? text_safe(cli->arena, why) : "");
	cli_print(cli, "  %-20s %s, %s ago (from %s)\n", "time", at, str_text(&age),
		b->time_from == TIME_INSIDE ? "inside"
		: b->time_from == TIME_NAME ? "its name"
					    : "its modification time");
	cli_print(cli, "  %-20s %s (%lld bytes)\n", "size", str_text(&size), (long long)b->size);
	cli_print(
		cli, "  %-20s %s\n", "where", text_safe(cli->arena, catalog_uri(cli->arena, f, b)));
	cli_print(cli, "  %-20s %s, %s\n", "type", set_type_names[f->type],
		backup_state_names[b->state]);
	if (b->note[0] != '\0')
		cli_print(cli, "  %-20s %s\n", "note", text_safe(cli->arena, b->note));
	if (b->detail[0] != '\0')
		show_detail(cli, b->detail);
	vec_each (&proofs->list, p) {
		if (strcmp(p->backup + strlen(proofs->prefix), b->name) != 0)
			continue;
		clock_format(p->at, at);
		cli_print(cli, "  %-20s %s: %s, by %s%s\n", at, level_names[p->level],
			proof_result_names[p->result], text_safe(cli->arena, p->by),
			p->size == b->size && p->mtime == b->mtime
				? ""
				: " (of an object since changed)");
	}
}

static int
run_show(struct cli *cli)
{
	struct err err = ERR_INIT;
	const struct set_facts *f;
	const char *format;
	struct catalog *c;
	struct backup b;

	if (!cli_format(cli, "text json", &format, &err) || !inventory_open(cli, &c, &err))
		return cli_fail(cli, &err);
	if (!catalog_find_id(c, cli->args[0], &f, &b, &err)) {
		catalog_free(c);
		return cli_fail(cli, &err);
	}
	if (strcmp(format, "json") == 0)
		show_json(cli, c, f, &b);
	else
		show_text(cli, c, f, &b);
	catalog_free(c);
	return 0;
}

static const struct cli_option show_options[] = {
	{"format", 0, "FORMAT", "text or json", "text json"},
	{"refresh", 0, NULL, "collect first", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_show = {
	.name = "show",
	.args = "BACKUP",
	.min_args = 1,
	.max_args = 1,
	.summary = "one backup: when, where, what is inside, what was proven",
	.details = "BACKUP is ASSET/SET/NAME as `lifeboat backups` lists it.",
	.options = show_options,
	.run = run_show,
	.complete = "backup",
};

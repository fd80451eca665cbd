/*
 * lifeboat board: every set with its verdict, once.
 */
#include "base/banned.h"
#include "catalog/board.h"
#include "catalog/collect.h"
#include "catalog/fleet.h"
#include "cli/cli.h"
#include "cli/inventory.h"
#include "base/text.h"

static const char *
age_text(struct cli *cli, const struct board_row *row)
{
	CLEANUP(str_done) struct str text = STR_INIT(100);

	if (row->v.age_s < 0)
		str_add(&text, "-");
	else
		text_duration(&text, row->v.age_s);
	str_add(&text, " / ");
	text_duration(&text, row->facts->rpo_s);
	return arena_strdup(cli->arena, str_text(&text));
}

static const char *
proven_text(struct cli *cli, const struct board_row *row, int64_t now)
{
	const struct proof *p = row->v.proven;
	char at[CLOCK_TEXT];

	if (p == NULL)
		return "-";
	clock_format_short(p->at, now, at);
	if (p->result != PROOF_PASS)
		return arena_fmt(cli->arena, "%s %s %s", level_names[p->level],
			p->result == PROOF_FAIL ? "FAILED" : "?", at);
	return arena_fmt(cli->arena, "%s %s", level_names[p->level], at);
}

static const char *
copies_text(struct cli *cli, const struct board_row *row)
{
	const char *text = row->v.ncopies == 0 ? "-" : "";

	for (size_t i = 0; i < row->v.ncopies; i++)
		text = arena_fmt(cli->arena, "%s%s%s %s", text, i > 0 ? ", " : "",
			row->v.copies[i].location,
			inventory_verdict_text(row->v.copies[i].verdict));
	return text;
}

static void
print_row(struct cli *cli, const struct board *b, const struct board_row *row)
{
	const struct set_facts *f = row->facts;
	char at[CLOCK_TEXT] = "-";

	if (row->has_newest)
		clock_format_short(row->newest.finished_at, b->generated_at, at);
	cli_print(cli, "%-8s %-16s %-14s %-12s %-15s %-22s %s\n",
		inventory_verdict_text(row->v.verdict), f->asset, f->set, at, age_text(cli, row),
		proven_text(cli, row, b->generated_at), copies_text(cli, row));
	for (size_t i = 0; row->v.verdict != VERDICT_OK && i < row->v.reasons.n; i++)
		cli_print(cli, "         %s\n", text_safe(cli->arena, row->v.reasons.v[i]));
}

static void
print_text(struct cli *cli, const struct board *b)
{
	CLEANUP(str_done) struct str age = STR_INIT(100);

	str_add(&age, "never collected");
	if (b->collected_at != CLOCK_NONE) {
		str_cut(&age, 0);
		str_add(&age, "collected ");
		text_duration(&age, MAX(b->generated_at - b->collected_at, 0));
		str_add(&age, " ago");
	}
	cli_print(cli, "%s   BREACH %zu   UNKNOWN %zu   LATE %zu   ok %zu   %s\n\n", b->site,
		b->counts[VERDICT_BREACH], b->counts[VERDICT_UNKNOWN], b->counts[VERDICT_LATE],
		b->counts[VERDICT_OK], str_text(&age));
	cli_print(cli, "%-8s %-16s %-14s %-12s %-15s %-22s %s\n", "STATE", "ASSET", "SET",
		"NEWEST GOOD", "AGE / RPO", "PROVEN", "COPIES");
	for (size_t i = 0; i < b->n; i++)
		print_row(cli, b, &b->rows[i]);
}

/* One line, then one a set that is not ok; performance data behind the bar. */
static void
print_nagios(struct cli *cli, const struct board *b)
{
	static const char *const words[VERDICTS] = {"OK", "WARNING", "UNKNOWN", "CRITICAL"};

	cli_print(cli,
		"LIFEBOAT %s - %s: %zu breach, %zu unknown, %zu late, %zu ok | breach=%zu "
		"unknown=%zu late=%zu ok=%zu\n",
		words[b->verdict], b->site, b->counts[VERDICT_BREACH], b->counts[VERDICT_UNKNOWN],
		b->counts[VERDICT_LATE], b->counts[VERDICT_OK], b->counts[VERDICT_BREACH],
		b->counts[VERDICT_UNKNOWN], b->counts[VERDICT_LATE], b->counts[VERDICT_OK]);
	for (size_t i = 0; i < b->n; i++) {
		const struct board_row *row = &b->rows[i];

		if (row->v.verdict != VERDICT_OK)
			cli_print(cli, "%s %s/%s: %s\n", words[row->v.verdict], row->facts->asset,
				row->facts->set, text_safe(cli->arena, row->v.reasons.v[0]));
	}
}

static void
print_fleet(struct cli *cli, const struct fleet *f, int64_t now)
{
	cli_print(cli, "%zu sites   BREACH %zu   UNKNOWN %zu   LATE %zu   ok %zu\n\n", f->n,
		f->counts[VERDICT_BREACH], f->counts[VERDICT_UNKNOWN], f->counts[VERDICT_LATE],
		f->counts[VERDICT_OK]);
	cli_print(cli, "%-8s %-24s %8s %8s %8s %8s  %s\n", "STATE", "SITE", "BREACH", "UNKNOWN",
		"LATE", "ok", "COLLECTED");
	for (size_t i = 0; i < f->n; i++) {
		CLEANUP(str_done) struct str age = STR_INIT(100);
		const struct fleet_site *s = &f->sites[i];

		if (s->catalog != NULL) {
			text_duration(&age, MAX(now - s->board.collected_at, 0));
			str_add(&age, " ago");
		}
		cli_print(cli, "%-8s %-24s %8zu %8zu %8zu %8zu  %s\n",
			inventory_verdict_text(s->verdict), text_safe(cli->arena, s->name),
			s->board.counts[VERDICT_BREACH], s->board.counts[VERDICT_UNKNOWN],
			s->board.counts[VERDICT_LATE], s->board.counts[VERDICT_OK], str_text(&age));
		if (s->error != NULL)
			cli_print(cli, "         %s\n", text_safe(cli->arena, s->error));
		for (size_t k = 0; k < s->board.n; k++) {
			const struct board_row *row = &s->board.rows[k];

			if (row->v.verdict != VERDICT_OK)
				cli_print(cli, "         %s %s/%s: %s\n",
					inventory_verdict_text(row->v.verdict), row->facts->asset,
					row->facts->set,
					text_safe(cli->arena, row->v.reasons.v[0]));
		}
	}
}

static bool
show_fleet(
	struct cli *cli, const char *where, const char *format, enum verdict *ret, struct err *err)
{
	int64_t now = clock_now();
	struct source *from = NULL;
	const struct site *site;
	struct fleet f;
	bool good;

	if (!cli_site(cli, false, &site, err) || !fleet_open(cli->arena, site, where, &from, err))
		return false;
	good = fleet_read(cli->arena, from, now, &f, err);
	if (good && strcmp(format, "json") == 0) {
		struct json j = json_new(&cli->out);

		fleet_json(&j, &f, now);
		cli_print(cli, "\n");
	} else if (good) {
		print_fleet(cli, &f, now);
	}
	*ret = f.verdict;
	fleet_done(&f);
	source_free(from);
	return good;
}

static int
run_board(struct cli *cli)
{
	const char *fleet = cli_value(cli, "fleet");
	enum verdict worst;
	bool nagios = cli_flag(cli, "nagios");
	struct err err = ERR_INIT;
	const char *format;
	struct catalog *c;
	struct board b;

	if (fleet != NULL) {
		if (!cli_format(cli, "text json", &format, &err) ||
			!show_fleet(cli, fleet, format, &worst, &err))
			return cli_fail(cli, &err);
		return nagios ? verdict_nagios(worst) : verdict_status(worst);
	}
	if (!cli_format(cli, "text json", &format, &err) || !inventory_open(cli, &c, &err)) {
		int status = cli_fail(cli, &err);

		return nagios ? verdict_nagios(VERDICT_UNKNOWN) : status;
	}
	board_make(cli->arena, c, clock_now(), &b);
	if (strcmp(format, "json") == 0) {
		struct json j = json_new(&cli->out);

		board_json(&j, &b);
		cli_print(cli, "\n");
	} else if (nagios) {
		print_nagios(cli, &b);
	} else {
		print_text(cli, &b);
	}
	catalog_free(c);
	return nagios ? verdict_nagios(b.verdict) : verdict_status(b.verdict);
}

static const struct cli_option board_options[] = {
	{"format", 0, "FORMAT", "text or json", "text json"},
	{"nagios", 0, NULL, "one line and the exit status of a Nagios plug-in", NULL},
	{"fleet", 0, "PLACE", "the sites that publish there: s3://bucket/prefix/, directory", NULL},
	{"refresh", 0, NULL, "collect first", NULL},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_board = {
	.name = "board",
	.args = "",
	.summary = "every set of backups with its verdict, once",
	.details =
		"Shows the cached catalog, so it answers at once; ages and verdicts are those of\n"
		"this moment. It collects first when nothing was collected yet or with --refresh.\n"
		"Facts that are too old, or could not be renewed, count as unknown, never as "
		"ok.\n\n"
		"Exit status by the worst verdict: 0 ok, 1 late or breach, 2 unknown (a certain\n"
		"breach is worse than what is unknown). With --nagios: 0 ok, 1 late, 2 breach,\n"
		"3 unknown.",
	.options = board_options,
	.run = run_board,
};

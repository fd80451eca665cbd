/*
 * lifeboat prune: what retention lets go, planned; and done when confirmed.
 */
#include "base/banned.h"
#include "catalog/collect.h"
#include "catalog/prune.h"
#include "cli/cli.h"
#include "base/ident.h"
#include "base/path.h"
#include "base/readonly.h"
#include "base/text.h"
#include "run/start.h"

struct prune {
	struct cli *cli;
	const struct site *site;
	const char *state, *format;
	struct catalog *catalog;
	bool execute, first;
	int status; /* the worst so far */
};

static void
print_rules(struct prune *p, const struct retention *r)
{
	for (int i = 0; i < RETENTION_COUNT; i++) {
		const struct retention_have *h = &r->rules[i];

		if (h->wanted == FIELD_ABSENT)
			continue;
		cli_print(p->cli, "  %-10s %lld wanted, %lld there%s\n", retention_texts[i],
			(long long)h->wanted, (long long)h->have,
			h->have < h->wanted ? " (not so many yet)" : "");
	}
}

static void
print_row(struct prune *p, const struct prune_plan *plan, const struct prune_row *row)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;
	CLEANUP(str_done) struct str size = STR_INIT(100), why = STR_INIT(KIB);
	CLEANUP(err_done) struct err err = ERR_INIT;
	char at[CLOCK_TEXT] = "-";
	struct backup b;

	if (!catalog_backup(p->catalog, plan->facts, row->index, &b, &err))
		return;
	if (b.finished_at != CLOCK_NONE)
		clock_format(b.finished_at, at);
	text_size(&size, b.size);
	for (int i = 0; i < RETENTION_COUNT; i++)
		if (row->kept_by & 1u << i)
			str_fmt(&why, "%s%s", why.len > 0 ? ", " : "", retention_texts[i]);
	cli_print(p->cli, "  %-6s %-20s %10s  %s%s%s\n", row->kept_by != 0 ? "keep" : "REMOVE", at,
		str_text(&size), text_safe(&a, b.name), why.len > 0 ? "   " : "", str_text(&why));
}

static void
print_plan(struct prune *p, const struct prune_plan *plan)
{
	CLEANUP(str_done) struct str bytes = STR_INIT(100);

	cli_print(p->cli, "%s%s/%s\n", p->first ? "" : "\n", plan->facts->asset, plan->facts->set);
	p->first = false;
	print_rules(p, &plan->retention);
	for (size_t i = 0; i < plan->n; i++)
		print_row(p, plan, &plan->rows[i]);
	if (plan->wal.n > 0)
		cli_print(p->cli,
			"  REMOVE WAL %s to %s: no base backup needs it (the oldest is %s)\n",
			plan->wal.first, plan->wal.last, text_safe(p->cli->arena, plan->wal.base));
	if (plan->nothing != NULL)
		cli_print(p->cli, "  Nothing goes. %s\n", text_safe(p->cli->arena, plan->nothing));
	if (plan->tool != NULL)
		cli_print(p->cli, "  Run: %s\n", text_safe(p->cli->arena, plan->tool));
	text_size(&bytes, plan->bytes);
	if (plan->nothing == NULL)
		cli_print(p->cli, "  %zu would go, %s; %zu stay.\n", plan->going, str_text(&bytes),
			plan->n - (plan->is_wal ? 0 : plan->going));
}

static bool
is_confirmed(struct prune *p, const struct set *set)
{
	const char *id = arena_fmt(p->cli->arena, "%s/%s", set->asset->item.key, set->item.key);
	const char **confirmed;
	size_t n = cli_values(p->cli, "confirm", &confirmed);

	for (size_t i = 0; i < n; i++)
		if (strcmp(confirmed[i], id) == 0)
			return true;
	return false;
}

static bool
execute(struct prune *p, const struct prune_plan *plan, struct err *err)
{
	CLEANUP(str_done) struct str bytes = STR_INIT(100);
	struct arena *a = p->cli->arena;
	struct prune_done done;
	struct ident self;

	if (!is_confirmed(p, plan->set)) {
		err_set(err, ERR_REFUSED, "%s/%s is not confirmed: nothing of it was removed.",
			plan->facts->asset, plan->facts->set);
		return err_hint(err, "Look at the plan, then say: --execute --confirm %s/%s",
			plan->facts->asset, plan->facts->set);
	}
	ident_self(a, &self);
	if (!prune_execute(
		    a, p->catalog, p->site, plan, p->state, ident_text(a, &self), &done, err))
		return false;
	text_size(&bytes, done.bytes);
	if (strcmp(p->format, "text") == 0)
		cli_print(p->cli,
			"  %zu removed (%s), %zu changed since and left alone, %zu failed.\n",
			done.removed, str_text(&bytes), done.changed, done.failed);
	if (done.failed > 0)
		return err_set(err, ERR_CHECK_FAILED, "%zu backups could not be removed: %s",
			done.failed, done.why);
	return true;
}

static void
fail(struct prune *p, struct err *err)
{
	int status = cli_fail(p->cli, err);

	p->status = MAX(p->status, status);
}

/* One set: planned, and done if asked for. A failure of one does not keep the others. */
static void
prune_set(struct prune *p, const struct set *set)
{
	struct err err = ERR_INIT;
	struct prune_plan plan;

	if (!prune_make(p->cli->arena, p->catalog, p->site, set, clock_now(), &plan, &err)) {
		fail(p, &err);
		return;
	}
	if (strcmp(p->format, "text") == 0) {
		print_plan(p, &plan);
	} else {
		struct json j = json_new(&p->cli->out);

		cli_print(p->cli, p->first ? "\n" : ",\n");
		p->first = false;
		prune_json(&j, p->cli->arena, p->catalog, &plan);
	}
	if (p->execute && plan.going > 0 && !execute(p, &plan, &err))
		fail(p, &err);
}

static void
prune_sets(struct prune *p, const char *only)
{
	bool json = strcmp(p->format, "json") == 0;

	if (json)
		cli_print(p->cli, "[");
	for (size_t i = 0; i < p->site->assets.n; i++) {
		const struct asset *a = item_at(&p->site->assets, struct asset, i);

		for (size_t k = 0; k < a->sets.n; k++) {
			const struct set *set = item_at(&a->sets, struct set, k);

			if (only != NULL ? site_set(p->site, only) == set : set->keep != NULL)
				prune_set(p, set);
		}
	}
	if (json)
		cli_print(p->cli, "\n]\n");
	else if (p->first)
		cli_print(p->cli, "No set has a retention (keep:) in the site file.\n");
}

static bool
prepare(struct prune *p, const char *only, struct err *err)
{
	struct collect_options o = {.only = only, .wait_ms = 120000};
	struct collect_report report;

	if ((p->execute && !readonly_check(err)) ||
		!cli_format(p->cli, "text json", &p->format, err) ||
		!cli_site(p->cli, true, &p->site, err))
		return false;
	if (only != NULL && site_set(p->site, only) == NULL) {
		err_set(err, ERR_USAGE, "There is no set \"%s\" in %s.", only, p->site->file);
		return err_hint(err, "A set is written ASSET/SET.");
	}
	/* Read-only, what was collected last must do: a look would write the catalog. */
	return path_state(p->cli->arena, true, &p->state, err) &&
	       (readonly_is_set() ||
		       collect_run(p->cli->arena, p->site, p->state, &o, &report, err)) &&
	       catalog_open(p->state, p->site, &p->catalog, err);
}

static int
run_prune(struct cli *cli)
{
	struct prune p = {.cli = cli, .first = true, .execute = cli_flag(cli, "execute")};
	const char *only = cli->nargs > 0 ? cli->args[0] : NULL;
	struct collect_options o = {.only = only, .wait_ms = 120000};
	struct collect_report report;
	struct err err = ERR_INIT;

	if (cli_flag(cli, "read-only"))
		readonly_set();
	if (!prepare(&p, only, &err))
		return cli_fail(cli, &err);
	prune_sets(&p, only);
	catalog_free(p.catalog);
	/* The board is to know what is left. */
	if (p.execute && !collect_run(cli->arena, p.site, p.state, &o, &report, &err))
		return cli_fail(cli, &err);
	return p.status;
}

static const struct cli_option prune_options[] = {
	{"execute", 0, NULL, "do it, for the sets that are confirmed", NULL},
	{"confirm", 0, "ASSET/SET", "this set is meant; may be repeated", NULL},
	{"read-only", 0, NULL, "refuse to change anything", NULL},
	{"format", 0, "FORMAT", "text or json", "text json"},
	{NULL, 0, NULL, NULL, NULL},
};

const struct cli_command cli_cmd_prune = {
	.name = "prune",
	.args = "[ASSET/SET]",
	.max_args = 1,
	.summary = "which backups retention keeps and which may go; remove them when confirmed",
	.details =
		"Looks at the sets anew and shows for every backup which rule of keep: holds it, "
		"or\n"
		"that it may go. Counts first and ages second: days, weeks, months and years "
		"without\n"
		"a good backup do not count, so nothing goes because nothing new came. The last "
		"good\n"
		"and the last proven backup always stay, as does what is under legal hold.\n\n"
		"WAL goes only in front of the oldest base backup. pgBackRest and Barman expire\n"
		"their backups themselves; their command is shown instead.\n\n"
		"Nothing is removed without --execute and --confirm with the set's name; all of "
		"it\n"
		"is recorded in the audit log, before and after.\n\n"
		"Exit status: 0 planned or done, 1 something could not be removed, 2 it could not "
		"be\n"
		"found out, 3 refused.",
	.options = prune_options,
	.run = run_prune,
	.complete = "asset",
};

/*
 * lifeboat __complete KIND [PREFIX]: what could stand there, one a line, for the completions of
 * shells. From the cache and the site file alone, so that Tab never waits for a network; what
 * can't be read is simply not offered.
 */
#include "base/banned.h"
#include "cli/cli.h"
#include "base/path.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "run/dir.h"
#include "runbook/runbook.h"

/* More than anybody reads through; and how many backups are looked at for them. */
#define OFFERED_MAX 200
#define LOOKED_MAX  20000

struct offer {
	struct cli *cli;
	const char *prefix;
	size_t left;
};

/* A name that a terminal would have to be protected from is not offered. */
static void
offer(struct offer *o, const char *word)
{
	CLEANUP(arena_done) struct arena a = ARENA_INIT;

	if (o->left == 0 || !util_starts(word, o->prefix) || strcmp(word, text_safe(&a, word)) != 0)
		return;
	o->left--;
	cli_print(o->cli, "%s\n", word);
}

static void
offer_commands(struct offer *o)
{
	for (size_t i = 0; cli_commands[i] != NULL; i++)
		if (!cli_commands[i]->hidden)
			offer(o, cli_commands[i]->name);
}

static void
offer_texts(struct offer *o, const struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		offer(o, t->v[i]);
}

static void
offer_runbooks(struct offer *o)
{
	struct texts all = {.v = NULL};

	runbook_list(o->cli->arena, &all);
	offer_texts(o, &all);
}

static void
offer_runs(struct offer *o)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct texts all = {.v = NULL};
	const char *state;

	if (!path_state(o->cli->arena, false, &state, &err))
		return;
	run_dir_list(o->cli->arena, state, &all);
	offer_texts(o, &all);
}

static void
offer_targets(struct offer *o)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	const struct site *site;

	if (!cli_site(o->cli, false, &site, &err) || site == NULL)
		return;
	for (size_t i = 0; i < site->targets.n; i++)
		offer(o, item_at(&site->targets, struct target, i)->item.key);
}

/* The site's sets when there is a site file, else those of the cache; NULL for neither. */
static struct catalog *
open_catalog(struct offer *o)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct catalog *c = NULL;
	const struct site *site;
	const char *state;

	if (!path_state(o->cli->arena, false, &state, &err) ||
		!cli_site(o->cli, false, &site, &err))
		return NULL;
	if (catalog_open(state, site, &c, &err))
		return c;
	return site != NULL ? catalog_empty(state, site) : NULL;
}

static void
offer_assets(struct offer *o)
{
	struct catalog *c = open_catalog(o);
	const char *last = "";

	for (size_t i = 0; c != NULL && i < catalog_sets(c); i++) {
		const struct set_facts *f = catalog_set(c, i);

		if (strcmp(f->asset, last) != 0)
			offer(o, f->asset);
		last = f->asset;
		offer(o, arena_fmt(o->cli->arena, "%s/%s", f->asset, f->set));
	}
	cli_flush(o->cli);
	catalog_free(c);
}

static void
offer_backups(struct offer *o)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	struct catalog *c = open_catalog(o);

	for (size_t i = 0; c != NULL && i < catalog_sets(c); i++) {
		const struct set_facts *f = catalog_set(c, i);
		uint64_t n;

		if (!catalog_count(c, f, &n, &err))
			continue;
		for (uint64_t k = 0; k < MIN(n, LOOKED_MAX) && o->left > 0; k++) {
			CLEANUP(arena_done) struct arena a = ARENA_INIT;
			struct backup b;

			if (!catalog_backup(c, f, k, &b, &err))
				break;
			offer(o, catalog_id(&a, f, &b));
		}
	}
	cli_flush(o->cli);
	catalog_free(c);
}

static int
run_complete(struct cli *cli)
{
	static const struct {
		const char *kind;
		void (*offer)(struct offer *o);
	} kinds[] = {{"command", offer_commands}, {"runbook", offer_runbooks}, {"run", offer_runs},
		{"backup", offer_backups}, {"asset", offer_assets}, {"target", offer_targets}};
	struct offer o = {
		.cli = cli, .prefix = cli->nargs > 1 ? cli->args[1] : "", .left = OFFERED_MAX};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].kind, cli->args[0]) == 0)
			kinds[i].offer(&o);
	return 0;
}

const struct cli_command cli_cmd_complete = {
	.name = "__complete",
	.args = "KIND [PREFIX]",
	.min_args = 1,
	.max_args = 2,
	.summary = "what could stand there",
	.hidden = true,
	.run = run_complete,
};

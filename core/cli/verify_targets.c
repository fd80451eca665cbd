#include "base/banned.h"
#include "cli/verify_targets.h"
#include "catalog/collect.h"
#include "catalog/proof.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"

/* Whether this can only be a backup's id: no file of that name, and two slashes inside. */
static bool
is_id(const char *text)
{
	const char *slash = strchr(text, '/');

	return strstr(text, "://") == NULL && text[0] != '/' && text[0] != '.' && slash != NULL &&
	       strchr(slash + 1, '/') != NULL && !file_exists(text);
}

static struct verify_target *
add(struct verify_targets *t, const char *label)
{
	struct verify_target *target = vec_push(t->arena, &t->list);

	*target = (struct verify_target){.label = label, .level = -1};
	return target;
}

/* What is newest, and what is due, is asked of the sources and not of a snapshot. */
static bool
open_catalog(struct verify_targets *t, bool refresh, struct err *err)
{
	const char *notice;

	if (t->catalog != NULL)
		return true;
	if (t->site == NULL && !cli_site(t->cli, true, &t->site, err))
		return false;
	if (!collect_open(t->arena, t->site, t->state, refresh, &t->catalog, &notice, err))
		return false;
	if (notice != NULL)
		fprintf(stderr, "lifeboat: %s\n", text_safe(t->arena, notice));
	return true;
}

static void
fill(struct verify_targets *t, struct verify_target *target, const struct set_facts *f,
	const struct backup *b)
{
	target->level = f->prove_level;
	target->label = catalog_id(t->arena, f, b);
	target->prove = (struct prove_target){.site = t->site,
		.set = site_set(t->site, arena_fmt(t->arena, "%s/%s", f->asset, f->set)),
		.id = target->label};
	backup_copy(t->arena, &target->prove.backup, b);
	if (target->prove.set == NULL)
		target->why = "Its set is not in the site file.";
}

static bool
add_id(struct verify_targets *t, const char *id, struct err *err)
{
	struct verify_target *target = add(t, id);
	CLEANUP(err_done) struct err missing = ERR_INIT;
	const struct set_facts *f;
	struct backup b;

	if (!open_catalog(t, false, err))
		return false;
	if (catalog_find_id(t->catalog, id, &f, &b, &missing))
		fill(t, target, f, &b);
	else
		target->why = arena_strdup(t->arena, missing.msg);
	return true;
}

/* The newest that is finished: whatever was found out about it before. */
static bool
newest(struct verify_targets *t, const struct set_facts *f, struct backup *ret)
{
	CLEANUP(err_done) struct err why = ERR_INIT;
	uint64_t count;

	if (!catalog_count(t->catalog, f, &count, &why))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (catalog_backup(t->catalog, f, i, ret, &why) && ret->state != BACKUP_WRITING)
			return true;
	return false;
}

static void
add_newest(struct verify_targets *t, const struct set_facts *f)
{
	struct verify_target *target = add(t, arena_fmt(t->arena, "%s/%s", f->asset, f->set));
	struct backup b;

	if (newest(t, f, &b))
		fill(t, target, f, &b);
	else
		target->why = "There is no finished backup of it.";
}

static bool
add_latest(struct cli *cli, struct verify_targets *t, struct err *err)
{
	const char **names;
	size_t n = cli_values(cli, "latest", &names);

	for (size_t i = 0; i < n; i++) {
		const struct set_facts *f;

		if (!open_catalog(t, true, err))
			return false;
		f = catalog_find_set(t->catalog, names[i]);
		if (f == NULL)
			return err_set(err, ERR_USAGE, "The site file has no set %s.", names[i]);
		add_newest(t, f);
	}
	return true;
}

/* By the rule that the board goes by: no proof of that level that is young enough, or a newest
 * backup that failed. */
static bool
is_due(struct verify_targets *t, const struct set_facts *f, int64_t now)
{
	const struct proofs *all = catalog_proofs(t->catalog, f);
	const struct proof *failed, *p;
	struct backup b;

	if (f->prove_level < 0)
		return false;
	failed = newest(t, f, &b) ? proofs_find(all, &b) : NULL;
	if (failed != NULL && failed->result == PROOF_FAIL)
		return true;
	vec_each (&all->list, p)
		if (p->result == PROOF_PASS && (int)p->level >= f->prove_level)
			return f->prove_every_s != FIELD_ABSENT && now - p->at > f->prove_every_s;
	return true;
}

static bool
add_stale(struct verify_targets *t, struct err *err)
{
	if (!open_catalog(t, true, err))
		return false;
	for (size_t i = 0; i < catalog_sets(t->catalog); i++)
		if (is_due(t, catalog_set(t->catalog, i), clock_now()))
			add_newest(t, catalog_set(t->catalog, i));
	return true;
}

bool
verify_targets_read(struct cli *cli, struct verify_targets *t, struct err *err)
{
	*t = (struct verify_targets){.arena = cli->arena, .cli = cli};
	/* A path is proven without any site file, also beside one that is broken. */
	if (cli_value(cli, "site") != NULL && !cli_site(cli, true, &t->site, err))
		return false;
	if (!path_state(cli->arena, false, &t->state, err))
		return false;
	if (cli->nargs == 0 && !cli_flag(cli, "stale") && cli_value(cli, "latest") == NULL) {
		err_set(err, ERR_USAGE, "There is nothing to verify.");
		return err_hint(err, "Name backups, or give --latest ASSET/SET or --stale.");
	}
	for (size_t i = 0; i < cli->nargs; i++) {
		if (!is_id(cli->args[i]) || site_find(cli->arena, cli_value(cli, "site")) == NULL)
			add(t, cli->args[i]);
		else if (!add_id(t, cli->args[i], err))
			return false;
	}
	return add_latest(cli, t, err) && (!cli_flag(cli, "stale") || add_stale(t, err));
}

void
verify_targets_done(struct verify_targets *t)
{
	catalog_free(t->catalog);
	t->catalog = NULL;
}

void
verify_target_prove(struct verify_targets *t, struct verify_target *target,
	const struct verify_options *options, struct report *ret)
{
	struct verify_options o = *options;

	o.site = t->site;
	if (target->prove.set != NULL) {
		prove_backup(t->arena, &target->prove, t->catalog, &o, ret);
	} else if (target->why == NULL) {
		verify_uri(t->arena, target->label, &o, ret);
	} else {
		report_init(ret, t->arena, target->label, o.level);
		report_add(ret, PROOF_UNKNOWN, "present", "%s", target->why);
	}
}

bool
verify_target_record(struct verify_targets *t, const struct verify_target *target,
	const struct report *r, const char *by, struct err *err)
{
	return target->prove.set == NULL ||
	       prove_record(t->arena, &target->prove, t->state, r, by, err);
}

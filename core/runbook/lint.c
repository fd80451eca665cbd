/*
 * lint: the classic mistakes of backup runbooks, each with the better way.
 *
 * Most are patterns over what a step executes: its argv joined by spaces, its script without
 * comments, its query. The facts behind them are in docs/mistakes.md, with how each was tried.
 */
#include "base/banned.h"
#include "runbook/runbook.h"
#include "runbook/vars.h"
#include "base/text.h"

#include <regex.h>

struct mistake {
	const char *rule;
	const char *pattern; /* POSIX extended, one line at a time */
	const char *unless;  /* somewhere in the same step; NULL */
	enum problem_level level;
	const char *message, *better;
};

#define WORD_END "([^[:alnum:]_-]|$)"

static const struct mistake mistakes[] = {
	{"recovery-conf", "recovery\\.conf" WORD_END, NULL, PROBLEM_ERROR,
		"PostgreSQL 12 and later do not start with a recovery.conf.",
		"Write the settings to postgresql.auto.conf and create recovery.signal; the "
		"runbook "
		"postgres/restore-pitr does."},
	{"pg-restore-base-backup", "pg_restore.*(base(backup)?[^ ]*\\.tar|basebackup)", NULL,
		PROBLEM_ERROR,
		"pg_restore can't read a base backup: it is a data directory, not a dump.",
		"Extract base.tar into an empty data directory (mode 0700) and pg_wal.tar into its "
		"pg_wal/; the runbook postgres/restore-pitr does."},
	{"list-is-no-proof", "pg_restore( .*)? (-l|--list)" WORD_END, NULL, PROBLEM_ERROR,
		"pg_restore --list reads the table of contents only: it succeeds on a dump of half "
		"the "
		"length.",
		"Use a step of kind verify: level intact decodes every block, level restored "
		"restores "
		"it."},
	{"gzip-is-no-proof", "(gzip|gunzip|pigz|zstd|lz4)( .*)? (-t|--test)" WORD_END, NULL,
		PROBLEM_ERROR,
		"A test of the compression passes for a dump that was cut before it was "
		"compressed.",
		"Use a step of kind verify: it also wants the dump's end marker."},
	{"pipe-without-pipefail", "[^|]\\|[^|]", "pipefail", PROBLEM_ERROR,
		"A pipe without pipefail succeeds when its first program fails: a dump that failed "
		"becomes a valid, empty archive.",
		"Begin the script with `set -o pipefail`, or let pg_dump compress by itself "
		"(-Fc)."},
	{"psql-without-on-error-stop", "(^|[ /])psql( .*)?( -f| --file|<)", "ON_ERROR_STOP",
		PROBLEM_ERROR, "psql goes on after errors and ends with success.",
		"Add -v ON_ERROR_STOP=1 --single-transaction."},
	{"pg-restore-ignores-errors", "(^|[ /])pg_restore( .*)?( -d| --dbname)",
		"--exit-on-error|(^| )-e( |$)|--single-transaction", PROBLEM_ERROR,
		"pg_restore goes on after errors and leaves half a database behind.",
		"Add --exit-on-error."},
	{"lastsave-loop", "LASTSAVE.*LASTSAVE|while.*LASTSAVE", NULL, PROBLEM_ERROR,
		"Comparing LASTSAVE waits for ever after a failed save, and compares with itself "
		"here.",
		"Wait for rdb_bgsave_in_progress:0 and look at rdb_last_bgsave_status in INFO "
		"persistence."},
	{"velero-describe-is-no-resource", "velero backup describe .*-o json", NULL, PROBLEM_ERROR,
		"`velero backup describe -o json` is not the resource: its phase is not under "
		".status.",
		"Use `velero backup get NAME -o json`, or a step of kind kube."},
	{"velero-wait-is-no-success", "velero (restore|backup) create.*--wait", "get .*-o json",
		PROBLEM_ERROR,
		"`velero ... --wait` ends with success even when the restore failed.",
		"Read status.phase, errors and warnings afterwards."},
	{"velero-existing-namespace", "velero restore create",
		"namespace-mappings|existing-resource-policy", PROBLEM_WARNING,
		"A restore into a namespace that exists skips what is there and restores no volume "
		"data.",
		"Map it to a new namespace (--namespace-mappings), check it, then switch over."},
	{"velero-delete-with-kubectl", "kubectl .*delete .*backups?(\\.velero\\.io)?[ /]", NULL,
		PROBLEM_ERROR,
		"Deleting the Backup resource leaves its data in the bucket, and it comes back.",
		"Use `velero backup delete`, which makes a DeleteBackupRequest."},
	{"sync-delete",
		"(aws s3 sync|rclone sync|rsync|gsutil.* rsync)( .*)? --delete|rclone sync ", NULL,
		PROBLEM_ERROR,
		"A sync that deletes carries an empty or encrypted source over to the off-site "
		"copy.",
		"Copy without deleting; let versioning, object lock and lifecycle rules end old "
		"copies."},
	{"prune-by-age", "find .*-m(time|min).*(-delete|-exec rm|xargs.* rm)", NULL, PROBLEM_ERROR,
		"Pruning by age removes the last good backup once backups have failed for long "
		"enough.",
		"Count first, age second: `keep:` in the site file and `lifeboat prune`. For WAL "
		"use "
		"pg_archivecleanup with the oldest wanted base backup."},
	{"archive-with-cp", "archive_command.*(^|[ '\"])cp ", NULL, PROBLEM_ERROR,
		"cp as archive_command neither syncs nor renames: a crash leaves a short segment "
		"that is "
		"never replaced.",
		"Copy to a temporary name, sync, rename; the runbook postgres/wal-archiving sets "
		"it up."},
	{"promote-unseen", "recovery_target_action.*promote", NULL, PROBLEM_ERROR,
		"Promoting at the target leaves no chance to look whether it is the right moment.",
		"Keep the default, pause; look; then pg_wal_replay_resume() or pg_promote()."},
	{"target-time-zone",
		"recovery_target_time *=? *'?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( *Z|'|$|\")",
		NULL, PROBLEM_ERROR,
		"This target time has no zone, or one that PostgreSQL refuses (Z).",
		"Write the offset: 2026-11-20 14:32:07+00."},
	{"neo4j-dump-is-no-tar", "tar .*\\.dump" WORD_END, NULL, PROBLEM_ERROR,
		"A Neo4j dump is no tar archive, whatever it is called.",
		"Load it with `neo4j-admin database load --from-path=DIR NAME`."},
	{"exit-status-lies", "(pgbackrest( .*)? verify|wal-g wal-verify)" WORD_END, NULL,
		PROBLEM_ERROR, "This command ends with 0 even when it found damage.",
		"Read its output: --output=text --verbose and look for what is not valid, or use a "
		"step of kind verify."},
	{"newest-by-listing", "ls -[a-zA-Z]*t.*\\| *head|sort.*\\| *tail -n? ?1", NULL,
		PROBLEM_ERROR, "The newest file of a listing may be half written, or not a backup.",
		"Use a parameter of type backup: it offers what is complete, and proven."},
	{"password-in-arguments",
		"PGPASSWORD=|password=[^ {]|://[^/ :]+:[^@ ]+@|AWS_SECRET_ACCESS_KEY=|(^| "
		")(--password|-a)[= ]"
		"[^ ]*[^ -]",
		"^$", PROBLEM_ERROR,
		"A secret among the arguments is seen by everybody on the machine (ps).",
		"Make it a parameter of type secret and hand it over: env: {PGPASSWORD: "
		"\"{{password}}\"}."},
};

/* Script text without its comments; good enough for patterns, quotes are not followed. */
static void
without_comments(struct str *out, const char *sh)
{
	while (*sh != '\0') {
		size_t n = strcspn(sh, "\n");
		const char *hash = memmem(sh, n, " #", 2);

		if (sh[strspn(sh, " \t")] != '#')
			str_addn(out, sh, hash != NULL ? (size_t)(hash - sh) : n);
		str_addc(out, '\n');
		sh += n + (sh[n] == '\n');
	}
}

static void
argument_text(struct str *out, const struct node *list)
{
	const struct node *it;

	if (list->type == NODE_SCALAR)
		str_fmt(out, "%s\n", list->text);
	node_each (list, it)
		if (it->type == NODE_SCALAR)
			str_fmt(out, "%s%s", it->text, it->next != NULL ? " " : "\n");
}

/* What the step executes, as text. */
static void
executed_text(struct str *out, const struct step *s)
{
	static const char *const lists[] = {"run", "until"}, *const texts[] = {
								     "query", "instruction"};
	const struct node *n;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if ((n = node_get(s->at, lists[i])) != NULL)
			argument_text(out, n);
	if ((n = node_get(s->at, "sh")) != NULL && n->type == NODE_SCALAR)
		without_comments(out, n->text);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if ((n = node_get(s->at, texts[i])) != NULL && n->type == NODE_SCALAR)
			str_fmt(out, "%s\n", n->text);
	if (s->undo != NULL && (n = node_get(s->undo->item.at, "run")) != NULL)
		argument_text(out, n);
}

static bool
found(const char *pattern, const char *text)
{
	regex_t re;
	bool hit;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
		BUG("lint pattern \"%s\" is not a regular expression", pattern);
	hit = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

static struct problem *
report(struct problems *p, enum problem_level level, const struct node *at, const char *rule,
	const char *message)
{
	struct problem *new = problems_add(p, level, at->line, at->col, "%s", message);

	new->rule = rule;
	return new;
}

static void
lint_patterns(const struct step *s, struct problems *p)
{
	CLEANUP(str_done) struct str text = STR_INIT(MIB);
	const struct node *sh = node_get(s->at, "sh"), *run = node_get(s->at, "run");
	const struct node *at = sh != NULL ? sh : run != NULL ? run : s->at;
	bool shell = sh != NULL;

	executed_text(&text, s);
	/* run: [sh, -c, "a | b"] is a script as well. */
	if (run != NULL && found("(^|/)(ba|da|z|k)?sh (-[a-z]+ )*-[a-z]*c", str_text(&text)))
		shell = true;
	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		const struct mistake *m = &mistakes[i];

		if (util_streq(m->rule, "pipe-without-pipefail") && !shell)
			continue;
		if (found(m->pattern, str_text(&text)) &&
			(m->unless == NULL || !found(m->unless, str_text(&text))))
			report(p, m->level, at, m->rule, m->message)->hint = m->better;
	}
}

static bool
is_check(const struct step *s)
{
	return s->kind != NULL && s->effect == EFFECT_READ &&
	       (util_streq(s->kind->name, "sql") || util_streq(s->kind->name, "verify") ||
		       s->expect != NULL);
}

/* effect: destroy needs a confirmation, a check, and a word on how to get back. */
static void
lint_destroy(const struct runbook *r, size_t i, struct problems *p)
{
	const struct step *s = item_at(&r->steps, struct step, i);
	bool checked = s->expect != NULL;

	if (s->effect != EFFECT_DESTROY)
		return;
	for (size_t k = i + 1; k < r->steps.n; k++)
		checked = checked || is_check(item_at(&r->steps, struct step, k));
	if (s->confirm == NULL)
		report(p, PROBLEM_ERROR, s->at, "destroy-without-confirm",
			"A step that destroys needs \"confirm\".")
			->hint = "confirm: {type: \"{{target.name}}\"}";
	if (!checked)
		report(p, PROBLEM_ERROR, s->at, "destroy-without-check",
			"Nothing checks what this destroying step did.")
			->hint = "Give it \"expect\", or let a sql or verify step follow.";
	if (s->undo == NULL && s->irreversible == NULL)
		report(p, PROBLEM_ERROR, s->at, "destroy-without-undo",
			"A step that destroys needs \"undo\" or \"irreversible\".")
			->hint = "Say how to take it back, or what can't be taken back.";
}

struct names {
	const struct runbook *runbook;
	const struct step *step; /* where the walk is; NULL outside of steps */
	struct problems *problems;
	bool *used; /* by parameter */
	bool env;   /* the walk is inside env, where secrets may stand */
};

static bool
given_by_step(const struct names *n, const char *root)
{
	for (size_t i = 0; i < n->runbook->steps.n; i++) {
		const struct step *s = item_at(&n->runbook->steps, struct step, i);

		if (s == n->step)
			return false;
		if (util_streq(s->capture, root) ||
			(util_streq(s->id, root) && s->kind != NULL && !s->kind->person))
			return true;
	}
	return false;
}

static void
check_name(const char *name, const struct node *at, struct names *n)
{
	static const char *const own[] = {"run", "site", "operator"};
	char root[128];
	struct problem *new;

	snprintf(root, sizeof(root), "%.*s", (int)strcspn(name, "."), name);
	for (size_t i = 0; i < n->runbook->parameters.n; i++) {
		const struct parameter *q = item_at(&n->runbook->parameters, struct parameter, i);

		if (!util_streq(q->item.key, root))
			continue;
		n->used[i] = true;
		if (q->type == PARAMETER_SECRET && !n->env)
			report(n->problems, PROBLEM_ERROR, at, "secret-outside-env",
				"A secret may stand in \"env\" only.")
				->hint = "Arguments are seen by everybody on the machine (ps).";
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (util_streq(own[i], root))
			return;
	if (given_by_step(n, root))
		return;
	new = node_error(n->problems, at, "There is no variable {{%s}} here.", name);
	new->rule = "unknown-variable";
	new->hint = "Variables are parameters, and captures and sandboxes of earlier steps.";
}

struct name_at {
	struct names *names;
	const struct node *at;
};

static void
on_name(const char *name, size_t len, void *arg)
{
	struct name_at *w = arg;
	char text[128];

	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	check_name(text, w->at, w->names);
}

static void
walk_names(const struct node *n, struct names *names)
{
	const struct node *it;
	struct name_at w = {names, n};
	bool env = names->env;

	if (n->type == NODE_SCALAR) {
		if (!vars_each(n->text, on_name, &w))
			node_error(names->problems, n, "A {{ is never closed.");
		return;
	}
	node_each (n, it) {
		/* Shell text keeps its braces: it is never expanded. */
		if (util_streq(it->key, "sh"))
			continue;
		names->env = env || util_streq(it->key, "env");
		walk_names(it, names);
	}
	names->env = env;
}

static void
lint_variables(const struct runbook *r, struct problems *p)
{
	struct names n = {.runbook = r, .problems = p};

	n.used = arena_array(p->arena, r->parameters.n + 1, sizeof(*n.used));
	for (size_t i = 0; i < r->steps.n; i++) {
		n.step = r->steps.v[i];
		walk_names(n.step->at, &n);
	}
	n.step = NULL;
	if (r->proves != NULL)
		walk_names(r->proves->item.at, &n);
	for (size_t i = 0; i < r->parameters.n; i++) {
		const struct parameter *q = item_at(&r->parameters, struct parameter, i);

		if (!n.used[i])
			report(p, PROBLEM_WARNING, q->item.at, "unused-parameter",
				arena_fmt(p->arena, "No step uses the parameter \"%s\".",
					q->item.key));
	}
}

/* A dump without the roles that own its tables restores only where they happen to exist. */
static void
lint_globals(const struct runbook *r, struct problems *p)
{
	const struct step *dump = NULL;

	for (size_t i = 0; i < r->steps.n; i++) {
		CLEANUP(str_done) struct str text = STR_INIT(MIB);
		const struct step *s = r->steps.v[i];

		executed_text(&text, s);
		if (found("pg_dumpall|pg_restore", str_text(&text)))
			return;
		if (dump == NULL && found("(^|[ /])pg_dump ", str_text(&text)))
			dump = s;
	}
	if (dump != NULL)
		report(p, PROBLEM_WARNING, dump->at, "dump-without-globals",
			"pg_dump leaves out roles and tablespaces.")
			->hint = "Add a step that runs pg_dumpall --globals-only.";
}

void
runbook_lint(const struct runbook *r, struct problems *p)
{
	for (size_t i = 0; i < r->steps.n; i++) {
		const struct step *s = r->steps.v[i];

		if (s->kind == NULL)
			continue;
		lint_patterns(s, p);
		lint_destroy(r, i, p);
	}
	lint_variables(r, p);
	lint_globals(r, p);
	if (r->rto_s != FIELD_ABSENT && r->done_when.n == 0)
		report(p, PROBLEM_WARNING, r->item.at, "rto-without-done-when",
			"The runbook has an RTO, but nothing says when recovery is done.")
			->hint = "done_when: [the steps that show it]";
}

bool
runbook_lint_blocks(const struct problem *p)
{
	static const char *const rules[] = {"destroy-without-confirm", "destroy-without-check",
		"destroy-without-undo", "unknown-variable", "secret-outside-env",
		"password-in-arguments"};

	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (util_streq(p->rule, rules[i]))
			return true;
	return p->level == PROBLEM_ERROR && p->rule == NULL;
}

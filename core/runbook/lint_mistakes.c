/*
 * lint_mistakes: the classic mistakes of backup scripts, each with the better way. What they rest
 * on was tried on real servers (PostgreSQL 15, Redis 7, pgBackRest 2.45) or read in the sources.
 */
#include "base/banned.h"
#include "runbook/lint.h"
#include "base/text.h"

#include <regex.h>

enum {
	BARE = 1 << 0,     /* quoted text does not count */
	SAID = 1 << 1,     /* a person told to do it is as wrong as a program that does */
	LATER = 1 << 2,    /* what `unless` asks for may stand in a later step */
	VERIFIED = 1 << 3, /* no mistake where a verify step follows */
	READ = 1 << 4,     /* no mistake where the step expects something of the output */
};

struct mistake {
	const char *rule;
	const char *word;    /* without it nothing further is looked at */
	const char *pattern; /* POSIX extended, one line at a time */
	const char *unless;  /* in the same step; NULL */
	unsigned flags;
	enum problem_level level;
	const char *message, *better;
};

#define BEGIN "(^|[][ /;|&(,'\"])" /* of a command's name */
#define END   "([^[:alnum:]_-]|$)"
#define ARGS  "( [^|;&]*)?" /* of the same command */

static const struct mistake mistakes[] = {
	{"recovery-conf", "recovery.conf", "recovery\\.conf" END,
		"(rm|unlink|test|\\[)" ARGS " [^ ]*recovery\\.conf", SAID, PROBLEM_ERROR,
		"PostgreSQL 12 and later do not start with a recovery.conf.",
		"Write the settings to postgresql.auto.conf and create recovery.signal; the "
		"runbook postgres/restore-pitr does."},
	{"pg-restore-base-backup", "pg_restore",
		"pg_restore" ARGS "[ /'\"=](base\\.tar|base_?backup)", NULL, SAID, PROBLEM_ERROR,
		"pg_restore can't read a base backup: it is a data directory, not a dump.",
		"Extract base.tar into an empty data directory (mode 0700) and pg_wal.tar into its "
		"pg_wal/; the runbook postgres/restore-pitr does."},
	{"list-is-no-proof", "pg_restore", "pg_restore" ARGS " (-l|--list)" END, " (-L|--use-list)",
		BARE | LATER | VERIFIED, PROBLEM_ERROR,
		"pg_restore --list reads the table of contents only: it succeeds on a dump of half "
		"the length.",
		"Use a step of kind verify: level intact decodes every block, level restored "
		"restores it."},
	{"gzip-is-no-proof", NULL,
		BEGIN "(gzip|gunzip|pigz|zstd|lz4|xz|bzip2)" ARGS " (-[a-z]*t[a-z]*|--test)" END,
		NULL, BARE | VERIFIED, PROBLEM_ERROR,
		"A test of the compression passes for a dump that was cut before it was "
		"compressed.",
		"Use a step of kind verify: it also wants the dump's end marker."},
	{"psql-without-on-error-stop", "psql",
		BEGIN "psql" ARGS "( -[A-Za-z]*f| --file|<)|\\|[ \t]*([^ |;&]*/)?psql" END,
		"ON_ERROR_STOP", BARE, PROBLEM_ERROR,
		"psql goes on after errors and ends with success.",
		"Add -v ON_ERROR_STOP=1 --single-transaction."},
	{"pg-restore-ignores-errors", "pg_restore",
		BEGIN "pg_restore" ARGS " (-[a-zA-Z]*d|--dbname)",
		"--exit-on-error| -([a-zA-Z]*e|[a-ik-zA-Z]*1)[a-zA-Z]*( |$)|--single-transaction",
		BARE, PROBLEM_ERROR,
		"pg_restore goes on after errors and leaves half a database behind.",
		"Add --exit-on-error."},
	{"lastsave-loop", "LASTSAVE", "LASTSAVE.*LASTSAVE|(while|until).*LASTSAVE", NULL, 0,
		PROBLEM_ERROR,
		"Comparing LASTSAVE waits for ever after a failed save, and compares with itself "
		"here.",
		"Wait for rdb_bgsave_in_progress:0 and look at rdb_last_bgsave_status in INFO "
		"persistence."},
	{"velero-describe-is-no-resource", "velero", "velero backup describe" ARGS " -o json", NULL,
		0, PROBLEM_ERROR,
		"`velero backup describe -o json` is not the resource: its phase is not under "
		".status.",
		"Use `velero backup get NAME -o json`, or a step of kind kube."},
	{"velero-wait-is-no-success", "velero", "velero (restore|backup) create" ARGS " --wait",
		"velero (restore|backup) get" ARGS " -o json|kubectl" ARGS " get", LATER,
		PROBLEM_ERROR,
		"`velero ... --wait` ends with success even when the restore failed.",
		"Read status.phase, errors and warnings afterwards."},
	{"velero-existing-namespace", "velero", "velero restore create",
		"namespace-mappings|existing-resource-policy", 0, PROBLEM_WARNING,
		"A restore into a namespace that exists skips what is there and restores no volume "
		"data.",
		"Map it to a new namespace (--namespace-mappings), check it, then switch over."},
	{"velero-delete-with-kubectl", "kubectl",
		"kubectl" ARGS " delete( (-n|--namespace)[ =][^ ]+| --[^ ]+=[^ ]+)* "
		"backups?(\\.velero\\.io)?([ /]|$)",
		NULL, SAID, PROBLEM_ERROR,
		"Deleting the Backup resource leaves its data in the bucket, and it comes back.",
		"Use `velero backup delete`, which makes a DeleteBackupRequest."},
	{"sync-delete", "sync",
		"(aws s3 sync|rsync|gsutil( -[a-z]+)* rsync)" ARGS " (--delete|--del" END
		"|-[a-z]*d" END ")|rclone" ARGS " sync" END,
		"--dry-?run| -[a-z]*n" END, BARE, PROBLEM_ERROR,
		"A sync that deletes carries an empty or encrypted source over to the off-site "
		"copy.",
		"Copy without deleting; let versioning, object lock and lifecycle rules end old "
		"copies."},
	{"prune-by-age", "find", BEGIN "find .*-m(time|min).*(-delete|-exec rm|xargs.* rm)",
		BEGIN "find /(var/)?tmp[ /]", SAID, PROBLEM_ERROR,
		"Pruning by age removes the last good backup once backups have failed for long "
		"enough.",
		"Count first, age second: `keep:` in the site file and `lifeboat prune`. For WAL "
		"use pg_archivecleanup with the oldest wanted base backup."},
	{"archive-with-cp", "archive_command", "archive_command.*(^|[ '\"=])cp ", NULL, SAID,
		PROBLEM_ERROR,
		"cp as archive_command neither syncs nor renames: a crash leaves a short segment "
		"that is never replaced.",
		"Copy to a temporary name, sync, rename; the runbook postgres/wal-archiving sets "
		"it up."},
	{"promote-unseen", "recovery_target_action",
		"recovery_target_action( *=| to|:)? *['\"]?promote", NULL, SAID, PROBLEM_ERROR,
		"Promoting at the target leaves no chance to look whether it is the right moment.",
		"Keep the default, pause; look; then pg_wal_replay_resume() or pg_promote()."},
	{"target-time-zone", "recovery_target_time",
		"recovery_target_time *=? *'?[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+( *Z|'|$|\")",
		NULL, SAID, PROBLEM_ERROR,
		"This target time has no zone, or one that PostgreSQL refuses (Z).",
		"Write the offset: 2026-11-20 14:32:07+00."},
	{"neo4j-dump-is-no-tar", ".dump", BEGIN "tar -?[A-Za-z]*[xt][A-Za-z]* +[^|;& ]*\\.dump" END,
		NULL, SAID, PROBLEM_ERROR, "A Neo4j dump is no tar archive, whatever it is called.",
		"Load it with `neo4j-admin database load --from-path=DIR NAME`."},
	{"exit-status-lies", "verify", "(pgbackrest" ARGS " verify|wal-g wal-verify)" END, NULL,
		READ, PROBLEM_ERROR, "This command ends with 0 even when it found damage.",
		"Read its output: --output=text --verbose and expect: {output: ...}, or use a step "
		"of kind verify."},
	{"newest-by-listing", NULL,
		"ls -[a-zA-Z0-9]*t[a-zA-Z0-9]*( [^|;&]*)?\\| *head|sort" ARGS
		"\\| *tail -n? ?1" END,
		NULL, SAID, PROBLEM_ERROR,
		"The newest file of a listing may be half written, or not a backup.",
		"Use a parameter of type backup: it offers what is complete, and proven."},
	{"password-in-arguments", NULL,
		"(PGPASSWORD|REDISCLI_AUTH|MYSQL_PWD|AWS_SECRET_ACCESS_KEY)=['\"]?[^ '\"$]"
		"|(^|[^a-zA-Z_])password=[^] {'\"$&,;)]"
		"|[a-z]://[^/ :@'\"]*:[^@/ '\"${]+@"
		"|redis-cli" ARGS " -a +['\"]?[^ $'\"{-]",
		NULL, 0, PROBLEM_ERROR,
		"A secret among the arguments is seen by everybody on the machine (ps).",
		"Make it a parameter of type secret and hand it over: env: {PGPASSWORD: "
		"\"{{password}}\"}."},
};

/* Compiled when first needed, for as long as the program lives. */
static bool
found(const char *pattern, regex_t *re, bool *compiled, const char *text)
{
	if (!*compiled && regcomp(re, pattern, REG_EXTENDED | REG_NOSUB | REG_NEWLINE) != 0)
		BUG("lint pattern \"%s\" is not a regular expression", pattern);
	*compiled = true;
	return regexec(re, text, 0, NULL, 0) == 0;
}

static bool
has_pattern(size_t i, const char *text)
{
	static struct {
		regex_t re;
		bool compiled;
	} cache[ARRAY_LEN(mistakes)];

	return found(mistakes[i].pattern, &cache[i].re, &cache[i].compiled, text);
}

static bool
has_unless(size_t i, const char *text)
{
	static struct {
		regex_t re;
		bool compiled;
	} cache[ARRAY_LEN(mistakes)];

	return mistakes[i].unless != NULL &&
	       found(mistakes[i].unless, &cache[i].re, &cache[i].compiled, text);
}

/*
 * A | that is neither || nor >| nor between the patterns of a case label ("a|b)").
 */
static bool
has_pipe(const char *script)
{
	while (*script != '\0') {
		size_t n = strcspn(script, "\n");
		const char *p = script, *end = script + n;
		const char *label = p + strspn(p, " \t");

		label += *label == '(';
		label += strcspn(label, "();\n");
		if (*label == ')')
			p = label;
		for (; p < end; p++) {
			if (*p != '|')
				continue;
			if (p[1] == '|')
				p++;
			else if (p == script || p[-1] != '>')
				return true;
		}
		script += n + (script[n] == '\n');
	}
	return false;
}

static const struct node *
where(const struct step *s)
{
	const struct node *sh = node_get(s->at, "sh"), *run = node_get(s->at, "run");

	return sh != NULL ? sh : run != NULL ? run : s->at;
}

static bool
verify_follows(const struct runbook *r, size_t from)
{
	for (size_t k = from + 1; k < r->steps.n; k++)
		if (util_streq(item_at(&r->steps, struct step, k)->kind->name, "verify"))
			return true;
	return false;
}

static bool
excused(const struct runbook *r, struct lint_view *views, size_t step, size_t i)
{
	const struct step *s = item_at(&r->steps, struct step, step);
	unsigned flags = mistakes[i].flags;
	size_t last = (flags & LATER) ? r->steps.n : step + 1;

	if ((flags & VERIFIED) && verify_follows(r, step))
		return true;
	if ((flags & READ) && s->expect != NULL && s->expect->output != NULL)
		return true;
	for (size_t k = step; k < last; k++)
		if (has_unless(i, views[k].text.buf))
			return true;
	return false;
}

static void
lint_step(const struct runbook *r, struct lint_view *views, size_t step, struct problems *p)
{
	const struct step *s = item_at(&r->steps, struct step, step);
	struct lint_view *v = &views[step];

	for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
		const struct mistake *m = &mistakes[i];
		const char *text = m->flags & BARE ? v->bare.buf : v->text.buf;

		if (v->instruction && !(m->flags & SAID))
			continue;
		if ((m->word == NULL || strstr(text, m->word) != NULL) && has_pattern(i, text) &&
			!excused(r, views, step, i))
			lint_report(p, m->level, where(s), m->rule, m->message, m->better);
	}
	if (has_pipe(v->script.buf) && strstr(v->text.buf, "pipefail") == NULL)
		lint_report(p, PROBLEM_ERROR, where(s), "pipe-without-pipefail",
			"A pipe without pipefail succeeds when its first program fails: a dump "
			"that failed becomes a valid, empty archive.",
			"Begin the script with `set -o pipefail`, or let pg_dump compress by "
			"itself (-Fc).");
}

static bool
holds(const struct lint_view *v, const char *program)
{
	const char *at = strstr(v->bare.buf, program);
	size_t n = strlen(program);

	return at != NULL && strchr(" \n", at[n]) != NULL &&
	       (at == v->bare.buf || strchr(" /\n;|&(", at[-1]) != NULL);
}

/* A dump without the roles that own its tables restores only where they happen to exist. */
static void
lint_globals(const struct runbook *r, const struct lint_view *views, struct problems *p)
{
	const struct step *dump = NULL;

	for (size_t i = 0; i < r->steps.n; i++) {
		if (strstr(views[i].text.buf, "pg_dumpall") != NULL ||
			strstr(views[i].text.buf, "pg_restore") != NULL)
			return;
		/* Single tables go where their owners are. */
		if (dump == NULL && holds(&views[i], "pg_dump") &&
			strstr(views[i].text.buf, " --table") == NULL)
			dump = r->steps.v[i];
	}
	if (dump != NULL)
		lint_report(p, PROBLEM_WARNING, dump->at, "dump-without-globals",
			"pg_dump leaves out roles and tablespaces.",
			"Add a step that runs pg_dumpall --globals-only.");
}

void
lint_mistakes(const struct runbook *r, struct problems *p)
{
	struct lint_view *views = util_alloc((r->steps.n + 1) * sizeof(*views));

	for (size_t i = 0; i < r->steps.n; i++)
		lint_view_init(&views[i], r->steps.v[i]);
	for (size_t i = 0; i < r->steps.n; i++)
		lint_step(r, views, i, p);
	lint_globals(r, views, p);
	for (size_t i = 0; i < r->steps.n; i++)
		lint_view_done(&views[i]);
	free(views);
}

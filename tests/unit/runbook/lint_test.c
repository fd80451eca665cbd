#include "unit/testing.h"

#include "base/clock.h"
#include "runbook/lint.h"

static struct arena arena;
static struct problems problems;

static const struct runbook *
parse(const char *text)
{
	const struct runbook *r;

	arena_done(&arena);
	problems_init(&problems, &arena, "r.yaml");
	r = runbook_parse(text, strlen(text), &problems);
	if (r == NULL) {
		struct str all = STR_INIT(64 * KIB);

		problems_text(&problems, &all);
		fail_msg("%s\n%s", str_text(&all), text);
	}
	return r;
}

/* A runbook of these steps, linted. Step bodies are in flow or block style, indented by 4. */
static void
lint(const char *steps)
{
	struct str text = STR_INIT(MIB);
	const struct runbook *r;

	str_fmt(&text,
		"schema: 1\nid: r\ntitle: t\nparameters:\n"
		"  target: {type: target, kind: postgresql}\n"
		"  word: {type: text, default: x}\n"
		"  secret: {type: secret, from: [env S]}\n"
		"  backup: {type: backup}\n"
		"steps:\n%s"
		"  - {id: z-uses, title: \"{{target}} {{word}} {{backup}}\", kind: manual,"
		" instruction: x}\n"
		"  - {id: z-secret, title: t, kind: command, effect: read, run: [true],"
		" env: {S: \"{{secret}}\"}}\n",
		steps);
	r = parse(str_text(&text));
	runbook_lint(r, &problems);
	str_done(&text);
}

static const struct problem *
found(const char *rule)
{
	const struct problem *it;

	vec_each (&problems.list, it)
		if (util_streq(it->rule, rule))
			return it;
	return NULL;
}

static void
say_all(const char *what, const char *rule, const char *text)
{
	struct str all = STR_INIT(64 * KIB);

	problems_text(&problems, &all);
	fail_msg("%s %s:\n%s\n%s", rule, what, text, str_text(&all));
}

static const char *
script(const char *sh)
{
	static char text[8192];
	size_t n = 0;

	n = (size_t)snprintf(text, sizeof(text),
		"  - id: a\n    title: t\n    kind: command\n    effect: read\n    sh: |\n      ");
	for (; *sh != '\0'; sh++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, *sh == '\n' ? "\n      " : "%c", *sh);
	snprintf(text + n, sizeof(text) - n, "\n");
	return text;
}

static const char *
argv(const char *list)
{
	static char text[8192];

	snprintf(text, sizeof(text),
		"  - {id: a, title: t, kind: command, effect: read, run: [%s]}\n", list);
	return text;
}

struct example {
	const char *rule;
	const char *hits[6], *misses[8];
};

static const struct example in_scripts[] = {
	{"recovery-conf",
		{"cat > $PGDATA/recovery.conf <<EOF\nrestore_command = 'x'\nEOF",
			"cp recovery.conf \"$D\""},
		{"touch \"$D/recovery.signal\"", "rm -f \"$D/recovery.conf\"",
			"test ! -e $D/recovery.conf", "# no recovery.conf any more\ntrue",
			"cp my-recovery.config x"}},
	{"pg-restore-base-backup",
		{"pg_restore --exit-on-error -d x /backup/base.tar.gz",
			"pg_restore -l /b/basebackup_20261120.tar"},
		{"pg_restore --exit-on-error -d x /backup/database.tar",
			"tar -xzf /backup/base.tar.gz\npg_restore -e -d y x.dump"}},
	{"list-is-no-proof",
		{"pg_restore -l x.dump", "pg_restore --list x.dump > /dev/null",
			"pg_restore --verbose --list x.dump", "x && pg_restore -l x || exit 1"},
		{"pg_restore --exit-on-error -d x -f y",
			"pg_restore -l x > toc\n"
			"pg_restore -e -L toc -d x y.dump",
			"echo \"pg_restore -l is no proof\"", "pg_restore --list-files x",
			"ls -l x; pg_restore -f - x"}},
	{"gzip-is-no-proof",
		{"gzip -t x.gz", "gunzip -tv x.gz", "zstd -q --test x.zst", "/bin/gzip -t \"$F\"",
			"find . -exec gzip -t {} +"},
		{"gzip -9 x; tar -tf y.tar", "gzip -dc x | tar -t", "gzip -c x > y", "zstd -T0 x",
			"printf 'gzip -t'", "mygzip -t", "gzip --best x"}},
	{"psql-without-on-error-stop",
		{"psql -d x -f y.sql", "psql x < y.sql", "gunzip -c x | /usr/bin/psql -d y",
			"psql --file=y.sql x", "psql -Atqf y", "psql x <<EOF\nselect 1;\nEOF"},
		{"psql -v ON_ERROR_STOP=1 -f y.sql", "psql -c 'select 1 where 1 < 2'",
			"psql -d x -c \"select 1\"", "psql -h host x", "vim-psql -f x",
			"cat y | mypsql-tool"}},
	{"pg-restore-ignores-errors",
		{"pg_restore -d x y.dump", "pg_restore --clean --dbname=x y",
			"/usr/bin/pg_restore -Fc -d x y", "pg_restore -j1 -d x y",
			"x | pg_restore -cd x"},
		{"pg_restore --exit-on-error -d x y", "pg_restore -1 -d x y",
			"pg_restore -e -d x y", "pg_restore -ce -d x y",
			"pg_restore --single-transaction --dbname=x y",
			"pg_restore --data-only -f - x", "pg_restore -l x\necho -d"}},
	{"lastsave-loop",
		{"while [ $(redis-cli LASTSAVE) == $(redis-cli LASTSAVE) ]; do sleep 1; done",
			"until redis-cli LASTSAVE; do :; done"},
		{"redis-cli LASTSAVE", "redis-cli BGSAVE"}},
	{"velero-describe-is-no-resource",
		{"velero backup describe x -o json", "velero backup describe x --details -o json"},
		{"velero backup get x -o json", "velero backup describe x",
			"velero backup describe x; kubectl get x -o json"}},
	{"velero-wait-is-no-success",
		{"velero restore create --from-backup x --wait", "velero backup create x --wait"},
		{"velero restore create x --wait\nvelero restore get x -o json",
			"velero restore create x"}},
	{"velero-existing-namespace", {"velero restore create --from-backup x"},
		{"velero restore create --from-backup x --namespace-mappings a:b",
			"velero restore get"}},
	{"velero-delete-with-kubectl",
		{"kubectl delete backup x", "kubectl -n velero delete backups.velero.io/x",
			"kubectl delete -n velero backup x"},
		{"kubectl delete pod backup-runner", "kubectl delete job nightly-backup",
			"kubectl delete -n backup pod x", "velero backup delete x",
			"kubectl get backups"}},
	{"sync-delete",
		{"aws s3 sync --delete /a s3://b", "rsync -a --delete-after a b",
			"rclone sync a b:", "gsutil -m rsync -d a gs://b", "rsync -a --del a b"},
		{"aws s3 sync /a s3://b", "rsync -a a b",
			"rclone copy a b:", "rclone sync --dry-run a b:", "rsync -an --delete a b",
			"echo 'never rclone sync'", "rsync -a --delay-updates a b"}},
	{"prune-by-age",
		{"find /backup -mtime +30 -delete", "find /b -name x -mmin +9 -exec rm {} \\;",
			"find /b -mtime +7 -print0 | xargs -0 rm"},
		{"find /backup -mtime +30 -print", "find /tmp/work -mmin +60 -delete",
			"find /b -empty -delete"}},
	{"archive-with-cp",
		{"echo \"archive_command = 'cp %p /a/%f'\"",
			"psql -c \"alter system set archive_command = 'test ! -f /a/%f && cp %p "
			"/a/%f'\""},
		{"echo \"archive_command = 'pgbackrest archive-push %p'\"",
			"echo \"archive_command='/usr/bin/scp-wal %p'\""}},
	{"promote-unseen",
		{"echo \"recovery_target_action = 'promote'\" >> c",
			"recovery_target_action=promote"},
		{"echo \"recovery_target_action = 'pause'\" # promote later",
			"echo recovery_target_action decides whether to promote"}},
	{"target-time-zone",
		{"echo \"recovery_target_time = '2026-11-20 14:32:07'\"",
			"echo \"recovery_target_time = '2026-11-20T14:32:07Z'\""},
		{"echo \"recovery_target_time = '2026-11-20 14:32:07+00'\"",
			"echo \"recovery_target_time = '2026-11-20 14:32:07 UTC'\"",
			"echo \"recovery_target_time = '$T'\""}},
	{"neo4j-dump-is-no-tar",
		{"tar -xzf neo4j.dump", "tar tzf /b/neo4j.dump", "/bin/tar -xf x.dump"},
		{"systemctl restart foo.dump", "tar -czf all.tar.gz a.dump",
			"tar -xf b.tar && pg_restore -e -d x y.dump", "tar -xf x.dumps.tar"}},
	{"exit-status-lies", {"pgbackrest --stanza=x verify", "wal-g wal-verify integrity"},
		{"pgbackrest --stanza=x check", "pgbackrest --stanza=verify info",
			"pgbackrest info; ./verify"}},
	{"newest-by-listing",
		{"F=$(ls -t /b/*.dump | head -1)", "ls -1t /b | head -n 1", "ls | sort | tail -1",
			"ls | sort | tail -n 1"},
		{"ls -l /tmp | head", "sort x | tail -n 10", "ls -t /b", "sort x; tail -1 y"}},
	{"pipe-without-pipefail",
		{"pg_dump x | gzip > y", "x |& y", "if true; then a | b; fi", "echo \"$(a | b)\"",
			"a | b", "a |\n  b"},
		{"set -o pipefail\na | b", "a || b", "grep 'a|b' x", "grep -E \"a|b\" x",
			"case x in\n  a|b) echo;;\n  (c|d) echo;;\nesac", "echo x >| y",
			"cat <<'EOF'\na | b\nEOF\ntrue", "echo a \\| b # c | d"}},
	{"password-in-arguments",
		{"PGPASSWORD=hunter2 psql -c x", "psql 'host=x password=foo'",
			"psql postgres://u:p4ss@h/db -c x", "redis-cli -a s3cret ping",
			"mysql --password=foo", "export AWS_SECRET_ACCESS_KEY=abc"},
		{"PGPASSWORD=\"$PW\" psql -c x", "PGPASSWORD=$(cat f) psql -c x", "cp -a src dst",
			"curl https://host:8080/a@b", "pg_dump --no-password x",
			"psql postgres://u@h/db -c x", "password=$(cat /run/x)",
			"restic --password-file=/etc/x snapshots"}},
	{"dump-without-globals", {"pg_dump -Fc x > y", "/usr/bin/pg_dump x"},
		{"pg_dump x > y\npg_dumpall --globals-only > z", "pg_dump-wrapper x",
			"echo 'pg_dump x'"}},
};

static void
check(const struct example *e, const char *(*form)(const char *))
{
	for (size_t i = 0; i < ARRAY_LEN(e->hits) && e->hits[i] != NULL; i++) {
		lint(form(e->hits[i]));
		if (found(e->rule) == NULL)
			say_all("did not fire", e->rule, form(e->hits[i]));
		if (found(e->rule)->hint == NULL)
			say_all("has no better way", e->rule, e->hits[i]);
		assert_true(found(e->rule)->line > 8);
	}
	for (size_t i = 0; i < ARRAY_LEN(e->misses) && e->misses[i] != NULL; i++) {
		lint(form(e->misses[i]));
		if (found(e->rule) != NULL)
			say_all("fired", e->rule, form(e->misses[i]));
	}
}

static void
test_in_scripts(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(in_scripts); i++)
		check(&in_scripts[i], script);
	arena_done(&arena);
}

static const struct example in_arguments[] = {
	{"list-is-no-proof", {"pg_restore, -l, x.dump", "/usr/bin/pg_restore, --list, x"},
		{"pg_restore, --list-x, y", "echo, \"pg_restore -l\""}},
	{"pipe-without-pipefail",
		{"bash, -c, \"a | b\"", "sh, -e, -c, \"a | b\"", "ssh, h, --, sh, -c, \"a | b\"",
			"bash, -ec, \"a | b\""},
		{"grep, -E, \"a|b\"", "echo, \"a | b\"", "bash, -c, \"a || b\"",
			"bash, -o, pipefail, -c, \"a | b\"", "bash, script, -c, \"a | b\""}},
	{"psql-without-on-error-stop", {"psql, -d, x, -f, y.sql", "psql, --file=y"},
		{"psql, -c, \"select 1 < 2\"", "psql, -v, ON_ERROR_STOP=1, -f, y",
			"psql, -d, x, -c, \"copy t from '/f'\""}},
	{"pg-restore-ignores-errors", {"pg_restore, -d, x, y", "pg_restore, --dbname=x, y"},
		{"pg_restore, --exit-on-error, -d, x, y", "pg_restore, -f, -, x"}},
	{"password-in-arguments",
		{"psql, \"host=h password=foo\"", "env, PGPASSWORD=foo, psql",
			"redis-cli, -a, secret, ping", "curl, \"https://u:p@h/\""},
		{"cp, -a, x, y", "psql, \"host=h\"", "pg_dump, --no-password, x", "tar, -a, x"}},
	{"sync-delete", {"rsync, -a, --delete, a, b", "rclone, sync, a, \"b:\""},
		{"rsync, -a, a, b", "rclone, copy, a, b"}},
	{"prune-by-age", {"find, /b, -mtime, +3, -delete"}, {"find, /b, -mtime, +3"}},
};

static void
test_in_arguments(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(in_arguments); i++)
		check(&in_arguments[i], argv);
	arena_done(&arena);
}

#define MISS(rule, steps)                              \
	do {                                           \
		lint(steps);                           \
		if (found(rule) != NULL)               \
			say_all("fired", rule, steps); \
	} while (0)
#define HIT(rule, steps)                                      \
	do {                                                  \
		lint(steps);                                  \
		if (found(rule) == NULL)                      \
			say_all("did not fire", rule, steps); \
	} while (0)

#define STEP(id, more) "  - {id: " id ", title: t, " more "}\n"
#define CMD            "kind: command, effect: read, "

/* What comes later, and what the step expects, can make good what would be a mistake. */
static void
test_excuses(void **state)
{
	HIT("velero-wait-is-no-success",
		STEP("a", CMD "run: [velero, restore, create, x, --wait]"));
	MISS("velero-wait-is-no-success",
		STEP("a", CMD "run: [velero, restore, create, x, --wait]")
			STEP("b", CMD "run: [velero, restore, get, x, -o, json]"));
	HIT("velero-wait-is-no-success",
		STEP("b", CMD "run: [velero, restore, get, x, -o, json]")
			STEP("a", CMD "run: [velero, restore, create, x, --wait]"));
	HIT("exit-status-lies", STEP("a", CMD "run: [pgbackrest, verify]"));
	HIT("exit-status-lies", STEP("a", CMD "run: [pgbackrest, verify], expect: {exit: 0}"));
	MISS("exit-status-lies",
		STEP("a", CMD "run: [pgbackrest, verify], expect: {output: \"!~ invalid\"}"));
	/* undo is executed as well */
	HIT("pg-restore-ignores-errors",
		STEP("a", CMD "run: [true], undo: {run: [pg_restore, -d, x, y]}"));
	arena_done(&arena);
}

/* Instructions: what a person is told to do is as wrong; what merely reads like a command is not.
 */
static void
test_instructions(void **state)
{
	HIT("recovery-conf", STEP("a", "kind: manual, instruction: Write recovery.conf and start"));
	HIT("promote-unseen",
		STEP("a", "kind: manual, instruction: \"Set recovery_target_action to promote\""));
	MISS("password-in-arguments",
		STEP("a", "kind: manual, instruction: \"export PGPASSWORD=<from the vault>\""));
	MISS("psql-without-on-error-stop",
		STEP("a", "kind: manual, instruction: \"Load it with psql -f x.sql\""));
	arena_done(&arena);
}

#define DESTROY "kind: command, effect: destroy, run: [x], "

static void
test_destroy(void **state)
{
	static const char *const rules[] = {
		"destroy-without-confirm", "destroy-without-check", "destroy-without-undo"};
	struct problem *it;
	size_t blocking = 0;

	lint(STEP("a", "kind: command, effect: destroy, run: [x]"));
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		assert_non_null(found(rules[i]));
		assert_non_null(found(rules[i])->hint);
	}
	vec_each (&problems.list, it)
		blocking += runbook_lint_blocks(it);
	assert_int_equal(blocking, 3);
	lint(STEP("a", DESTROY "confirm: true, expect: {exit: 0}, irreversible: gone"));
	assert_int_equal(problems.errors, 0);
	lint(STEP("a", DESTROY "confirm: true, undo: {instruction: x}")
			STEP("b", "kind: sql, target: \"{{target}}\", query: SELECT 1"));
	assert_int_equal(problems.errors, 0);
	/* A check that comes before checks nothing; nor does one that only runs. */
	HIT("destroy-without-check", STEP("b", "kind: sql, target: \"{{target}}\", query: SELECT 1")
					     STEP("a", DESTROY "confirm: true, irreversible: x"));
	HIT("destroy-without-check",
		STEP("a", DESTROY "confirm: true, irreversible: x") STEP("b", CMD "run: [true]"));
	MISS("destroy-without-check", STEP("a", DESTROY "confirm: true, irreversible: x")
					      STEP("b", CMD "run: [true], expect: {output: ok}"));
	/* Writing needs none of it. */
	lint(STEP("a", "kind: command, run: [x]"));
	assert_int_equal(problems.errors, 0);
	arena_done(&arena);
}

static void
test_variables(void **state)
{
	HIT("unknown-variable", STEP("a", CMD "run: [echo, \"{{nothing}}\"]"));
	assert_int_equal(found("unknown-variable")->line, 10);
	assert_holds(found("unknown-variable")->message, "{{nothing}}");
	assert_true(runbook_lint_blocks(found("unknown-variable")));
	/* In every text: titles, env, when, expect, confirm, undo. */
	HIT("unknown-variable", "  - {id: a, title: \"{{no}}\", kind: command, run: [x]}\n");
	HIT("unknown-variable", STEP("a", CMD "run: [x], env: {A: \"{{no}}\"}"));
	HIT("unknown-variable", STEP("a", CMD "run: [x], when: {value: \"{{no}}\", is: x}"));
	HIT("unknown-variable", STEP("a", CMD "run: [x], expect: {output: \"{{no}}\"}"));
	HIT("unknown-variable", STEP("a", CMD "run: [x], confirm: {type: \"{{no}}\"}"));
	HIT("unknown-variable", STEP("a", CMD "run: [x], undo: {instruction: \"{{no}}\"}"));
	HIT("unknown-variable", STEP("a", "kind: choose, question: q, options: [a, \"{{no}}\"]"));
	MISS("unknown-variable", STEP("a", CMD "run: [\"{{word}}\", \"{{target.conninfo}}\", "
					       "\"{{run}}\", \"{{run.directory}}\", \"{{site}}\", "
					       "\"{{operator}}\", \"{{backup.path}}\"]"));
	/* Known from the step that gives it, and not before. */
	MISS("unknown-variable", STEP("a", CMD "run: [x], capture: got")
					 STEP("b", CMD "run: [\"{{got}}\", \"{{a.value}}\"]"));
	HIT("unknown-variable",
		STEP("b", CMD "run: [\"{{got}}\"]") STEP("a", CMD "run: [x], capture: got"));
	HIT("unknown-variable", STEP("a", CMD "run: [\"{{got}}\"], capture: got"));
	/* A person's step gives a value only when it is captured. */
	HIT("unknown-variable",
		STEP("a", "kind: manual, instruction: x") STEP("b", CMD "run: [\"{{a.value}}\"]"));
	MISS("unknown-variable", STEP("a", "kind: manual, instruction: x, capture: c")
					 STEP("b", CMD "run: [\"{{c}}\"]"));
	/* Braces in a script stay; unclosed ones elsewhere are an error of form. */
	lint(STEP("a", CMD "run: [\"{{word\"]"));
	assert_int_equal(problems.errors, 1);
	assert_holds(problems.list.v[0].message, "A {{ is never closed.");
	arena_done(&arena);
}

static void
test_secrets(void **state)
{
	HIT("secret-outside-env", STEP("a", CMD "run: [psql, \"{{secret}}\"]"));
	assert_true(runbook_lint_blocks(found("secret-outside-env")));
	HIT("secret-outside-env", "  - {id: a, title: \"{{secret}}\", kind: command, run: [x]}\n");
	HIT("secret-outside-env", STEP("a", "kind: manual, instruction: \"Type {{secret}}\""));
	MISS("secret-outside-env", STEP("a", CMD "run: [x], env: {A: \"x{{secret}}y\"}"));
	arena_done(&arena);
}

static void
test_unused_and_rto(void **state)
{
	const char *text = "schema: 1\nid: r\ntitle: t\nrto: 1h\n"
			   "parameters: {a: {type: text}, b: {type: text}, c: {type: backup}}\n"
			   "proves: {backup: \"{{c}}\", level: restored}\n"
			   "steps:\n  - {id: s, title: \"{{a}}\", kind: manual, instruction: x}\n";

	runbook_lint(parse(text), &problems);
	assert_int_equal(problems.errors, 0);
	assert_int_equal(problems.warnings, 2);
	assert_holds(found("unused-parameter")->message, "\"b\"");
	assert_holds(found("rto-without-done-when")->hint, "done_when");
	assert_false(runbook_lint_blocks(found("unused-parameter")));
	arena_done(&arena);
}

static void
view(const char *sh, bool blank, const char *want)
{
	struct str out = STR_INIT(KIB);

	lint_shell_text(&out, sh, blank);
	if (strncmp(str_text(&out), want, out.len - 1) != 0 || out.len - 1 != strlen(want))
		fail_msg("\"%s\" became \"%s\", wanted \"%s\"", sh, out.buf, want);
	str_done(&out);
}

static void
test_shell_text(void **state)
{
	view("a # b\nc", false, "a \nc");
	view("a#b $#", false, "a#b $#");
	view("echo '# no' \"# no\" # yes", false, "echo '# no' \"# no\" ");
	view("a 'b | c' d", true, "a '' d");
	view("a \"b | $(c | d) e\" f", true, "a \"$(c | d)\" f");
	view("a \"b $(c \"d | e\" | f)\"", true, "a \"$(c \"\" | f)\"");
	view("a \\| b", true, "a _ b");
	view("a 'it'\\''s' b", true, "a ''_'' b");
	view("a \"\\\" | \" b", true, "a \"\" b");
	view("cat <<EOF\nx | y\nEOF\nz | w", true, "cat <<EOF\nz | w");
	view("cat <<-'END'\n\tx | y\n\tEND\nz", true, "cat <<-''\nz");
	view("cat <<EOF\nx\nEOF\nz", false, "cat <<EOF\nx\nEOF\nz");
	view("cat <<< \"x\"\ny | z", true, "cat <<< \"\"\ny | z");
	view("n=$((1<<k))\na | b", true, "n=$((1<<k))\na | b");
	view("a \\\n | b", true, "a  | b");
	view("'never closed", true, "'");
	view("\\", true, "_");
	view("", true, "");
}

/* Nesting has a bound, and so has the time. */
static void
test_f56_deep_script(void **state)
{
	struct str sh = STR_INIT(64 * KIB), out = STR_INIT(MIB);
	int64_t before = clock_mono_ms();

	for (int i = 0; i < 10000; i++)
		str_add(&sh, "\"$(");
	lint_shell_text(&out, str_text(&sh), true);
	str_cut(&out, 0);
	lint_shell_text(&out, str_text(&sh), false);
	assert_true(clock_mono_ms() - before < 5000);
	str_done(&sh);
	str_done(&out);
}

TESTS(T(test_in_scripts), T(test_in_arguments), T(test_excuses), T(test_instructions),
	T(test_destroy), T(test_variables), T(test_secrets), T(test_unused_and_rto),
	T(test_shell_text), T(test_f56_deep_script))

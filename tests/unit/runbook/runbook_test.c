#include "unit/runbook/runbooks.h"

static struct runbook *
good(const char *text)
{
	struct runbook *r = parse(text);

	if (r == NULL)
		fail_msg("%s\n%s", all_problems(), text);
	return r;
}

static const char *const whole =
	"schema: 1\n"
	"id: restore-dump\n"
	"title: Restore a dump\n"
	"why: because\n"
	"rto: 4h\n"
	"tags: [a, b]\n"
	"parameters:\n"
	"  text: {type: text, title: T, default: abc, pattern: \"[a-z]+\"}\n"
	"  int: {type: int, min: 1, max: 10, default: 3}\n"
	"  duration: {type: duration, default: 5m}\n"
	"  time: {type: time, optional: true}\n"
	"  choice: {type: choice, choices: [one, two]}\n"
	"  set: {type: set, of: pg_dump, asset: db}\n"
	"  backup: {type: backup, asset: db, set: daily, choose: newest_proven, of: pg_dump}\n"
	"  target: {type: target, kind: postgresql, environment: staging}\n"
	"  secret: {type: secret, from: [env PW, file ~/.pgpass, prompt], optional: true}\n"
	"done_when: [two]\n"
	"proves: {backup: \"{{backup}}\", level: restored}\n"
	"steps:\n"
	"  - id: one\n"
	"    title: One {{text}}\n"
	"    why: because\n"
	"    kind: command\n"
	"    effect: destroy\n"
	"    run: [a, \"\", b c]\n"
	"    dir: /x\n"
	"    when: {value: \"{{int}}\", is: \">= 2\"}\n"
	"    timeout: 10m\n"
	"    budget: 5m\n"
	"    retry: {times: 3, delay: 0s}\n"
	"    expect: {exit: 3, output: \"~ ok\"}\n"
	"    capture: got\n"
	"    confirm: {type: \"{{target.name}}\"}\n"
	"    approve: {count: 2, from: [dba], within: 10m}\n"
	"    undo: {run: [b], instruction: x}\n"
	"    irreversible: gone\n"
	"    on_fail: stop\n"
	"    skip: forbid\n"
	"    drill: simulate\n"
	"    on_hangup: stop\n"
	"    unattended: refuse\n"
	"    env: {PGPASSWORD: \"{{secret}}\", _x1: \"\"}\n"
	"  - {id: two, title: t, kind: sql, target: \"{{target}}\", query: SELECT 1,"
	" expect: {value: 1, rows: \">= 1\"}}\n"
	"  - {id: three, title: t, kind: manual, instruction: i, ask: what}\n"
	"  - {id: four, title: t, kind: choose, question: q, options: [x, y], default: y}\n"
	"  - {id: five, title: t, kind: wait, for: 5s, confirm: true, on_fail: {retry: {times: "
	"2}}}\n"
	"  - {id: six, title: t, kind: wait, until: [x], every: 2s, on_fail: continue}\n";

static void
test_parameters(void **state)
{
	const struct runbook *r = good(whole);
	const struct parameter *q = runbook_parameter(r, "text");

	assert_int_equal(r->parameters.n, 9);
	assert_int_equal(q->type, PARAMETER_TEXT);
	assert_string_equal(q->title, "T");
	assert_string_equal(q->otherwise, "abc");
	assert_string_equal(q->pattern, "[a-z]+");
	assert_int_equal(q->optional, -1);
	q = runbook_parameter(r, "int");
	assert_int_equal(q->min, 1);
	assert_int_equal(q->max, 10);
	assert_int_equal(runbook_parameter(r, "duration")->type, PARAMETER_DURATION);
	assert_int_equal(runbook_parameter(r, "time")->optional, 1);
	q = runbook_parameter(r, "choice");
	assert_int_equal(q->choices.n, 2);
	assert_int_equal(q->min, FIELD_ABSENT);
	q = runbook_parameter(r, "set");
	assert_int_equal(q->of, SET_PG_DUMP);
	assert_string_equal(q->asset, "db");
	q = runbook_parameter(r, "backup");
	assert_int_equal(q->choose, CHOOSE_NEWEST_PROVEN);
	assert_string_equal(q->set, "daily");
	q = runbook_parameter(r, "target");
	assert_string_equal(q->kind, "postgresql");
	assert_int_equal(q->environment, ENV_STAGING);
	q = runbook_parameter(r, "secret");
	assert_int_equal(q->from.n, 3);
	assert_null(runbook_parameter(r, "none"));
	arena_done(&arena);
}

static void
test_runbook_and_common_fields(void **state)
{
	const struct runbook *r = good(whole);
	const struct step *s = runbook_step(r, "one");
	unsigned char sum[DIGEST_SIZE];
	char hex[DIGEST_HEX];

	digest_of(whole, strlen(whole), sum);
	assert_string_equal(r->sha256, digest_hex(sum, DIGEST_SIZE, hex));
	assert_string_equal(r->id, "restore-dump");
	assert_string_equal(r->title, "Restore a dump");
	assert_string_equal(r->why, "because");
	assert_int_equal(r->rto_s, 4 * 3600);
	assert_int_equal(r->tags.n, 2);
	assert_int_equal(r->done_when.n, 1);
	assert_string_equal(r->proves->backup, "{{backup}}");
	assert_int_equal(r->proves->level, LEVEL_RESTORED);
	assert_string_equal(r->file, "r.yaml");
	assert_int_equal(r->text_len, strlen(whole));
	assert_int_equal(r->steps.n, 6);
	assert_string_equal(s->title, "One {{text}}");
	assert_int_equal(s->effect, EFFECT_DESTROY);
	assert_string_equal(s->kind->name, "command");
	assert_string_equal(s->when->value, "{{int}}");
	assert_int_equal(s->timeout_s, 600);
	assert_int_equal(s->budget_s, 300);
	assert_int_equal(s->retry->times, 3);
	assert_int_equal(s->retry->delay_s, 0);
	assert_int_equal(s->expect->exit, 3);
	assert_string_equal(s->expect->output, "~ ok");
	assert_string_equal(s->capture, "got");
	assert_string_equal(s->confirm_type, "{{target.name}}");
	assert_int_equal(s->approve->count, 2);
	assert_int_equal(s->approve->within_s, 600);
	assert_int_equal(s->undo->run.n, 1);
	assert_string_equal(s->irreversible, "gone");
	assert_int_equal(s->on_fail, ON_FAIL_STOP);
	assert_int_equal(s->skip, SKIP_FORBID);
	assert_int_equal(s->drill, DRILL_SIMULATE);
	assert_int_equal(s->on_hangup, ON_HANGUP_STOP);
	assert_int_equal(s->unattended, UNATTENDED_REFUSE);
	assert_int_equal(s->env->count, 2);
	arena_done(&arena);
}

static void
test_defaults(void **state)
{
	const struct runbook *r = good(whole);
	const struct step *s = runbook_step(r, "two");

	assert_int_equal(s->effect, EFFECT_READ);
	assert_int_equal(s->timeout_s, STEP_TIMEOUT_S);
	assert_int_equal(s->budget_s, FIELD_ABSENT);
	assert_int_equal(s->on_fail, ON_FAIL_ASK);
	assert_int_equal(s->skip, -1);
	assert_int_equal(s->expect->exit, FIELD_ABSENT);
	assert_null(s->retry);
	s = runbook_step(r, "five");
	assert_non_null(s->confirm);
	assert_null(s->confirm_type);
	assert_int_equal(s->retry->times, 2);
	assert_int_equal(s->retry->delay_s, FIELD_ABSENT);
	assert_int_equal(runbook_step(r, "six")->on_fail, ON_FAIL_CONTINUE);
	assert_null(runbook_step(r, "seven"));
	r = good("{\"schema\": 1, \"id\": \"r\", \"title\": \"t\", \"steps\": [" CMD "]}");
	assert_int_equal(runbook_step(r, "a")->effect, EFFECT_WRITE);
	assert_int_equal(r->rto_s, FIELD_ABSENT);
	arena_done(&arena);
}

static void
test_f56_steps(void **state)
{
	struct str text = STR_INIT(4 * MIB);

	str_add(&text, HEAD "steps:\n");
	for (int i = 0; i < RUNBOOK_STEPS_MAX; i++)
		str_fmt(&text, "  - {id: s%d, title: t, kind: command, run: [x]}\n", i);
	good(str_text(&text));
	str_add(&text, "  - {id: last, title: t, kind: command, run: [x]}\n");
	assert_fault(text.buf, 5, 3, "A runbook has at most 2000 steps; this one has 2001.", NULL);
	str_done(&text);
	arena_done(&arena);
}

/* A step is free to be called like a parameter, or like what another one captures. */
static void
test_names_may_meet(void **state)
{
	good(HEAD "parameters: {db: {type: target}}\nsteps:\n"
		  "  - {id: db, title: t, kind: command, run: [x], capture: count}\n"
		  "  - {id: count, title: t, kind: command, run: [x], capture: count}\n"
		  "  - {id: site, title: t, kind: command, run: [x]}\n");
	arena_done(&arena);
}

static struct runbook *
load(const char *path, bool trusted)
{
	arena_done(&arena);
	problems_init(&problems, &arena, path);
	return runbook_load(path, trusted, &problems);
}

static void
test_load(void **state)
{
	const char *path = test_text_file("r.yaml", HEAD "steps:\n  - " CMD "\n");

	assert_non_null(load(path, true));
	assert_null(load(test_path("none.yaml"), true));
	assert_holds(problems.list.v[0].message, "Cannot open the runbook: No such file");
	assert_int_equal(mkfifo(test_path("fifo.yaml"), 0600), 0);
	assert_null(load(test_path("fifo.yaml"), false));
	assert_holds(problems.list.v[0].message, "is not a regular file.");
	assert_null(load(test_dir(), false));
	assert_holds(problems.list.v[0].message, "is not a regular file.");
	assert_int_equal(truncate(test_text_file("huge.yaml", ""), 1 << 30), 0);
	assert_null(load(test_path("huge.yaml"), true));
	assert_holds(problems.list.v[0].message, "is larger than the 4194304 bytes");
	arena_done(&arena);
}

/* F54 */
static void
test_f54_unsafe_permissions(void **state)
{
	const char *text = HEAD "steps:\n  - " CMD "\n";

	load(test_file("w.yaml", text, strlen(text), 0622), true);
	assert_int_equal(problems.errors, 1);
	assert_string_equal(problems.list.v[0].rule, "unsafe-permissions");
	assert_holds(problems.list.v[0].message, "w.yaml can be written by others (mode 0622).");
	assert_holds(problems.list.v[0].hint, "chmod go-w");
	assert_int_equal(mkdir(test_path("open"), 0700), 0);
	assert_int_equal(chmod(test_path("open"), 0777), 0);
	load(test_file("open/r.yaml", text, strlen(text), 0600), true);
	assert_int_equal(problems.errors, 1);
	assert_holds(problems.list.v[0].message, "/open can be written by others (mode 0777).");
	assert_non_null(load(test_path("open/r.yaml"), false));
	assert_int_equal(symlink(test_path("open/r.yaml"), test_path("link.yaml")), 0);
	assert_null(load(test_path("link.yaml"), true));
	assert_holds(problems.list.v[0].message, "/open can be written by others");
	arena_done(&arena);
}

TESTS(T(test_parameters), T(test_runbook_and_common_fields), T(test_defaults), T(test_f56_steps),
	T(test_names_may_meet), T(test_load), T(test_f54_unsafe_permissions))

#include "unit/testing.h"

#include "runbook/runbook.h"

static struct arena arena;
static struct problems problems;

static struct runbook *
parse(const char *text)
{
	arena_done(&arena);
	problems_init(&problems, &arena, "r.yaml");
	return runbook_parse(text, strlen(text), &problems);
}

static const char *
all_problems(void)
{
	static char text[64 * KIB];
	struct str out = STR_INIT(sizeof(text) - 1);

	problems_text(&problems, &out);
	snprintf(text, sizeof(text), "%s", str_text(&out));
	str_done(&out);
	return text;
}

static struct runbook *
good(const char *text)
{
	struct runbook *r = parse(text);

	if (r == NULL)
		fail_msg("%s\n%s", all_problems(), text);
	return r;
}

#define HEAD "schema: 1\nid: r\ntitle: t\n"
#define CMD  "{id: a, title: t, kind: command, run: [x]}"

static char template[64 * KIB];
static int mark; /* the column of the ` in it, from 1; 0 without one */

static const char *
fill(const char *before, const char *fields, const char *after)
{
	const char *tick = strchr(fields, '`');
	size_t n = tick != NULL ? (size_t)(tick - fields) : strlen(fields);
	const char *line = strrchr(before, '\n') + 1;

	snprintf(template, sizeof(template), "%s%.*s%s%s", before, (int)n, fields,
		tick != NULL ? tick + 1 : "", after);
	mark = tick != NULL ? (int)(strlen(line) + n) + 1 : 0;
	return template;
}

static int
marked(int otherwise)
{
	return mark > 0 ? mark : otherwise;
}

/* One step with these fields beside id and title. */
static const char *
with_step(const char *fields)
{
	return fill(HEAD "steps:\n  - {id: a, title: t, ", fields, "}\n");
}

static const char *
with_parameter(const char *fields)
{
	return fill(HEAD "parameters:\n  p: {", fields, "}\nsteps:\n  - " CMD "\n");
}

/* Exactly one error, at this line and column, holding the text. */
static void
assert_fault(const char *text, int line, int col, const char *part, const char *hint)
{
	const struct problem *it;

	if (parse(text) != NULL)
		fail_msg("accepted: %s", text);
	if (problems.list.n != 1)
		fail_msg("%zu problems, wanted one with \"%s\":\n%s\n%s", problems.list.n, part,
			all_problems(), text);
	it = &problems.list.v[0];
	if (it->line != line || it->col != col || strstr(it->message, part) == NULL)
		fail_msg("wanted %d:%d \"%s\", got\n%s", line, col, part, all_problems());
	if (hint != NULL && (it->hint == NULL || strstr(it->hint, hint) == NULL))
		fail_msg("no hint with \"%s\":\n%s", hint, all_problems());
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
test_faults_of_the_file(void **state)
{
	assert_fault("", 0, 0, "The file is empty.", NULL);
	assert_fault("just text\n", 1, 1, "A map is wanted for a runbook, but this is text.", NULL);
	assert_fault("id: r\ntitle: t\nsteps:\n  - " CMD "\n", 1, 1,
		"\"schema\" is missing in a runbook.", "version of this format");
	assert_fault("schema: 2\nid: r\ntitle: t\nsteps:\n  - " CMD "\n", 1, 9,
		"\"schema\" is out of range: 2", NULL);
	assert_fault(HEAD, 1, 1, "\"steps\" is missing", "the steps, in order");
	assert_fault(
		HEAD "steps: []\n", 4, 8, "\"steps\" must be a list with at least one step.", NULL);
	assert_fault(HEAD "steps: {a: b}\n", 4, 8, "must be a list", NULL);
	assert_fault(HEAD "stepss: x\nsteps:\n  - " CMD "\n", 4, 1,
		"Unknown key \"stepss\" in a runbook.", "Did you mean \"steps\"?");
	assert_fault(HEAD "id: q\nsteps:\n  - " CMD "\n", 4, 1, "The key \"id\" is given twice.",
		"line 2");
	assert_fault(HEAD "rto: soon\nsteps:\n  - " CMD "\n", 4, 6,
		"\"rto\" must be a duration, like 90s, 15m, 24h or 30d, but is \"soon\".", NULL);
	assert_fault(HEAD "rto: 0s\nsteps:\n  - " CMD "\n", 4, 6, "out of range", NULL);
	assert_fault(HEAD "steps:\n  - " CMD "\n  - " CMD "\n", 6, 10,
		"The step id \"a\" is used twice.", NULL);
	assert_fault(HEAD "done_when: [a, b]\nsteps:\n  - " CMD "\n", 4, 12,
		"\"done_when\" names a step that does not exist: \"b\".", NULL);
	assert_fault(HEAD "proves: {backup: x, level: sure}\nsteps:\n  - " CMD "\n", 4, 28,
		"\"level\" can't be \"sure\".", "Allowed: seen, intact, restored.");
	assert_fault(HEAD "steps:\n  - just text\n", 5, 5,
		"A map is wanted for a step, but this is text.", NULL);
	assert_fault(HEAD "steps: &a\n  - " CMD "\n", 4, 8, "Anchors (&name) are not allowed",
		"Write the value out");
	assert_fault(HEAD "steps:\n  - *a\n", 5, 5, "Aliases (*name) are not allowed", NULL);
	assert_fault(HEAD "steps: !!seq\n  - " CMD "\n", 4, 8, "Tags", NULL);
	arena_done(&arena);
}

static void
test_faults_of_parameters(void **state)
{
	static const struct {
		const char *fields; /* a ` where the fault is; none: the map itself */
		const char *part, *hint;
	} cases[] = {
		{"title: x", "\"type\" is missing in a parameter.", "what it is"},
		{"type: `txt", "\"type\" can't be \"txt\".", "Allowed: text, int, duration"},
		{"type: int, pattern: `x", "\"pattern\" does not go with a parameter of type int.",
			NULL},
		{"type: text, choices: `[a]", "\"choices\" does not go", NULL},
		{"type: text, min: `1", "\"min\" does not go", NULL},
		{"type: duration, max: `1", "\"max\" does not go", NULL},
		{"type: target, asset: `x", "\"asset\" does not go", NULL},
		{"type: set, set: `x", "\"set\" does not go", NULL},
		{"type: target, of: `wal", "\"of\" does not go", NULL},
		{"type: set, choose: `newest", "\"choose\" does not go", NULL},
		{"type: backup, kind: `x", "\"kind\" does not go", NULL},
		{"type: text, environment: `staging", "\"environment\" does not go", NULL},
		{"type: text, from: `[prompt]", "\"from\" does not go", NULL},
		{"type: secret, from: prompt, default: `x", "\"default\" does not go", NULL},
		{"type: secret", "A secret needs \"from\".", "from: [env PGPASSWORD, prompt]"},
		{"type: secret, from: [vault x]", "\"vault x\" is not a source of a secret.",
			"Write \"env NAME\""},
		{"type: choice", "A choice needs \"choices\".", NULL},
		{"type: text, pattern: `\"(\"", "\"(\" is not a regular expression.", NULL},
		{"type: backup, choose: `best", "\"choose\" can't be \"best\".", "newest_proven"},
		{"type: text, optional: `perhaps", "\"optional\" must be true or false", NULL},
		{"type: text, `defalt: x", "Unknown key \"defalt\" in a parameter.",
			"Did you mean \"default\"?"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text = with_parameter(cases[i].fields);

		assert_fault(text, 5, marked(6), cases[i].part, cases[i].hint);
	}
	assert_fault(HEAD "parameters: {bad name: {type: text}}\nsteps:\n  - " CMD "\n", 4, 14,
		"\"bad name\" is not a name.", "letters, digits");
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"run", "site", "operator"};
		char text[512];

		snprintf(text, sizeof(text),
			HEAD "parameters: {%s: {type: text}}\nsteps:\n  - " CMD "\n", names[i]);
		assert_fault(text, 4, 14 + (int)strlen(names[i]) + 2, "A parameter can't be called",
			"lifeboat's own");
	}
	assert_fault(HEAD "parameters: {a.b: {type: text}}\nsteps:\n  - " CMD "\n", 4, 19,
		"\"a.b\" can't hold a dot: {{a.b}} would mean a part of {{a}}.", "Use - or _");
	arena_done(&arena);
}

static void
test_faults_of_steps(void **state)
{
	static const struct {
		const char *fields; /* a ` where the fault is; none: the map itself */
		const char *part, *hint;
	} cases[] = {
		{"run: [x]", "\"kind\" is missing in a step.", "Kinds: manual"},
		{"kind: `kommand, run: [x]", "There is no kind of step \"kommand\".",
			"Kinds: manual, command, sql"},
		{"kind: command, run: [x], effect: `harm", "\"effect\" can't be \"harm\".",
			"Allowed: read, write, destroy."},
		{"kind: command, run: [x], timeout: `0s", "\"timeout\" is out of range", NULL},
		{"kind: command, run: [x], retry: `{delay: 1s}", "\"times\" is missing in retry.",
			"how often"},
		{"kind: command, run: [x], retry: {times: `0}", "\"times\" is out of range: 0",
			NULL},
		{"kind: command, run: [x], retry: {times: `1001}", "out of range", NULL},
		{"kind: command, run: [x], expect: `{}", "\"expect\" says nothing.", NULL},
		{"kind: command, run: [x], expect: `{value: 1}",
			"A command step gives no value to compare.",
			"Of a command, expect its output."},
		{"kind: sql, target: \"{{t}}\", query: x, expect: `{exit: 1}",
			"exit and output are expected of a command only.", NULL},
		{"kind: command, run: [x], expect: {exit: `256}", "out of range", NULL},
		{"kind: command, run: [x], expect: `{output: \"~ (\"}",
			"\"(\" is not a regular expression", NULL},
		{"kind: command, run: [x], expect: `{output: \"> many\"}",
			"\"> many\" must compare with a number.", "\">= 1\""},
		{"kind: command, run: [x], when: `{value: a, is: \"~ (\"}",
			"\"(\" is not a regular expression", NULL},
		{"kind: command, run: [x], when: `{value: a}", "\"is\" is missing", NULL},
		{"kind: command, run: [x], confirm: `false",
			"\"confirm\" must be true or {type: TEXT}.", "{{target.name}}"},
		{"kind: command, run: [x], confirm: `{type: [x]}", "\"confirm\" must be", NULL},
		{"kind: command, run: [x], confirm: `{type: x, y: z}", "\"confirm\" must be", NULL},
		{"kind: command, run: [x], on_fail: `panic",
			"\"on_fail\" must be ask, stop, continue or {retry: {times, delay}}.",
			NULL},
		{"kind: command, run: [x], on_fail: `{retry: {times: 1}}, retry: {times: 1}",
			"\"on_fail\" must be", NULL},
		{"kind: command, run: [x], undo: `{}", "\"undo\" needs run or instruction.", NULL},
		{"kind: command, run: [x], env: `[a]", "\"env\" must be a map", NULL},
		{"kind: command, run: [x], env: {\"a b\": `x}",
			"\"a b\" is not an environment variable with a text.", NULL},
		{"kind: command, run: [x], env: {1a: `x}", "\"1a\" is not an environment", NULL},
		{"kind: command, run: [x], env: {A: `[x]}", "\"A\" is not an environment", NULL},
		{"kind: command, run: [x], env: {LD_PRELOAD: `x}", "A step can't set LD_PRELOAD.",
			"which code runs"},
		{"kind: command, run: [x], env: {PATH: `x}", "A step can't set PATH.", NULL},
		{"kind: command, run: [x], env: {BASH_ENV: `x}", "A step can't set BASH_ENV.",
			NULL},
		{"kind: command, run: [x], capture: `a.b", "\"a.b\" can't hold a dot", NULL},
		{"kind: command, run: [x], capture: `run",
			"The name \"run\" is taken by a variable of lifeboat's own.",
			"a name of its own"},
		{"kind: command, run: [x], skip: `never", "\"skip\" can't be \"never\".",
			"allow, forbid"},
		{"kind: command, run: [x], drill: `no", "\"drill\" can't be \"no\".",
			"run, simulate, forbid"},
		{"kind: command, run: [x], on_hangup: `x", "\"on_hangup\" can't be", NULL},
		{"kind: command, run: [x], unattended: `x", "\"unattended\" can't be", NULL},
		{"kind: command, run: [x], approve: {count: `0}", "out of range", NULL},
		{"kind: command, run: [x], `tilte: x", "Unknown key \"tilte\" in a step.",
			"Did you mean \"title\"?"},
		{"kind: command, run: [x], `query: x", "Unknown key \"query\" in a step.", NULL},
		{"kind: command", "A command step needs exactly one of run and sh.", NULL},
		{"kind: command, run: [x], sh: y", "exactly one of run and sh", NULL},
		{"kind: command, run: `[]", "\"run\" is empty", NULL},
		{"kind: command, run: `rm -rf x", "\"run\" is a list of arguments",
			"run: [program, argument, ...]"},
		{"kind: command, sh: `\"echo {{x}}\"", "Variables are not spliced into a script.",
			"$NAME"},
		{"kind: wait", "A wait step needs exactly one of for, until and replay.", NULL},
		{"kind: wait, for: 1s, until: [x]", "exactly one of for, until and replay", NULL},
		{"kind: wait, until: `[]", "\"until\" is empty", NULL},
		{"kind: wait, for: 1s, every: `1s", "\"every\" goes with until and replay.", NULL},
		{"kind: command, run: [x], when: {value: a, is: a}, again: `nowhere",
			"\"again\" names no earlier step", NULL},
		{"kind: sandbox, wal: a/wal", "\"wal\" and \"to\" go together.", NULL},
		{"kind: sandbox, backup: `x", "\"backup\" goes with wal and to.", NULL},
		{"kind: sandbox, wal: a/wal, to: end, version: 15",
			"The backup says which version it is of.", NULL},
		{"kind: sandbox, wal: a/wal, to: end, into: `/x", "no reading", "effect: write"},
		{"kind: wait, for: 1s, log: /x", "go with replay", NULL},
		{"kind: manual", "\"instruction\" is missing", "what the person does"},
		{"kind: manual, instruction: x, timeout: `5m",
			"\"timeout\" has no effect: a person answers a manual step.", NULL},
		{"kind: manual, instruction: x, confirm: `true", "\"confirm\" has no effect", NULL},
		{"kind: manual, instruction: x, retry: `{times: 1}", "\"retry\" has no effect",
			NULL},
		{"kind: manual, instruction: x, env: `{A: b}", "\"env\" has no effect", NULL},
		{"kind: choose, question: q, options: [x]", "A choice needs at least two options.",
			NULL},
		{"kind: choose, question: q, options: [x, y], default: `z",
			"The default is none of the options.", NULL},
		{"kind: sql, target: `{name: x}, query: q",
			"\"target\" must be the name of a target, but is a map.", NULL},
		{"kind: sql, target: \"{{t}}\", query: q, `query_values: [a]",
			"Unknown key \"query_values\"", NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *text = with_step(cases[i].fields);

		assert_fault(text, 5, marked(5), cases[i].part, cases[i].hint);
	}
	assert_fault(HEAD "steps:\n  - {id: a.b, title: t, kind: command, run: [x]}\n", 5, 10,
		"\"a.b\" can't hold a dot", NULL);
	/* Nobody decides: it would go in circles. */
	assert_fault(HEAD "steps:\n  - {id: a, title: t, kind: command, run: [x]}\n"
			  "  - {id: b, title: t, kind: command, run: [x], when: {value: a, is: a}, "
			  "again: a}\n",
		6, 80, "only where a person decides it every time", "choose step");
	assert_fault(HEAD "parameters: {p: {type: target}}\nsteps:\n"
			  "  - {id: a, title: t, kind: command, run: [x], capture: p}\n",
		6, 57, "The name \"p\" is taken by a parameter.", NULL);
	arena_done(&arena);
}

/* Not only the first fault is told, and each in its place. */
static void
test_all_faults_at_once(void **state)
{
	static const char *const wanted[] = {
		"r.yaml:1:1: error: \"title\" is missing in a runbook.\n    one line\n"
		"r.yaml:2:5: error: \"-bad\" is not a name.\n",
		"starts with a letter or digit.\nr.yaml:4:5: error: \"title\" is missing in a "
		"step.\n",
		"r.yaml:4:47: error: \"timeout\" must be a duration, like 90s, 15m, 24h or 30d, "
		"but is \"x\".\nr.yaml:5:29: error: There is no kind of step \"nothing\".\n",
		"r.yaml:6:5: error: \"instruction\" is missing in a manual step.\n"};

	assert_null(parse("schema: 1\nid: -bad\nsteps:\n"
			  "  - {id: a, kind: command, run: [x], timeout: x}\n"
			  "  - {id: b, title: t, kind: nothing, what: ever}\n"
			  "  - {id: c, title: t, kind: manual}\n"));
	assert_int_equal(problems.errors, 6);
	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		assert_holds(all_problems(), wanted[i]);
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

TESTS(T(test_parameters), T(test_runbook_and_common_fields), T(test_defaults),
	T(test_faults_of_the_file), T(test_faults_of_parameters), T(test_faults_of_steps),
	T(test_all_faults_at_once), T(test_f56_steps), T(test_names_may_meet), T(test_load),
	T(test_f54_unsafe_permissions))

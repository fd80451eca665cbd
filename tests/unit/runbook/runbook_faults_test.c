/*
 * What is wrong with a runbook is told with its line and column, a reason and a way out.
 */
#include "unit/runbook/runbooks.h"

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

struct fault {
	const char *fields; /* a ` where the fault is; none: the map itself */
	const char *part, *hint;
};

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

static const struct fault parameter_faults[] = {
	{"title: x", "\"type\" is missing in a parameter.", "what it is"},
	{"type: `txt", "\"type\" can't be \"txt\".", "Allowed: text, int, duration"},
	{"type: int, pattern: `x", "\"pattern\" does not go with a parameter of type int.", NULL},
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

static void
test_faults_of_parameters(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(parameter_faults); i++) {
		const struct fault *f = &parameter_faults[i];
		const char *text = with_parameter(f->fields);

		assert_fault(text, 5, marked(6), f->part, f->hint);
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
assert_step_faults(const struct fault *faults, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *text = with_step(faults[i].fields);

		assert_fault(text, 5, marked(5), faults[i].part, faults[i].hint);
	}
	arena_done(&arena);
}

/* What steps of every kind have. */
static const struct fault common_faults[] = {
	{"run: [x]", "\"kind\" is missing in a step.", "Kinds: manual"},
	{"kind: `kommand, run: [x]", "There is no kind of step \"kommand\".",
		"Kinds: manual, command, sql"},
	{"kind: command, run: [x], effect: `harm", "\"effect\" can't be \"harm\".",
		"Allowed: read, write, destroy."},
	{"kind: command, run: [x], timeout: `0s", "\"timeout\" is out of range", NULL},
	{"kind: command, run: [x], retry: `{delay: 1s}", "\"times\" is missing in retry.",
		"how often"},
	{"kind: command, run: [x], retry: {times: `0}", "\"times\" is out of range: 0", NULL},
	{"kind: command, run: [x], retry: {times: `1001}", "out of range", NULL},
	{"kind: command, run: [x], expect: `{}", "\"expect\" says nothing.", NULL},
	{"kind: command, run: [x], expect: `{value: 1}",
		"A command step gives no value to compare.", "Of a command, expect its output."},
	{"kind: sql, target: \"{{t}}\", query: x, expect: `{exit: 1}",
		"exit and output are expected of a command only.", NULL},
	{"kind: command, run: [x], expect: {exit: `256}", "out of range", NULL},
	{"kind: command, run: [x], expect: `{output: \"~ (\"}", "\"(\" is not a regular expression",
		NULL},
	{"kind: command, run: [x], expect: `{output: \"> many\"}",
		"\"> many\" must compare with a number.", "\">= 1\""},
	{"kind: command, run: [x], when: `{value: a, is: \"~ (\"}",
		"\"(\" is not a regular expression", NULL},
	{"kind: command, run: [x], when: `{value: a}", "\"is\" is missing", NULL},
	{"kind: command, run: [x], confirm: `false", "\"confirm\" must be true or {type: TEXT}.",
		"{{target.name}}"},
	{"kind: command, run: [x], confirm: `{type: [x]}", "\"confirm\" must be", NULL},
	{"kind: command, run: [x], confirm: `{type: x, y: z}", "\"confirm\" must be", NULL},
	{"kind: command, run: [x], on_fail: `panic",
		"\"on_fail\" must be ask, stop, continue or {retry: {times, delay}}.", NULL},
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
	{"kind: command, run: [x], env: {BASH_ENV: `x}", "A step can't set BASH_ENV.", NULL},
	{"kind: command, run: [x], capture: `a.b", "\"a.b\" can't hold a dot", NULL},
	{"kind: command, run: [x], capture: `run",
		"The name \"run\" is taken by a variable of lifeboat's own.", "a name of its own"},
	{"kind: command, run: [x], skip: `never", "\"skip\" can't be \"never\".", "allow, forbid"},
	{"kind: command, run: [x], drill: `no", "\"drill\" can't be \"no\".",
		"run, simulate, forbid"},
	{"kind: command, run: [x], on_hangup: `x", "\"on_hangup\" can't be", NULL},
	{"kind: command, run: [x], unattended: `x", "\"unattended\" can't be", NULL},
	{"kind: command, run: [x], approve: {count: `0}", "out of range", NULL},
	{"kind: command, run: [x], `tilte: x", "Unknown key \"tilte\" in a step.",
		"Did you mean \"title\"?"},
	{"kind: command, run: [x], `query: x", "Unknown key \"query\" in a step.", NULL},
	{"kind: command, run: [x], when: {value: a, is: a}, again: `nowhere",
		"\"again\" names no earlier step", NULL},
};

static void
test_faults_of_common_fields(void **state)
{
	assert_step_faults(common_faults, ARRAY_LEN(common_faults));
}

static const struct fault kind_faults[] = {
	{"kind: command", "A command step needs exactly one of run and sh.", NULL},
	{"kind: command, run: [x], sh: y", "exactly one of run and sh", NULL},
	{"kind: command, run: `[]", "\"run\" is empty", NULL},
	{"kind: command, run: `rm -rf x", "\"run\" is a list of arguments",
		"run: [program, argument, ...]"},
	{"kind: command, sh: `\"echo {{x}}\"", "Variables are not spliced into a script.", "$NAME"},
	{"kind: wait", "A wait step needs exactly one of for, until and replay.", NULL},
	{"kind: wait, for: 1s, until: [x]", "exactly one of for, until and replay", NULL},
	{"kind: wait, until: `[]", "\"until\" is empty", NULL},
	{"kind: wait, for: 1s, every: `1s", "\"every\" goes with until and replay.", NULL},
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
	{"kind: manual, instruction: x, retry: `{times: 1}", "\"retry\" has no effect", NULL},
	{"kind: manual, instruction: x, env: `{A: b}", "\"env\" has no effect", NULL},
	{"kind: choose, question: q, options: [x]", "A choice needs at least two options.", NULL},
	{"kind: choose, question: q, options: [x, y], default: `z",
		"The default is none of the options.", NULL},
	{"kind: sql, target: `{name: x}, query: q",
		"\"target\" must be the name of a target, but is a map.", NULL},
	{"kind: sql, target: \"{{t}}\", query: q, `query_values: [a]",
		"Unknown key \"query_values\"", NULL},
};

static void
test_faults_of_kinds(void **state)
{
	assert_step_faults(kind_faults, ARRAY_LEN(kind_faults));
}

static void
test_faults_between_steps(void **state)
{
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

TESTS(T(test_faults_of_the_file), T(test_faults_of_parameters), T(test_faults_of_common_fields),
	T(test_faults_of_kinds), T(test_faults_between_steps), T(test_all_faults_at_once))

#include "unit/runbook/plans.h"

#include "base/proc.h"

#define HEAD "schema: 1\nid: r\ntitle: t\n"

static const char parameters[] = "parameters:\n"
				 "  t: {type: target, default: prod}\n"
				 "  u: {type: target, default: stage}\n"
				 "  w: {type: text, default: word}\n"
				 "  list: {type: text, default: \"a b; rm -rf / $(id)\"}\n"
				 "  dash: {type: text, default: \"-rf\"}\n"
				 "  none: {type: text, optional: true}\n"
				 "  s: {type: secret, from: [env X]}\n";

static struct plan *plan;
static const struct step *step;
static struct resolved r;

/* The first step of a runbook, resolved; the error's text when it can't be. */
static const char *
resolve(const char *fields, unsigned flags)
{
	struct str text = STR_INIT(256 * KIB);
	struct err err = ERR_INIT;
	const char *msg = NULL;

	arena_done(&arena);
	str_fmt(&text,
		HEAD "%ssteps:\n  - {id: a, title: T, %s}\n"
		     "  - {id: gives, title: t, kind: command, run: [x], capture: got}\n",
		parameters, fields);
	plan = test_plan(str_text(&text), NULL);
	step = plan->steps.v[0];
	if (!step_resolve(step, &plan->scope, flags, &arena, &r, &err))
		msg = arena_strdup(&arena, err.msg);
	err_done(&err);
	str_done(&text);
	return msg;
}

static void
assert_params(const char *fields, const char *want)
{
	const char *msg = resolve(fields, 0);

	if (msg != NULL)
		fail_msg("%s: %s", fields, msg);
	assert_string_equal(r.params, want);
}

#define CMD "kind: command, "

/* F41: whatever a value holds, it is one item of argv, and no shell sees it. */
static void
test_f41_arguments(void **state)
{
	assert_params(CMD "run: [echo, \"{{list}}\", \"{{dash}}\", \"x{{w}}y{{w}}\", \"\"]",
		"{\"run\":[\"echo\",\"a b; rm -rf / $(id)\",\"-rf\",\"xwordyword\",\"\"]}");
	arena_done(&arena);
}

static void
test_fields(void **state)
{
	assert_params(CMD "run: echo", "{\"run\":[\"echo\"]}");
	assert_params(CMD "run: [\"{{none}}\"], dir: \"/x/{{w}}\"",
		"{\"run\":[\"\"],\"dir\":\"/x/word\"}");
	/* A script is text, braces and all. */
	assert_params(CMD "sh: \"a ${b} { c; }\"", "{\"sh\":\"a ${b} { c; }\"}");
	assert_params("kind: wait, for: 5m", "{\"for\":\"5m\"}");
	assert_params("kind: wait, until: [test, \"{{w}}\"], every: 2s",
		"{\"until\":[\"test\",\"word\"],\"every\":\"2s\"}");
	assert_params("kind: manual, instruction: \"do {{w}}\", ask: \"{{w}}?\"",
		"{\"instruction\":\"do word\",\"ask\":\"word?\"}");
	assert_params("kind: choose, question: q, options: [\"{{w}}\", b], default: b",
		"{\"question\":\"q\",\"options\":[\"word\",\"b\"],\"default\":\"b\"}");
}

#define PROD                                                                        \
	"{\"name\":\"prod\",\"kind\":\"postgresql\",\"conninfo\":\"service=prod\"," \
	"\"environment\":\"production\",\"database\":\"app\",\"system_identifier\":\"77\"}"

/* SQL values are bound, never spliced; each place has a number of its own. */
static void
test_bound_values(void **state)
{
	assert_params("kind: sql, target: \"{{t}}\", query: SELECT 1",
		"{\"target\":" PROD ",\"query\":\"SELECT 1\"}");
	assert_params("kind: sql, target: \"{{ t }}\", query: \"SELECT {{list}}, {{w}} || {{w}}\"",
		"{\"target\":" PROD ",\"query\":\"SELECT $1, $2 || $3\",\"query_values\":"
		"[\"a b; rm -rf / $(id)\",\"word\",\"word\"]}");
	assert_string_equal(r.describe, "SELECT $1, $2 || $3\n$1 = a b; rm -rf / $(id)\n"
					"$2 = word\n$3 = word\non service=prod");
}

static void
test_targets(void **state)
{
	assert_null(resolve("kind: sql, target: \"{{t}}\", query: \"SELECT 1\"", 0));
	assert_int_equal(r.ntargets, 1);
	assert_string_equal(r.targets[0], "t");
	/* Each once, wherever the step speaks of it, by whichever part. */
	assert_null(resolve(CMD "run: [\"{{u.conninfo}}\", \"{{t}}\", \"{{u}}\"], "
				"env: {A: \"{{t.name}}\"}",
		0));
	assert_int_equal(r.ntargets, 2);
	assert_string_equal(r.targets[0], "u");
	assert_string_equal(r.targets[1], "t");
	assert_null(resolve(CMD "run: [x], irreversible: \"{{u.name}} is gone\"", 0));
	assert_int_equal(r.ntargets, 1);
	arena_done(&arena);
}

static void
test_late_values(void **state)
{
	assert_null(resolve(CMD "run: [\"{{gives.value}}\", \"{{got}}\", \"{{run}}\", \"{{w}}\"]",
		EXPAND_LATE));
	assert_string_equal(
		r.params, "{\"run\":[\"{{gives.value}}\",\"{{got}}\",\"{{run}}\",\"word\"]}");
	assert_true(r.late);
	assert_string_equal(resolve(CMD "run: [\"{{got}}\"]", 0),
		"Step \"a\": {{got}} is not known: the step that gives it has not run.");
	assert_null(resolve(CMD "run: [\"{{w}}\"], confirm: {type: \"{{got}}\"}", EXPAND_LATE));
	assert_false(r.late);
	assert_true(r.confirm_late);
	assert_string_equal(r.confirm_type, "{{got}}");
	/* Known now. */
	scope_set(&plan->scope, "got", VAR_TEXT, "{{w}}");
	{
		struct err err = ERR_INIT;

		assert_true(step_resolve(step, &plan->scope, 0, &arena, &r, &err));
		assert_string_equal(r.confirm_type, "{{w}}");
		assert_false(r.confirm_late);
	}
	arena_done(&arena);
}

static void
test_texts(void **state)
{
	assert_null(
		resolve(CMD "effect: destroy, run: [x], why: \"for {{w}}\", "
			    "confirm: {type: \"{{t.name}}\"}, irreversible: \"{{t.name}} goes\", "
			    "undo: {instruction: \"put {{w}} back\"}, "
			    "expect: {output: \"= {{w}}\"}",
			0));
	assert_string_equal(r.title, "T");
	assert_string_equal(r.why, "for word");
	assert_string_equal(r.confirm_type, "prod");
	assert_string_equal(r.irreversible, "prod goes");
	assert_string_equal(r.undo, "put word back");
	assert_string_equal(r.expect_output, "= word");
	assert_null(r.expect_value);
	assert_string_equal(r.describe, "x");
	arena_done(&arena);
}

/* What is shown can be pasted into a shell and means the same. */
static void
test_describe_quotes(void **state)
{
	assert_null(resolve(CMD "run: [a, \"\", b c, \"it's\", \"$x\", \"-x=/y:z,w@v%+\", \"*\", "
				"\"a\\nb\", \"~\", \"#\"], dir: /d",
		0));
	assert_string_equal(
		r.describe, "a '' 'b c' 'it'\\''s' '$x' -x=/y:z,w@v%+ '*' 'a\nb' '~' '#'\nin /d");
	assert_null(resolve(CMD "sh: \"a | b\"", 0));
	assert_string_equal(r.describe, "/bin/bash -eu -c:\na | b");
	arena_done(&arena);
}

static bool
environment(struct proc_env *env, struct err *err)
{
	*env = (struct proc_env){.v = NULL};
	return step_environment(step, &plan->scope, &arena, env, err);
}

/* A secret is in the environment of the step's process and nowhere else. */
static void
test_secrets_only_in_env(void **state)
{
	struct secret *secret = secret_new("hunter2hunter2", 14);
	struct err err = ERR_INIT;
	struct proc_env env;

	assert_null(resolve(CMD "run: [x], env: {PGPASSWORD: \"{{s}}\", B: \"<{{s}}>{{w}}\", C: c, "
				"D: \"\", E: \"{{none}}\"}",
		0));
	arena_done(&arena);
	assert_null(resolve(CMD "run: [x], env: {A: \"x\\nLD_PRELOAD=y\"}", 0));
	assert_string_equal(r.env, "A=x\\nLD_PRELOAD=y");
	assert_null(resolve(CMD "run: [x], env: {PGPASSWORD: \"{{s}}\", B: \"<{{s}}>{{w}}\", C: c, "
				"D: \"\", E: \"{{none}}\"}",
		0));
	assert_string_equal(r.env, "PGPASSWORD=(secret s)\nB=<(secret s)>word\nC=c\nD=\nE=");
	assert_null(strstr(r.params, "hunter2"));
	((struct var *)scope_get(&plan->scope, "s"))->secret = secret;
	assert_true(environment(&env, &err));
	assert_int_equal(env.n, 4);
	assert_string_equal(env.v[0], "PGPASSWORD=hunter2hunter2");
	assert_string_equal(env.v[1], "B=<hunter2hunter2>word");
	assert_string_equal(env.v[2], "C=c");
	/* Set to nothing on purpose; a variable whose only value is missing is not set at all. */
	assert_string_equal(env.v[3], "D=");
	secret_free(secret);
	arena_done(&arena);
}

static void
test_secrets_elsewhere(void **state)
{
	struct err err = ERR_INIT;
	static const char *const fields[] = {CMD "run: [\"{{s}}\"]", CMD "run: [x], dir: \"{{s}}\"",
		"kind: sql, target: \"{{t}}\", query: \"SELECT {{s}}\"",
		"kind: manual, instruction: \"{{s}}\"", CMD "run: [x], irreversible: \"{{s}}\"",
		CMD "run: [x], expect: {output: \"{{s}}\"}",
		CMD "run: [x], confirm: {type: \"{{s}}\"}"};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		char text[4096];
		struct plan *p;

		snprintf(text, sizeof(text), HEAD "%ssteps:\n  - {id: a, title: T, %s}\n",
			parameters, fields[i]);
		assert_false(test_build(text, PLAN_LIVE, NULL, &p, &err));
		assert_hint(&err, "its env only");
		assert_err(
			&err, ERR_CONFIG, "Step \"a\": {{s}} is a secret and may not stand here.");
	}
	arena_done(&arena);
}

static bool
wanted(const char *when)
{
	char fields[512];
	struct err err = ERR_INIT;
	bool yes = false;

	snprintf(fields, sizeof(fields), CMD "run: [x]%s%s", when[0] != '\0' ? ", when: " : "",
		when);
	assert_null(resolve(fields, EXPAND_LATE));
	if (!step_wanted(step, &plan->scope, &yes, &err))
		fail_msg("%s", err.msg);
	return yes;
}

static void
test_when(void **state)
{
	struct err err = ERR_INIT;
	bool yes;

	assert_true(wanted(""));
	assert_true(wanted("{value: \"{{w}}\", is: word}"));
	assert_false(wanted("{value: \"{{w}}\", is: other}"));
	assert_true(wanted("{value: \"{{w}}\", is: \"!= other\"}"));
	assert_true(wanted("{value: \"{{t.environment}}\", is: \"~ ^prod\"}"));
	assert_true(wanted("{value: \"12\", is: \"> 9\"}"));
	assert_false(wanted("{value: \"{{none}}\", is: \"> 9\"}"));
	assert_null(resolve(CMD "run: [x], when: {value: \"{{got}}\", is: x}", EXPAND_LATE));
	assert_false(step_wanted(step, &plan->scope, &yes, &err));
	assert_err(&err, ERR_CONFIG, "Step \"a\", when: {{got}} is not known");
	arena_done(&arena);
}

static void
test_limits(void **state)
{
	struct str fields = STR_INIT(256 * KIB);

	/* 16 KiB a value, many times in one text. */
	str_add(&fields, CMD "run: [x, \"");
	for (int i = 0; i < 20; i++)
		str_add(&fields, "{{big}}");
	str_add(&fields, "\"]");
	{
		struct str text = STR_INIT(MIB);
		struct err err = ERR_INIT;
		struct plan *p;

		str_fmt(&text, HEAD "parameters: {big: {type: text, default: ");
		for (int i = 0; i < 16000; i++)
			str_addc(&text, 'x');
		str_fmt(&text, "}}\nsteps:\n  - {id: a, title: T, %s}\n", str_text(&fields));
		assert_false(test_build(str_text(&text), PLAN_LIVE, NULL, &p, &err));
		assert_err(&err, ERR_LIMIT, "too long");
		str_done(&text);
	}
	str_done(&fields);
	arena_done(&arena);
}

static void
collect(const char *root, void *arg)
{
	str_fmt(arg, "%s ", root);
}

static void
test_roots(void **state)
{
	struct str out = STR_INIT(KIB);

	assert_null(resolve(CMD "run: [\"{{t.conninfo}} {{w}}\"], env: {A: \"{{u.name}}\"}, "
				"when: {value: \"{{list}}\", is: x}",
		0));
	step_roots(step, collect, &out);
	assert_string_equal(str_text(&out), "t w u list ");
	str_done(&out);
	arena_done(&arena);
}

TESTS(T(test_f41_arguments), T(test_fields), T(test_bound_values), T(test_targets),
	T(test_late_values), T(test_texts), T(test_describe_quotes), T(test_secrets_only_in_env),
	T(test_secrets_elsewhere), T(test_when), T(test_limits), T(test_roots))

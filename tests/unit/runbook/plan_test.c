#include "unit/runbook/plans.h"

#define HEAD "schema: 1\nid: r\ntitle: t\n"
#define END  "steps:\n  - {id: a, title: t, kind: command, run: [x]}\n"

static void
assert_refused(const char *parameters, const char **sets, enum err_code code, const char *msg,
	const char *hint)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	struct err err = ERR_INIT;
	struct plan *p;

	str_fmt(&text, HEAD "parameters: {%s}\n" END, parameters);
	if (test_build(str_text(&text), PLAN_LIVE, sets, &p, &err))
		fail_msg("accepted: %s %s", parameters, sets != NULL ? sets[0] : "");
	if (hint != NULL)
		assert_hint(&err, hint);
	assert_err(&err, code, msg);
	arena_done(&arena);
}

static void
assert_taken(const char *parameters, const char **sets, const char *name, const char *value)
{
	CLEANUP(str_done) struct str text = STR_INIT(64 * KIB);
	const struct var *v;

	str_fmt(&text, HEAD "parameters: {%s}\n" END, parameters);
	v = scope_get(&test_plan(str_text(&text), sets)->scope, name);
	if (v == NULL || !util_streq(v->value, value))
		fail_msg("%s is \"%s\", wanted \"%s\"", name, v != NULL ? v->value : "(none)",
			value);
	arena_done(&arena);
}

static void
test_values(void **state)
{
	assert_taken("p: {type: text}", SETS("p=a b $(c)"), "p", "a b $(c)");
	assert_taken("p: {type: text}", SETS("p=a=b"), "p", "a=b");
	assert_taken("p: {type: text}", SETS("p=a", "p=b"), "p", "b");
	assert_taken("p: {type: text, default: d}", NULL, "p", "d");
	assert_taken("p: {type: text, optional: true}", NULL, "p", "");
	/* Nobody named one, and it is not needed: the empty text, without a site. */
	assert_taken("p: {type: target, optional: true}", NULL, "p", "");
	assert_taken("p: {type: set, optional: true}", NULL, "p", "");
	assert_taken("p: {type: backup, optional: true}", SETS("p="), "p", "");
	assert_taken("p: {type: moment}", SETS("p=lsn:0/3A21F8"), "p", "lsn:0/3A21F8");
	assert_taken("p: {type: moment, default: end}", NULL, "p", "end");
	assert_taken("p: {type: int, optional: true}", SETS("p="), "p", "");
	assert_taken("p: {type: text, pattern: \"[a-z]+\"}", SETS("p=abc"), "p", "abc");
	assert_taken("p: {type: int, min: 1, max: 3}", SETS("p=3"), "p", "3");
	assert_taken("p: {type: duration}", SETS("p=1h30m"), "p", "1h30m");
	assert_taken(
		"p: {type: time}", SETS("p=2026-11-20T14:32:07Z"), "p", "2026-11-20T14:32:07Z");
	assert_taken("p: {type: choice, choices: [a, b]}", SETS("p=b"), "p", "b");
}

static void
test_wrong_values(void **state)
{
	assert_refused("p: {type: text}", SETS("q=1"), ERR_USAGE, "has no parameter \"q\".",
		"Did you mean p?");
	assert_refused("p: {type: moment}", SETS("p=noon"), ERR_USAGE, "is no moment that",
		"Write a time with its zone");
	assert_refused("somewhat: {type: text}", SETS("zzzzzzzz=1"), ERR_USAGE,
		"has no parameter \"zzzzzzzz\".", NULL);
	assert_refused("p: {type: text}", SETS("p"), ERR_USAGE,
		"--set takes NAME=VALUE, not \"p\".", NULL);
	assert_refused("p: {type: text}", NULL, ERR_USAGE, "The parameter p (text) is not given.",
		"--set p=text");
	assert_refused("p: {type: text, title: the thing}", NULL, ERR_USAGE, "p (the thing)", NULL);
	assert_refused("p: {type: text}", SETS("p="), ERR_USAGE, "The parameter p is empty.", NULL);
	assert_refused("p: {type: choice, choices: [a]}", SETS("p="), ERR_USAGE, "is empty", NULL);
	assert_refused("p: {type: text}", SETS("p=gr\xfc\xdf"), ERR_USAGE,
		"--set p: the value is not UTF-8.", NULL);
	assert_refused("p: {type: text, pattern: \"[a-z]+\"}", SETS("p=abc1"), ERR_USAGE,
		"The parameter p must be like [a-z]+, but is \"abc1\".", NULL);
	assert_refused(
		"p: {type: text, pattern: \"a|ab\"}", SETS("p=abb"), ERR_USAGE, "like a|ab", NULL);
	assert_refused("p: {type: int}", SETS("p=1.5"), ERR_USAGE, "must be a whole number", NULL);
	assert_refused("p: {type: int, min: 1, max: 3}", SETS("p=4"), ERR_USAGE,
		"must be from 1 to 3, but is \"4\".", NULL);
	assert_refused(
		"p: {type: int, min: 1}", SETS("p=0"), ERR_USAGE, "must be at least 1", NULL);
	assert_refused("p: {type: int, max: 3}", SETS("p=4"), ERR_USAGE, "must be at most 3", NULL);
	assert_refused(
		"p: {type: duration}", SETS("p=soon"), ERR_USAGE, "a duration, like 15m", NULL);
	assert_refused("p: {type: time}", SETS("p=2026-11-20 14:32"), ERR_USAGE,
		"a time with its zone", NULL);
	assert_refused("p: {type: choice, choices: [a, b]}", SETS("p=c"), ERR_USAGE,
		"must be one of its choices, but is \"c\".", "Choices: a, b.");
	assert_refused("p: {type: text, default: X, pattern: \"[a-z]\"}", NULL, ERR_USAGE,
		"must be like [a-z]", NULL);
	assert_refused("p: {type: secret, from: [env X]}", SETS("p=hunter2"), ERR_USAGE,
		"The secret p can't be given on the command line.", "Its sources: env X");
}

static void
test_too_long(void **state)
{
	CLEANUP(str_done) struct str value = STR_INIT(64 * KIB);

	str_add(&value, "p=");
	for (int i = 0; i < 16 * KIB; i++)
		str_addc(&value, 'x');
	assert_taken("p: {type: text}", SETS(value.buf), "p", value.buf + 2);
	str_addc(&value, 'x');
	assert_refused("p: {type: text}", SETS(value.buf), ERR_LIMIT, "longer than 16 KiB", NULL);
}

static void
test_targets(void **state)
{
	const char *any = "t: {type: target}", *pg = "t: {type: target, kind: postgresql}";

	assert_taken(any, SETS("t=prod"), "t", "prod");
	assert_taken(any, SETS("t=prod"), "t.name", "prod");
	assert_taken(any, SETS("t=prod"), "t.conninfo", "service=prod");
	assert_taken(any, SETS("t=prod"), "t.environment", "production");
	assert_taken(any, SETS("t=prod"), "t.database", "app");
	assert_taken(any, SETS("t=prod"), "t.system_identifier", "77");
	assert_taken(any, SETS("t=prod"), "t.kind", "postgresql");
	assert_taken(any, SETS("t=files"), "t.directory", "/srv/x");
	assert_taken("t: {type: target, default: stage}", NULL, "t", "stage");
	assert_refused(any, NULL, ERR_USAGE, "The parameter t (target) is not given.",
		"one of: prod, stage, files, scratch");
	assert_refused(any, SETS("t=prdo"), ERR_USAGE, "There is no target \"prdo\".",
		"one of: prod, stage");
	assert_refused(pg, SETS("t=files"), ERR_REFUSED,
		"The target files can't be used here: it is not of kind postgresql.",
		"one of: prod, stage, scratch");
	assert_refused("t: {type: target, environment: staging}", SETS("t=prod"), ERR_REFUSED,
		"it is not staging", "stage");
}

/* F58: by construction, not by looking away. */
static void
test_f58_drill(void **state)
{
	const char *text = HEAD "parameters: {t: {type: target, default: prod}}\n" END;
	struct err err = ERR_INIT;
	struct plan *p;

	assert_false(test_build(text, PLAN_DRILL, SETS("t=prod"), &p, &err));
	assert_hint(&err, "one of: stage, files, scratch");
	assert_err(&err, ERR_REFUSED, "a drill can't touch production");
	assert_false(test_build(text, PLAN_DRILL, NULL, &p, &err));
	assert_err(&err, ERR_REFUSED, "a drill can't touch production");
	assert_true(test_build(text, PLAN_DRILL, SETS("t=stage"), &p, &err));
	assert_int_equal(p->mode, PLAN_DRILL);
	arena_done(&arena);
}

static void
test_backup_by_path(void **state)
{
	const char *path = test_text_file("b.dump", "data");
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_taken("b: {type: backup}", SETS(arena_fmt(&arena, "b=%s", path)), "b.path",
		test_path("b.dump"));
	assert_taken(
		"b: {type: backup}", SETS(arena_fmt(&arena, "b=%s", path)), "b.name", "b.dump");
	assert_taken(
		"b: {type: backup}", SETS(arena_fmt(&arena, "b=%s", path)), "b.size_bytes", "4");
	assert_refused("b: {type: backup}", SETS("b=/nonexistent/x"), ERR_NOT_FOUND,
		"There is no backup at /nonexistent/x.", NULL);
	assert_refused("b: {type: backup}", SETS("b=no/such"), ERR_USAGE,
		"There is no set \"no/such\".", "one of: db/daily");
	arena_done(&arena);
}

static void
test_sets(void **state)
{
	assert_taken("s: {type: set}", NULL, "s", "db/daily");
	assert_taken(
		"s: {type: set, of: pg_dump}", SETS("s=db/daily"), "s.directory", "/backup/pg");
	assert_taken("s: {type: set}", NULL, "s.database", "app");
	assert_refused("s: {type: set, of: wal}", NULL, ERR_USAGE,
		"The parameter s (set) is not given", "(the site file has none that fits)");
	assert_refused("s: {type: set}", SETS("s=db/nightly"), ERR_USAGE,
		"There is no set \"db/nightly\".", "db/daily");
}

static void
test_no_site(void **state)
{
	struct plan_options o = {.operator= "x", .incident = CLOCK_NONE};
	struct err err = ERR_INIT;
	struct plan *p;

	assert_false(plan_build(&arena, test_runbook(HEAD "parameters: {t: {type: target}}\n" END),
		NULL, test_dir(), &o, &p, &err));
	assert_hint(&err, "--site FILE");
	assert_err(&err, ERR_CONFIG, "The parameter t needs a site file, and there is none.");
	assert_true(plan_build(&arena, test_runbook(HEAD END), NULL, test_dir(), &o, &p, &err));
	arena_done(&arena);
}

/* Wrong uses of variables are found before anything starts. */
static void
test_every_step_resolves(void **state)
{
	struct err err = ERR_INIT;
	struct plan *p;

	assert_false(test_build(HEAD "steps:\n"
				     "  - {id: a, title: t, kind: command, run: [x]}\n"
				     "  - {id: b, title: t, kind: command, run: [\"{{no}}\"]}\n",
		PLAN_LIVE, NULL, &p, &err));
	assert_err(&err, ERR_CONFIG, "Step \"b\": There is no variable {{no}}.");
	assert_false(
		test_build(HEAD "parameters: {w: {type: text}}\nsteps:\n"
				"  - {id: b, title: t, kind: sql, target: \"{{w}}\", query: x}\n",
			PLAN_LIVE, SETS("w=x"), &p, &err));
	assert_hint(&err, "a parameter of type target, or a sandbox step");
	assert_err(&err, ERR_CONFIG, "\"target\" must be a {{target}}, but is \"{{w}}\".");
	arena_done(&arena);
}

static const char *const whole =
	HEAD "parameters:\n"
	     "  t: {type: target}\n"
	     "  u: {type: target}\n"
	     "  w: {type: text}\n"
	     "  s: {type: secret, from: [env X, prompt], optional: true}\n"
	     "  b: {type: backup}\n"
	     "steps:\n"
	     "  - {id: a, title: \"T {{w}}\", kind: command, run: [x, \"{{t.conninfo}}\"],"
	     " env: {P: \"{{s}}\"}}\n"
	     "  - {id: c, title: t, kind: sql, target: \"{{u}}\", query: \"SELECT {{w}}\"}\n"
	     "  - {id: d, title: t, kind: command, effect: read, run: [x, \"{{b.path}}\"], "
	     "capture: got}\n"
	     "  - {id: e, title: \"{{got}} {{d.value}} {{run}}\", kind: manual, instruction: x}\n";

static struct plan *
whole_plan(void)
{
	return test_plan(whole,
		SETS("t=prod", "u=stage", "w=it's \xc3\xbc \xe2\x80\xae\xf3\xa0\x81\x81\x1b[1m",
			arena_fmt(&arena, "b=%s", test_text_file("x.dump", "1234"))));
}

static void
test_assemble(void **state)
{
	struct plan *p = whole_plan();

	assert_int_equal(p->steps.n, 4);
	assert_int_equal(p->targets.n, 2);
	assert_true(plan_target(p, "t")->touched);
	assert_false(plan_target(p, "u")->touched);
	assert_null(plan_target(p, "prod"));
	assert_int_equal(plan_backup(p, "b")->size, 4);
	assert_int_equal(scope_get(&p->scope, "got")->kind, VAR_LATE);
	assert_int_equal(scope_get(&p->scope, "d")->kind, VAR_LATE);
	assert_null(scope_get(&p->scope, "e"));
	assert_string_equal(scope_get(&p->scope, "site")->value, "test");
	assert_string_equal(scope_get(&p->scope, "operator")->value, "ops@here");
	assert_int_equal(scope_get(&p->scope, "run")->kind, VAR_LATE);
	assert_string_equal(p->secrets.v[0].name, "s");
	assert_true(p->secrets.v[0].optional);
	assert_null(scope_get(&p->scope, "s")->value);
	arena_done(&arena);
}

/* What was shown is what is executed: a plan read back resolves to the same bytes. */
static void
test_save_and_load(void **state)
{
	struct plan *p = whole_plan(), *again;
	CLEANUP(str_done) struct str saved = STR_INIT(MIB), second = STR_INIT(MIB);
	CLEANUP(json_free) cJSON *j = NULL;
	struct err err = ERR_INIT;

	plan_save(p, &saved);
	assert_null(strstr(saved.buf, "\x1b"));
	j = json_parse(saved.buf, saved.len, &err);
	assert_non_null(j);
	if (!plan_load(&arena, j, p->runbook, &again, &err))
		fail_msg("%s", err.msg);
	plan_save(again, &second);
	assert_string_equal(str_text(&second), saved.buf);
	assert_int_equal(again->steps.n, p->steps.n);
	assert_true(plan_target(again, "t")->touched);
	assert_false(plan_target(again, "u")->touched);
	assert_string_equal(again->secrets.v[0].from.v[1], "prompt");
	for (size_t i = 0; i < p->steps.n; i++) {
		struct resolved one, two;

		assert_true(
			step_resolve(p->steps.v[i], &p->scope, EXPAND_LATE, &arena, &one, &err));
		assert_true(step_resolve(
			again->steps.v[i], &again->scope, EXPAND_LATE, &arena, &two, &err));
		assert_string_equal(one.params, two.params);
		assert_string_equal(one.describe, two.describe);
		assert_string_equal(one.title, two.title);
		assert_int_equal(one.ntargets, two.ntargets);
		assert_int_equal(one.nbackups, two.nbackups);
	}
	arena_done(&arena);
}

static void
load_changed(const char *from, const char *to, enum err_code code, const char *msg)
{
	struct plan *p = whole_plan(), *again;
	CLEANUP(str_done) struct str saved = STR_INIT(MIB), changed = STR_INIT(MIB);
	CLEANUP(json_free) cJSON *j = NULL;
	struct err err = ERR_INIT;
	const char *at;

	plan_save(p, &saved);
	at = strstr(saved.buf, from);
	assert_non_null(at);
	str_addn(&changed, saved.buf, (size_t)(at - saved.buf));
	str_add(&changed, to);
	str_add(&changed, at + strlen(from));
	j = json_parse(changed.buf, changed.len, &err);
	if (plan_load(&arena, j, p->runbook, &again, &err))
		fail_msg("loaded with %s", to);
	assert_err(&err, code, msg);
	arena_done(&arena);
}

static void
test_load_damaged(void **state)
{
	load_changed("\"sha256\": \"", "\"sha256\": \"0", ERR_REFUSED,
		"The pinned copy of the runbook is not the one of the plan.");
	load_changed("\"sha256\"", "\"sha257\"", ERR_REFUSED, "pinned copy");
	load_changed("\"operator\"", "\"operater\"", ERR_DAMAGED, "The plan is malformed.");
	load_changed("\"kind\": \"text\"", "\"kind\": \"txt\"", ERR_DAMAGED, "malformed");
	load_changed("\"kind\": \"target\"", "\"kind\": 1", ERR_DAMAGED, "malformed");
	load_changed("\"name\": \"t\"", "\"nam\": \"t\"", ERR_DAMAGED, "malformed");
	load_changed("\"var\": \"u\"", "\"war\": \"u\"", ERR_DAMAGED, "malformed");
	load_changed("\"var\": \"b\"", "\"var\": null", ERR_DAMAGED, "malformed");
	load_changed("\"value\": \"service=prod\"", "\"value\": 3", ERR_DAMAGED, "malformed");
	/* F58: the plan was made with production. */
	load_changed("\"mode\": \"live\"", "\"mode\": \"drill\"", ERR_REFUSED,
		"The plan is a drill's, and prod is production.");
}

static const char *
shown(struct plan *p)
{
	struct str out = STR_INIT(MIB);
	const char *text;

	plan_text(p, &out);
	text = arena_strdup(&arena, str_text(&out));
	str_done(&out);
	return text;
}

static void
test_text(void **state)
{
	const char *text = shown(whole_plan());

	assert_holds(text, "r: t\n  attended, sha256 ");
	assert_holds(text, "  as: ops@here\n");
	assert_holds(text, "  t: prod\n");
	assert_holds(text, "  s: (secret)\n");
	assert_holds(text, "   1. a  [command, write]\n"
			   "       T it's \xc3\xbc \\u202e\\U000e0041\\x1b[1m\n"
			   "       | x service=prod\n"
			   "       env: P=(secret s)\n"
			   "       where: prod = service=prod (PRODUCTION)\n"
			   "       waits for: go-ahead\n");
	assert_holds(text, "   2. c  [sql, read]\n       t\n       | SELECT $1\n"
			   "       | $1 = it's \xc3\xbc \\u202e\\U000e0041\\x1b[1m\n"
			   "       | on host=/run dbname=stage\n"
			   "       where: stage = host=/run dbname=stage (staging)\n");
	assert_holds(text,
		"   4. e  [manual, read]\n       {{got}} {{d.value}} {{run}}\n       | x\n"
		"       waits for: a person\n");
	arena_done(&arena);
}

/* F31: whatever a runbook holds, a terminal gets text. */
static void
test_f31_text(void **state)
{
	const char *text = shown(test_plan(
		"schema: 1\nid: r\ntitle: \"a\\e[2J\"\nparameters: {w: {type: text, default: "
		"\"\\e]0;x\\a\"}}\n"
		"steps:\n"
		"  - {id: a, title: \"b\\e[1m\", kind: command, effect: destroy, run: "
		"[\"c\\e[31m\"],\n"
		"     dir: \"/d\\e\", confirm: {type: \"e\\e\"}, irreversible: \"f\\e\\n\\eg\",\n"
		"     when: {value: \"h\\e\", is: \"!= i\\e\"}, env: {A: \"j\\e\\r\"}}\n"
		"  - {id: q, title: t, kind: choose, question: \"k\\e\", options: [\"l\\e\", m]}\n",
		NULL));

	for (const char *p = text; *p != '\0'; p++)
		assert_true(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
	for (const char *c = "abcdefghijkl"; *c != '\0'; c++) {
		char visible[] = {*c, '\\', 'x', '1', 'b', '\0'};

		if (*c != 'g')
			assert_holds(text, visible);
	}
	arena_done(&arena);
}

static void
test_json(void **state)
{
	struct str out = STR_INIT(MIB);
	struct json w = json_new(&out);
	CLEANUP(json_free) cJSON *j = NULL;
	struct err err = ERR_INIT;
	const cJSON *step;

	plan_json(whole_plan(), &w);
	j = json_parse(str_text(&out), out.len, &err);
	assert_non_null(j);
	assert_string_equal(json_get_text(j, "runbook"), "r");
	assert_string_equal(json_get_text(j, "mode"), "live");
	assert_string_equal(json_get_text(j, "operator"), "ops@here");
	assert_true(cJSON_IsNull(json_get(json_get(j, "parameters"), "s")));
	step = cJSON_GetArrayItem(json_get(j, "steps"), 0);
	assert_string_equal(json_get_text(step, "effect"), "write");
	assert_string_equal(json_get_text(step, "env"), "P=(secret s)");
	assert_string_equal(
		cJSON_GetArrayItem(json_get(json_get(step, "params"), "run"), 1)->valuestring,
		"service=prod");
	assert_true(json_get_bool(step, "complete", false));
	step = cJSON_GetArrayItem(json_get(j, "steps"), 3);
	assert_string_equal(json_get_text(step, "waits_for"), "a person");
	str_done(&out);
	arena_done(&arena);
}

TESTS(T(test_values), T(test_wrong_values), T(test_too_long), T(test_targets), T(test_f58_drill),
	T(test_backup_by_path), T(test_sets), T(test_no_site), T(test_every_step_resolves),
	T(test_assemble), T(test_save_and_load), T(test_load_damaged), T(test_text),
	T(test_f31_text), T(test_json))

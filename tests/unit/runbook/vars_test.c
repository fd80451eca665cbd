#include "unit/testing.h"

#include "runbook/vars.h"

static struct arena arena;
static struct scope scope;

static void
fill(void)
{
	arena_done(&arena);
	scope_init(&scope, &arena);
	scope_set(&scope, "name", VAR_TEXT, "value");
	scope_set(&scope, "empty", VAR_TEXT, "");
	scope_set(&scope, "tricky", VAR_TEXT, "{{name}} $(id) `x` '; DROP");
	scope_set(&scope, "target", VAR_TARGET, "prod-db");
	scope_set(&scope, "target.conninfo", VAR_TEXT, "service=x");
	scope_set(&scope, "sandbox", VAR_TARGET, "scratch");
	scope_set(&scope, "sandbox.conninfo", VAR_LATE, NULL);
	scope_set(&scope, "step", VAR_LATE, NULL);
	scope_set(&scope, "password", VAR_SECRET, NULL);
}

/* The text, or the message of the error. */
static const char *
expand(const char *text, unsigned flags, bool *good)
{
	struct str out = STR_INIT(KIB);
	struct err err = ERR_INIT;
	const char *result;

	*good = vars_expand(&scope, text, flags, &out, &err);
	if (*good)
		result = arena_strdup(&arena, str_text(&out));
	else
		result = arena_fmt(&arena, "%s|%s", err.msg, err.hint != NULL ? err.hint : "");
	assert_int_equal(err.code == ERR_NONE, *good);
	str_done(&out);
	err_done(&err);
	return result;
}

static void
assert_expands(const char *text, unsigned flags, const char *want)
{
	bool good;
	const char *got = expand(text, flags, &good);

	if (!good || strcmp(got, want) != 0)
		fail_msg("\"%s\" became \"%s\", wanted \"%s\"", text, got, want);
}

static void
assert_fails(const char *text, unsigned flags, const char *part)
{
	bool good;
	const char *got = expand(text, flags, &good);

	if (good || strstr(got, part) == NULL)
		fail_msg("\"%s\" gave \"%s\", wanted an error with \"%s\"", text, got, part);
}

static void
test_expand(void **state)
{
	fill();
	assert_expands("", 0, "");
	assert_expands("plain { text } }} }", 0, "plain { text } }} }");
	assert_expands("{{name}}", 0, "value");
	assert_expands("<{{ name }}><{{name}}>", 0, "<value><value>");
	assert_expands("{{empty}}", 0, "");
	assert_expands("{{target}} at {{target.conninfo}}", 0, "prod-db at service=x");
	assert_expands("{{name}}}", 0, "value}");
	assert_expands("{ {name} }", 0, "{ {name} }");
	arena_done(&arena);
}

/* What a value contains is text: it is never looked at again. */
static void
test_f41_values_are_not_expanded(void **state)
{
	fill();
	assert_expands("a {{tricky}} b", 0, "a {{name}} $(id) `x` '; DROP b");
	assert_expands("{{tricky}}{{name}}", EXPAND_LATE, "{{name}} $(id) `x` '; DROPvalue");
	assert_false(vars_late(&scope, "{{tricky}}"));
	arena_done(&arena);
}

static void
test_unknown(void **state)
{
	struct str name = STR_INIT(KIB);

	fill();
	assert_fails("{{nothing}}", 0, "There is no variable {{nothing}}.");
	assert_fails("{{nam}}", 0, "Did you mean {{name}}?");
	assert_fails("{{target.connifo}}", 0, "Did you mean {{target.conninfo}}?");
	assert_fails("{{}}", 0, "There is no variable {{}}");
	assert_fails("{{   }}", 0, "There is no variable {{}}");
	assert_fails("{{na me}}", 0, "There is no variable {{na me}}");
	assert_fails("x {{name", 0, "A {{ is never closed in \"x {{name\".");
	assert_fails("{{name}} {{", 0, "never closed");
	/* A name of any length is cut for the message, never for the search. */
	for (int i = 0; i < 300; i++)
		str_addc(&name, 'n');
	assert_fails(arena_fmt(&arena, "{{%s}}", str_text(&name)), 0, "There is no variable {{nnn");
	str_done(&name);
	arena_done(&arena);
}

static void
test_late(void **state)
{
	fill();
	assert_fails("{{step}}", 0, "{{step}} is not known: the step that gives it has not run.");
	assert_fails("{{step.value}}", 0, "{{step.value}} is not known");
	assert_fails("{{sandbox.conninfo}}", 0, "not known");
	assert_expands("a {{step}} {{ step.value }} {{name}}", EXPAND_LATE,
		"a {{step}} {{step.value}} value");
	assert_expands(
		"{{sandbox}} {{sandbox.conninfo}}", EXPAND_LATE, "scratch {{sandbox.conninfo}}");
	assert_true(vars_late(&scope, "x {{name}} {{step.value}}"));
	assert_true(vars_late(&scope, "{{sandbox.conninfo}}"));
	assert_false(vars_late(&scope, "{{sandbox}} {{name}}"));
	assert_false(vars_late(&scope, "{{unknown}}"));
	/* What a step gave is no longer late. */
	scope_set(&scope, "step.value", VAR_TEXT, "7");
	assert_expands("{{step.value}}", 0, "7");
	assert_fails("{{step}}", 0, "not known");
	arena_done(&arena);
}

static void
test_secrets(void **state)
{
	struct secret *secret = secret_new("hunter2hunter2", 14);

	fill();
	assert_fails("{{password}}", 0, "{{password}} is a secret and may not stand here.");
	assert_fails("{{password}}", EXPAND_LATE, "Secrets reach a step through its env only");
	assert_expands("p={{password}}", EXPAND_MASK, "p=(secret password)");
	/* Without its value (an optional one that nobody gave) it is empty. */
	assert_expands("p={{password}}", EXPAND_SECRET, "p=");
	((struct var *)scope_get(&scope, "password"))->secret = secret;
	assert_expands("p={{password}}", EXPAND_SECRET, "p=hunter2hunter2");
	assert_expands("p={{password}}", EXPAND_SECRET | EXPAND_MASK, "p=(secret password)");
	secret_free(secret);
	arena_done(&arena);
}

static void
test_bound(void **state)
{
	struct str out = STR_INIT(8);
	struct err err = ERR_INIT;

	fill();
	assert_false(vars_expand(&scope, "{{name}}{{name}}", 0, &out, &err));
	assert_int_equal(err.code, ERR_LIMIT);
	assert_holds(err.msg, "too long");
	err_done(&err);
	str_done(&out);
	arena_done(&arena);
}

static void
test_scope(void **state)
{
	fill();
	assert_string_equal(scope_get(&scope, "name")->value, "value");
	assert_null(scope_get(&scope, "nam"));
	assert_string_equal(scope_root(&scope, "target.anything.at.all")->name, "target");
	assert_null(scope_root(&scope, ".target"));
	scope_set(&scope, "name", VAR_TEXT, "other");
	assert_string_equal(scope_get(&scope, "name")->value, "other");
	arena_done(&arena);
}

static void
note(const char *name, size_t len, void *arg)
{
	struct str *out = arg;

	str_fmt(out, "[%.*s]", (int)len, name);
}

static void
test_each(void **state)
{
	struct str out = STR_INIT(KIB);

	assert_true(vars_each("a {{x}} {{ y.z }}{{}}", note, &out));
	assert_string_equal(str_text(&out), "[x][y.z][]");
	str_cut(&out, 0);
	assert_false(vars_each("{{x}} {{y", note, &out));
	assert_string_equal(str_text(&out), "[x]");
	str_done(&out);
}

TESTS(T(test_expand), T(test_f41_values_are_not_expanded), T(test_unknown), T(test_late),
	T(test_secrets), T(test_bound), T(test_scope), T(test_each))

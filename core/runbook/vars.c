#include "base/banned.h"
#include "runbook/vars.h"
#include "base/text.h"

void
scope_init(struct scope *s, struct arena *a)
{
	*s = (struct scope){.arena = a};
}

const struct var *
scope_get(const struct scope *s, const char *name)
{
	const struct var *v;

	vec_each (&s->vars, v)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

const struct var *
scope_root(const struct scope *s, const char *name)
{
	char root[128];

	snprintf(root, sizeof(root), "%.*s", (int)strcspn(name, "."), name);
	return scope_get(s, root);
}

struct var *
scope_set(struct scope *s, const char *name, enum var_kind kind, const char *value)
{
	struct var *v = (struct var *)scope_get(s, name);

	if (v == NULL) {
		v = vec_push(s->arena, &s->vars);
		*v = (struct var){.name = arena_strdup(s->arena, name)};
	}
	v->kind = kind;
	v->value = arena_strdup(s->arena, value);
	return v;
}

/* The next {{ name }} at or after *p; moves *p behind it. 0: none, 1: found, -1: not closed. */
static int
next_variable(const char **p, const char **name, size_t *len)
{
	const char *open = strstr(*p, "{{"), *close;

	if (open == NULL)
		return 0;
	close = strstr(open, "}}");
	if (close == NULL)
		return -1;
	*name = open + 2 + strspn(open + 2, " ");
	*len = (size_t)(close - *name);
	while (*len > 0 && (*name)[*len - 1] == ' ')
		(*len)--;
	*p = close + 2;
	return 1;
}

bool
vars_each(const char *text, vars_cb cb, void *arg)
{
	const char *name;
	size_t len;
	int found;

	while ((found = next_variable(&text, &name, &len)) > 0)
		cb(name, len, arg);
	return found == 0;
}

struct late {
	const struct scope *scope;
	bool found;
};

static void
find_late(const char *name, size_t len, void *arg)
{
	struct late *l = arg;
	const struct var *v;
	char text[128];

	snprintf(text, sizeof(text), "%.*s", (int)len, name);
	v = scope_get(l->scope, text);
	if (v == NULL)
		v = scope_root(l->scope, text);
	l->found = l->found || (v != NULL && v->kind == VAR_LATE);
}

bool
vars_late(const struct scope *s, const char *text)
{
	struct late l = {.scope = s};

	return vars_each(text, find_late, &l) && l.found;
}

static bool
unknown(const struct scope *s, const char *name, struct err *err)
{
	const char *near = NULL;
	const struct var *v;
	size_t best = 4;

	vec_each (&s->vars, v) {
		size_t d = text_distance(name, v->name, 4);

		if (d < best) {
			best = d;
			near = v->name;
		}
	}
	err_set(err, ERR_CONFIG, "There is no variable {{%s}}.", name);
	if (near != NULL)
		err_hint(err, "Did you mean {{%s}}?", near);
	return false;
}

static bool
insert(const struct scope *s, const char *name, unsigned flags, struct str *out, struct err *err)
{
	const struct var *v = scope_get(s, name);

	if (v == NULL && scope_root(s, name) != NULL && scope_root(s, name)->kind == VAR_LATE)
		v = scope_root(s, name);
	if (v == NULL)
		return unknown(s, name, err);
	if (v->kind == VAR_LATE) {
		if (flags & EXPAND_LATE) {
			str_fmt(out, "{{%s}}", name);
			return true;
		}
		return err_set(err, ERR_CONFIG,
			"{{%s}} is not known: the step that gives it has not run.", name);
	}
	if (v->kind != VAR_SECRET) {
		str_add(out, v->value);
		return true;
	}
	if (flags & EXPAND_MASK) {
		str_fmt(out, "(secret %s)", name);
	} else if (!(flags & EXPAND_SECRET)) {
		err_set(err, ERR_CONFIG, "{{%s}} is a secret and may not stand here.", name);
		return err_hint(
			err, "Secrets reach a step through its env only, never its arguments.");
	} else if (v->secret != NULL) {
		str_addn(out, secret_bytes(v->secret), secret_len(v->secret));
	}
	return true;
}

bool
vars_expand(
	const struct scope *s, const char *text, unsigned flags, struct str *out, struct err *err)
{
	const char *p = text, *name;
	size_t len;
	int found;

	for (;;) {
		const char *from = p;
		char buf[128];

		found = next_variable(&p, &name, &len);
		if (found < 0)
			return err_set(err, ERR_CONFIG, "A {{ is never closed in \"%s\".", text);
		if (found == 0) {
			str_add(out, from);
			break;
		}
		str_addn(out, from, (size_t)(strstr(from, "{{") - from));
		snprintf(buf, sizeof(buf), "%.*s", (int)len, name);
		if (!insert(s, buf, flags, out, err))
			return false;
	}
	if (out->full)
		return err_set(
			err, ERR_LIMIT, "A text becomes too long once its variables are replaced.");
	return true;
}

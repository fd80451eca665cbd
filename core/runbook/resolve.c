#include "base/banned.h"
#include "runbook/resolve.h"
#include "base/proc.h"
#include "conf/expect.h"

#define EXPANDED_MAX (256 * KIB)

struct resolver {
	const struct step *step;
	const struct scope *scope;
	unsigned flags;
	struct arena *arena;
	struct err *err;
	struct resolved *ret;
	bool late;
};

static const char *
expand(struct resolver *r, const char *text)
{
	CLEANUP(str_done) struct str out = STR_INIT(EXPANDED_MAX);

	if (text == NULL)
		return NULL;
	r->late = r->late || vars_late(r->scope, text);
	if (!vars_expand(r->scope, text, r->flags, &out, r->err)) {
		err_prefix(r->err, "Step \"%s\"", r->step->id);
		return NULL;
	}
	return arena_strdup(r->arena, str_text(&out));
}

/* For texts that may be absent: false only on an error. */
static bool
expand_to(struct resolver *r, const char *text, const char **ret)
{
	*ret = expand(r, text);
	return text == NULL || *ret != NULL;
}

static bool
write_texts(struct resolver *r, struct json *j, const struct node *n, const char *key)
{
	const struct node *it;
	const char *text;

	json_array(j, key);
	if (n->type == NODE_SCALAR) {
		if ((text = expand(r, n->text)) == NULL)
			return false;
		json_string(j, NULL, text);
	} else {
		node_each (n, it) {
			if ((text = expand(r, it->text)) == NULL)
				return false;
			json_string(j, NULL, text);
		}
	}
	json_array_end(j);
	return true;
}

static const char *
variable_of(const char *text)
{
	static char name[128];
	size_t n = strlen(text);

	if (!util_starts(text, "{{") || !util_ends(text, "}}") || n >= sizeof(name))
		return NULL;
	snprintf(name, sizeof(name), "%.*s", (int)(n - 4), text + 2);
	for (n = strlen(name); n > 0 && name[n - 1] == ' '; n--)
		name[n - 1] = '\0';
	return name + strspn(name, " ");
}

/* Where a sandbox listens is known once it runs. */
static bool
write_late(struct resolver *r, struct json *j, const char *name)
{
	if (r->flags & EXPAND_LATE) {
		r->late = true;
		json_fmt(j, "conninfo", "{{%s}}", name);
		return true;
	}
	return err_set(r->err, ERR_CONFIG, "Step \"%s\": the sandbox behind {{%s}} is not running.",
		r->step->id, name);
}

static bool
write_target(struct resolver *r, struct json *j, const struct node *n, const char *key)
{
	static const char *const parts[] = {
		"name", "kind", "conninfo", "environment", "database", "system_identifier"};
	const char *name = variable_of(n->text);
	const struct var *v = name != NULL ? scope_get(r->scope, name) : NULL;

	if (v == NULL || (v->kind != VAR_TARGET && v->kind != VAR_LATE)) {
		err_set(r->err, ERR_CONFIG,
			"Step \"%s\": \"%s\" must be a {{target}}, but is \"%s\".", r->step->id,
			key, n->text);
		return err_hint(r->err, "Name a parameter of type target, or a sandbox step.");
	}
	/* Optional, and nobody named one: its steps must not be wanted (when). */
	if (v->kind == VAR_TARGET && v->value[0] == '\0' && !(r->flags & EXPAND_LATE))
		return err_set(r->err, ERR_CONFIG,
			"Step \"%s\" needs the target \"%s\", which "
			"was not given.",
			r->step->id, v->name);
	json_object(j, key);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *full = arena_fmt(r->arena, "%s.%s", v->name, parts[i]);
		const struct var *part = scope_get(r->scope, full);
		bool is_late = part != NULL ? part->kind == VAR_LATE : v->kind == VAR_LATE;

		if (part != NULL && !is_late)
			json_string(j, parts[i], part->value);
		else if (is_late && util_streq(parts[i], "conninfo") && !write_late(r, j, full))
			return false;
	}
	json_object_end(j);
	return true;
}

/* "id = {{x}}" becomes "id = $1", and the values a list of their own. */
static bool
write_bound(struct resolver *r, struct json *j, const char *text, const char *key)
{
	CLEANUP(str_done) struct str sql = STR_INIT(EXPANDED_MAX), values = STR_INIT(EXPANDED_MAX);
	struct json list = json_new(&values);
	const char *p = text, *open, *close;
	int n = 0;

	json_array(&list, NULL);
	while ((open = strstr(p, "{{")) != NULL && (close = strstr(open, "}}")) != NULL) {
		const char *value =
			expand(r, arena_strndup(r->arena, open, (size_t)(close + 2 - open)));

		if (value == NULL)
			return false;
		str_addn(&sql, p, (size_t)(open - p));
		str_fmt(&sql, "$%d", ++n);
		json_string(&list, NULL, value);
		p = close + 2;
	}
	str_add(&sql, p);
	json_array_end(&list);
	json_string(j, key, str_text(&sql));
	if (n > 0)
		json_raw(j, arena_fmt(r->arena, "%s_values", key), str_text(&values));
	return true;
}

/* A scalar with its quotes, so that the reader in the step's process sees the same type. */
static void
write_plain(struct json *j, const struct node *n, const char *key)
{
	const struct node *it;

	if (n->type == NODE_MAP) {
		json_object(j, key);
		node_each (n, it)
			write_plain(j, it, it->key);
		json_object_end(j);
	} else if (n->type == NODE_LIST) {
		json_array(j, key);
		node_each (n, it)
			write_plain(j, it, NULL);
		json_array_end(j);
	} else if (!n->quoted && (util_streq(n->text, "true") || util_streq(n->text, "false") ||
					 (n->text[0] != '\0' && strspn(n->text, "0123456789") ==
									strlen(n->text)))) {
		json_raw(j, key, n->text);
	} else {
		json_string(j, key, n->text);
	}
}

/* Every text of a map or list that a kind reads by itself. */
static bool
write_expanded(struct resolver *r, struct json *j, const struct node *n, const char *key)
{
	const struct node *it;
	const char *text;

	if (n->type == NODE_SCALAR) {
		if ((text = expand(r, n->text)) == NULL)
			return false;
		json_string(j, key, text);
		return true;
	}
	if (n->type == NODE_MAP)
		json_object(j, key);
	else
		json_array(j, key);
	node_each (n, it)
		if (!write_expanded(r, j, it, n->type == NODE_MAP ? it->key : NULL))
			return false;
	if (n->type == NODE_MAP)
		json_object_end(j);
	else
		json_array_end(j);
	return true;
}

static bool
write_field(struct resolver *r, struct json *j, const struct field *f, const struct node *n)
{
	const char *text;

	switch (f->type) {
	case FIELD_TEMPLATE:
		if ((text = expand(r, n->text)) == NULL)
			return false;
		/* An optional parameter that nobody gave leaves an optional field out. */
		if (text[0] != '\0' || f->required)
			json_string(j, f->name, text);
		return true;
	case FIELD_TEXTS: return write_texts(r, j, n, f->name);
	case FIELD_TARGET: return write_target(r, j, n, f->name);
	case FIELD_BOUND: return write_bound(r, j, n->text, f->name);
	case FIELD_NODE: return write_expanded(r, j, n, f->name);
	default: write_plain(j, n, f->name); return true;
	}
}

/* What the plan has fixed for this step, beside what is written in it. */
static void
write_pinned(struct resolver *r, struct json *j, const char *field)
{
	const struct var *v = scope_get(r->scope, arena_fmt(r->arena, "%s.%s", r->step->id, field));

	if (v != NULL && v->kind == VAR_TEXT)
		json_string(j, field, v->value);
}

static bool
write_params(struct resolver *r, struct str *out)
{
	const struct schema *schema = r->step->kind->params;
	struct json j = json_new(out);

	json_object(&j, NULL);
	for (size_t i = 0; i < schema->count; i++) {
		const struct node *n = node_get(r->step->at, schema->fields[i].name);

		if (n != NULL && !write_field(r, &j, &schema->fields[i], n))
			return false;
		if (n == NULL && schema->fields[i].internal)
			write_pinned(r, &j, schema->fields[i].name);
	}
	json_object_end(&j);
	if (out->full)
		return err_set(r->err, ERR_LIMIT, "Step \"%s\" becomes too long.", r->step->id);
	return true;
}

struct roots {
	step_roots_cb cb;
	void *arg;
};

static void
on_variable(const char *name, size_t len, void *arg)
{
	struct roots *roots = arg;
	char root[128];

	snprintf(root, sizeof(root), "%.*s", (int)MIN(len, strcspn(name, ".}")), name);
	roots->cb(root, roots->arg);
}

static void
walk_texts(const struct node *n, struct roots *roots)
{
	const struct node *it;

	if (n->type == NODE_SCALAR) {
		if (!vars_each(n->text, on_variable, roots))
			return;
	} else {
		node_each (n, it)
			walk_texts(it, roots);
	}
}

void
step_roots(const struct step *s, step_roots_cb cb, void *arg)
{
	struct roots roots = {cb, arg};

	walk_texts(s->at, &roots);
}

static void
note_root(const char *root, void *arg)
{
	struct resolver *r = arg;
	const struct var *v = scope_get(r->scope, root);
	const char **list;
	size_t *n;

	if (v == NULL || (v->kind != VAR_TARGET && v->kind != VAR_BACKUP))
		return;
	list = v->kind == VAR_TARGET ? r->ret->targets : r->ret->backups;
	n = v->kind == VAR_TARGET ? &r->ret->ntargets : &r->ret->nbackups;
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], root) == 0)
			return;
	if (*n < RESOLVE_TARGETS_MAX)
		list[(*n)++] = v->name;
}

static bool
describe(struct resolver *r)
{
	CLEANUP(str_done) struct str text = STR_INIT(EXPANDED_MAX);
	const struct step_kind *kind = r->step->kind;
	struct schema_part part = {kind->params, arena_alloc(r->arena, kind->params->size)};
	struct problems p;
	struct node *n;

	problems_init(&p, r->arena, r->step->id);
	n = node_from_json(r->ret->params, strlen(r->ret->params), &p);
	if (n != NULL)
		schema_read(n, &part, 1, SCHEMA_RESOLVED, &p);
	if (p.errors > 0)
		return problems_err(&p, r->err);
	kind->describe(&text, part.object);
	r->ret->describe = arena_strdup(r->arena, str_text(&text));
	return true;
}

static bool
mask_env(struct resolver *r)
{
	CLEANUP(str_done) struct str out = STR_INIT(EXPANDED_MAX);
	const struct node *it;

	for (it = r->step->env != NULL ? r->step->env->first : NULL; it != NULL; it = it->next) {
		CLEANUP(str_done) struct str value = STR_INIT(EXPANDED_MAX);

		if (!vars_expand(r->scope, it->text, r->flags | EXPAND_MASK, &value, r->err))
			return err_prefix(r->err, "Step \"%s\"", r->step->id);
		str_fmt(&out, "%s%s=", out.len > 0 ? "\n" : "", it->key);
		/* A newline in a value must not look like the next variable. */
		for (const char *c = str_text(&value); *c != '\0'; c++)
			if (*c == '\n')
				str_add(&out, "\\n");
			else
				str_addc(&out, *c);
	}
	r->ret->env = arena_strdup(r->arena, str_text(&out));
	return true;
}

/* A command beside the step's own, as a command step's parameters; none where there is none. */
static bool
resolve_beside(struct resolver *r, const struct texts *run, const char **ret_params,
	const char **ret_describe)
{
	CLEANUP(str_done) struct str params = STR_INIT(MIB), text = STR_INIT(EXPANDED_MAX);
	struct json j = json_new(&params);
	struct texts argv = {0};

	if (run == NULL || run->n == 0)
		return true;
	argv.v = arena_array(r->arena, run->n, sizeof(*argv.v));
	json_object(&j, NULL);
	json_array(&j, "run");
	for (size_t i = 0; i < run->n; i++) {
		argv.v[i] = expand(r, run->v[i]);
		if (argv.v[i] == NULL)
			return false;
		argv.n++;
		json_string(&j, NULL, argv.v[i]);
	}
	json_array_end(&j);
	json_object_end(&j);
	step_quote_argv(&text, &argv);
	*ret_params = arena_strdup(r->arena, str_text(&params));
	*ret_describe = arena_strdup(r->arena, str_text(&text));
	return true;
}

bool
step_resolve(const struct step *s, const struct scope *scope, unsigned flags, struct arena *a,
	struct resolved *ret, struct err *err)
{
	struct resolver r = {.step = s, .scope = scope, .flags = flags, .arena = a, .err = err};
	struct str params = STR_INIT(2 * MIB);

	*ret = (struct resolved){.step = s};
	r.ret = ret;
	if (!write_params(&r, &params)) {
		str_done(&params);
		return false;
	}
	ret->late = r.late;
	ret->params = arena_strdup(a, str_text(&params));
	ret->confirm_late = s->confirm_type != NULL && vars_late(scope, s->confirm_type);
	str_done(&params);
	step_roots(s, note_root, &r);
	return expand_to(&r, s->title, &ret->title) && expand_to(&r, s->why, &ret->why) &&
	       expand_to(&r, s->confirm_type, &ret->confirm_type) &&
	       expand_to(&r, s->irreversible, &ret->irreversible) &&
	       expand_to(&r, s->undo != NULL ? s->undo->instruction : NULL, &ret->undo) &&
	       expand_to(&r, s->expect != NULL ? s->expect->value : NULL, &ret->expect_value) &&
	       expand_to(&r, s->expect != NULL ? s->expect->output : NULL, &ret->expect_output) &&
	       resolve_beside(&r, s->undo != NULL ? &s->undo->run : NULL, &ret->undo_params,
		       &ret->undo_describe) &&
	       resolve_beside(&r, &s->check, &ret->check_params, &ret->check_describe) &&
	       mask_env(&r) && describe(&r);
}

bool
step_environment(const struct step *s, const struct scope *scope, struct arena *a,
	struct proc_env *env, struct err *err)
{
	const struct node *it;

	if (s->env == NULL)
		return true;
	node_each (s->env, it) {
		CLEANUP(str_wipe) struct str value = STR_INIT(EXPANDED_MAX);

		if (!vars_expand(scope, it->text, EXPAND_SECRET, &value, err))
			return err_prefix(err, "Step \"%s\"", s->id);
		/* An optional secret that nobody gave leaves the variable unset. */
		if (value.len > 0 || it->text[0] == '\0')
			proc_env_set(env, a, it->key, str_text(&value));
	}
	return true;
}

bool
step_wanted(const struct step *s, const struct scope *scope, bool *ret, struct err *err)
{
	CLEANUP(str_done) struct str value = STR_INIT(EXPANDED_MAX);

	*ret = true;
	if (s->when == NULL)
		return true;
	if (!vars_expand(scope, s->when->value, 0, &value, err))
		return err_prefix(err, "Step \"%s\", when", s->id);
	*ret = expect_met(s->when->is, str_text(&value));
	return true;
}

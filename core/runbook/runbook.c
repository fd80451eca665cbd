#include "base/banned.h"
#include "runbook/runbook.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "conf/expect.h"
#include "conf/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>

const struct parameter *
runbook_parameter(const struct runbook *r, const char *name)
{
	for (size_t i = 0; i < r->parameters.n; i++)
		if (util_streq(item_at(&r->parameters, struct item, i)->key, name))
			return r->parameters.v[i];
	return NULL;
}

const struct step *
runbook_step(const struct runbook *r, const char *id)
{
	for (size_t i = 0; i < r->steps.n; i++)
		if (util_streq(item_at(&r->steps, struct step, i)->id, id))
			return r->steps.v[i];
	return NULL;
}

static void
only_for(const struct parameter *q, const char *key, bool allowed, struct problems *p)
{
	const struct node *n = node_get(q->item.at, key);

	if (n != NULL && !allowed)
		node_error(p, n, "\"%s\" does not go with a parameter of type %s.", key,
			q->type >= 0 ? parameter_type_names[q->type] : "?");
}

static void
check_parameter(struct parameter *q, struct problems *p)
{
	CLEANUP(err_done) struct err err = ERR_INIT;
	bool backup = q->type == PARAMETER_BACKUP;
	bool text = q->type == PARAMETER_TEXT;
	regex_t re;

	if (q->type < 0)
		return;
	only_for(q, "pattern", text, p);
	only_for(q, "choices", q->type == PARAMETER_CHOICE, p);
	only_for(q, "min", q->type == PARAMETER_INT, p);
	only_for(q, "max", q->type == PARAMETER_INT, p);
	only_for(q, "asset", backup || q->type == PARAMETER_SET, p);
	only_for(q, "set", backup, p);
	only_for(q, "of", backup || q->type == PARAMETER_SET, p);
	only_for(q, "choose", backup, p);
	only_for(q, "kind", q->type == PARAMETER_TARGET, p);
	only_for(q, "environment", q->type == PARAMETER_TARGET, p);
	only_for(q, "from", q->type == PARAMETER_SECRET, p);
	only_for(q, "default", q->type != PARAMETER_SECRET, p);
	if (q->type == PARAMETER_SECRET && q->from.n == 0)
		node_error(p, q->item.at, "A secret needs \"from\".")->hint =
			"For example from: [env PGPASSWORD, prompt].";
	for (size_t i = 0; i < q->from.n; i++)
		if (!secret_source_check(q->from.v[i], &err))
			node_error(p, q->item.at, "%s", err.msg)->hint =
				err.hint != NULL ? arena_strdup(p->arena, err.hint) : NULL;
	if (q->type == PARAMETER_CHOICE && q->choices.n == 0)
		node_error(p, q->item.at, "A choice needs \"choices\".");
	if (q->kind != NULL && q->type == PARAMETER_TARGET && !util_streq(q->kind, "postgresql") &&
		!util_streq(q->kind, "directory"))
		node_error(p, node_get(q->item.at, "kind"), "There is no kind of target \"%s\".",
			q->kind)
			->hint = "postgresql or directory";
	if (q->pattern != NULL) {
		if (regcomp(&re, q->pattern, REG_EXTENDED | REG_NOSUB) != 0)
			node_error(p, node_get(q->item.at, "pattern"),
				"\"%s\" is not a regular expression.", q->pattern);
		else
			regfree(&re);
	}
}

/* {{name.part}} belongs to what `name` is, so a name of its own can't hold a dot. */
static void
check_dots(const struct node *n, const char *name, struct problems *p)
{
	if (n != NULL && name != NULL && strchr(name, '.') != NULL)
		node_error(p, n, "\"%s\" can't hold a dot: {{%s}} would mean a part of {{%.*s}}.",
			name, name, (int)strcspn(name, "."), name)
			->hint = "Use - or _ instead.";
}

/* Names that the program gives itself; nobody may take their place. */
static bool
is_reserved(const char *name)
{
	return util_streq(name, "run") || util_streq(name, "site") || util_streq(name, "operator");
}

static void
check_parameter_name(const struct parameter *q, struct problems *p)
{
	if (is_reserved(q->item.key))
		node_error(p, q->item.at, "A parameter can't be called \"%s\".", q->item.key)
			->hint = "{{run}}, {{site}} and {{operator}} are lifeboat's own.";
	check_dots(q->item.at, q->item.key, p);
}

/* What a step gives must not change what was shown and agreed to before it ran. */
static void
check_capture(const struct step *s, const struct runbook *r, struct problems *p)
{
	const struct node *n = node_get(s->at, "capture");

	if (s->capture == NULL)
		return;
	check_dots(n, s->capture, p);
	if (runbook_parameter(r, s->capture) != NULL || is_reserved(s->capture))
		node_error(p, n, "The name \"%s\" is taken by a %s.", s->capture,
			is_reserved(s->capture) ? "variable of lifeboat's own" : "parameter")
			->hint = "Capture into a name of its own.";
}

static void
read_confirm(struct step *s, struct problems *p)
{
	const struct node *n = s->confirm, *type;

	if (n == NULL)
		return;
	if (n->type == NODE_SCALAR && util_streq(n->text, "true"))
		return;
	type = node_get(n, "type");
	if (type == NULL || type->type != NODE_SCALAR || n->count != 1) {
		node_error(p, n, "\"confirm\" must be true or {type: TEXT}.")->hint =
			"For example confirm: {type: \"{{target.name}}\"}.";
		return;
	}
	s->confirm_type = type->text;
}

static void
read_on_fail(struct step *s, struct problems *p)
{
	static const char *const names[] = {"ask", "stop", "continue"};
	const struct node *n = s->on_fail_node, *retry;

	s->on_fail = ON_FAIL_ASK;
	if (n == NULL)
		return;
	retry = node_get(n, "retry");
	if (retry != NULL && n->count == 1 && s->retry == NULL) {
		s->retry = schema_read_new(retry, &step_retry_schema, p);
		return;
	}
	for (size_t i = 0; n->type == NODE_SCALAR && i < ARRAY_LEN(names); i++) {
		if (util_streq(names[i], n->text)) {
			s->on_fail = (int)i;
			return;
		}
	}
	node_error(p, n, "\"on_fail\" must be ask, stop, continue or {retry: {times, delay}}.");
}

static void
check_env(const struct step *s, struct problems *p)
{
	struct node *it;

	if (s->env == NULL)
		return;
	if (s->env->type != NODE_MAP) {
		node_error(p, s->env, "\"env\" must be a map of names to values.");
		return;
	}
	node_each (s->env, it) {
		size_t n = strspn(it->key, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "abcdefghijklmnopqrstuvwxyz0123456789_");

		if (it->key[n] != '\0' || n == 0 || (it->key[0] >= '0' && it->key[0] <= '9') ||
			it->type != NODE_SCALAR)
			node_error(p, it, "\"%s\" is not an environment variable with a text.",
				it->key);
		else if (util_starts(it->key, "LD_") || util_streq(it->key, "BASH_ENV") ||
			 util_streq(it->key, "PATH"))
			node_error(p, it, "A step can't set %s.", it->key)->hint =
				"It would decide which code runs. Name the program by its path.";
	}
}

static void
check_comparison(const char *text, const struct node *at, struct problems *p)
{
	CLEANUP(err_done) struct err err = ERR_INIT;

	if (text == NULL || strstr(text, "{{") != NULL || expect_check(text, &err))
		return;
	node_error(p, at, "%s", err.msg)->hint = arena_strdup(p->arena, err.hint);
}

static void
check_expect(const struct step *s, struct problems *p)
{
	const char *const all[] = {s->expect->value, s->expect->output, s->expect->rows};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		check_comparison(all[i], s->expect->item.at, p);
	if (s->expect->item.at->count == 0)
		node_error(p, s->expect->item.at, "\"expect\" says nothing.");
	if ((s->expect->exit != FIELD_ABSENT || s->expect->output != NULL) &&
		strcmp(s->kind->name, "command") != 0)
		node_error(
			p, s->expect->item.at, "exit and output are expected of a command only.");
	if (s->expect->rows != NULL && strcmp(s->kind->name, "sql") != 0)
		node_error(p, s->expect->item.at, "rows are expected of a query only.");
	if (s->expect->value != NULL && (s->kind->person || strcmp(s->kind->name, "command") == 0))
		node_error(p, s->expect->item.at, "A %s step gives no value to compare.",
			s->kind->name)
			->hint = "Of a command, expect its output.";
}

/* Nothing is executed in a step that a person answers: what has no effect is refused. */
static void
check_person(const struct step *s, struct problems *p)
{
	static const char *const keys[] = {"confirm", "timeout", "retry", "expect", "env"};

	for (size_t i = 0; s->kind->person && i < ARRAY_LEN(keys); i++) {
		const struct node *n = node_get(s->at, keys[i]);

		if (n != NULL)
			node_error(p, n, "\"%s\" has no effect: a person answers a %s step.",
				keys[i], s->kind->name);
	}
}

static void
check_parallel(const struct step *s, struct problems *p)
{
	const struct node *n = node_get(s->at, "parallel");

	if (s->kind->run == NULL)
		node_error(p, n,
			"People answer one question after the other: a %s step can't be "
			"parallel.",
			s->kind->name);
	if (s->retry != NULL)
		node_error(p, n, "\"retry\" does not go with \"parallel\".")->hint =
			"Let the command itself try again, or take the step out of the group.";
}

static void
check_each(const struct step *s, const struct runbook *r, struct problems *p)
{
	const struct node *it;
	bool good = s->each->type == NODE_SCALAR ? !node_is_null(s->each)
						 : s->each->type == NODE_LIST && s->each->count > 0;

	if (s->each->type == NODE_LIST)
		node_each (s->each, it)
			good = good && it->type == NODE_SCALAR;
	if (!good)
		node_error(
			p, s->each, "\"each\" must be a list of texts, or a text that lists them.")
			->hint = "each: [a, b], or each: \"{{names}}\" with --set names=a,b.";
	if (s->capture != NULL)
		node_error(p, node_get(s->at, "capture"), "\"capture\" does not go with \"each\".")
			->hint =
			arena_fmt(p->arena, "Every turn has a value of its own: {{%s[0].value}}.",
				s->id != NULL ? s->id : "STEP");
	if (runbook_parameter(r, "item") != NULL)
		node_error(
			p, s->each, "In a loop, {{item}} is the item; here it is a parameter too.");
}

/* Back to a step before it, and only where somebody decides every time: no run goes in circles. */
static void
check_again(const struct step *s, const struct runbook *r, struct problems *p)
{
	const struct node *n = node_get(s->at, "again");
	bool inside = false, asked = false;

	if (s->again == NULL)
		return;
	for (size_t i = 0; i < r->steps.n; i++) {
		const struct step *before = item_at(&r->steps, struct step, i);

		inside = inside || util_streq(before->id, s->again);
		asked = asked || (inside && before->kind->person);
	}
	if (!inside)
		node_error(p, n, "\"again\" names no earlier step: \"%s\".", s->again);
	else if (!asked || s->when == NULL || s->kind->person)
		node_error(p, n, "A run goes back only where a person decides it every time.")
			->hint = "Let a choose step stand in between, and give this one \"when\".";
}

/* Faults of the fields that every kind of step has. */
static void
check_common(const struct step *s, const struct runbook *r, struct problems *p)
{
	check_env(s, p);
	check_capture(s, r, p);
	check_person(s, p);
	check_again(s, r, p);
	check_dots(node_get(s->at, "id"), s->id, p);
	if (s->each != NULL)
		check_each(s, r, p);
	if (s->parallel != NULL)
		check_parallel(s, p);
	if (s->expect != NULL)
		check_expect(s, p);
	if (s->when != NULL)
		check_comparison(s->when->is, s->when->item.at, p);
	if (s->undo != NULL && s->undo->run.n == 0 && s->undo->instruction == NULL)
		node_error(p, s->undo->item.at, "\"undo\" needs run or instruction.");
	if (s->id != NULL && runbook_step(r, s->id) != NULL)
		node_error(p, node_get(s->at, "id"), "The step id \"%s\" is used twice.", s->id);
}

static const char *
all_kinds(struct arena *a)
{
	CLEANUP(str_done) struct str all = STR_INIT(KIB);

	for (size_t i = 0; step_kinds[i] != NULL; i++)
		str_fmt(&all, "%s%s", i > 0 ? ", " : "", step_kinds[i]->name);
	return arena_fmt(a, "Kinds: %s.", str_text(&all));
}

struct step *
runbook_step_parse(const struct node *n, struct problems *p)
{
	const struct node *kind = node_get(n, "kind");
	struct step *s = arena_alloc(p->arena, sizeof(*s));
	struct schema_part parts[2] = {{&step_schema, s}, {NULL, NULL}};
	const struct step_kind *k = NULL;

	/* Without its kind nobody knows what the step may hold: one error says enough. */
	if (n->type == NODE_MAP && kind == NULL) {
		node_error(p, n, "\"kind\" is missing in a step.")->hint = all_kinds(p->arena);
		return NULL;
	}
	if (kind != NULL && kind->type == NODE_SCALAR && !node_is_null(kind)) {
		k = step_kind_find(kind->text);
		if (k == NULL) {
			node_error(p, kind, "There is no kind of step \"%s\".", kind->text)->hint =
				all_kinds(p->arena);
			return NULL;
		}
		parts[1].schema = k->params;
		parts[1].object = arena_alloc(p->arena, k->params->size);
	}
	schema_read(n, parts, k != NULL ? 2 : 1, SCHEMA_FILE, p);
	if (k == NULL)
		return NULL;
	s->at = n;
	s->kind = k;
	s->params = parts[1].object;
	if (s->effect < 0)
		s->effect = (int)k->effect;
	if (s->timeout_s == FIELD_ABSENT)
		s->timeout_s = STEP_TIMEOUT_S;
	/* A nested run is a drill too, and looks after itself. */
	if (s->drill < 0 && strcmp(k->name, "runbook") == 0)
		s->drill = DRILL_RUN;
	read_confirm(s, p);
	read_on_fail(s, p);
	return s;
}

static void
read_step(const struct node *n, struct runbook *r, struct problems *p)
{
	struct step *s = runbook_step_parse(n, p);

	if (s == NULL)
		return;
	check_common(s, r, p);
	if (s->kind->check != NULL)
		s->kind->check(s->params, (enum effect)s->effect, n, p);
	r->steps.v[r->steps.n++] = s;
}

/* By what is written: a step with faults of its own is there all the same. */
static bool
has_step(const struct node *steps, const char *id)
{
	const struct node *it, *n;

	node_each (steps, it)
		if ((n = node_get(it, "id")) != NULL && util_streq(n->text, id))
			return true;
	return false;
}

static void
read_steps(struct runbook *r, struct problems *p)
{
	const struct node *n = r->steps_node, *it;

	if (n == NULL)
		return;
	if (n->type != NODE_LIST || n->count == 0) {
		node_error(p, n, "\"steps\" must be a list with at least one step.");
		return;
	}
	if (n->count > RUNBOOK_STEPS_MAX) {
		node_error(p, n, "A runbook has at most %d steps; this one has %zu.",
			RUNBOOK_STEPS_MAX, n->count);
		return;
	}
	r->steps.v = arena_array(p->arena, n->count, sizeof(*r->steps.v));
	node_each (n, it)
		read_step(it, r, p);
	for (size_t i = 0; i < r->done_when.n; i++)
		if (!has_step(n, r->done_when.v[i]))
			node_error(p, node_get(r->item.at, "done_when"),
				"\"done_when\" names a step that does not exist: \"%s\".",
				r->done_when.v[i]);
	if (r->newest_data != NULL && !has_step(n, r->newest_data))
		node_error(p, node_get(r->item.at, "newest_data"),
			"\"newest_data\" names a step that does not exist: \"%s\".",
			r->newest_data);
}

struct runbook *
runbook_parse(const char *text, size_t len, struct problems *p)
{
	size_t before = p->errors;
	struct node *root = node_parse(text, len, p);
	unsigned char sum[DIGEST_SIZE];
	struct runbook *r;

	if (root == NULL)
		return NULL;
	r = schema_read_new(root, &runbook_schema, p);
	if (r == NULL)
		return NULL;
	r->file = p->file;
	r->text = arena_strndup(p->arena, text, len);
	r->text_len = len;
	digest_of(text, len, sum);
	digest_hex(sum, DIGEST_SIZE, r->sha256);
	for (size_t i = 0; i < r->parameters.n; i++) {
		check_parameter_name(r->parameters.v[i], p);
		check_parameter(r->parameters.v[i], p);
	}
	read_steps(r, p);
	return p->errors == before ? r : NULL;
}

struct runbook *
runbook_load(const char *path, bool trusted, struct problems *p)
{
	CLEANUP(str_done) struct str text = STR_INIT(YAML_SIZE_MAX);
	CLEANUP(util_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	CLEANUP(err_done) struct err err = ERR_INIT;
	bool good = true;

	if (fd < 0)
		good = err_sys(&err, ERR_NOT_FOUND, errno, "Cannot open the runbook");
	good = good && (!trusted || file_trusted(fd, path, &err)) &&
	       file_read_fd(fd, path, YAML_SIZE_MAX, &text, &err);
	if (!good) {
		struct problem *new = problems_add(p, PROBLEM_ERROR, 0, 0, "%s", err.msg);

		new->hint = arena_strdup(p->arena, err.hint);
		new->rule = err.code == ERR_UNSAFE ? "unsafe-permissions" : NULL;
		return NULL;
	}
	return runbook_parse(str_text(&text), text.len, p);
}

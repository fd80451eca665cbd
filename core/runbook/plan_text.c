/*
 * plan_text: a plan for people (`lifeboat plan`) and for programs.
 */
#include "base/banned.h"
#include "runbook/plan.h"
#include "base/text.h"

static void
indented(struct str *out, const char *text, const char *indent)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		str_add(out, indent);
		text_visible(out, text, n, 0);
		str_addc(out, '\n');
		text += n + (text[n] == '\n');
	}
}

static void
add_visible(struct str *out, const char *text)
{
	text_visible(out, text, strlen(text), 0);
}

static void
where(struct plan *p, const struct resolved *r, struct str *out)
{
	for (size_t i = 0; i < r->ntargets; i++) {
		const struct plan_target *t = plan_target(p, r->targets[i]);

		if (t == NULL)
			continue;
		str_fmt(out, "       where: %s", t->name);
		if (t->conninfo != NULL) {
			str_add(out, " = ");
			add_visible(out, t->conninfo);
		}
		str_add(out, t->sandbox ? " (sandbox, removed after the run)"
			     : util_streq(t->environment, "production") ? " (PRODUCTION)"
									: "");
		if (!t->sandbox && !util_streq(t->environment, "production"))
			str_fmt(out, " (%s)", t->environment);
		str_addc(out, '\n');
	}
}

static const char *
gate(const struct plan *p, const struct step *s)
{
	if (s->confirm_type != NULL)
		return "typed confirmation";
	if (s->confirm != NULL)
		return "confirmation";
	if (s->kind->person)
		return "a person";
	return p->attended && s->effect != EFFECT_READ ? "go-ahead" : NULL;
}

static void
gate_text(const struct plan *p, const struct resolved *r, struct str *out)
{
	if (gate(p, r->step) == NULL)
		return;
	str_fmt(out, "       waits for: %s", gate(p, r->step));
	if (r->confirm_type != NULL) {
		str_add(out, " (\"");
		text_visible(out, r->confirm_type, strlen(r->confirm_type), TEXT_NAME);
		str_add(out, "\")");
	}
	str_addc(out, '\n');
}

/* Whose consent it takes: the step's word on that, else the site's. */
static const struct texts *
approvers(const struct plan *p, const struct step *s)
{
	return s->approve->from.n > 0 ? &s->approve->from : &p->approvers;
}

static int64_t
approvals(const struct step *s)
{
	return s->approve->count == FIELD_ABSENT ? 1 : s->approve->count;
}

static void
approve_text(const struct plan *p, const struct step *s, struct str *out)
{
	const struct texts *from;

	if (s->approve == NULL)
		return;
	from = approvers(p, s);
	str_fmt(out, "       approval: %lld of ", (long long)approvals(s));
	for (size_t i = 0; i < from->n; i++) {
		str_add(out, i > 0 ? ", " : "");
		add_visible(out, from->v[i]);
	}
	str_add(out, from->n == 0 ? "anybody but the operator" : "");
	if (s->approve->on_leave > ON_LEAVE_CONTINUE)
		str_fmt(out, ", who must stay: else %s",
			s->approve->on_leave == ON_LEAVE_STOP ? "it is stopped" : "the run pauses");
	str_addc(out, '\n');
}

static void
undo_text(const struct resolved *r, struct str *out)
{
	const char *undo = r->undo != NULL ? r->undo : r->undo_describe;

	if (undo != NULL)
		indented(out, undo, "       undo: ");
	if (r->check_describe != NULL)
		indented(out, r->check_describe, "       check after a crash: ");
}

static void
step_text(struct plan *p, size_t number, const struct resolved *r, struct str *out)
{
	const struct step *s = r->step;

	str_fmt(out, "\n  %2zu. %s  [%s, %s]\n       ", number, s->id, s->kind->name,
		effect_names[s->effect]);
	add_visible(out, r->title);
	str_addc(out, '\n');
	indented(out, r->describe, "       | ");
	if (r->env[0] != '\0')
		indented(out, r->env, "       env: ");
	where(p, r, out);
	gate_text(p, r, out);
	approve_text(p, s, out);
	if (s->when != NULL) {
		str_add(out, "       only when: ");
		add_visible(out, s->when->value);
		str_add(out, " is ");
		add_visible(out, s->when->is);
		str_addc(out, '\n');
	}
	if (r->irreversible != NULL)
		indented(out, r->irreversible, "       IRREVERSIBLE: ");
	undo_text(r, out);
	if (s->parallel != NULL)
		str_fmt(out, "       at once with: the group %s\n", s->parallel);
	if (s->budget_s != FIELD_ABSENT) {
		str_add(out, "       budget: ");
		text_duration(out, s->budget_s);
		str_addc(out, '\n');
	}
	if (p->mode == PLAN_DRILL && s->drill > DRILL_RUN)
		str_fmt(out, "       in this drill: %s\n",
			s->drill == DRILL_SIMULATE ? "only told, not done" : "forbidden");
}

static void
step_failed(size_t number, const struct step *s, const struct err *err, struct str *out)
{
	str_fmt(out, "\n  %2zu. %s\n       ERROR: ", number, s->id);
	add_visible(out, err->msg);
	str_addc(out, '\n');
}

void
plan_text(struct plan *p, struct str *out)
{
	const struct parameter_value *q;

	str_fmt(out, "%s: ", p->runbook->id);
	add_visible(out, p->runbook->title);
	str_addc(out, '\n');
	str_fmt(out, "  %s%s, sha256 %.16s...\n", p->mode == PLAN_DRILL ? "DRILL, " : "",
		p->attended ? "attended" : "unattended", p->runbook->sha256);
	str_add(out, "  as: ");
	add_visible(out, p->operator);
	str_addc(out, '\n');
	vec_each (&p->parameters, q) {
		str_fmt(out, "  %s: ", q->name);
		add_visible(out, q->text != NULL ? q->text : "(secret)");
		str_add(out, q->given || q->text == NULL ? "\n" : "  (chosen)\n");
	}
	for (size_t i = 0; i < p->steps.n; i++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		CLEANUP(err_done) struct err err = ERR_INIT;
		struct resolved r;

		if (step_resolve(p->steps.v[i], &p->scope, EXPAND_LATE, &a, &r, &err))
			step_text(p, i + 1, &r, out);
		else
			step_failed(i + 1, item_at(&p->steps, struct step, i), &err, out);
	}
}

static void
target_json(const struct plan_target *t, struct json *j)
{
	json_object(j, NULL);
	json_string(j, "var", t->var);
	json_string(j, "name", t->name);
	json_string(j, "conninfo", t->conninfo);
	json_string(j, "environment", t->environment);
	json_bool(j, "sandbox", t->sandbox);
	json_object_end(j);
}

static void
approve_json(const struct plan *p, const struct step *s, struct json *j)
{
	const struct texts *from;

	if (s->approve == NULL)
		return;
	from = approvers(p, s);
	json_object(j, "approve");
	json_int(j, "count", approvals(s));
	json_array(j, "from");
	for (size_t i = 0; i < from->n; i++)
		json_string(j, NULL, from->v[i]);
	json_array_end(j);
	if (s->approve->on_leave > ON_LEAVE_CONTINUE)
		json_bool(j, "stay", true);
	json_object_end(j);
}

static void
step_json(struct plan *p, const struct resolved *r, struct json *j)
{
	const struct step *s = r->step;

	json_object(j, NULL);
	json_string(j, "id", s->id);
	json_string(j, "title", r->title);
	json_string(j, "why", r->why);
	json_string(j, "kind", s->kind->name);
	json_string(j, "effect", effect_names[s->effect]);
	json_string(j, "runs", r->describe);
	json_string(j, "env", r->env[0] != '\0' ? r->env : NULL);
	json_raw(j, "params", r->params);
	json_bool(j, "complete", !r->late);
	json_bool(j, "implied", s->implied);
	if (s->when != NULL)
		json_fmt(j, "when", "%s is %s", s->when->value, s->when->is);
	json_array(j, "targets");
	for (size_t i = 0; i < r->ntargets; i++) {
		const struct plan_target *t = plan_target(p, r->targets[i]);

		if (t != NULL)
			target_json(t, j);
	}
	json_array_end(j);
	if (p->mode == PLAN_DRILL && s->drill > DRILL_RUN)
		json_string(j, "drill", s->drill == DRILL_SIMULATE ? "simulate" : "forbid");
	json_string(j, "parallel", s->parallel);
	json_string(j, "waits_for", gate(p, s));
	json_string(j, "confirm_type", r->confirm_type);
	json_string(j, "irreversible", r->irreversible);
	json_string(j, "undo", r->undo != NULL ? r->undo : r->undo_describe);
	json_string(j, "check", r->check_describe);
	approve_json(p, s, j);
	json_count(j, "timeout_s", s->timeout_s);
	json_count(j, "budget_s", s->budget_s);
	json_object_end(j);
}

void
plan_json(struct plan *p, struct json *j)
{
	const struct parameter_value *q;
	const struct plan_target *t;

	json_object(j, NULL);
	json_string(j, "runbook", p->runbook->id);
	json_string(j, "title", p->runbook->title);
	json_string(j, "file", p->runbook->file);
	json_string(j, "sha256", p->runbook->sha256);
	json_string(j, "mode", plan_mode_names[p->mode]);
	json_bool(j, "attended", p->attended);
	json_string(j, "operator", p->operator);
	json_count(j, "rto_s", p->runbook->rto_s);
	json_object(j, "parameters");
	vec_each (&p->parameters, q)
		json_string(j, q->name, q->text);
	json_object_end(j);
	json_array(j, "chosen"); /* parameters that the operator did not give */
	vec_each (&p->parameters, q)
		if (!q->given && q->text != NULL)
			json_string(j, NULL, q->name);
	json_array_end(j);
	json_array(j, "targets");
	vec_each (&p->targets, t)
		target_json(t, j);
	json_array_end(j);
	json_array(j, "steps");
	for (size_t i = 0; i < p->steps.n; i++) {
		CLEANUP(arena_done) struct arena a = ARENA_INIT;
		CLEANUP(err_done) struct err err = ERR_INIT;
		struct resolved r;

		if (step_resolve(p->steps.v[i], &p->scope, EXPAND_LATE, &a, &r, &err))
			step_json(p, &r, j);
	}
	json_array_end(j);
	json_object_end(j);
}
